import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { chat, eventsOf, user } from './support/openai-door.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket, take } from './support/streams.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { degraded replayed durability memories { score } interaction { response } } ... on Error { message } } }`;
const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  __typename ... on QueryMemories { degraded } ... on QueryCompleted { result { degraded } } } }`;
const QUESTION = 'Where is the sextant?';

let proxy: DatabaseProxy;
beforeAll(async () => {
  proxy = await startDatabaseProxy();
});
afterEach(() => proxy.restore());
afterAll(() => proxy.close());

async function start(env: Record<string, string> = {}): Promise<TestApp> {
  const app = await startTestApp({
    ...{ route: proxy.route, patienceMs: 0 },
    env: { ACK_DEADLINE_MS: '5000', CANARY_INTERVAL_MS: '0', ...env },
  });
  await app.record('attic', ['I put the sextant into the attic.']);
  return app;
}

async function ask(app: TestApp, query: string, idempotencyKey?: string) {
  const { data } = await app.graphql(ASK, { input: { query, conversationId: query, idempotencyKey } });
  return data.processQuery;
}

/** The database is back, and has what waited for it. */
async function restored(app: TestApp) {
  await proxy.restore();
  const depth = async () =>
    (await app.graphql('{ persistence { journal { depth } } }')).data.persistence.journal;
  await expect.poll(depth).toEqual({ depth: 0 });
}

describe('an answer while memory cannot be read', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.close());

  test('says so, and not that nothing is remembered', async () => {
    const before = await ask(app, QUESTION);
    expect(before).toMatchObject({
      degraded: false,
      interaction: { response: expect.stringContaining('attic') },
    });

    await proxy.refuse();
    const away = await ask(app, 'Where did I put the sextant?', 'away');
    expect(away).toMatchObject({ degraded: true, durability: 'JOURNALED', memories: [] });
    expect(away.interaction.response).toMatch(/^Not all of my memory could be read just now/);
    expect(away.interaction.response).not.toContain('I remember nothing');
    expect((await ask(app, 'Where did I put the sextant yesterday?')).interaction.response).not.toContain(
      'at that time',
    );
    const rest = await fetch(`${app.url}/api/echo/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'And the sextant?', conversation_id: 'rest' }),
    });
    expect(await rest.json()).toMatchObject({ degraded: true, sources: [] });
    const ofRest = { question: 'And the sextant now?', query: 'And the sextant now?', session_id: 'rest' };
    const asked = await app.post('/api/echo/ask', ofRest);
    expect(await asked.json()).toMatchObject({ degraded: true, sources: [] });
    for (const path of ['/api/echo/ask/stream', '/api/echo/query/stream', '/api/echo/stream-query']) {
      const events = eventsOf(await (await app.post(path, ofRest)).text());
      const types = events.flatMap(({ type, degraded }) => (degraded ? [type] : []));
      expect([path, types]).toEqual([path, ['response', 'complete']]);
    }
    const events = await take(
      overWebSocket(app.connect(), STREAM, { input: { query: 'The sextant?', conversationId: 'stream' } }),
      Number.POSITIVE_INFINITY,
    );
    const told = events.map(({ data }) => data.processQueryStream);
    expect(told).toContainEqual({ __typename: 'QueryMemories', degraded: true });
    expect(told.at(-1)).toEqual({ __typename: 'QueryCompleted', result: { degraded: true } });
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toMatch(/^echo_answer_memories_total\{outcome="degraded"\} 8$/m);

    await restored(app);
    const back = await ask(app, 'Where did I put the sextant again?');
    expect(back).toMatchObject({
      degraded: false,
      interaction: { response: expect.stringContaining('attic') },
    });
    // What was said for want of memory is no memory.
    expect(back.interaction.response).not.toContain('could be read');
    expect(await ask(app, 'Where did I put the sextant?', 'away')).toMatchObject({
      ...{ degraded: false, replayed: true },
      interaction: away.interaction,
    });
  });
});

describe('a search of the older service while memory cannot be read', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.close());
  const asOlder = (name: string) => ({
    method: 'tools/call',
    params: { name, arguments: { query: 'the sextant' } },
  });

  test.each([
    ['POST', '/api/echo/memory/search', { query: 'the sextant' }],
    ['POST', '/api/echo/conversations/search', { query: 'the sextant' }],
    ['GET', '/api/echo/search?q=the+sextant', undefined],
  ])('%s %s gets 503, and what waits for the database where that fits', async (method, path, body) => {
    const send = () =>
      fetch(`${app.url}${path}`, {
        method,
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    await proxy.refuse();
    const away = await send();
    expect([away.status, await away.json()]).toMatchObject([503, { error_code: 'SERVICE_UNAVAILABLE' }]);
    expect(away.headers.get('retry-after')).not.toBeNull();
    expect(await (await app.post('/api/echo/mcp', asOlder('search_memory'))).json()).toMatchObject({
      error: expect.stringContaining('not all of memory could be read'),
    });

    await app.record('journal', [`The sextant needs oil, said before ${method} ${path}.`]);
    const partly = await send();
    expect([partly.status, await partly.json()]).toMatchObject([200, { degraded: true }]);
    const [hit] = await (await app.post('/api/echo/mcp', asOlder('search_memory'))).json();
    expect(hit).toMatchObject({ content: expect.stringContaining('needs oil'), degraded: true });

    await restored(app);
    const back = await send();
    expect([back.status, await back.json()]).toEqual([200, expect.not.objectContaining({ degraded: true })]);
  });
});

describe('a model, while memory cannot be read', () => {
  let app: TestApp;
  let provider: OpenAiServer;
  beforeAll(async () => {
    provider = await startOpenAiServer();
    app = await start({ LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small' });
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
  });

  test('is told so at every door, and nothing else then', async () => {
    const NOT_ALL = 'Not all notes could be read just now.';
    const prompt = () => JSON.stringify(provider.chats.at(-1)?.body);
    const thread = (question: string) => ({ model: 'echo-brain', messages: [user(question)] });
    await ask(app, QUESTION);
    expect(prompt()).not.toContain(NOT_ALL);
    const whole = await chat(app, thread('Where is my sextant?'));
    expect(prompt()).not.toContain(NOT_ALL);
    expect(whole.headers.get('x-echo-memory-degraded')).toBeNull();

    await proxy.refuse();
    expect(await ask(app, 'Is the sextant there?')).toMatchObject({ degraded: true });
    expect(prompt()).toContain(NOT_ALL);
    const partly = await chat(app, thread('Where else is my sextant?'));
    expect(prompt()).toContain(NOT_ALL);
    expect(partly.headers.get('x-echo-memory-degraded')).toBe('true');
    await restored(app);
  });
});

/** What comes of something while nobody gets at a table. */
async function whileLocked<T>(app: TestApp, table: string, work: () => Promise<T>): Promise<T> {
  const locker = new pg.Client({ connectionString: app.databaseUrl });
  await locker.connect();
  try {
    await locker.query(`begin; lock table ${table} in access exclusive mode`);
    return await work();
  } finally {
    await locker.end();
  }
}

describe('while a table is locked', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await start({ COMFYUI_URL: 'http://127.0.0.1:9' });
  });
  afterAll(() => app.close());

  test('an answer says that it does not know how its conversation is, and who answers in it', async () => {
    const answer = await whileLocked(app, 'echo_conversations', () => ask(app, QUESTION));
    expect(answer).toMatchObject({ degraded: true });
    await restored(app);
    expect(await ask(app, QUESTION)).toMatchObject({ degraded: false });
  });

  test('whoever asks for a picture is not told that none is drawn, which may be', async () => {
    const { interaction } = await whileLocked(app, 'anime_generation_history', () =>
      ask(app, 'Draw a picture of a lighthouse in a storm'),
    );
    expect(interaction.response).toMatch(/^I may be drawing/);
    const drawn = async () =>
      (await app.graphql('{ generations { nodes { asked } } }')).data.generations.nodes;
    await expect.poll(drawn).toEqual([{ asked: expect.stringContaining('lighthouse') }]);
  });
});
