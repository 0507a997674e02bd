import { SERVER_TENANT } from '../../events/event.ts';
import type { EventOutbox } from '../../events/outbox.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AppliedTurn } from '../interactions/apply.ts';
import { toldTurn } from '../interactions/deleted.ts';
import type { StoreObserver } from '../interactions/observer.ts';
import type { Turn } from '../interactions/turn.ts';

/** What became of the turns, counted since the data directory was made. */
export interface PersistenceCounters {
  /** Turns that were accepted. */
  attempted: number;
  /** Turns that the database has taken. */
  succeeded: number;
  /** Turns that are set apart, or were until they were discarded, because the database always refuses them. */
  failed: number;
  /** Turns that were sent again and had been stored. */
  replayed: number;
  /** Turns that were acknowledged before the database had them. */
  journaled: number;
  /** Of those, turns that the database has taken since. */
  recovered: number;
  /** Vectors that were stored. */
  vectorUpdates: number;
}

const ZERO: PersistenceCounters = {
  attempted: 0,
  succeeded: 0,
  failed: 0,
  replayed: 0,
  journaled: 0,
  recovered: 0,
  vectorUpdates: 0,
};
/** Counters are written this often; a crash loses at most what was counted since. */
const WRITE_MS = 1_000;
/** Failures within this time are told as one event. */
const GATHER_MS = 100;

/** What the journal's failure is called for callers who may not see why. */
export const UNWRITABLE = 'the journal cannot be written';

export type FailureKind = 'SAVE_DEFERRED' | 'SAVE_REFUSED' | 'VECTOR_DEFERRED';

/** Counts what becomes of turns, and tells each failure and its end. */
export class Persistence implements StoreObserver {
  readonly #journal: Journal;
  readonly #outbox: EventOutbox;
  readonly #listeners: ((turns: readonly AppliedTurn[]) => void)[] = [];
  readonly #counters: PersistenceCounters;
  #unwritten: Record<string, number> = {};
  readonly #writing: Keeper;
  #gathering = new Map<
    string,
    { first: Turn; kind: FailureKind; resolved: boolean; turns: number; message: string }
  >();
  #vectorsDeferred = false;
  readonly #telling: Keeper;

  constructor(parts: { journal: Journal; outbox: EventOutbox; keepers: Keepers }) {
    this.#journal = parts.journal;
    this.#outbox = parts.outbox;
    // Both are woken when there is something to do.
    const everyMs = Number.POSITIVE_INFINITY;
    this.#writing = parts.keepers.create({
      ...{ name: 'turn counters', everyMs, retryMs: WRITE_MS },
      round: () => this.#write(),
    });
    this.#telling = parts.keepers.create({
      ...{ name: 'failure notices', everyMs, retryMs: GATHER_MS },
      // Whether the table has them is not waited for: it may be away.
      round: () => void this.#tell(),
    });
    this.#writing.start();
    this.#telling.start();
    const { counters } = parts.journal.recovered;
    this.#counters = { ...ZERO };
    for (const name of Object.keys(ZERO) as (keyof PersistenceCounters)[])
      this.#counters[name] = counters[name] ?? 0;
    // Earlier versions lost what they had counted in the second before a kill: what was stored had been attempted.
    const { attempted, succeeded, failed, replayed } = this.#counters;
    this.#count('attempted', Math.max(0, succeeded + failed + replayed - attempted));
  }

  /** @param listener told of turns that the database has taken; must not wait */
  onCommitted(listener: (turns: readonly AppliedTurn[]) => void): void {
    this.#listeners.push(listener);
  }

  get counters(): Readonly<PersistenceCounters> {
    return { ...this.#counters };
  }

  accepted(turns: number): void {
    // On disk it is counted with the entry itself.
    this.#counters.attempted += turns;
  }

  committed(turns: readonly AppliedTurn[], uncounted: number): Readonly<Record<string, number>> {
    const replayed = turns.filter((turn) => turn.replayed).length - uncounted;
    const count = { replayed, succeeded: turns.length - replayed };
    this.#counters.replayed += count.replayed;
    this.#counters.succeeded += count.succeeded;
    for (const listener of this.#listeners) listener(turns);
    return count;
  }

  deferred(turns: readonly Turn[]): void {
    this.#count('journaled', turns.length);
    this.#gather(
      'SAVE_DEFERRED',
      false,
      turns,
      'the database did not take it in time; it is kept in the journal',
    );
  }

  caughtUp(turns: readonly Turn[]): void {
    this.#count('recovered', turns.length);
    this.#gather('SAVE_DEFERRED', true, turns, 'the database has taken it');
  }

  buried(turns: readonly Turn[], reason: string): void {
    this.#count('failed', turns.length);
    this.#gather('SAVE_REFUSED', false, turns, reason);
  }

  revived(turns: number): void {
    this.#counters.failed -= turns;
  }

  /** A batch of vectors was worked on; turns that were not embedded are tried again. */
  vectorsDone(batch: {
    readonly embedded: number;
    readonly failed: number;
    readonly released: number;
  }): void {
    this.#count('vectorUpdates', batch.embedded);
    const deferred = batch.failed + batch.released;
    if (deferred > 0 && !this.#vectorsDeferred)
      this.#tellVectors(deferred, null, 'vectors could not be stored; they are tried again');
    if (deferred === 0 && batch.embedded > 0 && this.#vectorsDeferred)
      this.#tellVectors(batch.embedded, new Date(), 'vectors are stored again');
    if (deferred > 0 || batch.embedded > 0) this.#vectorsDeferred = deferred > 0;
  }

  #tellVectors(turns: number, resolvedAt: Date | null, message: string): void {
    const payload = {
      kind: 'VECTOR_DEFERRED',
      message,
      turns,
      attempts: 1,
      resolvedAt: resolvedAt?.toISOString() ?? null,
    };
    void this.#outbox.announce({ tenantId: SERVER_TENANT, kind: 'persistence_failure', payload });
  }

  /** Tells and writes what was counted last. @throws if the journal does not take it */
  async stop(): Promise<void> {
    await this.#telling.stop();
    await this.#tell();
    await this.#writing.stop();
    await this.#write();
  }

  async #write(): Promise<void> {
    const count = this.#unwritten;
    this.#unwritten = {};
    if (Object.keys(count).length === 0) return;
    await this.#journal.write({ count }).catch((error: unknown) => {
      this.#merge(count);
      throw error;
    });
  }

  #count(name: keyof PersistenceCounters, by: number): void {
    if (by === 0) return;
    this.#counters[name] += by;
    if (Object.keys(this.#unwritten).length === 0) this.#writing.wake(WRITE_MS);
    this.#merge({ [name]: by });
  }

  #merge(count: Record<string, number>): void {
    for (const [name, by] of Object.entries(count)) this.#unwritten[name] = (this.#unwritten[name] ?? 0) + by;
  }

  #gather(kind: FailureKind, resolved: boolean, turns: readonly Turn[], message: string): void {
    if (this.#gathering.size === 0) this.#telling.wake(GATHER_MS);
    for (const turn of turns) {
      const key = JSON.stringify([turn.tenantId, turn.userId, kind, resolved]);
      const group = this.#gathering.get(key) ?? { first: turn, kind, resolved, turns: 0, message };
      group.turns++;
      this.#gathering.set(key, group);
    }
  }

  async #tell(): Promise<void> {
    const groups = [...this.#gathering.values()];
    this.#gathering.clear();
    for (const { first, kind, resolved, turns, message } of groups) {
      const payload = {
        kind,
        message,
        turns,
        attempts: 1,
        resolvedAt: resolved ? new Date().toISOString() : null,
      };
      void this.#outbox.announce({
        ...{ tenantId: first.tenantId, userId: first.userId, turnId: first.turnId },
        kind: 'persistence_failure',
        turn: toldTurn(first),
        payload,
      });
    }
  }
}
