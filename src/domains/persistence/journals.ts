import { hostname } from 'node:os';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { TurnStore } from '../interactions/store.ts';
import { type JournalRow, journals as table } from './tables.ts';

export const JOURNAL_STATES = ['ALIVE', 'STOPPED', 'GONE', 'GIVEN_UP'] as const;
export type JournalState = (typeof JOURNAL_STATES)[number];

/** A journal that keeps turns for this database. */
export interface KnownJournal extends JournalRow {
  /**
   * ALIVE: its server was heard of lately. STOPPED: its server ended as it should. GONE: its server was not heard of, and
   * did not say that it ended. GIVEN_UP: somebody said that nobody will bring it back.
   */
  readonly state: JournalState;
  /** It is that of the server that looks. */
  readonly isOwn: boolean;
}

interface Parts {
  readonly db: Database;
  readonly availability: Availability;
  readonly keepers: Keepers;
  readonly config: { readonly dataDirectory: string; readonly serverLeaseMs: number };
}

/** Rounds in a lease: some may be missed. */
const BEATS = 6;

/**
 * Says again and again that this server's journal is there and how many entries wait in it, and looks for journals that
 * nobody drains: turns that were acknowledged by a server that does not come back are in no figure of the others.
 */
export class Journals {
  readonly #parts: Parts;
  readonly #journalId: string;
  readonly #keeper: Keeper;
  readonly #startedAt = new Date();
  #store: Pick<TurnStore, 'backlog'> | null = null;
  #abandoned: readonly KnownJournal[] = [];
  /** Since when this server was heard of without a gap; before a lease is over, others may be about to say that they are there. */
  #steadySince = 0;
  #beatAt = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts, journalId: string) {
    this.#parts = parts;
    this.#journalId = journalId;
    this.#keeper = parts.keepers.create({
      ...{ name: 'journals', everyMs: Math.ceil(parts.config.serverLeaseMs / BEATS) },
      // Whoever cannot be heard is not looked for.
      round: () => parts.availability.tolerate(() => this.#round(), undefined),
    });
  }

  /** Begins, when turns are taken. */
  start(store: Pick<TurnStore, 'backlog'>): void {
    this.#store = store;
    void this.#keeper.startNow();
  }

  /** Says that this server ends, and what is left in its journal; where the database is away, nobody hears it. */
  async stop(): Promise<void> {
    await this.#keeper.stop();
    if (this.#store) await this.#parts.availability.tolerate(() => this.#beat(true), undefined);
  }

  /** Journals in which turns wait, or may wait, that nobody drains, as the last look found them. */
  get abandoned(): readonly KnownJournal[] {
    return this.#abandoned;
  }

  /** All that are known, the oldest first; those that ended with nothing in them for a week. */
  async list(): Promise<readonly KnownJournal[]> {
    const { rows } = await this.#parts.db.pool.query<RawRow & { alive: boolean }>({
      name: 'journals',
      text: `select *, seen_at > now() - make_interval(secs => $1) as alive from echo_journals order by started_at, journal_id`,
      values: [this.#parts.config.serverLeaseMs / 1_000],
    });
    return rows.map((raw) => {
      const row = mapRow(table, raw);
      return { ...row, state: stateOf(row, raw.alive), isOwn: row.journalId === this.#journalId };
    });
  }

  async #round(): Promise<void> {
    await this.#beat(false);
    const all = await this.list();
    const lease = this.#parts.config.serverLeaseMs;
    const isSteady = performance.now() - this.#steadySince > lease;
    this.#abandoned = all.filter(
      (one) => !one.isOwn && (hasWaiting(one) || (isSteady && one.state === 'GONE')),
    );
  }

  async #beat(isLast: boolean): Promise<void> {
    const { depth, oldestAt, setApart } = this.#store?.backlog ?? { depth: 0, oldestAt: null, setApart: 0 };
    const { dataDirectory, serverLeaseMs } = this.#parts.config;
    await this.#parts.db.pool.query({
      name: 'journal_beat',
      text: `insert into echo_journals (journal_id, host, directory, started_at, stopped_at, depth, set_apart, oldest_at)
             values ($1, $2, $3, $4, case when $5 then now() end, $6, $7, $8)
             on conflict (journal_id) do update set host = excluded.host, directory = excluded.directory,
               started_at = excluded.started_at, seen_at = now(), stopped_at = excluded.stopped_at, depth = excluded.depth,
               set_apart = excluded.set_apart, oldest_at = excluded.oldest_at, given_up_at = null`,
      values: [
        ...[this.#journalId, hostname(), dataDirectory, this.#startedAt, isLast],
        ...[depth, setApart, oldestAt === null ? null : new Date(oldestAt)],
      ],
    });
    const now = performance.now();
    if (now - this.#beatAt > serverLeaseMs / 2) this.#steadySince = now;
    this.#beatAt = now;
  }
}

function stateOf(row: JournalRow, isAlive: boolean): JournalState {
  if (row.givenUpAt !== null) return 'GIVEN_UP';
  if (row.stoppedAt !== null) return 'STOPPED';
  return isAlive ? 'ALIVE' : 'GONE';
}

/** Its server ended and left turns in it. */
function hasWaiting({ state, depth }: KnownJournal): boolean {
  return state === 'STOPPED' && depth > 0;
}

/** A journal in words. */
export function describeJournal({ host, directory, state, seenAt, depth }: KnownJournal): string {
  const where = `${host}:${directory}`;
  const waiting = `${depth} ${depth === 1 ? 'entry' : 'entries'} waited in it`;
  return state === 'STOPPED'
    ? `${where} (its server stopped, and ${waiting})`
    : `${where} (its server was last heard of at ${seenAt.toISOString()}; ${waiting} then, and there may be more)`;
}
