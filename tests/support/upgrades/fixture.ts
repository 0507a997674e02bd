import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { createDatabase, type Database } from '../../../src/db/client.ts';
import { runMigrations, runMigrationsUntil } from '../../../src/db/migrate.ts';
import { onlyRow } from '../../../src/db/statements.ts';
import { migrationsOf, quoted } from '../../../src/domains/backups/snapshot.ts';
import { createLogger } from '../../../src/log.ts';

/** What a server of an earlier version left, and what it said of it. */
export interface Fixture {
  /** Of the repository, with the day it was made. */
  readonly commit: string;
  readonly day: string;
  /** Of its schema, by hash. */
  readonly migrations: readonly string[];
  /** Rows as COPY writes them. */
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly rows: string;
  }[];
  readonly sequences: readonly { readonly name: string; readonly last: string; readonly isCalled: boolean }[];
  /** Of the data directory, in base64: the journal with turns that never reached the database. */
  readonly files: Readonly<Record<string, string>>;
  /** What it answered to `QUESTION` before the database was taken away. */
  readonly answer: Answer;
  /** Ids of the turns that only the journal has. */
  readonly waiting: readonly string[];
}

export interface Answer {
  readonly turns: { readonly nodes: readonly Record<string, unknown>[] };
  readonly conversations: { readonly nodes: readonly Record<string, unknown>[] };
  readonly character: Record<string, unknown>;
}

/** Can be asked of every version there was. */
export const QUESTION = `{
  turns: interactions(first: 100) { nodes { turnId conversationId userId sequence query response timestamp intent confidence
    modelUsed processingTimeMs escalationPath clarifyingQuestions metadata sessionId speaker responder status rating ratingComment } }
  conversations(first: 100) { nodes { conversationId userId episodeId interactionCount intentHistory lastInteraction context } }
  character(name: "Mei Aoyama") { characterName age aliases hairColor creator sourceFranchise relationships createdAt } }`;

const FOLDER = new URL('../../fixtures/upgrades/', import.meta.url);

export async function readFixture(name: string): Promise<Fixture> {
  const packed = await readFile(new URL(`${name}.json.zst`, FOLDER));
  return JSON.parse(String(await promisify(zstdDecompress)(packed))) as Fixture;
}

/** @returns its size in bytes */
export async function writeFixture(name: string, fixture: Fixture): Promise<number> {
  const packed = await promisify(zstdCompress)(JSON.stringify(fixture), {
    params: { [constants.ZSTD_c_compressionLevel]: 19 },
  });
  await writeFile(new URL(`${name}.json.zst`, FOLDER), packed);
  return packed.length;
}

/** A database that was brought to today's schema, as it was before and after. */
export interface Upgraded {
  /** Migrations that had been applied, by hash. */
  readonly hashes: readonly string[];
  /** Of the tables that a version had, by name: their rows. */
  readonly before: Content;
  readonly after: Content;
}

type Content = Record<string, readonly Record<string, unknown>[]>;

/** Makes an empty database and a data directory what they were. */
export async function leave(fixture: Fixture, url: string, directory: string): Promise<void> {
  for (const [name, content] of Object.entries(fixture.files))
    await writeFile(join(directory, name), Buffer.from(content, 'base64'), { mode: 0o600 });
  await withDatabase(url, async (db, client) => {
    await runMigrationsUntil(db, fixture.migrations.length);
    // No trigger fires, and no order of tables matters.
    await client.query('set session_replication_role = replica');
    for (const { name, columns, rows } of fixture.tables) {
      // Migrations make some rows, too.
      await client.query(`delete from only public."${name}"`);
      const into = client.query(copyFrom(`copy public."${name}" (${quoted(columns)}) from stdin`));
      await pipeline(Readable.from([rows]), into);
    }
    for (const { name, last, isCalled } of fixture.sequences)
      await client.query('select setval($1::regclass, $2::bigint, $3)', [`public."${name}"`, last, isCalled]);
    await client.query('reset session_replication_role');
  });
}

/** The same, and brings the database to today's schema. */
export async function upgrade(fixture: Fixture, url: string, directory: string): Promise<Upgraded> {
  await leave(fixture, url, directory);
  return withDatabase(url, async (db, client) => {
    const hashes = (await migrationsOf(client)).map(({ hash }) => hash);
    const before = await contentOf(client, fixture);
    await runMigrations(db);
    return { hashes, before, after: await contentOf(client, fixture) };
  });
}

async function withDatabase<T>(
  url: string,
  work: (db: Database, client: pg.Client) => Promise<T>,
): Promise<T> {
  const log = createLogger('warn', 2);
  const db = createDatabase({ connection: { connectionString: url }, log, slowQueryMs: 60_000, echo: false });
  const client = await db.dedicated();
  try {
    return await work(db, client);
  } finally {
    await client.end();
    await db.close();
  }
}

/** All rows of the tables of a fixture that are there. */
async function contentOf(client: pg.Client, { tables }: Fixture): Promise<Content> {
  const content: Content = {};
  for (const { name } of tables) {
    const there = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
      `public."${name}"`,
    ]);
    if (!onlyRow(there).there) continue;
    const { rows } = await client.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from only public."${name}" t`,
    );
    content[name] = rows.map(({ row }) => row);
  }
  return content;
}
