import { getTableName } from 'drizzle-orm';
import pg from 'pg';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';

/** What became of the bytes of rows that were erased, in the files of PostgreSQL. */
export interface ClearedFiles extends Record<string, unknown> {
  /** Number of tables whose files were written anew, with their indexes. */
  readonly rewritten: number;
  /** For each table that was not: why, and so when its bytes go. */
  readonly later: Readonly<Record<string, string>>;
  /** What PostgreSQL knows of the values of columns, for its planner. */
  readonly statistics: string;
  readonly writeAheadLog: string;
}

interface Limits {
  /** Of a table with its indexes; a larger one would be closed to others for too long. */
  readonly maxBytes: number;
  /** How long all tables together are waited for, where others use them. */
  readonly patienceMs: number;
}

const LIMITS: Limits = { maxBytes: 256 * 1024 * 1024, patienceMs: 20_000 };
/** Milliseconds that a lock is waited for (whoever comes next waits behind it), and that a table may be closed. */
const LOCK_MS = { least: 50, most: 3_000 };
const REWRITE_MS = 60_000;
const ATTEMPT_MS = 500;
/** The first version of PostgreSQL that can clear the statistics of a column. */
const CLEARS_STATISTICS = 180_000;
const MAX_SEGMENTS = 64;
const UNUSED = 'goes when PostgreSQL uses the space again, or at a VACUUM FULL';

/**
 * Takes what was erased out of the files of PostgreSQL, as far as this server may. A delete leaves the bytes of rows in
 * their pages, and so does a plain VACUUM: only a table that is written anew has none. That closes the table meanwhile,
 * so large ones are left, and named.
 *
 * @param duties name the tables
 * @throws the driver's error where the connection is lost
 */
export async function clearFiles(
  db: Database,
  duties: readonly Duty[],
  limits: Partial<Limits> = {},
): Promise<ClearedFiles> {
  const names = duties.map(({ table }) => getTableName(table));
  const { maxBytes, patienceMs } = { ...LIMITS, ...limits };
  const until = Date.now() + patienceMs;
  const client = await db.dedicated();
  try {
    await client.query(`set statement_timeout = ${REWRITE_MS}`);
    const clears = await clearStatistics(client, names);
    const later: Record<string, string> = {};
    const found = await tablesOf(client, names);
    for (const table of found) {
      const reason = await rewrite(client, table, { maxBytes, until });
      if (reason !== null) later[table.name] = reason;
    }
    const rewritten = found.length - Object.keys(later).length;
    // Their rows hold the most frequent values.
    const catalog = { name: 'pg_catalog.pg_statistic', bytes: 0, mayRewrite: true };
    const kept = clears ? await rewrite(client, catalog, { maxBytes, until }) : null;
    const statistics = clears ? (kept ?? 'removed') : `made again; what they were before ${UNUSED}`;
    return { rewritten, later, statistics, writeAheadLog: await clearLog(db, client) };
  } finally {
    await client.end();
  }
}

/** SQL: the tables of the names $1, and those that inherit from them. */
const OIDS = `select to_regclass(quote_ident(name)) from unnest($1::text[]) name
  union select inhrelid from pg_inherits where inhparent in (select to_regclass(quote_ident(name)) from unnest($1::text[]) name)`;

interface Table {
  readonly name: string;
  readonly bytes: number;
  readonly mayRewrite: boolean;
}

async function tablesOf(client: pg.Client, names: readonly string[]): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select c.oid::regclass::text as name, pg_total_relation_size(c.oid)::float8 as bytes,
       pg_has_role(c.relowner, 'USAGE') as "mayRewrite"
     from pg_class c where c.oid in (${OIDS}) order by bytes`,
    [names],
  );
  return rows;
}

/** @returns null, or why its files still have bytes of rows that are gone */
async function rewrite(
  client: pg.Client,
  { name, bytes, mayRewrite }: Table,
  { maxBytes, until }: { maxBytes: number; until: number },
): Promise<string | null> {
  if (!mayRewrite) return `belongs to another role of PostgreSQL: ${UNUSED}`;
  try {
    if (bytes > maxBytes) {
      await client.query(`vacuum (analyze) ${name}`);
      return `is larger than ${maxBytes} bytes, and would be closed for too long: ${UNUSED}`;
    }
    for (;;) {
      const left = until - Date.now();
      await client.query(`set lock_timeout = ${Math.min(Math.max(left, LOCK_MS.least), LOCK_MS.most)}`);
      const unremovable = await rewriteOnce(client, name);
      if (unremovable === 0) return null;
      if (left <= 0) return `has ${unremovable} rows that a transaction may still read: ${UNUSED}`;
      await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
    }
  } catch (error) {
    // What the server refused (a lock that others hold, a full disk) keeps nobody from their receipt.
    if (!(error instanceof pg.DatabaseError) || error.code?.startsWith('57P')) throw error;
    return `could not be written anew (${error.code}): ${UNUSED}`;
  }
}

/** @returns how many dead rows had to be taken along, as somebody's snapshot still sees them */
async function rewriteOnce(client: pg.Client, name: string): Promise<number> {
  let unremovable = 0;
  const note = ({ detail }: { detail?: string | undefined }) => {
    // "N dead row versions cannot be removed yet.", in the server's language.
    unremovable += Number(/\d+/.exec(detail ?? '')?.[0] ?? 0);
  };
  client.on('notice', note);
  try {
    await client.query(`vacuum (full, verbose) ${name}`);
  } finally {
    client.off('notice', note);
  }
  await client.query(`analyze ${name}`);
  return unremovable;
}

/** ANALYZE leaves the statistics of a table that has become empty as they were. */
async function clearStatistics(client: pg.Client, names: readonly string[]): Promise<boolean> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  if ((rows[0]?.version ?? 0) < CLEARS_STATISTICS) return false;
  await client.query(
    `select pg_clear_attribute_stats(s.schemaname, s.tablename, s.attname, s.inherited)
     from pg_class c
     join pg_class r on r.oid = c.oid or r.oid in (select indexrelid from pg_index where indrelid = c.oid)
     join pg_stats s on s.schemaname = r.relnamespace::regnamespace::name and s.tablename = r.relname
     where c.oid in (${OIDS}) and pg_has_role(c.relowner, 'USAGE')`,
    [names],
  );
  return true;
}

/**
 * Of the embedded server: goes on in a new segment, and a checkpoint removes those before it. Segments that an earlier
 * version kept for use again hold old bytes; they are written over first.
 */
async function clearLog(db: Database, client: pg.Client): Promise<string> {
  if (!db.isEmbedded)
    return 'goes as PostgreSQL, its replicas and backups are set up, which this server does not decide';
  const { rows } = await client.query<{ ahead: number }>(
    'select count(*)::int as ahead from pg_ls_waldir() where name > pg_walfile_name(pg_current_wal_lsn())',
  );
  for (let left = Math.min(rows[0]?.ahead ?? 0, MAX_SEGMENTS); left >= 0; left--) {
    await client.query("select pg_logical_emit_message(false, 'echo', '')");
    await client.query('select pg_switch_wal()');
  }
  await client.query('checkpoint');
  return 'removed';
}
