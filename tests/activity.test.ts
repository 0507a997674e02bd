import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Activity, ALIKE_MS, LINES_AT_ONCE, MAX_WAITING } from '../src/domains/activity/activity.ts';
import { createKeeperLook } from '../src/domains/activity/keeper-look.ts';
import type { Announcement } from '../src/events/outbox.ts';
import { pruneEvents } from '../src/events/pruned.ts';
import type { ActivityNote } from '../src/ground/activity.ts';
import type { KeeperStatus } from '../src/jobs/keeper.ts';
import { createLogger } from '../src/log.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overServerSentEvents, overWebSocket, take } from './support/streams.ts';

const done = (subject: string | null, more: Partial<ActivityNote> = {}): ActivityNote => ({
  kind: 'job_finished',
  subject,
  message: 'done',
  level: 'INFO',
  ...more,
});

describe('notes become lines', () => {
  let clock = 0;
  const told: Announcement[] = [];
  const outbox = {
    waiting: 0,
    announce: async (announcement: Announcement) => {
      told.push(announcement);
    },
  };
  const lines = () => told.splice(0).map(({ payload }) => payload);
  const begin = () => {
    clock = 1_000_000;
    told.length = 0;
    outbox.waiting = 0;
    return new Activity({ outbox, log: createLogger('silent'), now: () => clock });
  };

  test('at once, and those that are alike as one with their number and the latest message', () => {
    const activity = begin();
    activity.note(done('a', { message: 'step 1' }));
    expect(lines()).toEqual([
      { kind: 'job_finished', subject: 'a', message: 'step 1', level: 'INFO', count: 1 },
    ]);
    for (let step = 2; step <= 9; step++) activity.note(done('a', { message: `step ${step}` }));
    activity.note(done('b'));
    activity.note(done('a', { kind: 'job_failed' }));
    activity.note(done('a', { owner: { tenantId: 'default', userId: 'ada' } }));
    expect(lines().map(({ kind, subject }) => [kind, subject])).toEqual([
      ['job_finished', 'b'],
      ['job_failed', 'a'],
      ['job_finished', 'a'],
    ]);
    clock += ALIKE_MS - 1;
    activity.round();
    expect(lines()).toEqual([]);
    clock += 1;
    activity.round();
    expect(lines()).toEqual([
      { kind: 'job_finished', subject: 'a', message: 'step 9', level: 'INFO', count: 8 },
    ]);
    // It goes on, so it is told at the same pace; when it has ended it is forgotten, and told at once the next time.
    activity.note(done('a'));
    expect(lines()).toEqual([]);
    for (let round = 0; round < 3; round++) {
      clock += ALIKE_MS;
      activity.round();
    }
    expect(lines()).toMatchObject([{ subject: 'a', count: 1 }]);
    activity.note(done('a'));
    expect(lines()).toMatchObject([{ subject: 'a', count: 1 }]);
  });

  test('of which there are only so many, whatever the flood, and every note is counted', async () => {
    const activity = begin();
    const notes = 100_000;
    for (let number = 0; number < notes; number++)
      activity.note(
        done(`task ${number}`, {
          kind: number % 2 ? 'job_started' : 'job_finished',
          owner: { tenantId: 'default', userId: `user ${number % 400}` },
        }),
      );
    expect(told).toHaveLength(LINES_AT_ONCE);
    for (let round = 0; round < 30; round++) {
      // What is told arrives.
      await new Promise((resolve) => setImmediate(resolve));
      clock += 1_000;
      activity.round();
    }
    const all = lines();
    expect(all.length).toBeLessThan(LINES_AT_ONCE + 60);
    expect(all.reduce((sum, { count }) => sum + Number(count), 0)).toBe(notes);
    expect(all.at(-1)).toMatchObject({ kind: 'left_out', subject: null, level: 'WARNING' });
    expect(all.find(({ count }) => Number(count) > 1)).toMatchObject({
      kind: 'job_finished',
      subject: null,
      message: expect.stringMatching(/^\d+ more of this kind$/),
    });
    activity.note(done('later'));
    expect(lines()).toMatchObject([{ subject: 'later' }]);
  });

  test('but none while too many wait for the database: the journal has its room for turns', async () => {
    const activity = begin();
    outbox.waiting = MAX_WAITING;
    activity.note(done('a'));
    activity.note(done('b'));
    activity.round();
    expect(lines()).toEqual([]);
    outbox.waiting = 0;
    activity.round();
    expect(lines()).toMatchObject([{ kind: 'left_out', count: 2 }]);
    // Nor while what was told is not even written.
    const slow = new Activity({
      outbox: {
        waiting: 0,
        announce: (each) => {
          told.push(each);
          return new Promise(() => undefined);
        },
      },
      log: createLogger('silent'),
      now: () => clock,
    });
    for (let round = 0; round < 50; round++) {
      for (let number = 0; number < 10; number++) slow.note(done(`${round}/${number}`));
      slow.round();
    }
    expect(lines()).toHaveLength(MAX_WAITING);
  });

  test('of one line each that the database can store', () => {
    const activity = begin();
    activity.note(done('a\0b\ud800', { message: `one\ntwo\u2028${'x'.repeat(5_000)}` }));
    const [line] = lines();
    expect(line?.subject).toBe('a b\ufffd');
    expect(line?.message).toMatch(/^one two x+…$/);
    expect(String(line?.message)).toHaveLength(500);
  });

  test('and whoever notes never fails', () => {
    const log = createLogger('silent');
    const error = vi.spyOn(log, 'error');
    const broken = new Activity({
      outbox: {
        waiting: 0,
        announce: () => {
          throw new Error('no');
        },
      },
      log,
    });
    broken.note(done('a'));
    begin().note(done(7 as never));
    begin().note(done('a', { message: null as never }));
    expect(error).toHaveBeenCalledTimes(1);
  });

  test('and what is gathered of a user who is erased is dropped', () => {
    const activity = begin();
    const owner = { tenantId: 'default', userId: 'ada' };
    const other = { tenantId: 'default', userId: 'bob' };
    for (const each of [owner, other]) for (let n = 0; n < 3; n++) activity.note(done('a', { owner: each }));
    lines();
    activity.forget(owner);
    clock += ALIKE_MS;
    activity.round();
    expect(told.map(({ userId }) => userId)).toEqual(['bob']);
  });
});

test('a look at the keepers notes what begins to fail and what succeeds again, without the words of an error', () => {
  const keeper = (name: string, state: KeeperStatus['state']): KeeperStatus => ({
    ...{ name, state, lastRoundAt: null, failures: 0 },
    lastError: 'what a user said',
  });
  let statuses = [keeper('a', 'IDLE'), keeper('b', 'FAILING')];
  const notes: ActivityNote[] = [];
  const look = createKeeperLook({ statuses: () => statuses }, { note: (note) => notes.push(note) });
  const seen = () => notes.splice(0).map(({ kind, subject, level }) => `${kind} ${subject} ${level}`);
  look();
  look();
  expect(seen()).toEqual(['keeper_failed b WARNING']);
  statuses = [keeper('a', 'FAILING'), keeper('b', 'RUNNING')];
  look();
  expect(JSON.stringify(notes)).not.toContain('what a user said');
  expect(seen()).toEqual(['keeper_failed a WARNING', 'keeper_recovered b INFO']);
});

const WATCH =
  'subscription ($after: ID) { activity(after: $after) { cursor at activity { cursor at kind subject message level count } } }';
type Line = { cursor: string; kind: string; subject: string | null; message: string };

describe('activity', () => {
  let app: TestApp;
  let proxy: DatabaseProxy;
  beforeAll(async () => {
    proxy = await startDatabaseProxy();
    app = await startTestApp({ route: proxy.route, env: { CANARY_INTERVAL_MS: '0' } });
  });
  // However quick the tests are, their notes do not count as a flood.
  beforeEach(() => app.app.services.activity.round());
  afterEach(() => proxy.restore().catch(() => undefined));
  afterAll(async () => {
    await app.close();
    await proxy.close();
  });
  const ada = { tenantId: 'default', userId: 'ada' };
  const note = (subject: string, owner?: ActivityNote['owner']) =>
    app.app.services.activity.note(done(subject, { owner }));

  async function page(args = 'first: 100', user?: string) {
    const { data, errors } = await app.graphql(
      `{ activity(${args}) { nodes { cursor at kind subject message level count } pageInfo { endCursor hasNextPage } } }`,
      {},
      user,
    );
    expect(errors).toBeUndefined();
    return data.activity as { nodes: Line[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
  }
  const subjects = async (user?: string) =>
    (await page('first: 100', user)).nodes.map((line) => line.subject);
  /** Where the stream stands once a note has come through. */
  async function cursorAfter(subject: string, user?: string): Promise<string> {
    const find = async () => (await page('first: 100', user)).nodes.find((line) => line.subject === subject);
    await expect.poll(find).toBeDefined();
    return (await find())?.cursor ?? '';
  }
  const subjectsOf = (results: { data?: { activity: { activity: Line } } }[]) =>
    results.map(({ data }) => data?.activity.activity.subject);

  test('is shown to those whose it is, to admins of the tenant, and of the server to admins only', async () => {
    note('of ada', ada);
    note('of bob', { tenantId: 'default', userId: 'bob' });
    note('of the tenant', { tenantId: 'default', userId: null });
    note('of another tenant', { tenantId: 'other', userId: 'ada' });
    note('of the server');
    await cursorAfter('of the server');
    expect(await subjects('ada')).toEqual(['of ada']);
    expect(await subjects('bob')).toEqual(['of bob']);
    const all = await subjects();
    expect(all).toEqual(expect.arrayContaining(['of ada', 'of bob', 'of the tenant', 'of the server']));
    expect(all).not.toContain('of another tenant');
    const others = await subjects('@other:root');
    expect(others).toEqual(expect.arrayContaining(['of another tenant', 'of the server']));
    expect(others).not.toEqual(expect.arrayContaining(['of ada']));
  });

  test('is read in pages, newest first, each line once', async () => {
    const user = 'pages';
    for (let number = 0; number < 7; number++) note(`line ${number}`, { ...ada, userId: user });
    await cursorAfter('line 6', user);
    const seen: (string | null)[] = [];
    let after = '';
    for (;;) {
      const { nodes, pageInfo } = await page(`first: 3${after}`, user);
      seen.push(...nodes.map((line) => line.subject));
      if (!pageInfo.hasNextPage) break;
      after = `, after: "${pageInfo.endCursor}"`;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((number) => `line ${number}`));
    expect((await page(`last: 2`, user)).nodes.map((line) => line.subject)).toEqual(['line 1', 'line 0']);
    for (const wrong of ['garbage', Buffer.from('1-2-3').toString('base64url')]) {
      const { errors } = await app.graphql(`{ activity(after: "${wrong}") { nodes { kind } } }`);
      expect(errors?.[0]?.message).toBe('after: is not a cursor of this list');
    }
  });

  test('is told live, and goes on after a cursor of the stream or of a page without gap or duplicate', async () => {
    const user = 'live';
    const owner = { ...ada, userId: user };
    note('begin', owner);
    let after = await cursorAfter('begin', user);
    for (const stream of [
      () => overWebSocket(app.connect(user), WATCH, { after }),
      () => overServerSentEvents(app, WATCH.replace('$after: ID', '$after: ID = null'), { after }),
    ]) {
      const names = Array.from({ length: 6 }, () => `note ${Math.random()}`);
      for (const name of names.slice(0, 3)) note(name, owner);
      const first = (await take(stream(), 2)).map(({ data }) => data.activity);
      const mine = first.filter(({ activity }) => names.includes(activity.subject));
      expect(mine.map(({ activity }) => activity.subject)).toEqual(names.slice(0, mine.length));
      after = first.at(-1)?.cursor;
      for (const name of names.slice(3)) note(name, owner);
      const rest = subjectsOf(
        await take(overWebSocket(app.connect(user), WATCH, { after }), 6 - mine.length),
      );
      expect(rest).toEqual(names.slice(mine.length));
      after = await cursorAfter(names[5] ?? '', user);
    }
  });

  test('says that a cursor has expired, and which is the oldest that works', async () => {
    const user = 'late';
    const owner = { ...ada, userId: user };
    note('pruned 0', owner);
    const old = await cursorAfter('pruned 0', user);
    for (const number of [1, 2]) note(`pruned ${number}`, owner);
    await cursorAfter('pruned 2', user);
    note('kept 1', owner);
    note('kept 2', owner);
    await cursorAfter('kept 2', user);
    await app.sql(
      "update echo_events set at = now() - interval '31 days' where payload->>'subject' like 'pruned %'",
    );
    const { db } = app.app.services;
    const longAgo = new Date(Date.now() - 30 * 86_400_000);
    expect(await pruneEvents(db, 'activity', { rows: 50_000, before: longAgo })).toBeGreaterThanOrEqual(3);
    expect(await pruneEvents(db, 'activity', { rows: 50_000, before: longAgo })).toBe(0);
    expect((await subjects(user)).filter((subject) => subject?.startsWith('pruned'))).toEqual([]);
    const [result] = await take(overWebSocket(app.connect(user), WATCH, { after: old }));
    expect(result?.errors?.[0]).toMatchObject({
      message: expect.stringContaining('no longer kept'),
      extensions: { code: 'CURSOR_EXPIRED', retryable: false, cursor: expect.any(String) },
    });
    const [overEvents] = await take(overServerSentEvents(app, WATCH, { after: old }));
    expect(overEvents?.errors?.[0]?.extensions.code).toBe('CURSOR_EXPIRED');
    const oldest = result?.errors?.[0]?.extensions.cursor;
    expect(subjectsOf(await take(overWebSocket(app.connect(user), WATCH, { after: oldest }), 2))).toEqual([
      'kept 1',
      'kept 2',
    ]);
    // Nothing of another kind was pruned.
    const added = overWebSocket(
      app.connect(user),
      'subscription { interactionAdded(after: "0-0") { interaction { query } } }',
    );
    await app.record('c', ['still told'], user);
    expect((await take(added, 1))[0]?.data.interactionAdded.interaction.query).toBe('still told');
  });

  test('keeps so many lines and no more', async () => {
    const owner = { ...ada, userId: 'many' };
    for (let number = 0; number < 5; number++) note(`one of many ${number}`, owner);
    await cursorAfter('one of many 4', 'many');
    await pruneEvents(app.app.services.db, 'activity', { rows: 2, before: new Date(0) });
    const left = await app.sql<{ count: number }>(
      "select count(*)::int as count from echo_events where kind = 'activity'",
    );
    expect(left[0]?.count).toBeLessThan(5);
    expect((await subjects('many'))[0]).toBe('one of many 4');
  });

  test('tells of a database that goes away while it is away, of the alert, and of the return', async () => {
    note('before the outage');
    const after = await cursorAfter('before the outage');
    const reading = (async () => {
      const seen: string[] = [];
      for await (const { data } of overWebSocket(app.connect(), WATCH, { after })) {
        seen.push(data.activity.activity.kind);
        if (seen.includes('database_away') && seen.includes('alert_raised')) return seen;
      }
      return seen;
    })();
    await proxy.refuse();
    expect(await reading).toEqual(expect.arrayContaining(['database_away', 'alert_raised']));
    await proxy.restore();
    await expect
      .poll(async () => (await app.graphql('{ activity(first: 100) { nodes { kind } } }')).data)
      .toMatchObject({
        activity: {
          nodes: expect.arrayContaining(
            ['database_away', 'alert_raised', 'database_back', 'alert_cleared'].map((kind) => ({ kind })),
          ),
        },
      });
  });

  test('tells of exports, restores and erasures, and nothing that a user said', async () => {
    const user = 'rosa of sealed-7f3a';
    await app.graphql(
      'mutation { recordTurns(input: { conversationId: "sealed-7f3a", turns: [{ query: "sealed-7f3a" }] }) { __typename } }',
      {},
      user,
    );
    const { data } = await app.graphql('{ exportUser { lines } }', {}, user);
    await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { __typename } }',
      { lines: data.exportUser.lines },
      user,
    );
    await expect
      .poll(async () => (await page('first: 10', user)).nodes.map(({ kind }) => kind))
      .toEqual(['user_restored', 'user_exported']);
    const erased = await app.graphql(
      'mutation ($id: String!) { eraseUser(confirm: $id) { ... on EraseUserSuccess { receipt } } }',
      { id: user },
      user,
    );
    const { receiptId, left } = erased.data.eraseUser.receipt;
    expect(left.events).toBe(0);
    await cursorAfter(receiptId);
    expect(await subjects(user)).toEqual([]);
    const told = await app.sql("select payload, user_id from echo_events where kind = 'activity'");
    expect(JSON.stringify(told)).not.toContain('sealed-7f3a');
  });
});
