import { hasReached, type Position } from './replica-position.ts';

/** Milliseconds between positions that are kept, and how many: an hour's. */
const EVERY_MS = 1_000;
const MOST = 3_600;

/** How long ago the primary was where the replica is: measured by one clock, and nothing where nothing is written. */
export class ReplicaLag {
  readonly #unreached: { readonly at: number; readonly position: Position }[] = [];

  get seconds(): number {
    const [oldest] = this.#unreached;
    return oldest ? (performance.now() - oldest.at) / 1_000 : 0;
  }

  /** The primary is there now. */
  note(position: Position): void {
    const at = performance.now();
    const last = this.#unreached.at(-1);
    if (this.#unreached.length < MOST && (!last || at - last.at >= EVERY_MS))
      this.#unreached.push({ at, position });
  }

  /** The replica is there now. */
  noteReached(progress: Position): void {
    const left = this.#unreached.findIndex(
      // What was before a promotion lies on another timeline.
      ({ position }) =>
        !hasReached(progress, position) && (position.timeline ?? 0) >= (progress.timeline ?? 0),
    );
    this.#unreached.splice(0, left < 0 ? this.#unreached.length : left);
  }
}
