import type { DatabaseMeaning } from '../db/meaning.ts';
import { wordsOf } from '../db/meaning.ts';
import type { Logger } from '../log.ts';
import type { Journal } from './journal.ts';
import { Removals } from './removals.ts';
import { type DrainEntry, Streams, type Waiting } from './streams.ts';

/** What an error of `apply` means; `refused` is the only one for which an entry is not tried again. */
export type Judgement = DatabaseMeaning;

export interface DrainOptions<Value, Result> {
  readonly journal: Journal;
  readonly log: Logger;
  /** Stores values in one transaction, in the order given; a result for each. Safe to run again. */
  readonly apply: (values: readonly Value[]) => Promise<readonly Result[]>;
  readonly judge: (error: unknown) => Judgement;
  readonly isUp: () => boolean;
  readonly reportDown: (reason: string) => void;
  /**
   * Another form of a value that was refused, which will not be; null: there is none.
   *
   * @param entry where it waits; one that nobody acknowledged may also be refused
   */
  readonly amend: (
    value: Value,
    error: unknown,
    entry: Readonly<Pick<DrainEntry<Value>, 'seq' | 'acknowledged'>>,
  ) => Value | null;
  /** @returns what to count; written together with the entries' removal, so that a kill counts nothing twice */
  readonly onApplied: (
    results: readonly Result[],
    waiting: readonly DrainEntry<Value>[],
  ) => Readonly<Record<string, number>> | undefined;
  readonly onBuried: (value: Value, reason: string) => void;
}

const MAX_BATCH = 64;
const CONCURRENCY = 3;
/** Times that an entry may be amended before it is refused or buried: once for each value that it may hold. */
const MAX_REFUSALS = 501;
const RETRY_MS = 20;
const MAX_RETRY_MS = 2_000;

/**
 * Carries journaled entries to the database: within a stream one after another, across streams in batches. What
 * the database always refuses is set apart, so that nothing waits behind it.
 */
export class Drain<Value, Result> {
  readonly #options: DrainOptions<Value, Result>;
  readonly #streams = new Streams<Value, Result>();
  readonly #removals: Removals;
  #running = 0;
  #appliedAt = performance.now();
  #startedAt = new Set<number>();
  #failures = 0;
  #trouble: string | null = null;
  #retryMs = RETRY_MS;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: DrainOptions<Value, Result>) {
    this.#options = options;
    this.#removals = new Removals(options.journal, options.log);
  }

  /** Entries that wait. */
  get depth(): number {
    return this.#streams.depth;
  }

  /** When the oldest waiting entry was accepted (milliseconds since 1970), or null. */
  get oldestAt(): number | null {
    return this.#streams.oldestAt;
  }

  /** Milliseconds since something was applied; counted from the start if nothing was. */
  get idleMs(): number {
    return performance.now() - this.#appliedAt;
  }

  /** Why the database takes nothing although it answers; null while it does. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Milliseconds that the database has been at work without taking anything; 0 if nothing is under way. */
  get stalledMs(): number {
    const oldest = Math.min(...this.#startedAt);
    return Number.isFinite(oldest) ? performance.now() - Math.max(oldest, this.#appliedAt) : 0;
  }

  /** Waiting entries of one stream, in order. */
  waitingIn(stream: string): readonly DrainEntry<Value>[] {
    return this.#streams.of(stream);
  }

  /** All waiting entries. */
  waiting(): Iterable<DrainEntry<Value>> {
    return this.#streams.all();
  }

  /**
   * Takes over an entry that is in the journal.
   *
   * @returns once the database has it; rejects only if it was refused before it was acknowledged
   */
  submit(entry: Omit<DrainEntry<Value>, 'attempts'>): { entry: DrainEntry<Value>; applied: Promise<Result> } {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const waiting: Waiting<Value, Result> = { ...entry, attempts: 0, resolve, reject };
    this.#streams.add(waiting);
    this.pump();
    return { entry: waiting, applied: promise };
  }

  /** Takes out entries that may not be applied any more; the caller removes them from the journal. @returns their seqs */
  withdraw(isMeant: (entry: DrainEntry<Value>) => boolean): number[] {
    const entries = [...this.#streams.all()].filter(isMeant);
    for (const entry of entries) {
      this.#streams.drop(entry);
      entry.reject(new Error('the entry was withdrawn'));
    }
    return entries.map(({ seq }) => seq);
  }

  /** Starts as much work as there is and may be done. */
  pump(): void {
    while (!this.#stopped && this.#running < CONCURRENCY && this.#options.isUp()) {
      const batch = this.#streams.takeBatch(MAX_BATCH);
      if (batch.length === 0) return;
      this.#running++;
      void this.#run(batch);
    }
  }

  /** Waits until nothing is left to do or the time is over; then starts nothing any more. */
  async stop(ms: number): Promise<void> {
    const deadline = Date.now() + ms;
    while (this.depth > 0 && this.#options.isUp() && Date.now() < deadline) await sleep(5);
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    while (this.#running > 0 && Date.now() < deadline) await sleep(5);
    await this.#removals.end();
  }

  /** Makes it durable that applied entries are done, so that no restart applies them again. */
  flushRemovals(): Promise<void> {
    return this.#removals.flush();
  }

  async #run(batch: readonly Waiting<Value, Result>[]): Promise<void> {
    try {
      await this.#apply(batch);
    } catch (error) {
      // Whoever was told of the result failed; the entries are where they were, or done.
      this.#options.log.error({ err: error }, 'a batch of the journal ended with an error');
      this.#pause();
    }
    this.#running--;
    this.#streams.release(batch);
    if (!this.#timer) this.pump();
  }

  async #apply(batch: readonly Waiting<Value, Result>[]): Promise<void> {
    const { apply, judge, reportDown, log } = this.#options;
    // A hair apart from others that start now.
    const startedAt = performance.now() + Math.random() / 1_000;
    this.#startedAt.add(startedAt);
    try {
      const results = await apply(batch.map((entry) => entry.value)).finally(() => {
        this.#startedAt.delete(startedAt);
      });
      this.#retryMs = RETRY_MS;
      [this.#failures, this.#trouble] = [0, null];
      this.#settle(batch, results);
    } catch (error) {
      const judgement = judge(error);
      if (judgement !== 'refused') this.#note(judgement, error);
      if (judgement === 'unavailable') {
        reportDown(wordsOf(error));
        this.#pause();
      } else if ((judgement === 'refused' || judgement === 'defect') && batch.length > 1) {
        // One of them is at fault; alone, each shows for itself.
        for (const entry of batch) await this.#applyAlone(entry);
      } else if (judgement === 'refused' && batch[0]) {
        await this.#refuse(batch[0], error);
      } else {
        log.warn(
          { err: error, entries: batch.length },
          'a batch of the journal could not be applied; trying again',
        );
        this.#pause();
      }
    }
  }

  /** What passes by itself is trouble only when it comes again. */
  #note(judgement: Judgement, error: unknown): void {
    this.#failures++;
    if (judgement === 'overloaded' || judgement === 'defect' || this.#failures > 2)
      this.#trouble = wordsOf(error);
  }

  async #applyAlone(entry: Waiting<Value, Result>): Promise<void> {
    // An earlier one of its stream may have been left in place: order comes first.
    if (this.#streams.of(entry.stream)[0] === entry) await this.#apply([entry]);
  }

  async #refuse(entry: Waiting<Value, Result>, error: unknown): Promise<void> {
    const { journal, amend, onBuried, log } = this.#options;
    const amended = ++entry.attempts < MAX_REFUSALS ? amend(entry.value, error, entry) : null;
    if (amended !== null) {
      log.warn(
        { err: error, seq: entry.seq },
        'the database refuses a journaled entry; it takes another form',
      );
      entry.value = amended;
      return;
    }
    if (!entry.acknowledged) {
      this.#streams.drop(entry);
      this.#removals.add(entry.seq);
      entry.reject(error);
      return;
    }
    const reason = (error as Error).message;
    log.error(
      { err: error, seq: entry.seq },
      'the database refuses a journaled entry for good; it is kept in the journal\'s table "dead"',
    );
    try {
      await journal.write({ bury: [{ seq: entry.seq, reason }] });
    } catch (problem) {
      log.error({ err: problem, seq: entry.seq }, 'the entry cannot be set apart now; trying again');
      this.#pause();
      return;
    }
    this.#streams.drop(entry);
    entry.reject(error);
    onBuried(entry.value, reason);
  }

  #settle(batch: readonly Waiting<Value, Result>[], results: readonly Result[]): void {
    this.#appliedAt = performance.now();
    for (const [index, entry] of batch.entries()) {
      this.#streams.drop(entry);
      this.#removals.add(entry.seq);
      entry.resolve(results[index] as Result);
    }
    this.#removals.count(this.#options.onApplied(results, batch) ?? {});
  }

  #pause(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.pump();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
