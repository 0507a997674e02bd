import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { startPair, urlOf } from './support/replicated.ts';
import { overWebSocket } from './support/streams.ts';

const WATCH = 'subscription { interactionAdded { cursor interaction { query } } }';
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability } ... on Error { code message } } }`;
/** What numbers of transactions jump by where a standby was promoted. */
const JUMP = 2n ** 40n;

let pair: Awaited<ReturnType<typeof startPair>>;
let app: TestApp;
const told: { query: string; cursor: string }[] = [];
const acknowledged = new Map<string, string>();
let sent = 0;

beforeAll(async () => {
  pair = await startPair({ synchronous: true });
  app = await startTestApp({
    // The standby comes first: the server has to find out.
    env: { DATABASE_URL: urlOf(pair.standby, pair.primary), ACK_DEADLINE_MS: '300' },
    patienceMs: 0,
  });
  // It ends with the server.
  listen().catch(() => undefined);
});
afterAll(async () => {
  await app?.close();
  await pair?.close();
});

async function listen(): Promise<void> {
  for await (const { data } of overWebSocket(app.connect(), WATCH))
    told.push({ query: data.interactionAdded.interaction.query, cursor: data.interactionAdded.cursor });
}

/** One more turn, acknowledged. */
async function write(): Promise<string> {
  const query = `turn ${++sent}`;
  const input = { conversationId: `c${sent % 3}`, turns: [{ query, idempotencyKey: query }] };
  const { data } = await app.graphql(RECORD, { input });
  expect(data.recordTurns).toMatchObject({ durability: expect.anything() });
  acknowledged.set(query, data.recordTurns.durability);
  return data.recordTurns.durability;
}

async function databaseCheck(): Promise<{ status: string; detail: string }> {
  const { data } = await app.graphql('{ health { checks { name status detail } } }');
  return data.health.checks.find(({ name }: { name: string }) => name === 'database');
}

const storedIn = async (member: typeof pair.primary) =>
  (await member.sql<{ query: string }>('select query from echo_unified_interactions')).map(
    ({ query }) => query,
  );
const reasonNow = () => app.app.services.availability.reason;

test('the primary is found whichever of the servers is named first', async () => {
  await expect.poll(write).toBe('COMMITTED');
  await expect.poll(() => told.length).toBeGreaterThan(0);
  expect((await databaseCheck()).status).toBe('HEALTHY');
});

test('a primary that dies in the middle of traffic, and a promotion: nothing is lost, doubled or left out', async () => {
  let isOver = false;
  // Else they go on where something fails.
  onTestFinished(() => {
    isOver = true;
  });
  const writers = [1, 2, 3].map(async () => {
    while (!isOver) {
      await write();
      // Traffic, and time for what it is about.
      await sleep(20);
    }
  });
  const before = acknowledged.size;
  await expect.poll(() => acknowledged.size).toBeGreaterThan(before + 30);
  await pair.primary.kill();
  await expect.poll(async () => (await databaseCheck()).status).toBe('DEGRADED');
  // The standby is there, and is no database that takes writes.
  await expect.poll(reasonNow).toMatch(/is a standby, which takes no writes/);
  await expect.poll(() => [...acknowledged.values()].includes('JOURNALED')).toBe(true);
  await pair.standby.promote();
  await expect.poll(async () => (await databaseCheck()).status).toBe('HEALTHY');
  await expect.poll(write).toBe('COMMITTED');
  isOver = true;
  await Promise.all(writers);
  await expect.poll(async () => (await storedIn(pair.standby)).length).toBe(sent);
  expect((await storedIn(pair.standby)).toSorted()).toEqual([...acknowledged.keys()].toSorted());
  await expect.poll(() => new Set(told.map(({ query }) => query)).size).toBe(sent);
  expect(told).toHaveLength(sent);
  // Beyond whatever the old primary may have told of what the standby never got.
  const cursors = told.map(({ cursor }) => BigInt(cursor.split('-')[0] ?? 0));
  expect(cursors.at(-1)! - cursors[0]!).toBeGreaterThan(JUMP / 2n);
});

test('the old primary that comes back gets nothing, even when it is the only one that answers', async () => {
  pair.primary.set('synchronous_standby_names', '');
  await pair.primary.start();
  await pair.standby.proxy.refuse();
  await expect.poll(reasonNow).toMatch(/another server was promoted in its place/);
  expect(await write()).toBe('JOURNALED');
  const again = () =>
    startTestApp({ env: { DATABASE_URL: urlOf(pair.primary, pair.standby), DATA_DIR: app.directory } });
  expect(await storedIn(pair.primary)).not.toContain(`turn ${sent}`);
  await pair.standby.proxy.restore();
  await expect.poll(() => storedIn(pair.standby)).toContain(`turn ${sent}`);
  // Not after a restart either, whichever is named first.
  await app.app.close();
  const restarted = await again();
  await restarted.record('c', ['after a restart']);
  expect(await storedIn(pair.standby)).toContain('after a restart');
  expect(await storedIn(pair.primary)).not.toContain('after a restart');
  await restarted.close();
});
