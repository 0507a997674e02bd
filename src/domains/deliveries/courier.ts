import { randomUUID } from 'node:crypto';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { judgeDatabaseError } from '../../db/meaning.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Logger } from '../../log.ts';
import type { DeliveryChannel, Failure, Outcome } from './channel.ts';
import {
  claimTarget,
  type DeliveryOutlook,
  delayOf,
  deliveryOutlook,
  dueHeads,
  prolongTarget,
  releaseLost,
  releaseTarget,
  settleDelivery,
} from './claims.ts';
import type { DeliveryRow, TargetRow } from './tables.ts';

interface CourierOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly availability: Pick<Availability, 'isUp'>;
  readonly keepers: Keepers;
  /** Names the data directory. */
  readonly directory: string;
}

/** Milliseconds between looks while there is something that could be delivered to, and while there is nothing. */
const LOOK_MS = { some: 1_000, none: 60_000 };
/** Targets that one server delivers to at the same time, and deliveries to one of them. */
const TARGETS_AT_ONCE = 8;
const LANES = 4;
const BATCH = 8;
/** A target is given back after so long, so that others have their turn. */
const TURN_MS = 10_000;
/** From the last time that the lease was prolonged; a request that begins later might outlast it. */
const SEND_WITHIN_MS = 30_000;

/**
 * Sends what is in the outbox, each at least once: to a target at a time, in order of what each is about, again and again with
 * growing pauses. Targets are leased, so that of several servers one delivers to each.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #channels = new Map<string, DeliveryChannel>();
  readonly #keeper: Keeper;
  readonly #working = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #outlook: DeliveryOutlook = { any: true, waitedSeconds: 0 };
  #isFirst = true;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#keeper = options.keepers.create({
      name: 'deliveries',
      everyMs: () => (this.#outlook.any ? LOOK_MS.some : LOOK_MS.none),
      round: () => this.#round(),
    });
  }

  /** Seconds that something has waited which nothing keeps from being sent, as the latest look has it. */
  get waitedSeconds(): number {
    return this.#outlook.waitedSeconds;
  }

  /** Adds a way out. */
  register(channel: DeliveryChannel): void {
    this.#channels.set(channel.name, channel);
  }

  start(): void {
    this.#keeper.start();
  }

  /** Something may be due. */
  wake(): void {
    this.#keeper.wake();
  }

  /** Breaks off what is under way; it comes again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#keeper.stop();
    await Promise.all(this.#working);
  }

  /** What waits now. */
  outlook(): Promise<DeliveryOutlook> {
    return deliveryOutlook(this.#options.db, [...this.#channels.keys()]);
  }

  async #round(): Promise<void> {
    const { db, availability, directory } = this.#options;
    if (!availability.isUp || this.#stop.signal.aborted || this.#channels.size === 0) return;
    if (this.#isFirst) await releaseLost(db, directory);
    this.#isFirst = false;
    this.#outlook = await this.outlook();
    if (!this.#outlook.any) return;
    while (this.#working.size < TARGETS_AT_ONCE && !this.#stop.signal.aborted) {
      const target = await claimTarget(db, `${directory}:${randomUUID()}`, [...this.#channels.keys()]);
      if (!target) return;
      const work = this.#serve(target).finally(() => {
        this.#working.delete(work);
        if (!this.#stop.signal.aborted) this.wake();
      });
      this.#working.add(work);
    }
  }

  /** Delivers to a target until nothing is due there, it cannot be reached, or others want their turn. Never rejects. */
  async #serve(target: TargetRow): Promise<void> {
    const { db, log } = this.#options;
    const found: Found = { delivered: false, failure: null, isOver: false };
    const began = performance.now();
    try {
      while (!found.isOver && !this.#stop.signal.aborted && performance.now() - began < TURN_MS) {
        if (!(await prolongTarget(db, target))) break;
        const heldAt = performance.now();
        // One that could not be reached is asked with one delivery whether it is there again.
        const isProbe = target.failures > 0 && !found.delivered;
        const heads = await dueHeads(db, target, isProbe ? 1 : BATCH);
        if (heads.length === 0) break;
        const lanes = Array.from({ length: LANES }, () => this.#lane(target, heads, found, heldAt));
        await Promise.all(lanes);
      }
    } catch (error) {
      if (judgeDatabaseError(error) !== 'unavailable')
        log.error({ err: error, channel: target.channel }, 'deliveries to a target were broken off');
    }
    const failures = target.failures + 1;
    const failure = found.failure && { failures, delayMs: delayOf(target.failures, found.failure) };
    await releaseTarget(db, target, { delivered: found.delivered, failure }).catch((error: unknown) =>
      log.warn({ err: error, channel: target.channel }, 'the lease of a target has to run out'),
    );
  }

  async #lane(target: TargetRow, heads: DeliveryRow[], found: Found, heldAt: number): Promise<void> {
    for (let delivery = heads.shift(); delivery; delivery = heads.shift()) {
      if (found.isOver || this.#stop.signal.aborted || performance.now() - heldAt > SEND_WITHIN_MS) return;
      const outcome = await this.#attempt(delivery);
      if (!outcome) return;
      await settleDelivery(this.#options.db, target, delivery, outcome);
      if (outcome.kind === 'DELIVERED') found.delivered = true;
      if (outcome.kind === 'HELD') found.isOver = true;
      if (outcome.kind !== 'FAILED' || outcome.reach !== 'TARGET') continue;
      found.failure = outcome;
      found.isOver = true;
    }
  }

  /** @returns null: it was broken off, and nothing is known of it */
  async #attempt(delivery: DeliveryRow): Promise<Outcome | null> {
    const { log } = this.#options;
    try {
      const channel = this.#channels.get(delivery.channel);
      const outcome = await channel?.send(delivery, this.#stop.signal);
      return this.#stop.signal.aborted && outcome?.kind !== 'DELIVERED' ? null : (outcome ?? null);
    } catch (error) {
      if (this.#stop.signal.aborted || judgeDatabaseError(error) === 'unavailable') return null;
      const { deliveryId, channel } = delivery;
      log.error({ err: error, delivery: deliveryId, channel }, 'a delivery could not be made');
      const problem = 'the server could not make the message; its log says why';
      return { kind: 'FAILED', reach: 'DELIVERY', status: null, error: problem, retryAfterMs: null };
    }
  }
}

/** How a target was found. */
interface Found {
  delivered: boolean;
  failure: Failure | null;
  isOver: boolean;
}
