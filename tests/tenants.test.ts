import { hash } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { storageOf } from '../src/domains/tenants/storage.ts';
import { defineJob } from '../src/jobs/job.ts';
import { exportedLines } from './support/exports.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { connectMcp, refusalOf } from './support/mcp.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket } from './support/streams.ts';
import { gate, runTask, task, untilTask } from './support/tasks.ts';

const TENANT = `tenantId name suspendedAt suspendedReason turnsPerDay tasksPerDay modelCostPerDay storageBytes briefsPerDay
  intelligenceLevel`;
const RESULT = `{ ... on TenantSuccess { tenant { ${TENANT} } } ... on Error { code message }
  ... on InvalidInputError { field } }`;
const CREATE = `mutation ($input: CreateTenantInput!) { it: createTenant(input: $input) ${RESULT} }`;
const UPDATE = `mutation ($input: UpdateTenantInput!) { it: updateTenant(input: $input) ${RESULT} }`;
const SUSPEND = `mutation ($input: SuspendTenantInput!) { it: suspendTenant(input: $input) ${RESULT} }`;
const RESUME = `mutation ($id: String!) { it: resumeTenant(tenantId: $id) ${RESULT} }`;
const RECORD = `mutation ($input: RecordTurnsInput!) { it: recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability interactions { turnId } } ... on QuotaExceededError { code field message resetsAt } } }`;
const ASK = `mutation { it: processQuery(input: { query: "Hello" }) { __typename ... on Error { message } } }`;

/** Text that cannot be packed much: the same for the same length. */
const unlike = (length: number) => {
  let [text, last] = ['', ''];
  while (text.length < length) {
    last = hash('sha256', `${last}.`, 'base64');
    text += last;
  }
  return text.slice(0, length);
};
/** An admin of a tenant. */
const of = (tenant: string, user = 'ada') => `@${tenant}:${user}`;
const turns = (...queries: string[]) =>
  queries.map((query) => ({ query, idempotencyKey: query.slice(0, 50) }));

async function change(app: TestApp, mutation: string, variables: object) {
  const { data, errors } = await app.graphql(mutation, variables as Record<string, unknown>);
  expect(errors).toBeUndefined();
  return data.it;
}
const record = async (app: TestApp, tenant: string, given: object[], user = 'ada') =>
  app.graphql(RECORD, { input: { conversationId: 'c', turns: given } }, of(tenant, user));
const codeOf = ({ errors }: Awaited<ReturnType<TestApp['graphql']>>) => errors?.[0]?.extensions.code;

describe('tenants', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());

  test.each([
    ['mutation { it: createBackup { __typename } }'],
    ['mutation { it: verifyBackup(backupId: "20261129T022000Z-0a1b2c3d") { __typename } }'],
    ['{ backups { nodes { backupId } } }'],
    ['mutation { it: setSchedulePaused(name: "heartbeat", paused: true) { __typename } }'],
    ['mutation { it: triggerSchedule(name: "heartbeat") { __typename } }'],
    ['mutation { it: createTask(input: { type: "retention" }) { __typename } }'],
    ['mutation { it: createTask(input: { type: "compliance_check" }) { __typename } }'],
    ['mutation { it: giveUpJournal(journalId: "00000000-0000-4000-8000-000000000000") { __typename } }'],
  ])('do not do what is for the whole server: %s', async (operation) => {
    expect(codeOf(await app.graphql(operation, {}, of('guests')))).toBe('FORBIDDEN');
    expect(codeOf(await app.graphql(operation))).not.toBe('FORBIDDEN');
  });

  test('are created with what they may have, changed in what is named, and listed', async () => {
    const made = await change(app, CREATE, { input: { tenantId: 'made', name: 'Made', turnsPerDay: 5 } });
    expect(made.tenant).toEqual({
      ...{ tenantId: 'made', name: 'Made', suspendedAt: null, suspendedReason: null, turnsPerDay: 5 },
      ...{ tasksPerDay: null, modelCostPerDay: null, storageBytes: null, briefsPerDay: null },
      intelligenceLevel: null,
    });
    const again = await change(app, CREATE, { input: { tenantId: 'made', name: 'Other' } });
    expect(again).toMatchObject({ field: 'tenantId' });
    const changed = await change(app, UPDATE, {
      input: { tenantId: 'made', tasksPerDay: 3, storageBytes: 2 ** 40, intelligenceLevel: 'QUICK' },
    });
    expect(changed.tenant).toMatchObject({
      ...{ name: 'Made', turnsPerDay: 5, tasksPerDay: 3, storageBytes: 2 ** 40 },
      intelligenceLevel: 'QUICK',
    });
    const cleared = await change(app, UPDATE, { input: { tenantId: 'made', turnsPerDay: null } });
    expect(cleared.tenant).toMatchObject({ turnsPerDay: null, tasksPerDay: 3 });
    const { data } = await app.graphql(`{ tenants { ${TENANT} } }`);
    expect(data.tenants).toContainEqual(cleared.tenant);
    const seen = await app.graphql(`{ tenant { tenantId tasksPerDay } }`, {}, of('made'));
    expect(seen.data.tenant).toEqual({ tenantId: 'made', tasksPerDay: 3 });
    expect((await app.graphql('{ tenant { name } }', {}, of('unmade'))).data.tenant).toBeNull();
  });

  test.each([
    ['turnsPerDay', { turnsPerDay: -1 }],
    ['storageBytes', { storageBytes: 1.5 }],
    ['modelCostPerDay', { modelCostPerDay: 1 }],
    ['modelCostPerDay', { modelCostPerDay: 1e7 }],
    ['name', { name: '' }],
    ['tenantId', { tenantId: 'a\nb' }],
    ['tenantId', { tenantId: 'x'.repeat(101) }],
  ])('are refused with a wrong %s', async (field, wrong) => {
    const refused = await change(app, CREATE, { input: { tenantId: 'wrong', name: 'Wrong', ...wrong } });
    expect(refused).toMatchObject({ field });
    expect((await app.graphql('{ tenant(tenantId: "wrong") { name } }')).data.tenant).toBeNull();
  });

  test.each([
    ['createTenant', CREATE, { input: { tenantId: 'theirs', name: 'x' } }],
    ['updateTenant', UPDATE, { input: { tenantId: 'theirs', turnsPerDay: 9 } }],
    ['suspendTenant', SUSPEND, { input: { tenantId: 'theirs', reason: 'x' } }],
    ['resumeTenant', RESUME, { id: 'theirs' }],
    ['tenants', '{ tenants { name } }', {}],
    ['tenant', '{ tenant(tenantId: "default") { name } }', {}],
    ['tenantUsage', '{ tenantUsage(tenantId: "default") { turns } }', {}],
    ['tenantStorage', '{ tenantStorage(tenantId: "default") { bytes } }', {}],
    ['setFeatureFlag', 'mutation { setFeatureFlag(input: { key: "theirs" }) { __typename } }', {}],
    ['deleteFeatureFlag', 'mutation { deleteFeatureFlag(key: "theirs") { __typename } }', {}],
    ['featureFlags', '{ featureFlags { key } }', {}],
  ])(
    'and %s are the operator’s: no admin of another tenant may, and no user',
    async (_name, query, variables) => {
      expect(codeOf(await app.graphql(query, variables, of('theirs')))).toBe('FORBIDDEN');
      expect(codeOf(await app.graphql(query, variables, 'somebody'))).toBe('FORBIDDEN');
    },
  );

  test('that do not exist, and the one that runs the server, are not suspended', async () => {
    const missing = await change(app, SUSPEND, { input: { tenantId: 'nobody', reason: 'x' } });
    expect(missing).toMatchObject({ code: 'NOT_FOUND' });
    await change(app, CREATE, { input: { tenantId: 'default', name: 'Ours' } });
    const own = await change(app, SUSPEND, { input: { tenantId: 'default', reason: 'x' } });
    expect(own).toMatchObject({ field: 'tenantId' });
  });

  test('are in the log of whoever runs the server, with each change', async () => {
    await change(app, CREATE, { input: { tenantId: 'told', name: 'Told' } });
    await change(app, UPDATE, { input: { tenantId: 'told', turnsPerDay: 7 } });
    await change(app, SUSPEND, { input: { tenantId: 'told', reason: 'unpaid' } });
    await change(app, RESUME, { id: 'told' });
    const rows = await app.sql(
      `select tenant_id, action, detail from echo_audit_log where detail ->> 'tenantId' = 'told' order by id`,
    );
    expect(rows).toEqual([
      { tenant_id: 'default', action: 'tenant.create', detail: { tenantId: 'told', name: 'Told' } },
      { tenant_id: 'default', action: 'tenant.update', detail: { tenantId: 'told', turnsPerDay: 7 } },
      { tenant_id: 'default', action: 'tenant.suspend', detail: { tenantId: 'told', reason: 'unpaid' } },
      { tenant_id: 'default', action: 'tenant.resume', detail: { tenantId: 'told' } },
    ]);
  });
});

const opened = gate();
/** Runs until the test lets it end, or it is told to stop. */
const waiting = defineJob({
  name: 'waiting',
  description: 'Waits.',
  payload: z.strictObject({}),
  timeoutSeconds: 600,
  run: (_services: unknown, _payload, { signal }) => opened.passed(signal),
});

describe('a suspended tenant', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ env: { TASK_WORKERS: '2', ACK_DEADLINE_MS: '500' }, jobs: [waiting] });
    await change(app, CREATE, { input: { tenantId: 'acme', name: 'Acme' } });
    await record(app, 'acme', turns('We sell kites'));
  });
  afterEach(() => change(app, RESUME, { id: 'acme' }));
  afterAll(() => app.close());
  const suspend = () => change(app, SUSPEND, { input: { tenantId: 'acme', reason: 'The invoice of May' } });
  const request = async (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) => {
    const response = await fetch(`${app.url}${path}`, {
      method: 'POST',
      ...init,
      headers: { 'content-type': 'application/json', 'x-test-user': of('acme'), ...init.headers },
    });
    return { status: response.status, body: await response.text() };
  };

  test('writes nothing through GraphQL, and is told why', async () => {
    await suspend();
    const before = await app.sql('select count(*) from echo_unified_interactions');
    for (const query of [
      ASK,
      'mutation { recordTurns(input: { conversationId: "c", turns: [{ query: "x" }] }) { __typename } }',
      'mutation { createTask(input: { type: "heartbeat" }) { __typename } }',
      'mutation { restoreUser(lines: ["{}"]) { __typename } }',
      'mutation { createApiKey(input: { name: "x" }) { __typename } }',
      'mutation { ...f } fragment f on Mutation { deleteConversation(conversationId: "c") { __typename } }',
      'mutation { eraseUser(userId: "x", confirm: "x") { __typename } createApiKey(input: { name: "x" }) { __typename } }',
    ]) {
      const { data, errors } = await app.graphql(query, {}, of('acme'));
      expect([query, data ?? null, errors?.[0]?.extensions.code]).toEqual([query, null, 'TENANT_SUSPENDED']);
      expect(errors?.[0]?.message).toContain('The invoice of May');
      expect(errors?.[0]?.extensions.retryable).toBe(false);
    }
    expect(await app.sql('select count(*) from echo_unified_interactions')).toEqual(before);
    // One row tells of all in a short while.
    await expect
      .poll(() =>
        app.sql(`select from echo_audit_log where result = 'TENANT_SUSPENDED' and tenant_id = 'acme'`),
      )
      .not.toHaveLength(0);
  });

  test('writes nothing over a WebSocket that was open before', async () => {
    const client = app.connect(of('acme'));
    const told = async (query: string) => {
      const results = [];
      for await (const result of overWebSocket(client, query, {})) results.push(result);
      return JSON.stringify(results);
    };
    const stream = 'subscription { processQueryStream(input: { query: "Hi" }) { __typename } }';
    expect(await told(stream)).toContain('QueryCompleted');
    await suspend();
    expect(await told(stream)).toContain('TENANT_SUSPENDED');
    expect(await told(ASK)).toContain('TENANT_SUSPENDED');
    expect(await told('{ me { tenantId } }')).toContain('acme');
  });

  test('writes nothing through the other doors', async () => {
    await suspend();
    const refusals = [
      await request('/api/echo/query', { body: '{"query":"Hello"}' }),
      await request('/v1/chat/completions', {
        body: '{"model":"echo-brain","messages":[{"role":"user","content":"Hello"}]}',
      }),
      await request('/api/characters/cards', {
        body: 'x',
        headers: { 'content-type': 'application/octet-stream' },
      }),
    ];
    for (const { status, body } of refusals) {
      expect(body.toUpperCase()).toContain('TENANT_SUSPENDED');
      expect(status).toBe(403);
    }
    const client = await connectMcp(app.url, { 'x-test-user': of('acme') });
    const refusal = await refusalOf(client, 'remember', { text: 'I like kites' });
    expect(JSON.stringify(refusal)).toContain('is suspended');
    await client.close();
    expect(await app.sql(`select from echo_learned_facts where tenant_id = 'acme'`)).toHaveLength(0);
  });

  test('reads, exports, and has its users erased', async () => {
    await record(app, 'acme', turns('Keep me not'), 'bob');
    await suspend();
    const found = await app.search('kites', of('acme'));
    expect(found.map(({ interaction }) => interaction.query)).toContain('We sell kites');
    expect((await exportedLines(app, of('acme'))).join('')).toContain('We sell kites');
    const client = await connectMcp(app.url, { 'x-test-user': of('acme') });
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(0);
    await client.close();
    const erased = await app.graphql(
      'mutation { eraseUser(userId: "bob", confirm: "bob") { ... on EraseUserSuccess { receipt } } }',
      {},
      of('acme'),
    );
    expect(erased.errors).toBeUndefined();
    expect(await app.sql(`select from echo_unified_interactions where user_id = 'bob'`)).toHaveLength(0);
    const noted = await app.graphql(
      'mutation { noteDataRequest(input: { userId: "bob", kind: ERASURE }) { ... on DataRequestSuccess { request { kind } } } }',
      {},
      of('acme'),
    );
    expect(noted.data.noteDataRequest.request.kind).toBe('ERASURE');
  });

  test('has its tasks wait, those that run among them, until it is resumed', async () => {
    const { taskId: runs } = await runTask(app, { type: 'waiting' }, of('acme'));
    await untilTask(app, runs, 'RUNNING', of('acme'));
    await suspend();
    await untilTask(app, runs, 'PENDING', of('acme'));
    const { taskId: ours } = await runTask(app, { type: 'heartbeat' });
    await untilTask(app, ours, 'COMPLETED');
    expect((await task(app, runs, of('acme'))).status).toBe('PENDING');
    await change(app, RESUME, { id: 'acme' });
    await untilTask(app, runs, 'RUNNING', of('acme'));
    opened.open();
    await untilTask(app, runs, 'COMPLETED', of('acme'));
  });

  test('is one on other servers within seconds, which also take it up again', async () => {
    const other = await startTestApp({ route: async () => app.databaseUrl });
    try {
      expect((await record(other, 'acme', turns('Before'))).errors).toBeUndefined();
      await suspend();
      await expect
        .poll(async () => codeOf(await record(other, 'acme', turns('After'))))
        .toBe('TENANT_SUSPENDED');
      await change(app, RESUME, { id: 'acme' });
      await expect.poll(async () => codeOf(await record(other, 'acme', turns('Again')))).toBeUndefined();
    } finally {
      await other.close();
    }
  });

  test('keeps each turn that was acknowledged before, also one that only the journal has', async () => {
    const locker = new pg.Client({ connectionString: app.databaseUrl });
    await locker.connect();
    await locker.query('begin; lock table echo_conversations in exclusive mode');
    const { data } = await record(app, 'acme', turns('Acknowledged'));
    expect(data.it.durability).toBe('JOURNALED');
    await suspend();
    expect(codeOf(await record(app, 'acme', turns('Too late')))).toBe('TENANT_SUSPENDED');
    await locker.end();
    await expect
      .poll(() => app.sql(`select from echo_unified_interactions where query = 'Acknowledged'`))
      .toHaveLength(1);
  });
});

test('only tenants that were created may call, where that is set', async () => {
  const app = await startTestApp({ env: { TENANTS: 'created' } });
  try {
    const post = () => app.post('/graphql', { query: '{ me { tenantId } }' }, of('late'));
    expect((await post()).status).toBe(403);
    expect((await app.graphql('{ me { tenantId } }')).data.me.tenantId).toBe('default');
    await change(app, CREATE, { input: { tenantId: 'late', name: 'Late' } });
    expect((await post()).status).toBe(200);
  } finally {
    await app.close();
  }
});

describe('a quota', () => {
  let app: TestApp;
  let provider: OpenAiServer;
  const answer = (prompt_tokens: number, completion_tokens: number) =>
    provider.respondWith(() => ({
      ...{ kind: 'answer', deltas: ['As you wish.'] },
      usage: { prompt_tokens, completion_tokens },
    }));
  beforeAll(async () => {
    provider = await startOpenAiServer();
    app = await startTestApp({
      env: {
        LLM_BASE_URL: provider.url,
        LLM_MODELS: 'quick=small,expert=large',
        LLM_PRICES: 'quick=1/2,expert=1/2',
      },
    });
    answer(10, 5);
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
  });
  const create = (tenantId: string, limits: object) =>
    change(app, CREATE, { input: { tenantId, name: tenantId, ...limits } });
  const stored = async (tenant: string) => {
    const [row] = await app.sql<{ count: number }>(
      'select count(*)::int as count from echo_unified_interactions where tenant_id = $1',
      [tenant],
    );
    return row?.count;
  };

  test('of turns takes a batch whole or refuses it whole, and says until when', async () => {
    await create('turns', { turnsPerDay: 5 });
    expect((await record(app, 'turns', turns('a', 'b', 'c'))).data.it.interactions).toHaveLength(3);
    const refused = (await record(app, 'turns', turns('d', 'e', 'f'), 'bob')).data.it;
    expect(refused).toMatchObject({ code: 'QUOTA_EXCEEDED', field: 'turns' });
    const midnight = new Date(refused.resetsAt);
    expect(midnight.getTime()).toBeGreaterThan(Date.now());
    expect(midnight.toISOString()).toContain('T00:00:00.000Z');
    expect(await stored('turns')).toBe(3);
    expect((await record(app, 'turns', turns('d', 'e'))).data.it.interactions).toHaveLength(2);
    expect(await stored('turns')).toBe(5);
  });

  test('of turns refuses no repeat of what was accepted, and counts it once', async () => {
    await create('repeats', { turnsPerDay: 3 });
    await record(app, 'repeats', turns('a', 'b'));
    await record(app, 'repeats', turns('a', 'b'));
    await record(app, 'repeats', turns('a', 'b', 'c'));
    expect(await stored('repeats')).toBe(3);
    expect((await record(app, 'repeats', turns('a', 'b', 'c'))).data.it.interactions).toHaveLength(3);
    expect((await record(app, 'repeats', turns('a', 'd'))).data.it.code).toBe('QUOTA_EXCEEDED');
    const lines = (await exportedLines(app, of('repeats'))).filter((line) => line.includes('"turn"'));
    const restored = await app.graphql(
      'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { __typename } }',
      { lines },
      of('repeats'),
    );
    expect(restored.data.restoreUser.__typename).toBe('RestoreUserSuccess');
  });

  test('of turns has room again for whoever deleted some, whether or not they were counted', async () => {
    await create('deletes', { turnsPerDay: 3 });
    await record(app, 'deletes', turns('a', 'b', 'c'));
    await app.graphql(
      'mutation { deleteConversation(conversationId: "c") { __typename } }',
      {},
      of('deletes'),
    );
    expect(await stored('deletes')).toBe(0);
    const again = () =>
      app.graphql(RECORD, { input: { conversationId: 'd', turns: turns('d', 'e', 'f') } }, of('deletes'));
    await expect.poll(async () => (await again()).data.it.interactions).toHaveLength(3);
    expect(await stored('deletes')).toBe(3);
  });

  test('of turns lets no more in where many come at once', async () => {
    await create('crowd', { turnsPerDay: 20 });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, number) => record(app, 'crowd', turns(`n${number}`), `user-${number}`)),
    );
    expect(answers.filter(({ data }) => data.it.code === 'QUOTA_EXCEEDED')).toHaveLength(30);
    expect(await stored('crowd')).toBe(20);
  });

  test('of turns counts what other servers took', async () => {
    await create('shared', { turnsPerDay: 4 });
    const other = await startTestApp({ route: async () => app.databaseUrl });
    try {
      await record(app, 'shared', turns('a', 'b'));
      await record(other, 'shared', turns('c', 'd'), 'bob');
      let more = 0;
      await expect
        .poll(async () => (await record(app, 'shared', turns(`e${++more}`))).data.it.code)
        .toBe('QUOTA_EXCEEDED');
      // What the other one took a moment ago may come on top.
      expect(await stored('shared')).toBeLessThanOrEqual(6);
    } finally {
      await other.close();
    }
  });

  test('of turns holds for questions, of nobody else', async () => {
    await create('asks', { turnsPerDay: 1 });
    await app.ask('What is this?', of('asks'));
    const { data } = await app.graphql(ASK, {}, of('asks'));
    expect(data.it.__typename).toBe('QuotaExceededError');
    expect(await stored('asks')).toBe(1);
    const chatted = await fetch(`${app.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-test-user': of('asks') },
      body: '{"model":"echo-brain","messages":[{"role":"user","content":"Hello"}]}',
    });
    // Not a pace that goes by: the words of that protocol tell the two apart.
    expect([chatted.status, await chatted.json()]).toMatchObject([
      429,
      { error: { type: 'insufficient_quota', code: 'quota_exceeded' } },
    ]);
    await app.ask('What is this?', of('asks-not'));
    await app.ask('What is this?');
  });

  test('of tasks is exact, and refuses no repeat', async () => {
    await create('busy', { tasksPerDay: 3 });
    const make = (idempotencyKey: string) =>
      app.graphql(
        `mutation ($input: CreateTaskInput!) { it: createTask(input: $input) {
          ... on CreateTaskSuccess { task { taskId } } ... on QuotaExceededError { code field resetsAt } } }`,
        { input: { type: 'heartbeat', idempotencyKey } },
        of('busy'),
      );
    const answers = await Promise.all(Array.from({ length: 8 }, (_, number) => make(`k${number}`)));
    const refused = answers.filter(({ data }) => data.it.code);
    expect(refused).toHaveLength(5);
    expect(refused[0]?.data.it).toMatchObject({ code: 'QUOTA_EXCEEDED', field: 'type' });
    const made = answers.findIndex(({ data }) => data.it.task);
    expect((await make(`k${made}`)).data.it).toEqual(answers[made]?.data.it);
    await change(app, UPDATE, { input: { tenantId: 'busy', tasksPerDay: 4 } });
    const same = await Promise.all(Array.from({ length: 8 }, () => make('same')));
    expect(new Set(same.map(({ data }) => JSON.stringify(data.it))).size).toBe(1);
    expect(same[0]?.data.it.task).toBeDefined();
  });

  test('of storage refuses what would be too much, and says that waiting does not help', async () => {
    await create('stores', { storageBytes: 200_000 });
    const long = (...names: string[]) =>
      turns(...names).map((turn) => ({ ...turn, response: unlike(90_000) }));
    expect((await record(app, 'stores', long('a'))).data.it.interactions).toHaveLength(1);
    const refused = (await record(app, 'stores', long('b', 'c'))).data.it;
    expect(refused).toMatchObject({ code: 'QUOTA_EXCEEDED', field: 'turns', resetsAt: null });
    expect((await record(app, 'stores', long('a'))).data.it.interactions).toHaveLength(1);
    expect(await stored('stores')).toBe(1);
    const { data } = await app.graphql('{ tenantStorage { table rows bytes } }', {}, of('stores'));
    const kept = data.tenantStorage.find(
      ({ table }: { table: string }) => table === 'echo_unified_interactions',
    );
    expect(kept.rows).toBe(1);
    expect(kept.bytes).toBeGreaterThan(90_000);
  });

  test('of storage reads a part of tables that are large, and takes the rest to be like it', async () => {
    const { db } = app.app.services;
    await create('large', {});
    for (let batch = 0; batch < 4; batch++)
      await record(
        app,
        'large',
        Array.from({ length: 500 }, (_, index) => ({ query: `${batch} ${index}`, response: unlike(900) })),
      );
    const turnsOf = async (readBytes?: number) =>
      (await storageOf(db, 'large', app.app.services.storedKinds, readBytes)).find(
        ({ table }) => table === 'echo_unified_interactions',
      );
    const whole = await turnsOf();
    expect(whole?.rows).toBe(2_000);
    const about = await turnsOf(500_000);
    expect(about?.rows).toBe(2_000);
    expect(about?.bytes).not.toBe(whole?.bytes);
    expect((about?.bytes ?? 0) / (whole?.bytes ?? 0)).toBeCloseTo(1, 1);
    // Once all have their vectors, the table grows no more.
    await expect
      .poll(async () => {
        const [one, again] = [await turnsOf(500_000), await turnsOf(500_000)];
        return one?.bytes === again?.bytes;
      })
      .toBe(true);
    // All turns of a small tenant stand on a few pages, which a sample has, or has not.
    for (const small of ['small', 'smaller', 'smallest']) {
      await create(small, {});
      await record(
        app,
        small,
        Array.from({ length: 20 }, (_, index) => ({ query: `${index}`, response: unlike(900) })),
      );
      const its = async (readBytes?: number) =>
        (await storageOf(db, small, app.app.services.storedKinds, readBytes)).find(
          ({ table }) => table === 'echo_unified_interactions',
        );
      const [exact, guessed] = [await its(), await its(200_000)];
      expect(guessed?.rows).toBe(20);
      expect((guessed?.bytes ?? 0) / (exact?.bytes ?? 0)).toBeCloseTo(1, 0);
    }
  });

  test('of storage measures long texts without reading them', async () => {
    const { db, storedKinds } = app.app.services;
    await create('texts', {});
    for (let batch = 0; batch < 4; batch++)
      await record(app, 'texts', [{ query: `${batch}`, response: unlike(90_000) }]);
    const client = await db.pool.connect();
    try {
      await client.query('begin');
      const fetched = async () => {
        const of = `pg_class where relname = 'echo_unified_interactions'`;
        return (await client.query(`select pg_stat_get_xact_blocks_fetched(reltoastrelid) from ${of}`)).rows;
      };
      const before = await fetched();
      const measured = await storageOf({ pool: client as unknown as pg.Pool }, 'texts', storedKinds);
      expect(await fetched()).toEqual(before);
      const turns = measured.find(({ table }) => table === 'echo_unified_interactions');
      expect(turns?.bytes).toBeGreaterThan(4 * 90_000);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  test('of storage counts what is sent again, or refused, not at all', async () => {
    await create('again', { storageBytes: 300_000, turnsPerDay: 3 });
    const large = [{ query: 'large', response: unlike(60_000), idempotencyKey: 'large' }];
    for (let count = 0; count < 6; count++)
      expect((await record(app, 'again', large)).data.it.interactions).toHaveLength(1);
    const many = Array.from({ length: 4 }, (_, index) => ({
      query: `${index}`,
      response: unlike(30_000),
    }));
    for (let count = 0; count < 4; count++)
      expect((await record(app, 'again', many)).data.it.message).toContain('3 turns a day');
    expect((await record(app, 'again', many.slice(0, 2))).data.it.interactions).toHaveLength(2);
  });

  test('of the cost of models ends what asks them, not what does not', async () => {
    await create('spends', { modelCostPerDay: 0.001 });
    answer(1_000, 500);
    await app.ask('What is a kite?', of('spends'));
    await expect
      .poll(async () => (await app.graphql(ASK, {}, of('spends'))).data.it.message)
      .toContain('models may cost the tenant 0.001 a day');
    expect((await record(app, 'spends', turns('Free'))).data.it.interactions).toHaveLength(1);
    const { data } = await app.graphql(
      '{ tenantUsage(days: 2) { day turns tasks tokensIn tokensOut cost unknownCosts } }',
      {},
      of('spends'),
    );
    const asked = Number(
      (
        await app.sql(
          `select count(*) from echo_unified_interactions where tenant_id = 'spends' and finish_reason is not null`,
        )
      )[0]?.count,
    );
    expect(data.tenantUsage[0]).toMatchObject({ turns: 0, cost: null, unknownCosts: 0 });
    expect(data.tenantUsage[1]).toEqual({
      ...{ day: new Date().toISOString().slice(0, 10), turns: asked + 1, tasks: 0 },
      ...{ tokensIn: 1_000 * asked, tokensOut: 500 * asked, cost: expect.closeTo(0.002 * asked, 6) },
      unknownCosts: 0,
    });
  });

  test('of the cost of models counts an answer that came back with an export on its own day', async () => {
    answer(1_000, 500);
    await app.ask('What is a kite?', of('moves'));
    const [{ lines }] = [(await app.graphql('{ exportUser { lines } }', {}, of('moves'))).data.exportUser];
    const turn = lines.find((line: string) => JSON.parse(line).kind === 'turn');
    expect(JSON.parse(turn)).toMatchObject({ finishReason: 'stop', cost: expect.anything() });
    const usage = async () =>
      (await app.graphql('{ tenantUsage(days: 3) { turns tokensIn cost unknownCosts } }', {}, of('moves')))
        .data.tenantUsage;
    const finance = async () =>
      (await app.graphql('{ financeTenants(days: 3) { tenantId modelCost } }')).data.financeTenants.find(
        ({ tenantId }: { tenantId: string }) => tenantId === 'moves',
      )?.modelCost;
    expect(await finance()).toBeCloseTo(0.002, 6);
    // As the restore of a turn of that time leaves it: stored today.
    const said = (age: string) =>
      app.sql(
        `update echo_unified_interactions set timestamp = now() - $1::interval where tenant_id = 'moves'`,
        [age],
      );
    await said('1 day');
    const used = { turns: 0, tokensIn: 1_000, cost: expect.closeTo(0.002, 6), unknownCosts: 0 };
    const stored = { turns: 1, tokensIn: 0, cost: null, unknownCosts: 0 };
    expect((await usage()).slice(1)).toEqual([used, stored]);
    await said('2 years');
    expect((await usage()).slice(1)).toEqual([{ ...stored, turns: 0 }, stored]);
    expect(await finance()).toBeUndefined();
    await create('moves', { modelCostPerDay: 0.001 });
    expect((await app.graphql(ASK, {}, of('moves'))).data.it.message).toBeUndefined();
  });

  test('is no reason to ask the database where a tenant has none', async () => {
    await app.record('none', ['a'], of('quiet'));
    app.statements.length = 0;
    await app.record('none', ['b'], of('quiet'));
    expect(app.statements.filter((name) => /tenant/.test(name) && name !== 'all_tenants')).toEqual([]);
  });

  test('and settings of a tenant say with which model, and how many briefs', async () => {
    await create('sets', { intelligenceLevel: 'EXPERT' });
    answer(10, 5);
    expect((await app.ask('Hi, how are things?', of('sets'))).interaction.modelUsed).toBe('large');
    expect((await app.ask('Hi, how are things?', of('sets-not'))).interaction.modelUsed).toBe('small');
    const level = { intelligenceLevel: 'QUICK' };
    expect((await app.ask('Hi, how are you?', of('sets'), level)).interaction.modelUsed).toBe('small');
  });
});
