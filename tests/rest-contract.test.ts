import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { json as jsonOf } from 'node:stream/consumers';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: { readonly type?: string };
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Contents };
  readonly responses: Readonly<Record<string, { readonly content: Contents }>>;
}
type Contents = Readonly<Record<string, { readonly schema: Schema }>>;
// biome-ignore lint/suspicious/noExplicitAny: JSON of whatever shape
type Json = any;
type Schema = Json;

/** What a program of the older service sends to a row: `path` with its variable parts, and a body. */
interface Example {
  readonly row: `${'GET' | 'POST' | 'DELETE'} /${string}`;
  readonly path?: string | (() => string);
  readonly body?: unknown;
  /** Of a stream without an end: so many events are read. */
  readonly events?: number;
  /** Whether the answer is what a tool gave, in the form that it has at `/mcp`. */
  readonly isOfTool?: true;
  /** What must stand in the answer, beside what the document says. */
  readonly answer?: (body: Json) => void;
}

const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');

let app: TestApp;
let document: Json;
let ajv: Ajv2020;
const made: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp({ seed: true, env: { LOG_LEVEL: 'fatal' } });
  document = await (await fetch(`${app.url}/openapi.json`)).json();
  ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi');
});
afterAll(() => app.close());

const answered = (body: Json) => expect(body.answer).toBe(body.response);

/** A call of a tool, as programs of the older service send it. */
function olderCall(name: string, args: object) {
  return { method: 'tools/call', params: { name, arguments: args } };
}

const EXAMPLES: readonly Example[] = [
  {
    row: 'POST /api/echo/query',
    body: { query: 'Tell me about Kai Nakamura', conversation_id: 'contract', unknown_field: 1 },
    answer: (body) => {
      expect(body).toMatchObject({
        model_used: 'character_database',
        intent: 'character_query',
        confidence: 0.98,
        escalation_path: ['character_database_lookup'],
        conversation_id: 'contract',
        session_id: 'contract',
      });
      answered(body);
      made.turn = body.turn_id;
    },
  },
  {
    row: 'POST /api/echo/chat',
    body: { query: 'rm -rf / please', request_type: 'system_command' },
    answer: (body) =>
      expect(body).toMatchObject({ model_used: 'security_policy', intelligence_level: 'security' }),
  },
  {
    row: 'POST /query',
    body: { query: 'My bicycle is called Rosalind', episode_id: 'e1', mode: 'engineer_angle' },
    answer: (body) => expect(body.episode_id).toBe('e1'),
  },
  {
    row: 'POST /api/echo/ask',
    body: { question: 'What is my bicycle called?', session_id: 'asked', allow_actions: true },
    answer: (body) =>
      expect(body).toMatchObject({ session_id: 'asked', agent: 'echo-brain', actions_taken: [] }),
  },
  {
    row: 'GET /api/echo/ask',
    path: '/api/echo/ask?question=What%20is%20my%20bicycle%20called%3F&allow_actions=true',
  },
  { row: 'POST /api/echo/stream-query', body: { query: 'Tell me about Mei', intelligence_level: 'auto' } },
  { row: 'POST /api/echo/query/stream', body: { query: 'Tell me about Mei' } },
  { row: 'POST /api/echo/ask/stream', body: { question: 'Tell me about Mei' } },
  {
    row: 'GET /api/echo/conversation/{id}',
    path: '/api/echo/conversation/contract',
    answer: (body) => expect(body.history).toHaveLength(1),
  },
  {
    row: 'GET /api/echo/conversations',
    path: '/api/echo/conversations?user_id=default&limit=10',
    answer: (body) => expect(body.conversations.length).toBeGreaterThan(3),
  },
  {
    row: 'POST /history',
    path: '/history?user_id=default&limit=5',
    answer: (body) =>
      expect(body).toMatchObject({
        user_id: 'default',
        history: [{ episode_id: 'e1', last_mode: 'engineer_angle' }],
      }),
  },
  { row: 'POST /feedback', body: () => ({ message_id: made.turn, rating: 0.5, comment: 'good' }) },
  {
    row: 'POST /cleanup',
    path: '/cleanup?days_old=30',
    answer: (body) => expect(body).toEqual({ success: true, deleted_count: 0, days_old: 30 }),
  },
  {
    row: 'POST /api/echo/memory/search',
    body: { query: 'bicycle Rosalind', top_k: 3, min_score: 0 },
    answer: (body) => {
      expect(body.total_matches).toBe(body.results.length);
      expect(body.results[0]).toMatchObject({
        text: expect.stringContaining('Rosalind'),
        metadata: { chunk_index: 1, file: expect.any(String) },
      });
    },
  },
  {
    row: 'GET /api/echo/search',
    path: '/api/echo/search?q=bicycle%20Rosalind&limit=2',
    answer: (body) => expect(body.total).toBe(body.memory.length + body.conversations.length),
  },
  { row: 'POST /api/echo/conversations/search', body: { q: 'bicycle Rosalind', limit: 2 } },
  {
    row: 'GET /api/echo/memory/status',
    answer: (body) => expect(body.conversations_processed).toBeGreaterThan(3),
  },
  {
    row: 'GET /api/echo/characters',
    answer: (body) =>
      expect(body.characters.map((each: Json) => each.character_name)).toContain('Kai Nakamura'),
  },
  {
    row: 'GET /api/echo/characters',
    path: '/api/echo/characters?name=kai%20nakamura',
    answer: (body) => expect(body.character_name).toBe('Kai Nakamura'),
  },
  {
    row: 'POST /api/echo/characters',
    body: { character_name: 'Odile Brand', age: 41, occupation: 'Cartographer', style_elements: ['ink'] },
    answer: (body) => expect(body.character_name).toBe('Odile Brand'),
  },
  { row: 'GET /api/echo/characters/profiles' },
  { row: 'GET /api/echo/media/insights' },
  {
    row: 'POST /api/echo/tasks/create',
    body: {
      name: 'later',
      task_type: 'heartbeat',
      priority: 'LOW',
      payload: {},
      scheduled_for: TOMORROW,
      max_retries: 3,
      timeout: 300,
    },
    answer: (body) => {
      made.task = body.id;
    },
  },
  { row: 'GET /api/echo/tasks/queue', answer: (body) => expect(body.statistics.total).toBeGreaterThan(0) },
  {
    row: 'GET /api/echo/tasks/{id}',
    path: () => `/api/echo/tasks/${made.task}`,
    answer: (body) => expect(body.scheduled_for).toBe(TOMORROW),
  },
  {
    row: 'DELETE /api/echo/tasks/{id}',
    path: () => `/api/echo/tasks/${made.task}`,
    answer: (body) => expect(body.status).toBe('CANCELLED'),
  },
  { row: 'GET /api/echo/goals' },
  {
    row: 'POST /api/echo/learning/trigger',
    answer: (body) =>
      expect(body).toMatchObject({ status: 'success', error: null, results: { items: expect.any(Number) } }),
  },
  {
    row: 'POST /api/echo/mcp',
    body: { jsonrpc: '2.0', id: 'a', method: 'tools/list', params: { name: 'passed over' } },
    answer: ({ id, result }) => {
      expect(id).toBe('a');
      expect(result.tools.map((tool: Json) => tool.name)).toEqual(
        expect.arrayContaining(['search_memory', 'get_facts', 'store_fact', 'recall', 'forget']),
      );
    },
  },
  {
    row: 'POST /api/echo/mcp',
    body: olderCall('store_fact', { subject: 'user', predicate: 'Likes', object: 'climbing', confidence: 1 }),
    answer: (body) => expect(body).toEqual({ fact_id: expect.any(String), stored: true }),
  },
  {
    row: 'POST /api/echo/mcp',
    body: olderCall('get_facts', { topic: 'climbing', limit: 5 }),
    answer: (body) => expect(body).toMatchObject([{ predicate: 'likes', object: 'climbing' }]),
  },
  {
    row: 'POST /api/echo/mcp',
    body: olderCall('search_memory', { query: 'bicycle Rosalind', limit: 2 }),
    answer: (body) => expect(body[0].content).toContain('Rosalind'),
  },
  {
    row: 'POST /api/echo/mcp',
    body: { jsonrpc: '2.0', id: 7, ...olderCall('get_facts', { limit: 1 }) },
    isOfTool: true,
    answer: ({ id, result }) => {
      expect([id, JSON.parse(result.content[0].text)]).toEqual([7, result.structuredContent]);
      expect(result.structuredContent.facts).toMatchObject([{ object: 'climbing' }]);
    },
  },
  {
    row: 'POST /api/echo/mcp',
    body: olderCall('remember', { text: 'My kettle is called Bertha' }),
    isOfTool: true,
    answer: (body) => expect(body).toMatchObject({ durability: 'COMMITTED', replayed: false }),
  },
  ...(
    [
      [{ method: 'resources/list' }, 'tools/list or tools/call'],
      [{ method: 'tools/call' }, 'params.name: is missing'],
      [olderCall('none such', {}), 'there is no tool "none such"'],
      [olderCall('store_fact', { subject: 'user', predicate: 'likes' }), 'object: is missing'],
      [olderCall('store_fact', { subject: 'user', predicate: '::', object: 'tea' }), 'predicate: must have'],
      [olderCall('get_facts', { limit: 101 }), 'limit: must be a whole number from 1 to 100'],
    ] as const
  ).map(
    ([body, words]): Example => ({
      ...{ row: 'POST /api/echo/mcp', body },
      answer: (answer) => expect(answer).toEqual({ error: expect.stringContaining(words) }),
    }),
  ),
  {
    row: 'POST /api/echo/mcp',
    body: { jsonrpc: '2.0', id: 1, ...olderCall('none such', {}) },
    answer: (body) => expect([body.id, body.error.code]).toEqual([1, -32602]),
  },
  {
    row: 'GET /api/echo/learning/status',
    answer: (body) => {
      expect(body).toMatchObject({ status: 'paused', preference_categories: 1 });
      expect([body.items_processed, body.learning_sessions]).toEqual([body.last_run.items, 1]);
      expect(body.items_processed).toBeGreaterThan(0);
    },
  },
  {
    row: 'GET /api/echo/learning/insights',
    answer: (body) => {
      expect(body.recent_insights).toHaveLength(body.summary.total_insights);
      expect(body.facts[0].statement).toContain('climbing');
    },
  },
  {
    row: 'GET /api/echo/learning/preferences',
    answer: (body) =>
      expect(body).toMatchObject({
        ...{ user: 'default', categories: ['likes'] },
        preferences: { likes: { confidence: 1, data: [{ value: 'climbing', negated: false }] } },
      }),
  },
  {
    row: 'GET /api/echo/health',
    answer: (body) => {
      expect(body.services).toEqual({ database: true, vector_db: true, llm: false });
      expect(body.metrics).toMatchObject({ requests: expect.any(Number), vectors: expect.any(Number) });
    },
  },
  {
    row: 'GET /api/echo/health/detailed',
    answer: (body) => {
      expect(body.services.database.status).toBe('up');
      expect(body.services.ollama).toEqual({ status: 'down', latency_ms: 0 });
    },
  },
  {
    row: 'GET /health',
    answer: (body) => expect(body).toMatchObject({ status: 'ok', vector_store_ready: true }),
  },
  { row: 'GET /api/echo/stats', answer: (body) => expect(body.total_queries).toBeGreaterThan(3) },
  { row: 'GET /api/echo/status' },
  {
    row: 'GET /api/echo/consciousness/metrics',
    answer: (body) => expect(body.recent_activity).toBe(body.total_interactions),
  },
  {
    row: 'GET /api/echo/models/list',
    answer: (body) => expect(body.models.map((each: Json) => each.type)).toEqual(['chat', 'embedding']),
  },
  { row: 'GET /api/echo/models' },
  {
    row: 'GET /api/echo/system/metrics',
    answer: (body) => {
      expect(body).toMatchObject({ vram_used_gb: null, brain_state: expect.any(String) });
      expect(body.memory_used_gb).toBeLessThan(body.memory_total_gb);
    },
  },
  { row: 'GET /api/echo/system/resources' },
  { row: 'GET /api/echo/system/logs' },
  { row: 'GET /api/echo/diagnostic', answer: (body) => expect(body.checks.length).toBeGreaterThan(3) },
  { row: 'GET /api/echo/self-test/quick' },
  { row: 'GET /api/echo/db/stats', answer: (body) => expect(body.echo_brain_tables).toBeGreaterThan(10) },
  {
    row: 'GET /api/echo/metrics/stream',
    path: '/api/echo/metrics/stream?intervalMs=250',
    events: 3,
    answer: ([first, ...others]) => {
      for (const each of others) expect(each.turns_stored).toBe(first.turns_stored);
      expect(first.turns_stored).toBeGreaterThan(3);
    },
  },
];

test('every row is documented and has an example, and each of its answers is as the document says', async () => {
  expect(new Set(EXAMPLES.map(({ row }) => row))).toEqual(new Set(rows().map(({ name }) => name)));
  for (const example of EXAMPLES) {
    const response = await send(example);
    const text = await (example.events ? firstEvents(response, example.events) : response.text());
    expect([example.row, response.status, text]).toEqual([example.row, 200, text]);
    if (!example.isOfTool) checkDecimals(example.row, text);
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      const events = eventsOf(text);
      for (const event of events)
        expect([example.row, event, problemsOf(example.row, 200, event)]).toEqual([example.row, event, []]);
      if (example.events) example.answer?.(events);
      else checkAnswer(events);
    } else {
      const body = JSON.parse(text);
      expect([example.row, problemsOf(example.row, 200, body)]).toEqual([example.row, []]);
      example.answer?.(body);
    }
  }
});

describe('what a row refuses', () => {
  test('a body that is none, or of another kind', async () => {
    for (const { name, operation } of rows().filter(({ operation: each }) => each.requestBody)) {
      const isOptional = !operation.requestBody?.required;
      for (const [sent, status] of [
        ['', isOptional ? 200 : 422],
        ['{"query": ', 400],
        ['null', 422],
        ['[]', 422],
        ['"text"', 422],
        [`{"a": "${'x'.repeat(1_048_576)}"}`, 413],
      ] as const)
        await expectRefused(name, sent, status);
    }
  });

  test('fields that are missing or of a wrong type, by name; others are ignored', async () => {
    for (const { name, operation } of rows()) {
      const schema = operation.requestBody?.content['application/json']?.schema;
      if (!schema) continue;
      const { body } = bodyOf(name);
      for (const required of schema.required ?? []) {
        const { [required]: _, ...without } = body;
        await expectRefused(name, JSON.stringify(without), 422, required);
      }
      for (const [field, property] of Object.entries<Schema>(schema.properties)) {
        await expectRefused(name, JSON.stringify({ ...body, [field]: wrongFor(property) }), 422, field);
      }
    }
  });

  test('parameters of addresses that are missing or of a wrong type', async () => {
    for (const { name, operation, method, address } of rows()) {
      for (const { in: place, name: parameter, required, schema } of operation.parameters ?? []) {
        if (place !== 'query') continue;
        if (required) await expectStatus(name, method, address, 422, parameter);
        if (schema.type !== 'integer' && schema.type !== 'number') continue;
        for (const value of schema.type === 'integer' ? ['x', '1.5', '0', '-1'] : ['x'])
          await expectStatus(name, method, `${address}?q=a&${parameter}=${value}`, 422, parameter);
      }
    }
  });

  test.each([
    ['POST /query', { query: 'ab' }, 'query'],
    ['POST /query', { query: 'x'.repeat(501) }, 'query'],
    ['POST /feedback', { message_id: '7f1f7a0c-2ad3-4a0c-8a34-0d4d3f4cfa01', rating: 1.5 }, 'rating'],
    [
      'POST /feedback',
      { message_id: '7f1f7a0c-2ad3-4a0c-8a34-0d4d3f4cfa01', rating: 1, comment: 'x'.repeat(501) },
      'comment',
    ],
    ['POST /api/echo/memory/search', { query: 'a', top_k: 101 }, 'top_k'],
    ['POST /api/echo/memory/search', { query: 'a', min_score: 2 }, 'min_score'],
    [
      'POST /api/echo/characters',
      { character_name: 'A', source_franchise: 'x'.repeat(201) },
      'source_franchise',
    ],
    ['POST /api/echo/characters', { character_name: ' A' }, 'character_name'],
    ['POST /api/echo/tasks/create', { task_type: 'heartbeat', priority: 'SOON' }, 'priority'],
    ['POST /api/echo/tasks/create', { task_type: 'none such' }, 'task_type'],
    ['POST /api/echo/stream-query', { query: ' ' }, 'query'],
    ['POST /api/echo/ask/stream', { question: '' }, 'question'],
  ] as const)('%s: %j, for its limit', async (name, body, field) => {
    await expectRefused(name, JSON.stringify(body), 422, field);
  });

  test.each([
    ['POST', '/feedback', { message_id: '7f1f7a0c-2ad3-4a0c-8a34-0d4d3f4cfa01', rating: 1 }],
    ['POST', '/feedback', { message_id: '12', rating: 1 }],
    ['GET', '/api/echo/tasks/7f1f7a0c-2ad3-4a0c-8a34-0d4d3f4cfa01', undefined],
    ['GET', '/api/echo/characters?name=Nobody', undefined],
    ['GET', '/api/echo/characters?name=%00', undefined],
  ])('%s %s: what is not there, with 404', async (method, path, body) => {
    const response = await request(method, path, body && JSON.stringify(body));
    expect([response.status, (await response.json()).error_code]).toEqual([404, 'NOT_FOUND']);
  });

  test('what callers may not do, with 403, and not even to know how the machine is', async () => {
    for (const path of [
      '/api/echo/system/logs',
      '/api/echo/diagnostic',
      '/api/echo/db/stats',
      '/api/echo/system/metrics',
    ]) {
      const response = await fetch(app.url + path, { headers: { 'x-test-user': 'plain' } });
      expect([path, response.status]).toEqual([path, 403]);
    }
    const health = await fetch(`${app.url}/api/echo/health`, { headers: { 'x-test-user': 'plain' } });
    expect((await health.json()).metrics).toMatchObject({ requests: null, vectors: null });
  });

  test('a question by the address of a page of another site', async () => {
    const path = '/api/echo/ask?question=Stored%20by%20an%20image';
    const response = await fetch(app.url + path, { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(response.status).toBe(403);
    expect(await app.sql(`select 1 from echo_unified_interactions where query like 'Stored by%'`)).toEqual(
      [],
    );
  });
});

test.each([
  ['GET', '/api/echo/query', 'POST'],
  ['DELETE', '/api/echo/conversation/x', 'GET'],
  ['GET', '/v1/chat/completions', 'POST'],
  ['POST', '/dashboard', 'GET, HEAD'],
  ['GET', '/api/characters/cards', 'POST'],
  ['POST', '/api/characters/cards/x', 'GET'],
  ['POST', `/media/${'0'.repeat(64)}/256.webp`, 'GET, HEAD'],
])('another method is refused with those there are: %s %s', async (method, path, allow) => {
  const response = await request(method, path, undefined);
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
});

test.each(['/health', '/api/echo/health'])('%s is answered without its words, too', async (path) => {
  const [whole, head] = [await request('GET', path, undefined), await request('HEAD', path, undefined)];
  expect([head.status, await head.text()]).toEqual([whole.status, '']);
});

test('an empty body of a length that nobody said is none', async () => {
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  const asked = httpRequest(`${app.url}/api/echo/query`, { method: 'POST', headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const body = (await jsonOf(response)) as { error_code: string };
  expect([response.statusCode, body.error_code]).toEqual([422, 'VALIDATION_ERROR']);
});

test('a retry of a stream is told the same answer', async () => {
  const send = async () => {
    const response = await fetch(`${app.url}/api/echo/stream-query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'streamed once' },
      body: JSON.stringify({ query: 'Tell me about Mei', conversation_id: 'streamed' }),
    });
    return eventsOf(await response.text());
  };
  const [first, again] = [await send(), await send()];
  for (const type of ['intent', 'response', 'complete'])
    expect(again.find((event) => event.type === type)).toEqual(first.find((event) => event.type === type));
});

test('people read the same on a page that runs nothing and loads nothing', async () => {
  const { status, headers } = await fetch(`${app.url}/docs`, { headers: { accept: 'text/html' } });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const page = await (await fetch(`${app.url}/docs`)).text();
  expect(page).not.toMatch(/<script|<link|<img|src=|url\(|https?:/);
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  for (const { address } of rows()) expect(page).toContain(address);
});

function rows() {
  return Object.entries<Record<string, Operation>>(document.paths).flatMap(([address, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${address}`,
      method: method.toUpperCase(),
      ...{ address, operation },
    })),
  );
}

function bodyOf(name: string): { body: Record<string, unknown> } {
  const body = EXAMPLES.find(({ row, body: given }) => row === name && given !== undefined)?.body ?? {};
  return { body: (typeof body === 'function' ? body() : body) as Record<string, unknown> };
}

function send({ row, path, body }: Example): Promise<Response> {
  const [method = '', address = ''] = row.split(' ');
  const at = typeof path === 'function' ? path() : (path ?? address);
  const given = typeof body === 'function' ? body() : body;
  return request(method, at, given === undefined ? undefined : JSON.stringify(given));
}

function request(method: string, path: string, body: string | undefined): Promise<Response> {
  return fetch(app.url + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  });
}

async function expectRefused(name: string, sent: string, status: number, field?: string): Promise<void> {
  const [method = '', address = ''] = name.split(' ');
  const response = await request(method, address, sent);
  const text = await response.text();
  expect([name, sent.slice(0, 200), response.status, text]).toEqual([name, sent.slice(0, 200), status, text]);
  if (status === 200) return;
  expect([name, problemsOf(name, status, JSON.parse(text))]).toEqual([name, []]);
  if (field) expect(JSON.parse(text).detail).toContain(field);
}

async function expectStatus(name: string, method: string, path: string, status: number, field: string) {
  const response = await request(method, path, undefined);
  const text = await response.text();
  expect([path, response.status, text]).toEqual([path, status, text]);
  expect([name, problemsOf(name, status, JSON.parse(text))]).toEqual([name, []]);
  expect(JSON.parse(text).detail).toContain(field);
}

/** In what a value differs from what the document says of it. */
function problemsOf(name: string, status: number, value: unknown): unknown[] {
  const [method = '', address = ''] = name.split(' ');
  const operation: Operation = document.paths[address][method.toLowerCase()];
  const type = Object.keys(operation.responses[status]?.content ?? {})[0];
  if (type === undefined) return [`the document does not say that ${name} answers ${status}`];
  const place = [
    'paths',
    address,
    method.toLowerCase(),
    'responses',
    String(status),
    'content',
    type,
    'schema',
  ];
  const pointer = place
    .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
    .map(encodeURIComponent);
  const validate = ajv.getSchema(`openapi#/${pointer.join('/')}`) as ValidateFunction;
  return validate(value) ? [] : (validate.errors ?? []);
}

/** The text of the first events of an answer that does not end. */
async function firstEvents({ body }: Response, count: number): Promise<string> {
  let text = '';
  for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (eventsOf(text).length >= count) break;
  }
  return text;
}

function checkAnswer(events: Record<string, Json>[]): void {
  const types = events.map(({ type }) => type);
  expect([types[0], types[1], types.at(-2), types.at(-1)]).toEqual([
    'start',
    'intent',
    'response',
    'complete',
  ]);
  const tokens = events.filter(({ type }) => type === 'token').map(({ content }) => content);
  expect(tokens.join('')).toBe(events.at(-2)?.response);
}

function eventsOf(text: string): Record<string, Json>[] {
  return text
    .split('\n\n')
    .filter((part) => part.startsWith('data: '))
    .map((part) => JSON.parse(part.replace(/^data: /, '')));
}

/** Names of numbers that the document calls floats. */
function floats(schema: Json, found = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found;
  for (const [name, value] of Object.entries<Json>(schema.properties ?? {}))
    if (JSON.stringify(value.anyOf ?? value).includes('"double"')) found.add(name);
  for (const value of Object.values(schema)) floats(value, found);
  return found;
}

function checkDecimals(row: string, text: string): void {
  const names = [...floats(document)];
  expect(names).toEqual(expect.arrayContaining(['processing_time', 'latency_ms', 'score', 'query_time_ms']));
  const whole = new RegExp(`"(?:${names.join('|')})":-?\\d+[,}\\]]`);
  expect([row, whole.exec(text)?.[0]]).toEqual([row, undefined]);
  expect([row, /"(?:processing_time|latency_ms|query_time_ms|score)":null/.exec(text)]).toEqual([row, null]);
  expect([row, /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d/.exec(text)]).toEqual([row, null]);
}

/** A value of a type that is none of the field's. */
function wrongFor(schema: Schema): unknown {
  const alternatives: Schema[] = schema.anyOf ?? [schema];
  const types = alternatives.flatMap(({ type, enum: values }) => type ?? (values ? 'string' : 'object'));
  if (!types.includes('string')) return 'text';
  return types.includes('integer') || types.includes('number') ? [] : 7;
}
