import type pg from 'pg';
import { NoReplica, OtherDatabase } from './meaning.ts';
import { askTimeline, continueAfterPromotion, staleAt, standbyAt, timelineOf } from './primary.ts';
import { onlyRow } from './statements.ts';

/** A database that was used before. */
export interface KnownDatabase {
  /** The same after a restart and for every server on it; another one for a fresh database, and for a copy. */
  readonly id: string;
  /** Cluster and number of the database; null: an earlier version did not note it. */
  readonly place: string | null;
  /** The latest on which it was used: a primary on an earlier one has been replaced. Absent: not noted. */
  readonly timeline?: number;
}

/** Which database this is. */
export interface DatabaseIdentity extends KnownDatabase {
  readonly place: string;
  readonly timeline: number;
  /** Whether the id was given just now, because the database had been copied or loaded from elsewhere. */
  readonly isCopy: boolean;
}

type Client = Pick<pg.ClientBase, 'query'>;
interface Queried {
  readonly pool: Client;
}

const CLUSTER = 'select system_identifier::text from pg_control_system()';
const NO_SUCH_TABLE = '42P01';

/**
 * Tells which database this is. A copy (a dump loaded beside the original, a database made from a template) brings
 * the id of its original along; so the row remembers which database of which cluster the id was given to, and a
 * database that finds itself elsewhere, or nowhere yet, takes a new one. A copy of the cluster's files cannot be told from its original.
 */
export async function identifyDatabase({ pool }: Queried): Promise<DatabaseIdentity> {
  const place = await placeOf(pool);
  const timeline = await timelineOf(pool, 'it');
  // Servers that start together wait for each other's row here.
  const found = await pool.query<Omit<DatabaseIdentity, 'timeline'>>({
    name: 'identify_database',
    text: `with before as (select place from echo_database for update)
           update echo_database set place = $1,
             id = case when before.place = $1 then id else gen_random_uuid() end
           from before
           returning id, echo_database.place, before.place is not null and before.place <> $1 as "isCopy"`,
    values: [place],
  });
  return { ...onlyRow(found), timeline };
}

/** The database came here from a place where it is no more: its id comes along. */
export async function keepIdentity({ pool }: Queried): Promise<void> {
  await pool.query('update echo_database set place = $1', [await placeOf(pool)]);
}

/** The id that a database has now, before anything is done to it; null: it has none yet. */
export async function idOf({ pool }: Queried): Promise<string | null> {
  const { rows } = await pool.query<{ known: boolean }>(
    "select to_regclass('echo_database') is not null as known",
  );
  if (!rows[0]?.known) return null;
  return (await pool.query<{ id: string }>('select id from echo_database')).rows[0]?.id ?? null;
}

/**
 * Looks whether a connection leads to the database that was used before: an address may be given to another one while
 * the server runs. Changes nothing, but that a database which was promoted goes on.
 *
 * @param name where that is, for the operator
 * @returns the timeline on which it writes
 * @throws OtherDatabase
 */
export async function checkIdentity(client: Client, known: KnownDatabase, name = 'it'): Promise<number> {
  const found = await askTimeline<
    Pick<KnownDatabase, 'id' | 'place'> & { timeline: number | null; noted: number | null }
  >(
    client,
    (asked) =>
      `select id, ${placeAsKnown(known)} as place, ${asked} as timeline, timeline as noted
       from echo_database`,
  ).catch((error: { code?: unknown }) => {
    if (error.code === NO_SUCH_TABLE) return { rows: [] };
    throw error;
  });
  const [{ id, place, timeline, noted } = NOTHING] = found.rows;
  if (id !== known.id) throw otherThan(known, id);
  if (known.place !== null && place !== known.place)
    throw new OtherDatabase(
      'DATABASE_URL: the database was copied or loaded anew; restart the server to use it, or bring the one before back',
    );
  if (timeline === null) throw standbyAt(name);
  if (timeline < (known.timeline ?? 0)) throw staleAt(name, timeline, known.timeline ?? 0);
  if (timeline !== noted) await continueAfterPromotion(client, timeline);
  return timeline;
}

/** SQL that asks for cluster and number of a database, as far as they were noted. */
function placeAsKnown({ place }: KnownDatabase): string {
  const cluster = place === null || place.startsWith('/') ? "''" : CLUSTER;
  return `(${cluster}) || '/' || (select oid from pg_database where datname = current_database())`;
}

/** A standby of the known database, whose id and cluster it has. @param name where that is @throws NoReplica */
export async function checkReplica(client: Client, known: KnownDatabase, name: string): Promise<void> {
  const { rows } = await client.query<Pick<KnownDatabase, 'id' | 'place'>>(
    `select id, ${placeAsKnown(known)} as place from echo_database`,
  );
  const { id, place } = rows[0] ?? NOTHING;
  if (id !== known.id || (known.place !== null && place !== known.place))
    throw new NoReplica(`${name} is no standby of the database`);
}

const NOTHING = { id: null, place: null, timeline: null, noted: null };

/** What an operator reads of a database that is not the known one. */
export function otherThan(known: KnownDatabase, id: string | null): OtherDatabase {
  const found = id === null ? 'one without an id' : `the id ${id}`;
  return new OtherDatabase(
    `DATABASE_URL: another database than before answers there (${found} instead of ${known.id}); nothing is written to it. Bring the one before back, or, to use this one, stop the server and remove database.json from DATA_DIR`,
  );
}

/** Cluster and number of a database. */
export async function placeOf(client: Client): Promise<string> {
  const found = await client.query<{ oid: string; maySeeCluster: boolean }>(
    `select oid::text as oid, has_function_privilege('pg_control_system()', 'execute') as "maySeeCluster"
     from pg_database where datname = current_database()`,
  );
  const { oid, maySeeCluster } = onlyRow(found);
  // Where the role may not ask for it, the database's number must do.
  if (!maySeeCluster) return `/${oid}`;
  const cluster = await client.query<{ id: string }>(`select (${CLUSTER}) as id`);
  return `${onlyRow(cluster).id}/${oid}`;
}
