import type pg from 'pg';
import { NoReplica } from './meaning.ts';
import { onlyRow } from './statements.ts';

/** How far a database is: all that was committed before is in it. */
export interface Position {
  /** The timeline of the primary, as it is noted in the database itself. */
  readonly timeline: number | null;
  /** Place in the write-ahead log. */
  readonly lsn: bigint;
}

/**
 * What is acknowledged is on disk; where commits are acknowledged before they are, what was written counts. The timeline is
 * read as a row, so that whoever has it has what was noted after the promotion.
 */
const POSITION = {
  name: 'position',
  text: `select (case current_setting('synchronous_commit') when 'off' then pg_current_wal_insert_lsn()
           else pg_current_wal_flush_lsn() end)::text as lsn, (select timeline from echo_database) as timeline`,
};
const PROGRESS = {
  name: 'replica_progress',
  text: `select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()::text end as lsn,
           (select timeline from echo_database) as timeline`,
};

type Row = { lsn: string | null; timeline: number | null };

/** Asks the primary how far it is, once for all who want to know at a time. */
export class Positions {
  readonly #look: (statement: typeof POSITION) => Promise<pg.QueryResult>;
  readonly #timeline: () => number | null;
  #asking: Promise<unknown> = Promise.resolve();
  #next: Promise<Position> | null = null;

  /** @param timeline the latest on which the database was used; null: not known */
  constructor(look: (statement: typeof POSITION) => Promise<pg.QueryResult>, timeline: () => number | null) {
    this.#look = look;
    this.#timeline = timeline;
  }

  /** How far the primary is at the earliest now: an answer that is under way is for those who asked before it was sent. */
  now(): Promise<Position> {
    if (this.#next) return this.#next;
    const next = this.#asking.then(() => {
      this.#next = null;
      return this.#ask();
    });
    this.#next = next;
    this.#asking = next.catch(() => undefined);
    return next;
  }

  /** @throws NoReplica where a connection that is left leads to a primary that was replaced */
  async #ask(): Promise<Position> {
    const { lsn, timeline } = onlyRow((await this.#look(POSITION)) as pg.QueryResult<Row>);
    const known = this.#timeline();
    if (lsn === null || timeline !== known)
      throw new NoReplica(`the primary is on timeline ${timeline}, and the database was used on ${known}`);
    return { timeline, lsn: lsnOf(lsn) };
  }
}

/** How far a standby is. @throws NoReplica where it is none */
export async function progressOf(client: Pick<pg.ClientBase, 'query'>): Promise<Position> {
  const { lsn, timeline } = onlyRow(await client.query<Row>(PROGRESS));
  if (lsn === null) throw new NoReplica('it is no standby (any more)');
  return { timeline, lsn: lsnOf(lsn) };
}

/** Whether somebody who was at `progress` has all that there was at `position`. */
export function hasReached(progress: Position | undefined, { timeline, lsn }: Position): boolean {
  return progress !== undefined && progress.timeline === timeline && progress.lsn >= lsn;
}

/** https://www.postgresql.org/docs/current/datatype-pg-lsn.html */
function lsnOf(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
