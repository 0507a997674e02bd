import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newTurn, payloadHashOf, streamOf, turnIdOf } from '../src/domains/interactions/turn.ts';
import { Journal } from '../src/journal/journal.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { temporaryFolder } from './support/folders.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { overWebSocket, take } from './support/streams.ts';

const TURN = 'turnId conversationId query response status sequence metadata';
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  __typename ... on Error { code message } ... on RecordTurnsSuccess { durability replayed interactions { ${TURN} } } } }`;
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  __typename ... on Error { code message }
  ... on ProcessQuerySuccess { durability replayed conversation { conversationId } interaction { ${TURN} } } } }`;
const COUNTERS = '{ persistence { counters { attempted succeeded failed replayed journaled recovered } } }';
const ALERTS =
  'subscription ($after: ID) { alerts(after: $after) { cursor alert { alertId name state message } } }';
const DELETE =
  'mutation ($id: ID!) { deleteInteraction(turnId: $id) { ... on DeleteInteractionSuccess { turnId } ... on Error { code message } } }';
const FAILURES = 'subscription { persistenceFailures { kind turnId turns resolvedAt } }';

let app: TestApp;
let proxy: DatabaseProxy;

/** Starts `app` behind a proxy for all tests of the block. */
function useApp(env: Record<string, string> = {}) {
  beforeAll(async () => {
    proxy = await startDatabaseProxy();
    app = await startTestApp({
      ...{ route: proxy.route, patienceMs: 0 },
      env: { ACK_DEADLINE_MS: '200', ...env },
    });
  });
  afterEach(async () => {
    await proxy.restore();
    await untilCommitted();
  });
  afterAll(async () => {
    await app.close();
    await proxy.close();
  });
}

interface TurnInput {
  query: string;
  response?: string;
  idempotencyKey?: string;
}

const record = (conversationId: string, turns: TurnInput[], user?: string) =>
  app.graphql(RECORD, { input: { conversationId, turns } }, user);

async function recorded(...args: Parameters<typeof record>) {
  const { data, errors } = await record(...args);
  expect(errors).toBeUndefined();
  expect(data.recordTurns.__typename).toBe('RecordTurnsSuccess');
  return data.recordTurns;
}

async function asked(input: Record<string, unknown>) {
  const { data, errors } = await app.graphql(ASK, { input });
  expect(errors).toBeUndefined();
  expect(data.processQuery.__typename).toBe('ProcessQuerySuccess');
  return data.processQuery;
}

async function turnsOf(conversationId: string, user?: string) {
  const { data } = await app.graphql(
    `query ($id: String!) { conversation(conversationId: $id) { interactions(first: 100) { nodes { ${TURN} } } } }`,
    { id: conversationId },
    user,
  );
  return data.conversation?.interactions.nodes ?? [];
}

async function databaseCheck() {
  const { data } = await app.graphql('{ health { status checks { name status detail } } }');
  const check = data.health.checks.find(({ name }: { name: string }) => name === 'database');
  return { health: data.health.status, ...check };
}

/** Waits until the database answers and has all turns and events. */
async function untilCommitted() {
  const state = async () => {
    const { data } = await app.graphql('{ persistence { journal { depth } } activeAlerts { name } }');
    const isDown = data.activeAlerts.some(({ name }: { name: string }) => name === 'database_down');
    return { isDown, depth: data.persistence.journal.depth };
  };
  await expect.poll(state).toEqual({ isDown: false, depth: 0 });
}

const counters = async () => (await app.graphql(COUNTERS)).data.persistence.counters;

/** Collects what a subscription tells; listening when this resolves. */
async function listen(query: string, field: string, variables: Record<string, unknown> = {}) {
  const seen: Record<string, unknown>[] = [];
  const stream = overWebSocket(app.connect(), query, variables);
  const sent = (name: string) => app.statements.filter((each) => each === name).length;
  const before = sent('events_latest');
  void (async () => {
    for await (const { data } of stream) seen.push(data[field]);
  })();
  await expect.poll(() => sent('events_latest')).toBeGreaterThan(before);
  // It has been answered, and so has what it reads then, when others have read several times.
  const reads = sent('events_after');
  await expect.poll(() => sent('events_after')).toBeGreaterThan(reads + 4);
  return seen;
}

describe.each([
  ['is not there', () => proxy.refuse()],
  ['says nothing', async () => proxy.freeze()],
])('a database that %s', (_how, leave) => {
  useApp();

  test('costs no turn: all are kept, readable, told of, and committed in their order', async () => {
    const conversationId = 'outage';
    await recorded(conversationId, [{ query: 'turn 1' }, { query: 'turn 2' }]);
    await untilCommitted();
    const alerts = await listen(ALERTS, 'alerts');
    const failures = await listen(FAILURES, 'persistenceFailures');
    const before = await counters();

    await leave();
    const { durability, interaction, conversation } = await asked({ query: 'turn 3', conversationId });
    expect([durability, conversation]).toEqual(['JOURNALED', { conversationId }]);
    for (const n of [4, 5, 6]) {
      const saved = await recorded(conversationId, [{ query: `turn ${n}`, response: `answer ${n}` }]);
      expect(saved).toMatchObject({ durability: 'JOURNALED', interactions: [{ sequence: null }] });
    }
    await recorded('elsewhere', [{ query: 'a' }, { query: 'b' }]);
    const read = await app.graphql(`query ($id: ID!) { interaction(turnId: $id) { ${TURN} } }`, {
      id: interaction.turnId,
    });
    expect(read.data.interaction).toEqual(interaction);
    // A call gives up sooner than a look: at first it is only known that no turn is taken.
    await expect.poll(databaseCheck).toMatchObject({
      health: 'DEGRADED',
      status: 'DEGRADED',
      detail: expect.stringContaining('does not answer since'),
    });
    // Heard while the database is still away.
    const heard = (state: string) => expect.objectContaining({ name: 'database_down', state });
    const told = (list: Record<string, unknown>[]) => list.map(({ alert }) => alert);
    await expect.poll(() => told(alerts)).toContainEqual(heard('RAISED'));
    await expect
      .poll(() => failures)
      .toContainEqual(expect.objectContaining({ kind: 'SAVE_DEFERRED', resolvedAt: null }));
    expect((await counters()).succeeded).toBe(before.succeeded);

    await proxy.restore();
    await untilCommitted();
    await expect.poll(() => told(alerts)).toContainEqual(heard('CLEARED'));
    await expect
      .poll(() => failures)
      .toContainEqual(
        expect.objectContaining({ kind: 'SAVE_DEFERRED', resolvedAt: expect.stringMatching(/^2/) }),
      );
    const stored = await turnsOf(conversationId);
    expect(stored.map(({ query }: TurnInput) => query)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `turn ${n}`));
    expect(stored.map(({ sequence }: { sequence: number }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(stored[2]).toMatchObject({ turnId: interaction.turnId, response: interaction.response });
    const after = await counters();
    const grown = (name: string) => after[name] - before[name];
    expect(grown('attempted')).toBe(6);
    expect(grown('succeeded') + grown('replayed')).toBe(6);
    expect([grown('failed'), grown('journaled') - grown('recovered')]).toEqual([0, 0]);
    expect((await databaseCheck()).status).toBe('HEALTHY');
  });
});

describe('while the database is away', () => {
  useApp();

  test('a key keeps its meaning: the same content once, another content refused', async () => {
    await proxy.refuse();
    const turn = { query: 'first', idempotencyKey: 'k' };
    const first = await recorded('keys', [turn]);
    const again = await recorded('keys', [turn]);
    expect(again.interactions[0].turnId).toBe(first.interactions[0].turnId);
    const other = (await record('keys', [{ ...turn, query: 'second' }])).data.recordTurns;
    expect(other).toMatchObject({ __typename: 'IdempotencyKeyReusedError', code: 'IDEMPOTENCY_KEY_REUSED' });
    const asking = { query: 'ask', conversationId: 'keys', idempotencyKey: 'q' };
    const answer = await asked(asking);
    expect(await asked(asking)).toEqual({ ...answer, replayed: true });
    const { data } = await app.graphql(ASK, { input: { ...asking, query: 'ask more' } });
    expect(data.processQuery.__typename).toBe('IdempotencyKeyReusedError');
    await proxy.restore();
    await untilCommitted();
    expect((await turnsOf('keys')).map(({ query }: TurnInput) => query)).toEqual(['first', 'ask']);
  });

  test("a name that another user has, too, is the user's own", async () => {
    await recorded('shared name', [{ query: 'of grace' }], 'grace');
    await untilCommitted();
    await proxy.refuse();
    for (const query of ['one', 'two'])
      expect(await recorded('shared name', [{ query }], 'ada')).toMatchObject({ durability: 'JOURNALED' });
    await proxy.restore();
    await untilCommitted();
    const { data } = await app.graphql(`{ interactions { nodes { ${TURN} } } }`, {}, 'ada');
    const [two, one] = data.interactions.nodes;
    for (const [turn, query, sequence] of [
      [one, 'one', 1],
      [two, 'two', 2],
    ])
      expect(turn).toMatchObject({
        query,
        sequence,
        conversationId: 'shared name',
        metadata: {},
      });
    expect(await turnsOf('shared name', 'grace')).toHaveLength(1);
    expect(await turnsOf('shared name', 'ada')).toHaveLength(2);
  });

  test('a turn that waits is shown to its owner, and to no other user', async () => {
    await recorded('hers', [{ query: 'A stored sextant' }], 'vera');
    await proxy.refuse();
    const { durability, interactions } = await recorded('hers', [{ query: 'A waiting sextant' }], 'vera');
    expect(durability).toBe('JOURNALED');
    const ways = [
      'query ($id: ID!) { interaction(turnId: $id) { query } }',
      '{ memorySearch(query: "sextant") { hits { interaction { query } } } }',
      '{ conversation(conversationId: "hers") { interactions { nodes { query } } } }',
      '{ interactions { nodes { query } } }',
    ];
    const seen = async (user: string) => {
      const ofAll = ways.map((way) => app.graphql(way, { id: interactions[0].turnId }, user));
      return (await Promise.all(ofAll)).map(({ data }) => /waiting sextant/.test(JSON.stringify(data)));
    };
    // Lists need the database.
    expect(await seen('vera')).toEqual([true, true, false, false]);
    for (const other of ['eve', '@other:vera'])
      expect(await seen(other)).toEqual([false, false, false, false]);
  });

  test('a key that had been used costs nothing: the turn gets an id of its own', async () => {
    await recorded('used', [{ query: 'before', idempotencyKey: 'k' }]);
    // What still waits is known without the database.
    await untilCommitted();
    await proxy.refuse();
    await recorded('used', [{ query: 'meanwhile', idempotencyKey: 'k' }, { query: 'beside' }]);
    await proxy.restore();
    await untilCommitted();
    expect((await turnsOf('used')).map(({ query }: TurnInput) => query)).toEqual([
      'before',
      'meanwhile',
      'beside',
    ]);
  });

  test('alerts can be resumed: no gap, no duplicate', async () => {
    const alerts = await listen(ALERTS, 'alerts');
    const seen: { cursor: string; alert: unknown }[] = [];
    const state = async (wanted: boolean) =>
      expect.poll(() => app.app.services.availability.isUp).toBe(wanted);
    await proxy.refuse();
    await expect.poll(() => alerts.length).toBeGreaterThan(0);
    let after = alerts[0]!.cursor as string;
    seen.push(alerts[0] as never);
    for (const wanted of [true, false, true, false, true]) {
      await (wanted ? proxy.restore() : proxy.refuse());
      await state(wanted);
      // A new connection each time, some while the database is away, some while it is there.
      const [result] = await take(overWebSocket(app.connect(), ALERTS, { after }), 1);
      seen.push(result!.data.alerts);
      after = seen.at(-1)!.cursor;
    }
    await untilCommitted();
    const inOrder = async () =>
      (await app.sql("select payload from echo_events where kind = 'alert' order by xid, id")).map(
        ({ payload }) => payload.name + payload.state,
      );
    const all = await inOrder();
    const names = seen.map(({ alert }) => alert as { name: string; state: string });
    expect(all.join()).toContain(names.map(({ name, state }) => name + state).join());
  });
});

const planted = (name: string) =>
  ({ name, severity: 'WARNING', runbook: '', words: 'it grows', message: () => 'it grows' }) as const;

test('what was told before a subscriber came is no news to it, also out of sight behind an older transaction', async () => {
  app = await startTestApp();
  onTestFinished(() => app.close());
  const { alerts } = app.app.services;
  const older = new pg.Client({ connectionString: app.databaseUrl });
  await older.connect();
  onTestFinished(() => older.end());
  await older.query('begin; select pg_current_xact_id()');
  alerts.raise(planted('moss'), {});
  alerts.clear(planted('moss'), 'it was mown');
  await untilCommitted();
  const heard = await listen(ALERTS, 'alerts');
  alerts.raise(planted('fern'), {});
  await expect.poll(() => heard).toMatchObject([{ alert: { name: 'fern', state: 'RAISED' } }]);
  alerts.clear(planted('fern'), 'it was cut');
  const [next] = await take(overWebSocket(app.connect(), ALERTS, { after: heard[0]?.cursor as string }), 1);
  expect(next?.data.alerts.alert).toMatchObject({ name: 'fern', state: 'CLEARED' });
});

test('an event that the database refuses is offered again, said to be refused, and holds up no other', async () => {
  app = await startTestApp();
  onTestFinished(() => app.close());
  await app.sql(`create function refuse() returns trigger language plpgsql as
    $$ begin if new.payload->>'name' = 'moss' then raise 'no moss'; end if; return new; end $$`);
  await app.sql('create trigger refuse before insert on echo_events for each row execute function refuse()');
  const stored = async () =>
    (await app.sql("select distinct payload->>'name' as name from echo_events where kind = 'alert'"))
      .map(({ name }) => name)
      .sort();
  const outbox = async () => {
    const { data } = await app.graphql('{ keepers { name state lastError } }');
    return data.keepers.find(({ name }: { name: string }) => name === 'event outbox');
  };
  app.app.services.alerts.raise(planted('moss'), {});
  app.app.services.alerts.raise(planted('fern'), {});
  // The alert of its keeper comes behind it, and is stored all the same.
  await expect.poll(stored).toEqual(['fern', 'keeper_failing']);
  expect(await outbox()).toMatchObject({ state: 'FAILING', lastError: expect.stringContaining('no moss') });
  await app.sql('drop trigger refuse on echo_events');
  await expect.poll(stored).toEqual(['fern', 'keeper_failing', 'moss']);
  await expect.poll(outbox).toMatchObject({ state: 'IDLE', lastError: null });
});

test('an alert is stored whatever its words hold', async () => {
  app = await startTestApp();
  onTestFinished(() => app.close());
  const cut = { ...planted('moss'), message: () => 'so long that its end was cut: \ud83d, and a \0' };
  const heard = await listen(ALERTS, 'alerts');
  app.app.services.alerts.raise(cut, {});
  const message = 'so long that its end was cut: \ufffd, and a \ufffd';
  await expect.poll(() => heard).toMatchObject([{ alert: { message } }]);
  const stored = () => app.sql("select payload->>'message' as message from echo_events where kind = 'alert'");
  await expect.poll(stored).toEqual([{ message }]);
});

describe('an event that waits for the table', () => {
  useApp();

  test('that a save was deferred is not kept of a turn that is deleted before the table has it', async () => {
    const failures = await listen(FAILURES, 'persistenceFailures');
    await app.sql(`create function hold() returns trigger language plpgsql as
      $$ begin if new.kind = 'persistence_failure' then raise 'held'; end if; return new; end $$`);
    await app.sql('create trigger hold before insert on echo_events for each row execute function hold()');
    await proxy.refuse();
    const turnIds: string[] = [];
    for (const user of ['nell', 'otto']) {
      const { interactions } = await recorded('deferred', [{ query: 'A waiting lantern' }], user);
      turnIds.push(interactions[0].turnId);
    }
    const told = () => new Set(failures.filter(({ resolvedAt }) => resolvedAt).map(({ turnId }) => turnId));
    await proxy.restore();
    await expect.poll(told).toEqual(new Set(turnIds));
    const [deleted, kept] = turnIds;
    const { data } = await app.graphql(DELETE, { id: deleted }, 'nell');
    expect(data.deleteInteraction).toEqual({ turnId: deleted });
    await app.sql('drop trigger hold on echo_events');
    const events = () =>
      app.sql(
        `select turn_id, payload->>'resolvedAt' is null as "isOpen" from echo_events
       where kind = 'persistence_failure' and turn_id in ('${turnIds.join("', '")}') order by 2`,
      );
    // Those of the other one were told before.
    await expect.poll(events).toEqual([false, true].map((isOpen) => ({ turn_id: kept, isOpen })));
  });
});

describe('a connection that is cut after the commit and before its answer', () => {
  useApp();

  test('tells an alert once: whoever has heard it hears the next one', async () => {
    const cut = proxy.cutAfter('insert_events');
    const outage = async () => {
      await proxy.refuse();
      await expect.poll(() => app.app.services.availability.isUp).toBe(false);
    };
    await outage();
    await proxy.restore();
    await cut;
    await untilCommitted();
    const latest = async () =>
      (await app.sql(`select xid, id, payload->>'state' as state from echo_events
        where kind = 'alert' order by xid desc, id desc limit 1`)) as {
        xid: string;
        id: string;
        state: string;
      }[];
    await expect.poll(latest).toMatchObject([{ state: 'CLEARED' }]);
    await untilCommitted();
    // Where all is heard that was told so far.
    const [last] = await latest();
    await outage();
    const [next] = await take(overWebSocket(app.connect(), ALERTS, { after: `${last?.xid}-${last?.id}` }), 1);
    const before = await app.sql("select payload->>'alertId' as id from echo_events where kind = 'alert'");
    const told = next?.data.alerts.alert;
    expect(told).toMatchObject({ name: 'database_down', state: 'RAISED' });
    expect(before.map((row) => row.id)).not.toContain(told.alertId);
  });

  test.each([1, 2, 3])('leaves exactly one row (%i)', async (round) => {
    const turn = { query: `cut ${round}`, idempotencyKey: `cut ${round}` };
    const cut = proxy.cutAfterCommitOf('insert_turns');
    const saved = await recorded('cuts', [turn]);
    await cut;
    await untilCommitted();
    await expect
      .poll(() => recorded('cuts', [turn]))
      .toMatchObject({
        durability: 'COMMITTED',
        replayed: 1,
        interactions: [{ turnId: saved.interactions[0].turnId, sequence: round }],
      });
    expect((await turnsOf('cuts')).map(({ sequence }: { sequence: number }) => sequence)).toEqual(
      Array.from({ length: round }, (_, n) => n + 1),
    );
  });
});

describe('with ACK_POLICY=strict', () => {
  useApp({ ACK_POLICY: 'strict' });

  test.each([
    ['recordTurns', () => record('strict', [{ query: 'x', idempotencyKey: 'r' }])],
    [
      'processQuery',
      () => app.graphql(ASK, { input: { query: 'x', conversationId: 'strict', idempotencyKey: 'q' } }),
    ],
  ])('%s acknowledges nothing but commits, and a retry stores it once', async (field, send) => {
    await proxy.refuse();
    for (const _attempt of [1, 2]) {
      const { data, errors } = await send();
      expect(data?.[field] ?? null).toBeNull();
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retryable: true });
    }
    await proxy.restore();
    await untilCommitted();
    await expect.poll(async () => (await send()).data?.[field]).toMatchObject({ durability: 'COMMITTED' });
    const key = field === 'recordTurns' ? 'r' : 'q';
    expect(
      await app.sql('select turn_id from echo_unified_interactions where idempotency_key = $1', [key]),
    ).toHaveLength(1);
  });
});

describe('with a small journal', () => {
  useApp({ JOURNAL_MAX_BYTES: '1048576' });

  test('a long outage ends in STORAGE_FULL; what was acknowledged is stored, and all goes on', async () => {
    await proxy.refuse();
    const acknowledged: string[] = [];
    const response = 'x'.repeat(100_000);
    let refusal: Awaited<ReturnType<typeof record>> | null = null;
    for (let n = 0; n < 30 && !refusal; n++) {
      const result = await record('full', [{ query: `${n}`, response }]);
      if (result.errors) refusal = result;
      else acknowledged.push(`${n}`);
    }
    expect(refusal?.errors?.[0]?.extensions).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    const { errors } = await app.graphql(ASK, { input: { query: 'too much' } });
    expect(errors?.[0]?.extensions.code).toBe('STORAGE_FULL');
    await proxy.restore();
    await untilCommitted();
    expect((await turnsOf('full')).map(({ query }: TurnInput) => query)).toEqual(acknowledged);
    await expect.poll(async () => (await record('full', [{ query: 'again' }])).errors).toBeUndefined();
  });
});

describe('a server that starts', () => {
  const owner = { tenantId: 'default', userId: 'default' };
  let directory: string;
  beforeAll(async () => {
    directory = temporaryFolder('left');
  });
  afterAll(async () => {
    await app.close();
    await rm(directory, { recursive: true, force: true });
  });

  // The first one was stored, and its server killed before it took it out of the journal; the second one came while the database was away.
  test('takes two contents of one key that a journal was left with: none is lost, the second gets an id of its own', async () => {
    const left = ['before', 'meanwhile'].map((query) =>
      newTurn({
        ...owner,
        turnId: turnIdOf(owner, 'left', 'k'),
        conversationId: 'left',
        query,
        timestamp: new Date().toISOString(),
        status: 'RECORDED',
        idempotencyKey: 'k',
        payloadHash: payloadHashOf({ query }),
      }),
    );
    const journal = await Journal.open(join(directory, 'journal.db'), 2 ** 24);
    await journal.write({
      add: left.map((turn) => ({ kind: 'turns', stream: streamOf(turn), body: JSON.stringify([turn]) })),
    });
    await journal.close();
    app = await startTestApp({ env: { DATA_DIR: directory } });
    await untilCommitted();
    expect((await turnsOf('left')).map(({ query }: TurnInput) => query)).toEqual(['before', 'meanwhile']);
  });
});
