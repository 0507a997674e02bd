import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InteractionDeleted } from '../../errors.ts';
import { Drain } from '../../journal/drain.ts';
import type { DeadEntry, Journal, StoredEntry } from '../../journal/journal.ts';
import type { DrainEntry } from '../../journal/streams.ts';
import type { Logger } from '../../log.ts';
import { type AcknowledgementOptions, acknowledge, type SavedTurns } from './acknowledgement.ts';
import { RecentAnswers } from './answers.ts';
import { type AppliedTurn, applyTurns } from './apply.ts';
import { type Backlog, backlogOf } from './backlog.ts';
import { Claims } from './claims.ts';
import { refuseForGood } from './deleted.ts';
import { acceptedTurns, QUERY, sortEntries, TURNS, turnsOf, writeEntries } from './entries.ts';
import { type StoreObserver, tellStored } from './observer.ts';
import { type AcceptedTurn, PendingTurns, untilArrived } from './pending.ts';
import { amendTurns, judgeStoreError, refused } from './refused.ts';
import { RefusedEntries } from './refused-entries.ts';
import { forgetDead, forgetErased, outcomeOf, type Retried } from './set-apart.ts';
import { streamOf, type Turn } from './turn.ts';

export interface StoreOptions extends AcknowledgementOptions {
  readonly db: Database;
  readonly journal: Journal;
  readonly log: Logger;
  readonly reportDown: (reason: string) => void;
  readonly observe: StoreObserver;
}

/** Of the deadline; the rest is for the journal, whose disk may be as busy as the database's. */
const LOOK_UP_SHARE = 0.8;
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
  readonly #refused = new RefusedEntries();

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
      amend: (turns, error, entry) => {
        if (error instanceof InteractionDeleted) this.#refused.note(entry.seq, turns, error);
        return amendTurns(turns, error, entry);
      },
      onApplied: (results, entries) => {
        this.answers.remember(entries.flatMap((entry) => entry.value));
        return tellStored(observe, results, entries);
      },
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
    const { db, journal, log } = this.#options;
    const { queries, turns, erased } = sortEntries(journal.recovered.entries, isErased);
    // Where that fails they wait, too, and are refused by what stores them.
    const noted = await refuseForGood(db, erased.flatMap(acceptedTurns)).catch(() => null);
    for (const entry of noted !== null ? turns : [...turns, ...erased])
      void this.#resubmit(entry, acceptedTurns(entry), true);
    if (noted !== null) await this.#forget(erased.map(({ seq }) => seq));
    // Those that cannot be noted now go a little later, by `forgetDeletedElsewhere`.
    await forgetErased(this.#options, isErased).catch(() => undefined);
    for (const entry of queries) {
      const [turn] = acceptedTurns(entry);
      if (turn) await this.#interrupt({ seq: entry.seq, turn });
    }
    if (this.#drain.depth > 0)
      log.info({ entries: this.#drain.depth, interrupted: queries.length }, 'took up what the journal holds');
  }

  /** Drops what waits of users who were erased, by another server, after it was taken. */
  async withdraw(isErased: (owner: Owner, acceptedAt: Date) => boolean): Promise<void> {
    const isMeant = ({ value: [first], acceptedAt }: DrainEntry<readonly Turn[]>) =>
      first !== undefined && isErased(first, new Date(acceptedAt));
    const meant = [...this.#drain.waiting()].filter(isMeant).flatMap(({ value }) => value);
    await refuseForGood(this.#options.db, meant);
    await this.#forget(this.#drain.withdraw(isMeant));
    await forgetErased(this.#options, isErased);
  }

  /**
   * Puts a query on disk before its answer is made.
   *
   * @throws StorageFull, ServiceUnavailable
   */
  async accept(turn: Turn): Promise<AcceptedTurn> {
    const [seq] = await writeEntries(this.#options.journal, {
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
    const writing = writeEntries(this.#options.journal, {
      add: [{ kind: TURNS, stream, body: JSON.stringify(turns) }],
      remove: accepted ? [accepted.seq] : [],
      count: accepted ? {} : { attempted: turns.length },
    });
    const [seq = 0] = await writing.catch((error: unknown) => {
      this.#claims.release(turns);
      throw error;
    });
    const submitted = this.#drain.submit({
      seq,
      stream,
      value: turns,
      acceptedAt: Date.now(),
      acknowledged: false,
    });
    if (!accepted) this.#options.observe.accepted(turns.length);
    const release = () => this.#claims.release(turns);
    submitted.applied.then(release, release);
    if (accepted) this.#accepted.delete(accepted.turn.turnId);
    return acknowledge(this.#options, this.#drain, submitted, since);
  }

  /**
   * Lets turns that were set apart wait again, in the place that they had. What is refused again is set apart again, with the
   * newer reason.
   *
   * @returns what became of them within the deadline of an acknowledgement; null: the entry is not dead any more
   * @throws IdempotencyKeyReused if one of their keys is on its way with another content; ServiceUnavailable
   */
  async retry(entry: DeadEntry): Promise<Retried | null> {
    const { observe, ackDeadlineMs } = this.#options;
    const turns = turnsOf(entry);
    this.#claims.claim(turns);
    try {
      const [seq = 0] = await writeEntries(this.#options.journal, {
        revive: [entry.seq],
        count: { failed: -turns.length },
      });
      if (seq === 0) return null;
      observe.revived(turns.length);
      const applied = this.#resubmit({ seq, acceptedAt: entry.acceptedAt }, turns);
      const retried = await outcomeOf(applied, ackDeadlineMs);
      if (retried.outcome === 'STORED') await this.#drain.flushRemovals();
      return retried;
    } finally {
      this.#claims.release(turns);
    }
  }

  /** Milliseconds that looking things up may take, so that the caller hears within the deadline whether its turns are kept. */
  get lookUpMs(): number {
    return this.#options.ackDeadlineMs * LOOK_UP_SHARE;
  }

  /** Queries whose answer is being made. */
  get unanswered(): number {
    return this.#accepted.size;
  }

  /** What waits for the database. */
  get backlog(): Backlog {
    const { journal, ackDeadlineMs } = this.#options;
    return backlogOf(journal, this.#drain, ackDeadlineMs);
  }

  /** The database answers again: goes on. */
  resume(): void {
    this.#drain.pump();
  }

  /** After this, nothing that was committed so far will be applied again by a restart, and no answer of what is deleted is remembered. */
  async settle(isDeleted: (turn: Turn) => boolean): Promise<void> {
    await this.#drain.flushRemovals();
    await this.answers.forget(isDeleted);
  }

  /**
   * Leaves nothing in the journal of turns that were deleted out of the database: not in what waits, which is refused when it
   * gets there, nor of what was set apart.
   *
   * @throws ServiceUnavailable if they still wait for the database
   */
  async forgetDeleted(isDeleted: (turn: Turn) => boolean): Promise<void> {
    await untilArrived(this.pending, isDeleted);
    await this.settle(isDeleted);
    await forgetDead(this.#options, async (turns) => turns.every(isDeleted));
    await this.#options.journal.purge({});
  }

  /**
   * Takes out what was told of turns that were refused because they were deleted, once their entries are through, and rewrites the
   * journal's file without what was removed of these.
   *
   * @param gone entries that the caller removed for what was deleted
   */
  purgeDeleted(gone: number): Promise<void> {
    return this.#refused.purge(this.#options, this.#drain, gone);
  }

  /** Finishes what can be finished within the time; the rest stays in the journal. */
  stop(ms: number): Promise<void> {
    return this.#drain.stop(ms);
  }

  async #apply(batches: readonly (readonly Turn[])[]): Promise<(readonly AppliedTurn[])[]> {
    const { db } = this.#options;
    const turns = batches.flat();
    const applying = db.pipelined((client, commit) => applyTurns(client, turns, commit));
    const applied = await applying.catch((error: unknown) => refused(db, turns, error));
    let position = 0;
    return batches.map((batch) => {
      position += batch.length;
      return applied.slice(position - batch.length, position);
    });
  }

  /** Entries of users who were erased. */
  async #forget(seqs: readonly number[]): Promise<void> {
    if (seqs.length === 0) return;
    for (const seq of seqs) this.answers.drop(seq);
    await writeEntries(this.#options.journal, { remove: seqs });
    await this.#options.journal.purge({});
    this.#options.log.info({ entries: seqs.length }, 'dropped what the journal held of erased users');
  }

  async #interrupt({ seq, turn }: AcceptedTurn): Promise<void> {
    const turns: Turn[] = [{ ...turn, status: 'INTERRUPTED' }];
    const [added] = await writeEntries(this.#options.journal, {
      add: [{ kind: TURNS, stream: streamOf(turn), body: JSON.stringify(turns) }],
      remove: [seq],
    });
    void this.#resubmit({ seq: added ?? 0, acceptedAt: Date.now() }, turns);
  }

  #resubmit(
    { seq, acceptedAt }: Pick<StoredEntry, 'seq' | 'acceptedAt'>,
    turns: readonly Turn[],
    recovered = false,
  ): Promise<unknown> {
    const [first] = turns;
    if (!first) return Promise.resolve();
    // Not the stream of the entry: an older version called it otherwise, and later turns must come behind.
    const stream = streamOf(first);
    // Whether an earlier process acknowledged it is not known, so it counts as if it had.
    this.#claims.hold(turns);
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
    return applied;
  }
}
