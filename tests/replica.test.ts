import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asReading } from '../src/access/caller.ts';
import { replicable } from '../src/db/replicable.ts';
import { lookAtReplicas } from '../src/doctor/replica.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { callTool, connectMcp } from './support/mcp.ts';
import { startPair, urlOf } from './support/replicated.ts';

const CONVERSATIONS = '{ conversations(first: 50) { edges { node { conversationId } } } }';
const INTERACTIONS = '{ interactions(first: 50) { edges { node { query } } } }';
const HEALTH = '{ health { checks { name status detail } } }';
const DELETE = `mutation ($id: String!) { deleteConversation(conversationId: $id) { __typename ... on Error { message } } }`;
const ERASE = `mutation ($user: String!) { eraseUser(confirm: $user, userId: $user) { __typename ... on Error { message } } }`;

let pair: Awaited<ReturnType<typeof startPair>>;
/** Two servers on one database, with one replica. */
let [app, other]: TestApp[] = [];
const front = () => app as TestApp;
const beside = () => other as TestApp;
let said = 0;

beforeAll(async () => {
  pair = await startPair({ synchronous: false, others: 1, isQuick: true });
  const env = { DATABASE_URL: urlOf(pair.primary), DATABASE_READ_URL: urlOf(pair.standby) };
  app = await startTestApp({ env });
  other = await startTestApp({ env });
}, 90_000);
afterAll(async () => {
  await other?.close();
  await app?.close();
  await pair?.close();
});

const replicaOf = (server: TestApp) => {
  const { replica } = server.app.services;
  if (!replica) throw new Error('it has none');
  return replica;
};
const state = () => replicaOf(front()).state;
const serving = async () => {
  await expect.poll(() => replicaOf(front()).state).toBe('serving');
  await expect.poll(() => replicaOf(beside()).state).toBe('serving');
};
const line = async () => {
  const { data } = await front().graphql(HEALTH);
  return data.health.checks.find(({ name }: { name: string }) => name === 'replica');
};
const metric = async (name: string) => {
  const text = await (await fetch(`${front().url}/metrics`)).text();
  return Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
};
/** A user of their own, and one turn of theirs. */
const someone = async (server = front()) => {
  const at = ++said;
  const [user, query] = [`user${at}`, `the lighthouse of number${at} is green (c${at})`];
  await server.record(`c${at}`, [query], user);
  return { user, query, conversationId: `c${at}`, words: `lighthouse number${at}` };
};
type Someone = Awaited<ReturnType<typeof someone>>;

/** What a user sees of a turn, by each kind of door. */
const DOORS: Readonly<Record<string, (server: TestApp, who: Someone) => Promise<string>>> = {
  'list of conversations': async (server, { user }) =>
    JSON.stringify((await server.graphql(CONVERSATIONS, {}, user)).data),
  'list of turns': async (server, { user }) =>
    JSON.stringify((await server.graphql(INTERACTIONS, {}, user)).data),
  search: async (server, { user, words }) => JSON.stringify(await server.search(words, user)),
  REST: async (server, { user, conversationId }) => {
    const response = await fetch(`${server.url}/api/echo/conversation/${conversationId}`, {
      headers: { 'x-test-user': user },
    });
    return response.text();
  },
  'search over REST': async (server, { user, words }) => {
    const url = `${server.url}/api/echo/search?q=${encodeURIComponent(words)}`;
    return (await fetch(url, { headers: { 'x-test-user': user } })).text();
  },
  assistant: async (server, { user, words }) => {
    const client = await connectMcp(server.url, { 'x-test-user': user });
    const found = await callTool(client, 'search_memory', { query: words });
    await client.close();
    return JSON.stringify(found);
  },
};
const sees = async (server: TestApp, who: Someone): Promise<string[]> => {
  const seen = await Promise.all(
    Object.entries(DOORS).map(async ([door, look]) => {
      const text = await look(server, who);
      return text.includes(who.query) ||
        (door === 'list of conversations' && text.includes(`"${who.conversationId}"`))
        ? [door]
        : [];
    }),
  );
  return seen.flat();
};
const ALL = Object.keys(DOORS);

test('reads of every kind of door come from the replica, and say the same', async () => {
  await serving();
  const urls = { databaseUrls: [urlOf(pair.primary)], databaseReadUrls: [urlOf(pair.standby)] };
  expect(await lookAtReplicas(urls)).toMatchObject([
    { state: 'OK', seen: expect.stringMatching(/is a standby of it$/) },
  ]);
  const who = await someone();
  for (const [door, look] of Object.entries(DOORS)) {
    await serving();
    const before = replicaOf(front()).reads.replica;
    await look(front(), who);
    expect([door, replicaOf(front()).reads.replica > before]).toEqual([door, true]);
  }
  expect(await sees(front(), who)).toEqual(ALL);
  const sessions = await pair.standby.sql<{ query: string }>(
    `select query from pg_stat_activity where application_name = 'echo-brain'`,
  );
  expect(sessions.map(({ query }) => query).join('\n')).toContain('echo_unified_interactions');
  expect(await line()).toEqual({ name: 'replica', status: 'HEALTHY', detail: 'serving' });
  expect(await metric('echo_replica_serving')).toBe(1);
  expect(await metric('echo_replica_reads_total{outcome="replica"}')).toBeGreaterThan(0);
});

test('writes, and reads that belong to them, never ask the replica', async () => {
  await serving();
  const before = { ...replicaOf(front()).reads };
  const who = await someone();
  await front().ask('What colour is the lighthouse?', who.user);
  await front().graphql(DELETE, { id: who.conversationId }, who.user);
  expect(replicaOf(front()).reads).toEqual(before);
});

test('what was written is read at once, through whichever server, while the replica is a little behind', async () => {
  await pair.standby.sql("alter system set recovery_min_apply_delay = '15ms'");
  await pair.standby.sql('select pg_reload_conf()');
  await serving();
  const before = replicaOf(beside()).reads.replica;
  for (let turn = 0; turn < 25; turn++) {
    const who = await someone(turn % 2 === 0 ? front() : beside());
    const seen = await Promise.all([front(), beside()].map((server) => sees(server, who)));
    expect([turn, ...seen]).toEqual([turn, ALL, ALL]);
  }
  await pair.standby.sql('alter system reset recovery_min_apply_delay');
  await pair.standby.sql('select pg_reload_conf()');
  expect(replicaOf(beside()).reads.replica).toBeGreaterThan(before);
});

test('a replica that lags hides nothing, and shows nothing that was taken away', async () => {
  const [erased, deleted, kept] = [await someone(), await someone(), await someone()];
  await serving();
  expect(await sees(front(), erased)).toEqual(ALL);
  await pair.standby.sql('select pg_wal_replay_pause()');
  const later = await someone();
  for (const server of [front(), beside()]) expect(await sees(server, later)).toEqual(ALL);
  expect(state()).toBe('lagging');
  const removed = await front().graphql(DELETE, { id: deleted.conversationId }, deleted.user);
  expect(removed.data.deleteConversation.__typename).toBe('DeleteConversationSuccess');
  const erasing = await front().graphql(ERASE, { user: erased.user });
  expect(erasing.data.eraseUser).toMatchObject({ __typename: 'EraseUserSuccess' });
  for (const server of [front(), beside()]) {
    for (const who of [erased, deleted]) expect(await sees(server, who)).toEqual([]);
    expect(await sees(server, kept)).toEqual(ALL);
  }
  // The replica itself has them still.
  const there = await pair.standby.sql<{ query: string }>('select query from echo_unified_interactions');
  expect(there.map(({ query }) => query)).toEqual(expect.arrayContaining([erased.query, deleted.query]));
  await expect
    .poll(async () => (await line())?.detail)
    .toMatch(/^lagging \(\d+ s behind\); the primary is read$/);
  expect(await metric('echo_replica_lag_seconds')).toBeGreaterThan(0);
  await pair.standby.sql('select pg_wal_replay_resume()');
  await serving();
  for (const who of [erased, deleted]) expect(await sees(front(), who)).toEqual([]);
});

test('a read that the replica cancels is answered by the primary', async () => {
  await serving();
  await pair.standby.sql("alter system set max_standby_streaming_delay = '0'");
  await pair.standby.sql('select pg_reload_conf()');
  const slow = {
    name: replicable('test_slow'),
    text: 'select pg_sleep(8), count(*)::int as turns from echo_media_insights',
  };
  const before = { ...replicaOf(front()).reads };
  const reading = asReading(true, () => front().app.services.db.pool.query<{ turns: number }>(slow));
  await expect
    .poll(() => pair.standby.sql(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`))
    .toHaveLength(1);
  await pair.primary.sql('vacuum full echo_media_insights');
  expect((await reading).rows).toMatchObject([{ turns: 0 }]);
  expect(replicaOf(front()).reads).toMatchObject({ failed: before.failed + 1 });
  await pair.standby.sql('alter system reset max_standby_streaming_delay');
  await pair.standby.sql('select pg_reload_conf()');
});

test.each([
  ['is lost', () => pair.standby.proxy.refuse()],
  ['says nothing any more', async () => pair.standby.proxy.freeze()],
])(
  'no read fails when the replica %s under load, and none waits for long',
  async (_how, leave) => {
    await serving();
    const who = await someone();
    const took: number[] = [];
    let isOver = false;
    const readers = ['list of turns', 'search', 'REST', 'list of conversations'].map(async (door) => {
      while (!isOver) {
        const began = performance.now();
        expect([door, await DOORS[door]?.(front(), who)]).toEqual([
          door,
          expect.stringContaining(who.conversationId),
        ]);
        took.push(performance.now() - began);
        await sleep(10);
      }
    });
    const wasRead = replicaOf(front()).reads.replica;
    await expect.poll(() => took.length).toBeGreaterThan(40);
    expect(replicaOf(front()).reads.replica).toBeGreaterThan(wasRead);
    const usual = Math.max(...took);
    took.length = 0;
    await leave();
    await expect.poll(state).toBe('away');
    const since = took.length;
    await expect.poll(() => took.length).toBeGreaterThan(since + 40);
    isOver = true;
    await Promise.all(readers);
    // A connection that says nothing is given up by itself after twenty seconds.
    expect(Math.max(...took)).toBeLessThan(usual + 10_000);
    expect((await line()).detail).toMatch(/^away \(.+\); the primary is read$/);
    await pair.standby.proxy.restore();
    await serving();
  },
  180_000,
);

test('a standby that received more than the one that was promoted is not read, however far it is', async () => {
  const [third] = pair.others as [typeof pair.standby];
  const server = await startTestApp({
    env: { DATABASE_URL: urlOf(pair.primary, pair.standby), DATABASE_READ_URL: urlOf(third) },
  });
  await expect.poll(() => replicaOf(server).state).toBe('serving');
  const who = await someone(server);
  await expect
    .poll(() => pair.standby.sql('select 1 from echo_conversations where user_id = $1', [who.user]))
    .toHaveLength(1);
  await pair.standby.kill();
  const lost = await someone(server);
  // Far beyond what the new primary will have written when it is read.
  for (let switched = 0; switched < 3; switched++) await pair.primary.sql('select pg_switch_wal()');
  await expect
    .poll(() => third.sql('select 1 from echo_conversations where user_id = $1', [lost.user]))
    .toHaveLength(1);
  await pair.primary.kill();
  await pair.standby.start();
  await pair.standby.promote();
  await expect.poll(() => server.app.services.availability.isUp).toBe(true);
  await expect.poll(() => sees(server, who)).toEqual(ALL);
  const before = replicaOf(server).reads.replica;
  expect(await sees(server, lost)).toEqual([]);
  expect(await sees(server, who)).toEqual(ALL);
  expect(replicaOf(server).reads.replica).toBe(before);
  await server.close();
});

test('a standby that is promoted is no replica any more', async () => {
  const [third] = pair.others as [typeof pair.standby];
  const server = await startTestApp({
    env: { DATABASE_URL: urlOf(pair.standby), DATABASE_READ_URL: urlOf(third) },
  });
  await third.promote();
  const detail = async () => {
    const { data } = await server.graphql(HEALTH);
    return data.health.checks.find(({ name }: { name: string }) => name === 'replica').detail;
  };
  await expect.poll(detail).toMatch(/^away \(.*no standby.*\); the primary is read$/);
  await server.close();
});
