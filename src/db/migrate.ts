import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type pg from 'pg';
import type { Database } from './client.ts';
import { onlyRow } from './statements.ts';
import { continueTransactionNumbers } from './transaction-numbers.ts';

const MIGRATIONS = fileURLToPath(new URL('../../drizzle', import.meta.url));
/** Any constant serves; all Echo Brain processes must use the same one. */
const MIGRATION_LOCK = 0x6563_686f;

/**
 * Brings the database to the newest version. Processes that start together wait for each other.
 *
 * @returns the number of migrations that were applied, and whether the database was loaded into another cluster
 */
export async function runMigrations(database: Database): Promise<{ applied: number; moved: boolean }> {
  return oneAtATime(database, async (client) => {
    const before = await appliedMigrations(database);
    await migrate(drizzle({ client }), { migrationsFolder: MIGRATIONS });
    const applied = (await appliedMigrations(database)) - before;
    return { applied, moved: await continueTransactionNumbers(client) };
  });
}

/**
 * Works on a connection without deadlines (building an index may take longer than any statement of the running server may)
 * while no other process does. The lock is a transaction's of a second connection: behind a pooler that hands connections out by
 * transaction, one of a session would outlive whoever took it.
 */
async function oneAtATime<T>(database: Database, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const holder = await database.dedicated();
  try {
    await holder.query('begin');
    // It waits, and then does nothing for as long as the work takes, whatever deadlines its role has.
    await holder.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    await holder.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const client = await database.dedicated();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  } finally {
    await holder.query('rollback').catch(() => undefined);
    await holder.end();
  }
}

/** All migrations that this version has, in their order. */
export function knownMigrations(): readonly { readonly hash: string; readonly createdAt: number }[] {
  return readMigrationFiles({ migrationsFolder: MIGRATIONS }).map(({ hash, folderMillis }) => ({
    ...{ hash, createdAt: folderMillis },
  }));
}

/** Brings an empty database to the schema of an earlier version. @param count of migrations, from the first */
export async function runMigrationsUntil(database: Database, count: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'echo-migrations-'));
  try {
    const journal = readJournal();
    const entries = journal.entries.slice(0, count);
    mkdirSync(join(directory, 'meta'));
    writeFileSync(join(directory, 'meta', '_journal.json'), JSON.stringify({ ...journal, entries }));
    for (const { tag } of entries)
      copyFileSync(join(MIGRATIONS, `${tag}.sql`), join(directory, `${tag}.sql`));
    await oneAtATime(database, (client) => migrate(drizzle({ client }), { migrationsFolder: directory }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readJournal(): { entries: { when: number; tag: string }[] } {
  return JSON.parse(readFileSync(`${MIGRATIONS}/meta/_journal.json`, 'utf8'));
}

/** How many migrations the database lacks; below zero: it has some that this version does not know. */
export async function pendingMigrations(database: Database): Promise<number> {
  const { entries } = readJournal();
  if (!(await isAnyApplied(database))) return entries.length;
  const newest = Math.max(...entries.map(({ when }) => when));
  const found = await database.pool.query<{ applied: number; unknown: number }>(
    `select count(*)::int as applied, (count(*) filter (where created_at > $1))::int as unknown
     from drizzle.__drizzle_migrations`,
    [newest],
  );
  const { applied, unknown } = onlyRow(found);
  return unknown > 0 ? -unknown : entries.length - applied;
}

async function isAnyApplied({ pool }: Database): Promise<boolean> {
  const known = await pool.query<{ exists: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as exists`,
  );
  return onlyRow(known).exists;
}

async function appliedMigrations(database: Database): Promise<number> {
  if (!(await isAnyApplied(database))) return 0;
  const text = 'select count(*)::int as count from drizzle.__drizzle_migrations';
  return onlyRow(await database.pool.query<{ count: number }>(text)).count;
}
