import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type App, createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { createLogger } from '../src/log.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';

const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability interactions { turnId } } } }`;

/** Another server's database, which these servers reach through the proxy. */
let beside: TestApp;
let proxy: DatabaseProxy;
let databaseUrl: string;
let directory: string;
let number = 0;
const servers: App[] = [];

beforeAll(async () => {
  proxy = await startDatabaseProxy();
  beside = await startTestApp();
  databaseUrl = await proxy.route(beside.databaseUrl);
});
afterAll(async () => {
  await beside.close();
  await proxy.close();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-away-'));
});
afterEach(async () => {
  await proxy.restore().catch(() => undefined);
  for (const server of servers.splice(0)) await server.close().catch(() => undefined);
  await rm(directory, { recursive: true, force: true });
});

/** A server on the data directory of this test. */
async function serve(database = databaseUrl) {
  const settings = {
    DATABASE_URL: database,
    DATA_DIR: directory,
    PORT: '0',
    LOG_LEVEL: 'silent',
    SEED: 'off',
  };
  const quick = { CANARY_INTERVAL_MS: '0', ACK_DEADLINE_MS: '500' };
  const config = readConfig({ ...settings, ...quick }, directory);
  const app = await createApp(config, createLogger('silent'), { migrate: true });
  servers.push(app);
  const url = await app.listen();
  const graphql = async (query: string, variables = {}): Promise<Result> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables });
    return (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).json() as Promise<Result>;
  };
  const record = async (conversationId: string, query: string) =>
    (await graphql(RECORD, { input: { conversationId, turns: [{ query, idempotencyKey: query }] } })).data
      .recordTurns;
  return {
    graphql,
    record,
    /** A slow one may be acknowledged before; then its retry tells. */
    commits: (conversationId: string, query: string) =>
      expect.poll(() => record(conversationId, query)).toMatchObject({ durability: 'COMMITTED' }),
    close: () => app.close(),
    ready: async () => (await fetch(`${url}/readyz`)).status,
    database: async () =>
      (await graphql('{ health { checks { name status detail } } }')).data.health.checks.find(
        ({ name }: { name: string }) => name === 'database',
      ),
  };
}

/** Has a server serve the database once, and stop. */
async function served(): Promise<void> {
  await (await serve()).close();
}

async function onServer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseUrl').replace('NAME', 'postgres') });
  await client.connect();
  await client.query(text);
  await client.end();
}

const stored = async (conversationId: string) =>
  (
    await beside.sql<{ query: string }>(
      'select query from echo_unified_interactions where conversation_id = $1 order by sequence',
      [conversationId],
    )
  ).map(({ query }) => query);

test('a server whose database is away takes turns, says so, and comes up by itself', async () => {
  const conversation = `away ${++number}`;
  const first = await serve();
  await first.commits(conversation, `one ${number}`);
  await first.close();
  await proxy.refuse();

  const stopped = await serve();
  expect(await stopped.record(conversation, `two ${number}`)).toMatchObject({ durability: 'JOURNALED' });
  await stopped.close();

  const server = await serve();
  const { durability, interactions } = await server.record(conversation, `three ${number}`);
  expect(durability).toBe('JOURNALED');
  const one = await server.graphql('query ($id: ID!) { interaction(turnId: $id) { query } }', {
    id: interactions[0].turnId,
  });
  expect(one.data.interaction.query).toBe(`three ${number}`);
  const list = await server.graphql('{ conversations { nodes { conversationId } } }');
  expect(list.errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
  expect(await server.ready()).toBe(503);
  expect(await server.database()).toMatchObject({
    status: 'DEGRADED',
    detail: expect.stringMatching(/does not answer since .*ECONNREFUSED.*journal/),
  });
  await expect
    .poll(async () => (await server.graphql('{ activeAlerts { name } }')).data.activeAlerts)
    .toContainEqual({ name: 'database_down' });

  await proxy.restore();
  await expect.poll(() => server.ready()).toBe(200);
  await expect
    .poll(() => stored(conversation))
    .toEqual([`one ${number}`, `two ${number}`, `three ${number}`]);
  await expect.poll(() => server.database()).toMatchObject({ status: 'HEALTHY' });
  await server.commits(conversation, `four ${number}`);
});

test('a database that lets nobody in is away, whatever code it says it with', async () => {
  const conversation = `shut ${++number}`;
  const name = new URL(beside.databaseUrl).pathname.slice(1);
  await served();
  await onServer(`alter database ${name} allow_connections false`);
  const server = await serve();
  expect(await server.record(conversation, `one ${number}`)).toMatchObject({ durability: 'JOURNALED' });
  expect(await server.ready()).toBe(503);
  expect((await server.database()).detail).toMatch(/not currently accepting connections \(55000\)/);
  await onServer(`alter database ${name} allow_connections true`);
  await expect.poll(() => server.ready()).toBe(200);
  await expect.poll(() => stored(conversation)).toEqual([`one ${number}`]);
});

test('a schema that this version must refuse is not touched; turns are kept until it fits again', async () => {
  const conversation = `newer ${++number}`;
  await served();
  await proxy.refuse();
  const server = await serve();
  await beside.sql(
    `insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', 9999999999999)`,
  );
  await proxy.restore();
  await expect.poll(async () => (await server.database()).detail).toMatch(/newer version.*1 migration/);
  expect(await server.record(conversation, `kept ${number}`)).toMatchObject({ durability: 'JOURNALED' });
  expect(await server.ready()).toBe(503);
  const list = await server.graphql('{ conversations { nodes { conversationId } } }');
  expect(list.errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
  expect(await stored(conversation)).toEqual([]);
  await beside.sql(`delete from drizzle.__drizzle_migrations where hash = 'of tomorrow'`);
  await expect.poll(() => stored(conversation)).toEqual([`kept ${number}`]);
});

test('turns of a user whom another server erased meanwhile are not stored', async () => {
  const conversation = `erased ${++number}`;
  await served();
  await proxy.refuse();
  const server = await serve();
  await server.record(conversation, `gone ${number}`);
  const { data } = await beside.graphql('mutation { eraseUser(confirm: "default") { __typename } }');
  expect(data.eraseUser.__typename).toMatch(/Success$/);
  await proxy.restore();
  await expect.poll(() => server.ready()).toBe(200);
  await server.commits(conversation, `later ${number}`);
  expect(await stored(conversation)).toEqual([`later ${number}`]);
});

test('a first start, and one with the address of another database, are refused without it', async () => {
  await proxy.refuse();
  await expect(serve()).rejects.toThrow(/DATABASE_URL: .*nothing listens there/);
  await proxy.restore();
  const encrypted = new URL(databaseUrl);
  encrypted.searchParams.set('sslmode', 'require');
  await expect(serve(encrypted.href)).rejects.toThrow(
    /^DATABASE_URL: the database ".*" at .* cannot be used \(The server does not support SSL connections\)$/,
  );
  await served();
  await proxy.refuse();
  await expect(serve(databaseUrl.replace(/\/t_/, '/another_'))).rejects.toThrow(/nothing listens there/);
});
