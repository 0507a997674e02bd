import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ seed: true });
});
afterAll(() => app.close());

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

// biome-ignore lint/suspicious/noExplicitAny: bodies have the shape that each test asks for
async function json(response: Response | Promise<Response>): Promise<any> {
  const settled = await response;
  expect([settled.status, settled.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('application/json'),
  ]);
  return settled.json();
}

const get = (path: string, user?: string) =>
  fetch(app.url + path, { headers: user ? { 'x-test-user': user } : {} });
const ask = (body: Record<string, unknown>, user?: string) => json(app.post('/api/echo/query', body, user));

async function storedCount(): Promise<number> {
  const [row] = await app.sql<{ count: number }>(
    'select count(*)::int as count from echo_unified_interactions',
  );
  return row?.count ?? -1;
}

describe.each(['/api/echo/query', '/api/echo/chat'])('POST %s', (path) => {
  test('answers with the keys of the older service', async () => {
    const body = await json(app.post(path, { query: 'Tell me about Kai Nakamura', unknown_field: 1 }));
    expect(Object.keys(body)).toEqual(
      expect.arrayContaining([
        'response',
        'model_used',
        'intelligence_level',
        'processing_time',
        'escalation_path',
        'requires_clarification',
        'clarifying_questions',
        'conversation_id',
        'intent',
        'confidence',
      ]),
    );
    expect(body).toMatchObject({
      model_used: 'character_database',
      intent: 'character_query',
      confidence: 0.98,
      escalation_path: ['character_database_lookup'],
      requires_clarification: false,
      clarifying_questions: [],
      response: expect.stringContaining('Salvage diver'),
      conversation_id: expect.any(String),
    });
    expect(body.processing_time).toBeGreaterThanOrEqual(0);
    expect(body.processing_time).toBeLessThan(60);
  });

  test('stores the turn for GraphQL to read', async () => {
    const id = `shared ${path}`;
    await json(app.post(path, { query: 'One code path, two doors', conversation_id: id, context: { a: 1 } }));
    const { data } = await app.graphql(
      'query ($id: String!) { conversation(conversationId: $id) { userId context interactions { nodes { query } } } }',
      { id },
    );
    expect(data.conversation).toEqual({
      userId: 'default',
      context: { a: 1 },
      interactions: { nodes: [{ query: 'One code path, two doors' }] },
    });
  });

  test.each([
    ['no query', {}, 'query'],
    ['null as query', { query: null }, 'query'],
    ['a query that is no text', { query: 5 }, 'query'],
    ['an empty query', { query: '' }, 'query'],
    ['white space', { query: '  \n' }, 'query'],
    ['a query too long', { query: 'x'.repeat(32_001) }, '32,?000'],
    ['NUL', { query: 'a\u0000' }, 'NUL'],
    ['a context that is no object', { query: 'q', context: 'text' }, 'context'],
    ['an unknown level', { query: 'q', intelligence_level: 'genius' }, 'intelligence_level'],
    ['an unknown type', { query: 'q', request_type: 'sudo' }, 'request_type'],
    ['a conversation with a long name', { query: 'q', conversation_id: 'c'.repeat(101) }, 'conversation'],
    ['a user that is no text', { query: 'q', user_id: 7 }, 'user_id'],
    ['a list', [], 'object'],
    ['null', null, 'object'],
  ])('refuses %s with 422 and stores nothing', async (_name, body, detail) => {
    const before = await storedCount();
    const response = await app.post(path, body);
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      detail: expect.stringMatching(new RegExp(detail)),
      error_code: 'VALIDATION_ERROR',
      timestamp: expect.stringMatching(ISO),
    });
    expect(await storedCount()).toBe(before);
  });

  test.each([
    ['invalid JSON', '{"query": ', 400],
    ['more than 1 MiB', JSON.stringify({ query: 'q', context: { a: 'x'.repeat(1_048_576) } }), 413],
  ])('refuses %s', async (_name, body, status) => {
    const before = await storedCount();
    const response = await app.post(path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      detail: expect.any(String),
      error_code: expect.any(String),
      timestamp: expect.stringMatching(ISO),
    });
    expect(await storedCount()).toBe(before);
  });

  test('refuses a compressed body with 415, and a lone surrogate with 422', async () => {
    const response = await fetch(app.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: '{}',
    });
    expect(response.status).toBe(415);
    expect((await app.post(path, '{"query": "\\ud800"}')).status).toBe(422);
  });
});

describe('a query through the older door', () => {
  test('takes every level and type of request in its words', async () => {
    for (const intelligence_level of ['auto', 'quick', 'standard', 'expert'])
      expect((await ask({ query: 'Which level is this?', intelligence_level })).intelligence_level).toMatch(
        /^(quick|standard|expert)$/,
      );
    expect((await ask({ query: 'Let us write a song', request_type: 'collaboration' })).intent).not.toBe(
      'system_command',
    );
    expect(
      (await ask({ query: 'null for all', context: null, user_id: null, conversation_id: null })).response,
    ).toBeTruthy();
  });

  test('is idempotent by the header Idempotency-Key', async () => {
    const send = (query: string) =>
      fetch(`${app.url}/api/echo/query`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'rest 1' },
        body: JSON.stringify({ query, conversation_id: 'by header' }),
      });
    const first = await json(send('Once only'));
    expect(await json(send('Once only'))).toEqual(first);
    const reused = await send('Something else');
    expect([reused.status, (await reused.json()).error_code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
  });

  test('may name another user, if the caller may', async () => {
    const { conversation_id } = await ask({ query: 'On behalf of Uma', user_id: 'uma' });
    const { data } = await app.graphql(
      'query ($id: String!) { conversation(conversationId: $id, userId: "uma") { userId } }',
      { id: conversation_id },
    );
    expect(data.conversation.userId).toBe('uma');
    const refused = await app.post('/api/echo/query', { query: 'q', user_id: 'uma' }, 'vic');
    expect([refused.status, (await refused.json()).error_code]).toEqual([403, 'FORBIDDEN']);
    // The name leads another user to a thread of their own.
    const other = await app.post('/api/echo/query', { query: 'q', conversation_id }, 'vic');
    expect([other.status, (await other.json()).conversation_id]).toEqual([200, conversation_id]);
    const read = await json(get(`/api/echo/conversation/${conversation_id}?user_id=uma`));
    expect(read.history.map(({ query }: { query: string }) => query)).toEqual(['On behalf of Uma']);
  });
});

describe('GET /api/echo/conversation/{id}', () => {
  test('gives the turns, oldest first', async () => {
    const id = 'a history / with 100% odd? #characters 🦊';
    for (const query of ['First of all', 'Tell me about Mei']) await ask({ query, conversation_id: id });
    const body = await json(get(`/api/echo/conversation/${encodeURIComponent(id)}`));
    expect(Object.keys(body)).toEqual(['conversation_id', 'history', 'timestamp']);
    expect(body).toMatchObject({ conversation_id: id, timestamp: expect.stringMatching(ISO) });
    expect(body.history.map((turn: { query: string }) => turn.query)).toEqual([
      'First of all',
      'Tell me about Mei',
    ]);
    expect(body.history[1]).toEqual({
      query: 'Tell me about Mei',
      response: expect.stringContaining('Botanist'),
      model_used: 'character_database',
      processing_time: expect.any(Number),
      timestamp: expect.stringMatching(ISO),
      intent: 'character_query',
      confidence: 0.98,
      escalation_path: ['character_database_lookup'],
      requires_clarification: false,
      clarifying_questions: [],
      metadata: expect.any(Object),
    });
  });

  test('of somebody else, or of nobody, has no turns', async () => {
    await ask({ query: 'Private', conversation_id: 'of walt' }, 'walt');
    expect((await json(get('/api/echo/conversation/of%20walt', 'walt'))).history).toHaveLength(1);
    expect((await json(get('/api/echo/conversation/of%20walt', 'xena'))).history).toEqual([]);
    expect((await json(get('/api/echo/conversation/unknown'))).history).toEqual([]);
    expect((await json(get('/api/echo/conversation/a%00b'))).history).toEqual([]);
  });

  test('has turns that wait in the journal, as GraphQL shows them', async () => {
    const usual = app;
    app = await startTestApp({ env: { ACK_DEADLINE_MS: '300' }, patienceMs: 0 });
    await ask({ query: 'Stored in time', conversation_id: 'waits' });
    await expect
      .poll(() => app.sql("select query from echo_unified_interactions where conversation_id = 'waits'"))
      .toHaveLength(1);
    const locker = new pg.Client({ connectionString: app.databaseUrl });
    await locker.connect();
    // Reads go on, writes wait.
    await locker.query('begin; lock table echo_unified_interactions in share row exclusive mode');
    try {
      for (const conversation_id of ['waits', 'waits whole'])
        await ask({ query: 'Kept by the journal', conversation_id });
      const read = async (id: string) =>
        (await json(get(`/api/echo/conversation/${encodeURIComponent(id)}`))).history.map(
          (turn: { query: string }) => turn.query,
        );
      expect(await read('waits')).toEqual(['Stored in time', 'Kept by the journal']);
      expect(await read('waits whole')).toEqual(['Kept by the journal']);
      const { conversations } = await json(get('/api/echo/conversations?limit=1'));
      expect(conversations[0]).toMatchObject({
        conversation_id: 'waits',
        last_query: 'Kept by the journal',
      });
    } finally {
      await locker.end();
      await app.close();
      app = usual;
    }
  });

  test('refuses a path that cannot be read with 400', async () => {
    const response = await get('/api/echo/conversation/%ff');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: 'BAD_REQUEST' });
  });
});

describe('GET /api/echo/conversations', () => {
  test('gives a user’s conversations, latest first', async () => {
    for (const [conversation_id, query] of [
      ['y1', 'Tell me about Yuki'],
      ['y2', 'A plain remark'],
      ['y1', 'Tell me about Raze'],
    ])
      await ask({ query, conversation_id, user_id: 'yves' });
    const body = await json(get('/api/echo/conversations?user_id=yves'));
    expect(Object.keys(body)).toEqual(['conversations', 'timestamp']);
    expect(body.conversations).toEqual([
      {
        conversation_id: 'y1',
        created_at: expect.stringMatching(ISO),
        last_intent: 'character_query',
        interaction_count: 2,
        last_query: 'Tell me about Raze',
      },
      expect.objectContaining({ conversation_id: 'y2', interaction_count: 1, last_query: 'A plain remark' }),
    ]);
    expect((await json(get('/api/echo/conversations?user_id=yves&limit=1'))).conversations).toHaveLength(1);
    expect((await get('/api/echo/conversations?user_id=yves', 'zoe')).status).toBe(403);
    expect((await json(get('/api/echo/conversations', 'zoe'))).conversations).toEqual([]);
  });

  test('gives ten unless asked otherwise', async () => {
    for (let n = 0; n < 11; n++) await ask({ query: `Number ${n}`, user_id: 'abel' });
    expect((await json(get('/api/echo/conversations?user_id=abel'))).conversations).toHaveLength(10);
  });

  test.each(['0', '101', '-1', '1.5', 'ten', ''])('refuses the limit %j with 422', async (limit) => {
    const response = await get(`/api/echo/conversations?limit=${limit}`);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining('limit'),
      error_code: 'VALIDATION_ERROR',
    });
  });
});

test('GET /api/echo/health says how the server is', async () => {
  const body = await json(get('/api/echo/health'));
  expect(body).toMatchObject({
    status: expect.stringMatching(/^(healthy|degraded)$/),
    service: 'echo-brain',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    database: 'connected',
    timestamp: expect.stringMatching(ISO),
    modules: expect.objectContaining({ database: 'healthy' }),
  });
});

test('GET /api/echo/stats counts turns by model', async () => {
  const before = await json(get('/api/echo/stats', 'ben'));
  expect(before).toMatchObject({ total_queries: 0, statistics: [], stats: { total_interactions_24h: 0 } });
  for (const query of ['Tell me about Mei', 'Tell me about Rina']) await ask({ query }, 'ben');
  await ask({ query: 'Tell me about Mei' }, 'ina');
  expect(await json(get('/api/echo/stats', 'ben'))).toEqual({
    stats: {
      total_interactions_24h: 2,
      avg_processing_time: expect.any(Number),
      unique_conversations_24h: 2,
    },
    statistics: [{ model: 'character_database', usage_count: 2, avg_processing_time: expect.any(Number) }],
    total_queries: 2,
    timestamp: expect.stringMatching(ISO),
  });
});

describe('a request that fits no endpoint', () => {
  test.each([
    ['GET', '/api/echo/query', 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/api/echo/conversation/x', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/api/echo/health', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/api/echo/nothing', 404, 'NOT_FOUND'],
    ['GET', '/api/echo', 404, 'NOT_FOUND'],
    ['POST', '/api/echo/query/more', 404, 'NOT_FOUND'],
  ])('%s %s gets %i', async (method, path, status, code) => {
    const response = await fetch(app.url + path, { method });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      detail: expect.any(String),
      error_code: code,
      timestamp: expect.stringMatching(ISO),
    });
  });
});

test.each([
  ['heartbeat', 300],
  ['archive_interactions', 3_600],
] as const)(
  'a task that says nothing of it has what the older service gave it, but for what may take hours: %s',
  async (task_type, timeout) => {
    const payload = task_type === 'heartbeat' ? {} : { olderThanMonths: 6, dryRun: true };
    const scheduled_for = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await json(
      app.post('/api/echo/tasks/create', { name: 'Plain', task_type, payload, scheduled_for }),
    );
    const defaults = { priority: 'NORMAL', max_retries: 3, timeout };
    expect(await json(get(`/api/echo/tasks/${id}`))).toMatchObject(defaults);
  },
);
