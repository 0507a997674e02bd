import type pg from 'pg';
import { OtherDatabase } from './meaning.ts';
import { onlyRow } from './statements.ts';
import { moveTransactionNumbers } from './transaction-numbers.ts';

type Client = Pick<pg.ClientBase, 'query'>;

/**
 * The timeline on which a primary writes, null on a standby: each promotion begins a new one.
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
const TIMELINE =
  "case when not pg_is_in_recovery() then ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end";
/** Where nobody may know it: a replaced primary is then not told from the one before, and the service must fence it off. */
const ANY_TIMELINE = 'case when not pg_is_in_recovery() then 1 end';
/** Not supported, not allowed, not there: what services answer that keep their log to themselves. */
const KEPT_BACK = new Set(['0A000', '42501', '42883']);

/** Runs a statement that asks for the timeline, without it where that is kept back. */
export async function askTimeline<T extends pg.QueryResultRow>(
  client: Client,
  statement: (timeline: string) => string,
): Promise<pg.QueryResult<T>> {
  try {
    return await client.query<T>(statement(TIMELINE));
  } catch (error) {
    if (!KEPT_BACK.has((error as { code?: string }).code ?? '')) throw error;
    return client.query<T>(statement(ANY_TIMELINE));
  }
}

/** Any constant serves; all Echo Brain processes must use the same one. */
const PROMOTION_LOCK = 0x6563_6870;

/** The timeline of whoever answers. @param name where that is, for the operator @throws OtherDatabase for a standby */
export async function timelineOf(client: Client, name: string): Promise<number> {
  const { timeline } = onlyRow(
    await askTimeline<{ timeline: number | null }>(client, (asked) => `select ${asked} as timeline`),
  );
  if (timeline === null) throw standbyAt(name);
  return timeline;
}

/** What an operator reads of a server that takes no writes. */
export function standbyAt(name: string): OtherDatabase {
  return new OtherDatabase(`DATABASE_URL: ${name} is a standby, which takes no writes until it is promoted`);
}

/** What an operator reads of a primary that another one has taken the place of. */
export function staleAt(name: string, found: number, known: number): OtherDatabase {
  return new OtherDatabase(
    `DATABASE_URL: ${name} is on timeline ${found}, and the database was already used on timeline ${known}: another server was promoted in its place; nothing is written to it. Make it a standby of the new primary, or, if this one is meant, stop the server and remove database.json from DATA_DIR`,
  );
}

/**
 * Lets a database that was promoted go on so that no cursor of a subscriber lies beyond what comes: what the primary had
 * committed and the standby had not received took numbers of transactions that would be given out once more. Done once for
 * each promotion, before anything is written. Servers that find it together wait for each other.
 */
export async function continueAfterPromotion(client: Client, timeline: number): Promise<void> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [PROMOTION_LOCK]);
    const found = await client.query<{ noted: number | null }>('select timeline as noted from echo_database');
    const { noted } = onlyRow(found);
    if (noted !== timeline) {
      // The first look at a database finds nothing that was promoted since.
      if (noted !== null) await moveTransactionNumbers(client);
      await client.query('update echo_database set timeline = $1', [timeline]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
