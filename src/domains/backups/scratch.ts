import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase, type Database } from '../../db/client.ts';
import { startEmbeddedPostgres } from '../../db/embedded.ts';
import { onlyRow } from '../../db/statements.ts';
import type { Logger } from '../../log.ts';

export interface ScratchParts {
  readonly db: Database;
  readonly log: Logger;
  readonly dataDirectory: string;
}

const PREFIX = 'echo_verify_';
const LEFT_MS = 86_400_000;

/**
 * Gives an empty database for some work, and takes it away afterwards: one beside the server's own, or, where its role may
 * make none, one of a PostgreSQL that is started for it in the data directory.
 */
export async function withScratch<T>(parts: ScratchParts, work: (db: Database) => Promise<T>): Promise<T> {
  const { db } = parts;
  const found = await db.pool.query<{ mayCreate: boolean }>(
    'select rolcreatedb or rolsuper as "mayCreate" from pg_roles where rolname = current_user',
  );
  await removeLeft(parts);
  return onlyRow(found).mayCreate ? withDatabase(parts, work) : withCluster(parts, work);
}

async function withDatabase<T>({ db }: ScratchParts, work: (db: Database) => Promise<T>): Promise<T> {
  const name = `${PREFIX}${Math.floor(Date.now() / 1_000)}_${randomBytes(4).toString('hex')}`;
  const admin = await db.dedicated();
  try {
    await admin.query(`create database ${name} template template0`);
    const scratch = db.beside(name);
    try {
      return await work(scratch);
    } finally {
      await scratch.close();
      await admin.query(`drop database if exists ${name} with (force)`);
    }
  } finally {
    await admin.end().catch(() => undefined);
  }
}

async function withCluster<T>(
  { log, dataDirectory }: ScratchParts,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(dataDirectory, PREFIX));
  try {
    const cluster = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      log,
      maxConnections: 10,
    });
    const scratch = createDatabase({
      ...{ connection: cluster.connection, log, slowQueryMs: 60_000, echo: false, maxConnections: 2 },
    });
    try {
      return await work(scratch);
    } finally {
      await scratch.close();
      await cluster.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 20 });
  }
}

/** What a server left that was killed: those that are a day old; another server may be at younger ones. */
async function removeLeft({ db, log, dataDirectory }: ScratchParts): Promise<void> {
  const { rows } = await db.pool.query<{ name: string }>(
    `select datname as name from pg_database where datname ~ '^${PREFIX}[0-9]+_[0-9a-f]{8}$'
       and split_part(datname, '_', 3)::bigint < extract(epoch from now()) - $1`,
    [LEFT_MS / 1_000],
  );
  for (const { name } of rows) {
    log.warn({ database: name }, 'removing a database that a verification left');
    await db.pool.query(`drop database if exists ${name} with (force)`);
  }
  for (const name of await readdir(dataDirectory)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(dataDirectory, name);
    if (Date.now() - (await stat(path)).mtimeMs > LEFT_MS) await rm(path, { recursive: true, force: true });
  }
}
