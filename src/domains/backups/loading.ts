import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Database } from '../../db/client.ts';
import { knownMigrations, runMigrations, runMigrationsUntil } from '../../db/migrate.ts';
import { onlyRow } from '../../db/statements.ts';
import { queueAllTurns } from '../word-index/again.ts';
import type { BackupKeys } from './encryption.ts';
import { BackupRefused } from './errors.ts';
import type { Header, JournalLine, KEPT_FILES, Manifest } from './format.ts';
import { type Reader, readBackup } from './reading.ts';
import { withoutReferences } from './references.ts';
import { quoted, type TableShape } from './snapshot.ts';

export interface LoadOptions {
  readonly keys: BackupKeys;
  readonly signal: AbortSignal;
  /** Told of each piece that was read. */
  readonly progress: (bytes: number, note: string) => void;
  /** What was acknowledged and is in no table; before anything is committed. */
  readonly journal: (lines: readonly JournalLine[]) => Promise<void>;
  readonly file: (name: (typeof KEPT_FILES)[number], content: Buffer) => Promise<void>;
  /** Pictures and videos that the server kept; absent: they are only read. @param path below `DATA_DIR/media` */
  readonly media?: (path: string, content: Readable) => Promise<void>;
  /** When all rows are there, in the transaction of the client, in which no trigger of the tables fires. */
  readonly loaded: (client: pg.Client, loaded: Loaded) => Promise<void>;
}

export interface Loaded {
  /** Of its tables those that were loaded. */
  readonly header: Header;
  readonly manifest: Manifest;
  /** Tables that stood beside ours in the database, of which this program knows nothing: they were only read. */
  readonly strange: readonly string[];
}

const NEWLINE = 10;
/** Rows that a migration makes. */
const MADE_BY_MIGRATIONS = ['echo_database'];

/**
 * Loads a backup into an empty database, in one transaction: all of it is there, or the database is as empty as before. Its
 * schema is that of the backup; `runMigrations` brings it to this version.
 *
 * @throws BackupRefused (data in the database, a newer backup), BackupDamaged, or what the database says
 */
export async function loadBackup(file: Readable, db: Database, options: LoadOptions): Promise<Loaded> {
  const client = await db.dedicated();
  let [header, manifest, note]: [Header | null, Manifest | null, string] = [null, null, ''];
  let strange: readonly string[] = [];
  let referAgain = async (): Promise<void> => undefined;
  const loaded = (): Loaded => ({
    ...{ header: header as unknown as Header, manifest: manifest as unknown as Manifest, strange },
  });
  const reader: Reader = {
    header: async (found) => {
      const tables = await prepare(client, db, found);
      header = { ...found, tables };
      referAgain = await withoutReferences(client, tables);
      strange = found.tables.filter((table) => !tables.includes(table)).map(({ name }) => name);
    },
    journal: options.journal,
    file: options.file,
    media: async (path, content) => {
      options.signal.throwIfAborted();
      note = 'pictures and videos';
      await options.media?.(path, content);
    },
    table: async (table, rows) => {
      options.signal.throwIfAborted();
      note = table.name;
      if (strange.includes(table.name)) return { rows: await countRows(rows) };
      return { rows: await loadTable(client, table, rows, options.signal) };
    },
    manifest: async (found) => {
      manifest = found;
      await referAgain();
      await finish(client, loaded(), options.loaded);
    },
  };
  const abort = () => file.destroy(options.signal.reason as Error);
  options.signal.addEventListener('abort', abort, { once: true });
  try {
    options.signal.throwIfAborted();
    await readBackup(file, options.keys, reader, (bytes) => options.progress(bytes, note));
    await client.query('commit');
    return loaded();
  } catch (error) {
    throw options.signal.aborted ? options.signal.reason : explained(error);
  } finally {
    options.signal.removeEventListener('abort', abort);
    // Whatever was not committed goes with the connection.
    await client.end().catch(() => undefined);
  }
}

/** Brings what was loaded to this version's schema, and lets the database plan with what it holds. */
export async function finishLoading(db: Database): Promise<void> {
  await runMigrations(db);
  const client = await db.dedicated();
  try {
    await client.query('analyze');
  } finally {
    await client.end();
  }
}

/** Makes the schema of the backup, and begins the one transaction. @returns those of its tables that the schema has */
async function prepare(client: pg.Client, db: Database, header: Header): Promise<Header['tables']> {
  await refuseData(client);
  const known = knownMigrations();
  const strange = header.migrations.find(({ hash }, index) => known[index]?.hash !== hash);
  if (header.migrations.length > known.length)
    throw new BackupRefused(
      `a newer version of Echo Brain wrote it: its schema has ${header.migrations.length} migrations, this one knows ${known.length}; restore it with that version`,
    );
  if (strange) throw new BackupRefused('its schema is not one of this program: its migrations are others');
  await runMigrationsUntil(db, header.migrations.length);
  await client.query('begin');
  await client.query(
    `set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local lock_timeout = '10s';
     set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local timezone = 'UTC';
     set local client_encoding = 'UTF8'; set local maintenance_work_mem = '256MB'`,
  );
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r'`,
  );
  const tables = header.tables.filter((table) => rows.some(({ name }) => name === table.name));
  for (const { name } of tables) {
    await client.query(`alter table public."${name}" disable trigger user`);
  }
  // Rows go behind each other into files that are new, as they were read, so that what is read again can be compared with it.
  await client.query(`truncate ${tables.map(({ name }) => `public."${name}"`).join(', ')}`);
  return tables;
}

/**
 * A database with tables must have no rows but those that migrations make.
 *
 * @throws BackupRefused that names what is there
 */
async function refuseData(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
       and n.nspname not like 'pg_toast%' and n.nspname not like 'pg_temp%' order by 1, 2`,
  );
  for (const { schema, name } of rows) {
    if (schema === 'drizzle' || MADE_BY_MIGRATIONS.includes(name)) continue;
    const found = await client.query<{ there: boolean }>(
      `select exists (select from "${schema.replaceAll('"', '""')}"."${name.replaceAll('"', '""')}") as there`,
    );
    if (onlyRow(found).there)
      throw new BackupRefused(
        `a backup is restored into an empty database only, and the table ${name} of this one has rows; nothing was changed. Make another database (or name another DATA_DIR), and restore into that`,
      );
  }
}

async function loadTable(
  client: pg.Client,
  { name, columns }: TableShape,
  rows: Readable,
  signal: AbortSignal,
): Promise<number> {
  const into = client.query(copyFrom(`copy public."${name}" (${quoted(columns)}) from stdin with (freeze)`));
  await pipeline(rows, into, { signal });
  return into.rowCount;
}

/** COPY writes a row as a line. */
async function countRows(rows: Readable): Promise<number> {
  let count = 0;
  for await (const piece of rows) for (const byte of piece as Buffer) if (byte === NEWLINE) count++;
  return count;
}

/** Counters go on, triggers work again, and what was left out is made again. */
async function finish(client: pg.Client, loaded: Loaded, then: LoadOptions['loaded']): Promise<void> {
  const { header, manifest } = loaded;
  for (const { name, last, isCalled } of manifest.sequences)
    await client.query(
      'select setval(counter, $2::bigint, $3) from to_regclass($1) as counter where counter is not null',
      [`public."${name}"`, last, isCalled],
    );
  await then(client, loaded);
  for (const { name } of header.tables)
    await client.query(`alter table public."${name}" enable trigger user`);
  if (header.wordIndex === 'rebuilt') await queueAllTurns(client);
}

/** What the database says of a disk that is full, in words. */
function explained(error: unknown): unknown {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  if (code === '53100')
    return new BackupRefused(`the disk of the database is full: ${message}; nothing was loaded`);
  return error;
}
