import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
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
  // Building an index may take longer than any statement of the running server may.
  const client = await database.dedicated();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const before = await appliedMigrations(database);
    await migrate(drizzle({ client }), { migrationsFolder: MIGRATIONS });
    const applied = (await appliedMigrations(database)) - before;
    return { applied, moved: await continueTransactionNumbers(client) };
  } finally {
    // Ends the session, and the advisory lock with it.
    await client.end();
  }
}

/** How many migrations the database lacks; below zero: it has some that this version does not know. */
export async function pendingMigrations(database: Database): Promise<number> {
  const journal = JSON.parse(readFileSync(`${MIGRATIONS}/meta/_journal.json`, 'utf8')) as {
    entries: { when: number }[];
  };
  const newest = Math.max(...journal.entries.map(({ when }) => when));
  const unknown = await unknownMigrations(database, newest);
  return unknown > 0 ? -unknown : journal.entries.length - (await appliedMigrations(database));
}

/** Migrations that were made after the newest that this version has. */
async function unknownMigrations({ pool }: Database, newest: number): Promise<number> {
  const known = await pool.query<{ exists: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as exists`,
  );
  if (!onlyRow(known).exists) return 0;
  const text = 'select count(*)::int as count from drizzle.__drizzle_migrations where created_at > $1';
  return onlyRow(await pool.query<{ count: number }>(text, [newest])).count;
}

async function appliedMigrations({ pool }: Database): Promise<number> {
  const known = await pool.query<{ exists: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as exists`,
  );
  if (!onlyRow(known).exists) return 0;
  const text = 'select count(*)::int as count from drizzle.__drizzle_migrations';
  return onlyRow(await pool.query<{ count: number }>(text)).count;
}
