import type { Principal } from '../access/principals.ts';
import { createLoader, type LoadThrough } from './context.ts';

/** How long what one event loaded is kept for those who are shown it later, and for how many events. */
const KEEP_MS = 1_000;
const MAX_EVENTS = 256;

interface Kept {
  readonly loader: LoadThrough;
  readonly until: number;
}

/**
 * What the executions of one event load, once for all subscribers who may see the same: otherwise each of them reads
 * the same rows with statements of its own, and a thousand subscribers of one turn keep the whole pool busy.
 *
 * What is kept is as old as the event, and no older than a second.
 */
export class EventLoads {
  /** In the order of their ends. */
  readonly #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | null = null;

  /** @param event names the event among all others @returns isFirst: nothing of it is loaded yet */
  of(
    { tenantId, userId, roles, permissions }: Principal,
    event: string,
  ): { readonly loader: LoadThrough; readonly isFirst: boolean } {
    const key = JSON.stringify([tenantId, userId, roles, permissions, event]);
    const kept = this.#kept.get(key);
    if (kept && kept.until > performance.now()) return { loader: kept.loader, isFirst: false };
    this.#kept.delete(key);
    const loader = createLoader(true);
    this.#kept.set(key, { loader, until: performance.now() + KEEP_MS });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_EVENTS && oldest !== undefined) this.#kept.delete(oldest);
    this.#timer ??= setTimeout(() => this.#forget(), KEEP_MS).unref();
    return { loader, isFirst: true };
  }

  #forget(): void {
    this.#timer = null;
    for (const [key, { until }] of this.#kept) {
      if (until > performance.now()) break;
      this.#kept.delete(key);
    }
    if (this.#kept.size > 0) this.#timer = setTimeout(() => this.#forget(), KEEP_MS).unref();
  }
}
