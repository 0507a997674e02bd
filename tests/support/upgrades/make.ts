import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { createDatabase, type Database } from '../../../src/db/client.ts';
import { startEmbeddedPostgres } from '../../../src/db/embedded.ts';
import { atOneInstant, migrationsOf } from '../../../src/domains/backups/snapshot.ts';
import { createLogger } from '../../../src/log.ts';
import { type ChildServer, startChildServer } from '../child-server.ts';
import { type Answer, type Fixture, QUESTION, writeFixture } from './fixture.ts';
import { SAID, STEPS, WAITING } from './said.ts';

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const log = createLogger('warn', 2);
const PATIENCE_MS = 60_000;
/** Of the data directory: all that an earlier version may have needed later; the rest is its own database and locks. */
const KEPT = /^(?:journal\.db(?:-wal)?|receipts\.key|audit\.(?:seal|chain|head))$/;

/**
 * Makes fixtures of earlier versions: installs each from the history of this repository, lets it run, tells it the same, takes its
 * database away, tells it more, kills it, and keeps what it left.
 *
 * @param commits that are in the history
 * @param workplace where the versions are installed, and stay for the next time
 */
export async function makeFixtures(
  commits: readonly string[],
  workplace: string,
  print: (line: string) => void,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-fixtures-'));
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres'), log });
  const { host, port, user } = postgres.connection;
  const urlOf = (name: string) =>
    `postgresql://${user}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`;
  const admin = new pg.Client({ connectionString: urlOf('postgres') });
  await admin.connect();
  try {
    for (const commit of commits) {
      const root = await install(commit, join(workplace, commit));
      const name = `v_${commit}`;
      await admin.query(`create database ${name}`);
      const data = join(directory, commit);
      const fixture = await lived(root, urlOf(name), data, { commit, admin, name });
      const label = `${String(fixture.migrations.length).padStart(2, '0')}-${commit}`;
      const bytes = await writeFixture(label, fixture);
      print(`${label}: ${fixture.tables.length} tables, ${bytes} bytes`);
    }
  } finally {
    await admin.end();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Its sources, and the packages that it names. */
export async function install(commit: string, root: string): Promise<string> {
  if (existsSync(join(root, 'node_modules'))) return root;
  await mkdir(root, { recursive: true });
  const archive = join(root, 'sources.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd: ROOT });
  await run('tar', ['xf', archive], { cwd: root });
  await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
  return root;
}

interface Place {
  readonly commit: string;
  readonly admin: pg.Client;
  readonly name: string;
}

async function lived(root: string, url: string, directory: string, place: Place): Promise<Fixture> {
  await mkdir(directory, { recursive: true });
  const schema = await readFile(join(root, 'schema.graphql'), 'utf8');
  const env = { DATABASE_URL: url, MASTER_KEY: 'ab'.repeat(32), OUTBOUND_ALLOW: '127.0.0.1' };
  const server = await startChildServer(directory, { ...env, ACK_DEADLINE_MS: '1000' }, root);
  let answer: Answer;
  let waiting: string[];
  try {
    await tell(server, schema);
    await untilFound(server);
    answer = await asked<Answer>(server, QUESTION);
    await takeAway(place);
    waiting = await record(server, 'kitchen', WAITING);
  } finally {
    server.signal('SIGKILL');
    await server.exited;
  }
  await place.admin.query(`alter database ${place.name} allow_connections true`);
  const { stdout } = await run('git', ['log', '-1', '--format=%cs', place.commit], { cwd: ROOT });
  const content = await dumped(url);
  return {
    ...{ commit: place.commit, day: stdout.trim(), ...content, answer, waiting },
    files: await filesOf(directory),
  };
}

async function tell(server: ChildServer, schema: string): Promise<void> {
  for (const [conversationId, userId, turns] of SAID) await record(server, conversationId, turns, userId);
  const { turns } = await asked<Answer>(server, QUESTION);
  const turnId = turns.nodes[0]?.turnId;
  for (const { field, document, variables } of STEPS)
    if (new RegExp(`^ {2}${field}\\(`, 'm').test(schema))
      await asked(server, document, { ...variables, ...(document.includes('$turnId') && { turnId }) });
}

export async function record(
  server: ChildServer,
  conversationId: string,
  turns: readonly object[],
  userId?: string,
): Promise<string[]> {
  const given = { conversationId, turns, ...(userId && { userId }) };
  const { recordTurns } = await asked<{ recordTurns: { interactions: { turnId: string }[] } }>(
    server,
    `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
      ... on RecordTurnsSuccess { interactions { turnId } } ... on Error { message } } }`,
    { input: given },
  );
  return recordTurns.interactions.map(({ turnId }) => turnId);
}

/** @throws Error if anything of it failed */
export async function asked<T>(
  server: ChildServer,
  document: string,
  variables: Record<string, unknown> = {},
): Promise<T> {
  const { data, errors } = await server.graphql(document, variables);
  const refused = Object.values(data ?? {}).some(
    (value) => typeof (value as { message?: string })?.message === 'string',
  );
  if (errors || refused) throw new Error(`${document}: ${JSON.stringify(errors ?? data)}`);
  return data as T;
}

/** Whatever is made of turns in the background is made. */
export async function untilFound(server: ChildServer): Promise<void> {
  const search = `{ memorySearch(query: "lighthouse") { hits { interaction { query } } }
    interactions(first: 100) { nodes { vectorState } } }`;
  for (const start = Date.now(); ; await delay(200)) {
    const { data } = await server.graphql(search);
    const states = data?.interactions.nodes.map(({ vectorState }: { vectorState: string }) => vectorState);
    if (data?.memorySearch.hits.length > 0 && states.every((state: string) => state !== 'PENDING')) return;
    if (Date.now() - start > PATIENCE_MS) throw new Error('what was said is not found');
  }
}

/** Nobody gets a connection to the database any more. */
async function takeAway({ admin, name }: Place): Promise<void> {
  await admin.query(`alter database ${name} allow_connections false`);
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
}

async function dumped(url: string): Promise<Pick<Fixture, 'migrations' | 'tables' | 'sequences'>> {
  const db: Database = createDatabase({
    ...{ connection: { connectionString: url }, log, slowQueryMs: 60_000, echo: false, maxConnections: 2 },
  });
  try {
    const migrations = (await migrationsOf(db.pool)).map(({ hash }) => hash);
    return await atOneInstant(db, async (snapshot) => {
      const tables: { name: string; columns: readonly string[]; rows: string }[] = [];
      for (const table of snapshot.tables) {
        const chunks: Buffer[] = [];
        for await (const chunk of snapshot.rows(table)) chunks.push(chunk as Buffer);
        const rows = Buffer.concat(chunks).toString('utf8');
        // Which machine it was made on says nothing.
        tables.push({ ...table, rows: rows.replaceAll(`\t${hostname()}\t`, '\tearlier\t') });
      }
      return { migrations, tables, sequences: await snapshot.sequences() };
    });
  } finally {
    await db.close();
  }
}

async function filesOf(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => KEPT.test(name));
  const files = names.map(async (name) => [name, (await readFile(join(directory, name))).toString('base64')]);
  return Object.fromEntries(await Promise.all(files));
}
