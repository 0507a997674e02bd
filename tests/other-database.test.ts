import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { type App, createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { createLogger } from '../src/log.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { FROM_TEMPLATE, type Result } from './support/harness.ts';

const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on Error { code message } ... on RecordTurnsSuccess { durability } } }`;
const TURNS =
  'select query from echo_unified_interactions where query like $1 order by conversation_id, sequence';

// Each of these starts servers and moves databases about.
vi.setConfig({ testTimeout: 120_000 });

let proxy: DatabaseProxy;
let directory: string;
let mark: string;
/** What servers find at their address, and where the rightful database and another one lie meanwhile. */
let [address, right, other] = ['', '', ''];
const servers: App[] = [];

const urlOf = (name: string) => inject('databaseUrl').replace('NAME', name);

async function query<Row extends pg.QueryResultRow>(database: string, text: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: urlOf(database) });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const onServer = (text: string) => query('postgres', text);
const queriesIn = async (database: string, like: string) =>
  (await query<{ query: string }>(database, TURNS, [like])).map((row) => row.query);

/** The database at the address has these turns, in this order, sooner or later. */
const holds = (...queries: string[]) => expect.poll(() => queriesIn(address, '%')).toEqual(queries);

/** Gives the address to another database: connections are lost, and new ones lead there. */
async function swap(from: string, to: string) {
  await proxy.refuse();
  await onServer(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname in ('${address}', '${to}')`,
  );
  await onServer(`alter database ${address} rename to ${from}`);
  await onServer(`alter database ${to} rename to ${address}`);
  await proxy.restore();
}

beforeAll(async () => {
  proxy = await startDatabaseProxy();
});
afterAll(() => proxy.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-other-'));
  mark = join(directory, 'database.json');
  [address, right, other] = ['a', 'r', 'o'].map((kind) => `${kind}_${randomUUID().replaceAll('-', '')}`) as [
    string,
    string,
    string,
  ];
  await onServer(`create database ${address} ${FROM_TEMPLATE}`);
});
afterEach(async () => {
  await proxy.restore().catch(() => undefined);
  for (const server of servers.splice(0)) await server.close().catch(() => undefined);
  for (const name of [address, right, other]) await onServer(`drop database if exists ${name} with (force)`);
  await rm(directory, { recursive: true, force: true });
});

async function serve() {
  const env = {
    DATABASE_URL: await proxy.route(urlOf(address)),
    DATA_DIR: directory,
    PORT: '0',
    LOG_LEVEL: 'silent',
    SEED: 'off',
    CANARY_INTERVAL_MS: '0',
    ACK_DEADLINE_MS: '500',
  };
  const app = await createApp(readConfig(env, directory), createLogger('silent'), { migrate: true });
  servers.push(app);
  const url = await app.listen();
  const graphql = async (text: string, variables = {}): Promise<Result> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query: text, variables });
    return (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).json() as Promise<Result>;
  };
  return {
    graphql,
    close: () => app.close(),
    ready: async () => (await fetch(`${url}/readyz`)).status,
    record: async (said: string) => {
      const turns = [{ query: said, idempotencyKey: said }];
      return (await graphql(RECORD, { input: { conversationId: 'c', turns } })).data.recordTurns;
    },
    database: async () =>
      (await graphql('{ health { checks { name status detail } } }')).data.health.checks.find(
        ({ name }: { name: string }) => name === 'database',
      ),
  };
}

/** Another database, as somebody else's server left it. */
async function make(kind: string) {
  if (kind === 'empty') await onServer(`create database ${other}`);
  else await onServer(`create database ${other} template ${kind === 'a copy' ? address : 'echo_template'}`);
}

test.each([
  ['somebody else’s', /another database than before answers there \(the id .* instead of/],
  ['empty', /another database than before answers there \(one without an id/],
  ['a copy', /copied or loaded anew; restart the server/],
])('a database that is %s, at the address of a running server, gets nothing', async (kind, words) => {
  const server = await serve();
  await server.record('one');
  await holds('one');
  await proxy.refuse();
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${address}'`);
  await make(kind);
  await swap(right, other);
  await expect.poll(async () => (await server.database()).detail).toMatch(words);
  expect(await server.ready()).toBe(503);
  for (const said of ['two', 'three'])
    expect(await server.record(said)).toMatchObject({ durability: 'JOURNALED' });
  const list = await server.graphql('{ conversations { nodes { conversationId } } }');
  expect(list.errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
  expect(await server.database()).toMatchObject({ status: 'DEGRADED', detail: expect.stringMatching(words) });
  const { data } = await server.graphql('{ activeAlerts { name } }');
  expect(data.activeAlerts).toContainEqual({ name: 'database_down' });
  const { tables } = (
    await query<{ tables: number }>(
      address,
      "select count(*)::int as tables from pg_class where relname like 'echo%'",
    )
  )[0]!;
  expect(tables === 0).toBe(kind === 'empty');
  if (kind !== 'empty') expect(await queriesIn(address, 't%')).toEqual([]);

  await swap(other, right);
  await expect.poll(() => server.ready()).toBe(200);
  await holds('one', 'two', 'three');
  expect(await server.database()).toMatchObject({ status: 'HEALTHY' });
  await server.record('four');
  await holds('one', 'two', 'three', 'four');
});

/** Leaves turns in the journal, for the database that then is no longer at the address. */
async function owe() {
  const first = await serve();
  await first.record('one');
  await holds('one');
  await proxy.refuse();
  expect(await first.record('two')).toMatchObject({ durability: 'JOURNALED' });
  await first.close();
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${address}'`);
}

/** Another server's database, with an id and a turn of its own. */
async function foreign() {
  await make('somebody else’s');
  await query(other, `update echo_database set place = 'elsewhere/1'`);
}

test('what the journal holds for one database is not stored in another one by a restart', async () => {
  await owe();
  await foreign();
  await swap(right, other);
  const server = await serve();
  expect(await server.database()).toMatchObject({
    status: 'DEGRADED',
    detail: expect.stringMatching(/another database than before.*remove database\.json/),
  });
  expect(await server.record('three')).toMatchObject({ durability: 'JOURNALED' });
  expect(await queriesIn(address, '%')).toEqual([]);
  expect(await query(address, 'select place from echo_database')).toEqual([{ place: 'elsewhere/1' }]);

  await swap(other, right);
  await expect.poll(() => server.ready()).toBe(200);
  await holds('one', 'two', 'three');
});

test('a server that starts without its database does not touch another one that comes instead', async () => {
  await owe();
  const server = await serve();
  expect((await server.database()).detail).toMatch(/ECONNREFUSED/);
  await foreign();
  await query(
    other,
    `delete from drizzle.__drizzle_migrations where created_at =
    (select max(created_at) from drizzle.__drizzle_migrations)`,
  );
  const applied = 'select count(*)::int as count from drizzle.__drizzle_migrations';
  const before = await query(other, applied);
  await swap(right, other);
  await expect.poll(async () => (await server.database()).detail).toMatch(/another database than before/);
  expect(await query(address, applied)).toEqual(before);
  await swap(other, right);
  await holds('one', 'two');
});

test('without the mark the other database is taken, with what the journal holds', async () => {
  await owe();
  await foreign();
  await swap(right, other);
  await rm(mark);
  const server = await serve();
  await holds('two');
  await server.record('three');
  await holds('two', 'three');
});

test('a copy of the one before is taken by a restart, with what the journal holds', async () => {
  await owe();
  await make('a copy');
  await swap(right, other);
  await serve();
  await holds('one', 'two');
});

test('an empty database is taken by a restart, with what the journal holds', async () => {
  await owe();
  await make('empty');
  await swap(right, other);
  const server = await serve();
  await holds('two');
  await server.record('three');
  await holds('two', 'three');
});

test('a mark of a version before, without the place, still names its database', async () => {
  await (await serve()).close();
  const { place, ...before } = JSON.parse(await readFile(mark, 'utf8'));
  expect(place).toMatch(/^\d*\/\d+$/);
  await writeFile(mark, JSON.stringify(before));
  await proxy.refuse();
  const server = await serve();
  expect(await server.record('one')).toMatchObject({ durability: 'JOURNALED' });
  await proxy.restore();
  await holds('one');
  await server.close();
  await (await serve()).close();
  expect(JSON.parse(await readFile(mark, 'utf8'))).toMatchObject({ place });
});
