import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ChildServer, isAlive, startChildServer } from './support/child-server.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { putCluster } from './support/prepared-cluster.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  __typename ... on ProcessQuerySuccess { durability interaction { status response } } } }`;

let directory: string;
let provider: OpenAiServer;
let server: ChildServer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-stop-'));
  await putCluster(directory);
  provider = await startOpenAiServer();
  await start();
});
afterEach(async () => {
  server.signal('SIGTERM');
  await server.exited;
  await provider.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

async function start() {
  server = await startChildServer(directory, { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small' });
}

const ask = (query: string) =>
  server.graphql(ASK, { input: { query, conversationId: query, idempotencyKey: query } });
const says = (words: string) => expect.poll(() => server.logged.some((line) => line.includes(words)));

/** How the server answers at a path; 0: it takes no connections. */
const statusOf = (path: string) =>
  fetch(`${server.url}${path}`).then(
    ({ status }) => status,
    () => 0,
  );

test('SIGTERM: what is under way is finished, then everything ends', async () => {
  provider.respondWith({ kind: 'answer', deltas: ['slow ', 'but ', 'sure'], delayMs: 400 });
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const closed = new Promise<number>((resolve) => {
    socket.once('close', resolve);
  });
  socket.once('open', () => socket.send('{"type":"connection_init"}'));
  await new Promise((resolve) => {
    socket.once('message', resolve);
  });
  expect(await statusOf('/readyz')).toBe(200);
  const answers = ['one', 'two', 'three'].map(ask);
  await expect.poll(() => provider.chats.length).toBe(3);

  server.signal('SIGTERM');
  await says('stopping').toBe(true);
  expect([0, 503]).toContain(await statusOf('/readyz'));
  for (const { data, errors } of await Promise.all(answers)) {
    expect(errors).toBeUndefined();
    expect(data.processQuery).toMatchObject({
      durability: 'COMMITTED',
      interaction: { status: 'ANSWERED', response: 'slow but sure' },
    });
  }
  expect(await closed).toBe(1001);
  expect(await server.exited).toBe(0);
  expect(isAlive(server.databasePid)).toBe(false);
  const journal = new DatabaseSync(join(directory, 'journal.db'));
  // Answers are remembered on purpose; what would have to be applied is gone.
  const left = journal.prepare("select kind from entries where kind in ('query', 'turns')").all();
  expect(left).toEqual([]);
  journal.close();
});

test('a second SIGTERM does not wait; nothing is lost', async () => {
  provider.respondWith({ kind: 'stall', after: ['never'] });
  const unheard = ask('endless').catch(() => 'cut');
  await expect.poll(() => provider.chats.length).toBe(1);
  server.signal('SIGTERM');
  await says('stopping').toBe(true);
  server.signal('SIGTERM');
  expect(await server.exited).toBe(1);
  expect(await unheard).toBe('cut');
  await start();
  const { data } = await server.graphql('{ interactions { nodes { query status } } }');
  expect(data.interactions.nodes).toEqual([{ query: 'endless', status: 'INTERRUPTED' }]);
}, 90_000);

test('counters add up after kills: what was stored had been attempted', async () => {
  const record = (query: string) =>
    server.graphql('mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }', {
      input: { conversationId: 'counted', turns: [{ query, idempotencyKey: query }] },
    });
  for (const round of [1, 2, 3]) {
    for (const number of [1, 2, 3, 4, 5]) await record(`${round}.${number}`);
    server.signal('SIGKILL');
    await server.exited;
    await start();
  }
  const counted = async () => {
    const { data } = await server.graphql(
      '{ persistence { counters { attempted succeeded failed replayed } } }',
    );
    return data.persistence.counters;
  };
  await expect.poll(counted).toEqual({ attempted: 15, succeeded: 15, failed: 0, replayed: 0 });
}, 120_000);
