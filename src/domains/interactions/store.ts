import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { DeadlineExceeded, within } from '../../db/deadline.ts';
import { ServiceUnavailable, StorageFull } from '../../errors.ts';
import { Drain } from '../../journal/drain.ts';
import { type Journal, JournalBroken, JournalFull, type StoredEntry } from '../../journal/journal.ts';
import type { DrainEntry } from '../../journal/streams.ts';
import type { Logger } from '../../log.ts';
import { RecentAnswers } from './answers.ts';
import { type AppliedTurn, applyTurns } from './apply.ts';
import { Claims } from './claims.ts';
import { QUERY, sortEntries, TURNS } from './entries.ts';
import { PendingTurns } from './pending.ts';
import { amendTurns, judgeStoreError } from './refused.ts';
import { rowOf } from './rows.ts';
import { streamOf, type Turn } from './turn.ts';

/** How an acknowledged turn is kept: by the database, or by the local journal until the database has taken it. */
export type Durability = 'COMMITTED' | 'JOURNALED';

export interface SavedTurns {
  readonly durability: Durability;
  /** In the order given. */
  readonly turns: readonly AppliedTurn[];
}

/** A query whose answer is being made; its text is on disk. */
export interface AcceptedTurn {
  readonly seq: number;
  readonly turn: Turn;
}

export interface StoreOptions {
  readonly db: Database;
  readonly journal: Journal;
  readonly log: Logger;
  /** `strict`: acknowledge only what the database has committed. */
  readonly ackPolicy: 'journal' | 'strict';
  /** Milliseconds that a save waits for the database before the journal alone vouches for it. */
  readonly ackDeadlineMs: number;
  readonly isUp: () => boolean;
  readonly reportDown: (reason: string) => void;
  /** Something took too long: it may be down. */
  readonly suspect: () => void;
  readonly observe: StoreObserver;
}

export interface StoreObserver {
  accepted(turns: number): void;
  /**
   * @param uncounted of the replayed turns, those that an earlier process stored and did not count
   * @returns what is to be counted on disk
   */
  committed(turns: readonly AppliedTurn[], uncounted: number): Readonly<Record<string, number>>;
  /** Turns were acknowledged although the database has not taken them. */
  deferred(turns: readonly Turn[]): void;
  /** Turns that had been deferred were committed. */
  caughtUp(turns: readonly Turn[]): void;
  buried(turns: readonly Turn[], reason: string): void;
}

/** Of the deadline; the rest is for the journal, whose disk may be as busy as the database's. */
const LOOK_UP_SHARE = 0.8;
/** What a commit gets at the least, when looking things up before it has used up the time. */
const MINIMUM_WAIT_MS = 50;

/**
 * Where accepted turns go, by one path for all: the journal first, then the database. When `save` has returned,
 * the turns are on disk; when it throws, whether they are is unknown, and trying again with the same idempotency
 * key is safe.
 */
export class TurnStore {
  /** What is accepted and not yet in the database; reads lay it over what they find there. */
  readonly pending: PendingTurns;
  /** The latest answers, for retries while the database is away. */
  readonly answers: RecentAnswers;
  readonly #options: StoreOptions;
  readonly #drain: Drain<readonly Turn[], readonly AppliedTurn[]>;
  readonly #accepted = new Map<string, AcceptedTurn>();
  readonly #claims = new Claims();

  constructor(options: StoreOptions) {
    this.#options = options;
    const { journal, log, isUp, reportDown, observe } = options;
    this.#drain = new Drain({
      journal,
      log,
      isUp,
      reportDown,
      apply: (batches) => this.#apply(batches),
      judge: judgeStoreError,
      amend: amendTurns,
      onApplied: (results, entries) => this.#applied(results, entries),
      onBuried: (turns, reason) => observe.buried(turns, reason),
    });
    this.answers = new RecentAnswers(journal, log);
    this.pending = new PendingTurns(this.#drain, this.#accepted);
  }

  /**
   * Takes up what an earlier process left: turns to apply, and queries that it did not answer.
   *
   * @param isErased whether a user was erased after this instant, by another server: what waited here goes, too
   */
  async recover(isErased: (owner: Owner, acceptedAt: Date) => boolean = () => false): Promise<void> {
    const { journal, log } = this.#options;
    const { queries, turns, erased } = sortEntries(journal.recovered.entries, isErased);
    for (const entry of turns) this.#resubmit(entry, JSON.parse(entry.body) as Turn[], true);
    await this.#forget(erased.map(({ seq }) => seq));
    for (const { seq, body } of queries) await this.#interrupt({ seq, turn: JSON.parse(body) as Turn });
    if (this.#drain.depth > 0)
      log.info({ entries: this.#drain.depth, interrupted: queries.length }, 'took up what the journal holds');
  }

  /** Drops what waits of users who were erased, by another server, after it was taken. */
  async withdraw(isErased: (owner: Owner, acceptedAt: Date) => boolean): Promise<void> {
    const seqs = this.#drain.withdraw(({ value, acceptedAt }) => {
      const [first] = value;
      return first !== undefined && isErased(first, new Date(acceptedAt));
    });
    await this.#forget(seqs);
  }

  /**
   * Puts a query on disk before its answer is made.
   *
   * @throws StorageFull, ServiceUnavailable
   */
  async accept(turn: Turn): Promise<AcceptedTurn> {
    const [seq] = await this.#write({
      add: [{ kind: QUERY, stream: streamOf(turn), body: JSON.stringify(turn) }],
      count: { attempted: 1 },
    });
    this.#options.observe.accepted(1);
    const accepted = { seq: seq ?? 0, turn };
    this.#accepted.set(turn.turnId, accepted);
    return accepted;
  }

  /** The answer will not come: keeps the query as an interrupted turn, unless it was saved after all. */
  async abandon(accepted: AcceptedTurn): Promise<void> {
    if (this.#accepted.delete(accepted.turn.turnId)) await this.#interrupt(accepted);
  }

  /**
   * Stores turns of one conversation, all or nothing, each exactly once.
   *
   * @param accepted the query that the one turn answers
   * @param since when the caller began to wait for the acknowledgement, on the clock of `performance.now`
   * @throws IdempotencyKeyReused, InteractionDeleted (see `applyTurns`), StorageFull, ServiceUnavailable
   */
  async save(
    turns: readonly Turn[],
    accepted?: AcceptedTurn,
    since: number = performance.now(),
  ): Promise<SavedTurns> {
    const [first] = turns;
    if (!first) return { durability: 'COMMITTED', turns: [] };
    this.#claims.claim(turns);
    const stream = streamOf(first);
    const writing = this.#write({
      add: [{ kind: TURNS, stream, body: JSON.stringify(turns) }],
      remove: accepted ? [accepted.seq] : [],
      count: accepted ? {} : { attempted: turns.length },
    });
    const [seq = 0] = await writing.catch((error: unknown) => {
      this.#claims.release(turns);
      throw error;
    });
    const { entry, applied } = this.#drain.submit({
      seq,
      stream,
      value: turns,
      acceptedAt: Date.now(),
      acknowledged: false,
    });
    if (!accepted) this.#options.observe.accepted(turns.length);
    const release = () => this.#claims.release(turns);
    applied.then(release, release);
    if (accepted) this.#accepted.delete(accepted.turn.turnId);
    return this.#acknowledge(entry, applied, since);
  }

  /** Milliseconds that looking things up may take, so that the caller hears within the deadline whether its turns are kept. */
  get lookUpMs(): number {
    return this.#options.ackDeadlineMs * LOOK_UP_SHARE;
  }

  /** Queries whose answer is being made. */
  get unanswered(): number {
    return this.#accepted.size;
  }

  /** Journal entries that the database has not taken, and since when (milliseconds since 1970). */
  get backlog(): {
    depth: number;
    oldestAt: number | null;
    bytes: number;
    maxBytes: number;
    failure: string | null;
    trouble: string | null;
  } {
    const { journal, ackDeadlineMs } = this.#options;
    const isStalled = this.#drain.stalledMs > ackDeadlineMs;
    return {
      depth: this.#drain.depth,
      oldestAt: this.#drain.oldestAt,
      bytes: journal.size,
      maxBytes: journal.maxBytes,
      failure: journal.failure?.message ?? null,
      trouble: this.#drain.trouble ?? (isStalled ? 'it does not finish what it was given' : null),
    };
  }

  /** The database answers again: goes on. */
  resume(): void {
    this.#drain.pump();
  }

  /** After this, nothing that was committed so far will be applied again by a restart. */
  async settle(): Promise<void> {
    await this.#drain.flushRemovals();
    await this.answers.forget();
  }

  /** Finishes what can be finished within the time; the rest stays in the journal. */
  stop(ms: number): Promise<void> {
    return this.#drain.stop(ms);
  }

  async #acknowledge(
    entry: DrainEntry<readonly Turn[]>,
    applied: Promise<readonly AppliedTurn[]>,
    since: number,
  ): Promise<SavedTurns> {
    const { ackPolicy, ackDeadlineMs, isUp, observe, suspect } = this.#options;
    // Behind turns that the journal vouches for, this one would wait for all of them.
    const isQueued = this.#drain.waitingIn(entry.stream)[0]?.acknowledged === true;
    // It answers, but takes nothing: locked, full, read-only. The first that finds out has waited for all.
    const isStuck = this.#drain.trouble !== null || this.#drain.stalledMs > ackDeadlineMs;
    if (ackPolicy === 'strict' || (isUp() && !isQueued && !isStuck)) {
      try {
        const left = Math.max(ackDeadlineMs - (performance.now() - since), MINIMUM_WAIT_MS);
        return {
          durability: 'COMMITTED',
          turns: await within(applied, left, 'the database took too long'),
        };
      } catch (error) {
        if (!(error instanceof DeadlineExceeded)) throw error;
        if (this.#drain.idleMs > ackDeadlineMs) suspect();
      }
    }
    if (ackPolicy === 'strict') throw notCommitted();
    entry.acknowledged = true;
    observe.deferred(entry.value);
    return {
      durability: 'JOURNALED',
      turns: entry.value.map((turn) => ({ row: rowOf(turn), replayed: false })),
    };
  }

  async #apply(batches: readonly (readonly Turn[])[]): Promise<(readonly AppliedTurn[])[]> {
    const applied = await this.#options.db.transaction((client) => applyTurns(client, batches.flat()), {
      ownName: true,
    });
    let position = 0;
    return batches.map((batch) => {
      position += batch.length;
      return applied.slice(position - batch.length, position);
    });
  }

  #applied(
    results: readonly (readonly AppliedTurn[])[],
    entries: readonly DrainEntry<readonly Turn[]>[],
  ): Readonly<Record<string, number>> {
    const { observe } = this.#options;
    const deferred = entries.filter((entry) => entry.acknowledged).flatMap((entry) => entry.value);
    this.answers.remember(entries.flatMap((entry) => entry.value));
    const uncounted = results.flatMap((turns, index) =>
      entries[index]?.recovered ? turns.filter((turn) => turn.replayed) : [],
    );
    const count = observe.committed(results.flat(), uncounted.length);
    if (deferred.length > 0) observe.caughtUp(deferred);
    return count;
  }

  /** Entries of users who were erased. */
  async #forget(seqs: readonly number[]): Promise<void> {
    if (seqs.length === 0) return;
    for (const seq of seqs) this.answers.drop(seq);
    await this.#write({ remove: seqs });
    await this.#options.journal.purge({});
    this.#options.log.info({ entries: seqs.length }, 'dropped what the journal held of erased users');
  }

  async #interrupt({ seq, turn }: AcceptedTurn): Promise<void> {
    const turns: Turn[] = [{ ...turn, status: 'INTERRUPTED' }];
    const [added] = await this.#write({
      add: [{ kind: TURNS, stream: streamOf(turn), body: JSON.stringify(turns) }],
      remove: [seq],
    });
    this.#resubmit({ seq: added ?? 0, acceptedAt: Date.now() }, turns);
  }

  #resubmit(
    { seq, acceptedAt }: Pick<StoredEntry, 'seq' | 'acceptedAt'>,
    turns: readonly Turn[],
    recovered = false,
  ): void {
    const [first] = turns;
    if (!first) return;
    // Not the stream of the entry: an older version called it otherwise, and later turns must come behind.
    const stream = streamOf(first);
    // Whether an earlier process acknowledged it is not known, so it counts as if it had.
    this.#claims.claim(turns);
    const { applied } = this.#drain.submit({
      seq,
      stream,
      value: turns,
      acceptedAt,
      acknowledged: true,
      recovered,
    });
    const release = () => this.#claims.release(turns);
    applied.then(release, release);
  }

  async #write(change: Parameters<Journal['write']>[0]): Promise<readonly number[]> {
    try {
      return await this.#options.journal.write(change);
    } catch (error) {
      if (error instanceof JournalFull) throw new StorageFull(`${error.message}; nothing was stored`);
      if (error instanceof JournalBroken)
        throw new ServiceUnavailable(
          'the journal cannot be written; nothing is accepted until the server is restarted',
        );
      throw error;
    }
  }
}

/** Under the strict policy only a commit counts. */
export function notCommitted(): ServiceUnavailable {
  return new ServiceUnavailable(
    'the database has not committed this in time; it may still do so: try again with the same idempotency key',
  );
}
