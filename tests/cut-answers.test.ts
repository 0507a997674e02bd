import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, type Reply, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket, take } from './support/streams.ts';

const TURN = 'turnId query response status finishReason escalationPath modelUsed';
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { replayed interaction { ${TURN} } } ... on Error { message } } }`;
const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  type ... on QueryAccepted { turnId } ... on QueryDelta { text }
  ... on QueryCompleted { result { interaction { ${TURN} } } } } }`;
const CANCEL = `mutation ($turnId: ID!) { cancelQuery(turnId: $turnId) {
  __typename ... on CancelQuerySuccess { cancelled interaction { ${TURN} } } ... on Error { code message } } }`;
const QUESTION = 'Please continue the story of the lighthouse keeper';
const TIMEOUT_MS = 1_500;

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await started({ LLM_TIMEOUT_MS: String(TIMEOUT_MS), LLM_STALL_MS: '1000' });
});
beforeEach(() => {
  provider.requests.length = 0;
});
afterEach(async () => {
  // An answer of each model closes its circuit breaker again.
  provider.respondWith([]);
  for (const intelligenceLevel of ['QUICK', 'EXPERT']) await ask({ intelligenceLevel });
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

function started(limits: Record<string, string>) {
  const models = { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small,expert=large' };
  return startTestApp({ env: { ...models, ...limits } });
}

async function ask(input: Record<string, unknown> = {}) {
  const { data, errors } = await app.graphql(ASK, { input: { query: QUESTION, ...input } });
  expect(errors).toBeUndefined();
  return data.processQuery;
}

const opened = (input: Record<string, unknown>, user?: string) =>
  overWebSocket(app.connect(user), STREAM, { input: { query: QUESTION, ...input } });

/** What a client has at the end: the pieces since the last restart, joined, must be the response. */
function summarise(results: Result[]) {
  expect(results.flatMap((result) => result.errors ?? [])).toEqual([]);
  const events = results.map(({ data }) => data.processQueryStream);
  const restart = events.findLastIndex((event) => event.type === 'RESTARTED');
  const joined = events
    .slice(restart + 1)
    .flatMap((event) => event.text ?? [])
    .join('');
  const turn = events.at(-1).result.interaction;
  expect(joined).toBe(turn.response ?? '');
  return { turn, restarted: restart >= 0, events };
}

async function cancel(turnId: string, user?: string) {
  const { data, errors } = await app.graphql(CANCEL, { turnId }, user);
  expect(errors).toBeUndefined();
  return data.cancelQuery;
}

const endless = Array.from({ length: 2_000 }, (_, n) => `word${n} `);
const flowing: Reply = { kind: 'answer', deltas: endless, delayMs: 10 };

/** Streams a query and cancels it when it has come so far. */
async function cancelledAt(type: 'ACCEPTED' | 'DELTA', input: Record<string, unknown> = {}, user?: string) {
  let turnId = '';
  let told: Promise<Record<string, unknown>> | null = null;
  const results: Result[] = [];
  for await (const result of opened(input, user)) {
    results.push(result);
    const event = result.data.processQueryStream;
    if (event.type === 'ACCEPTED') turnId = event.turnId;
    if (event.type === type && !told) told = cancel(turnId, user);
  }
  return { ...summarise(results), turnId, told: await told };
}

describe('an answer that ends before its end is kept, and marked', () => {
  test.each([
    ['stop', 'STOP'],
    ['length', 'LENGTH'],
    ['max_tokens', 'LENGTH'],
    ['content_filter', 'CONTENT_FILTER'],
    ['SAFETY', 'CONTENT_FILTER'],
    ['eos', 'STOP'],
    ['a reason of its own', 'OTHER'],
    ['x'.repeat(1_000_000), 'OTHER'],
  ])('finish_reason %.20s is %s', async (finishReason, expected) => {
    provider.respondWith({ kind: 'answer', deltas: ['As far as ', 'it goes'], finishReason });
    const conversationId = randomUUID();
    const { interaction } = await ask({ conversationId });
    expect(interaction).toMatchObject({
      response: 'As far as it goes',
      status: 'ANSWERED',
      finishReason: expected,
    });
    const { data } = await app.graphql(
      `query ($id: String!) { conversation(conversationId: $id) { interactions { nodes { ${TURN} } } } }`,
      { id: conversationId },
    );
    expect(data.conversation.interactions.nodes).toEqual([interaction]);
    const history = await (await fetch(`${app.url}/api/echo/conversation/${conversationId}`)).json();
    expect(history).toMatchObject({ history: [{ finish_reason: expected.toLowerCase() }] });
  });

  test('over REST', async () => {
    provider.respondWith({ kind: 'answer', deltas: ['cut'], finishReason: 'length' });
    const response = await app.post('/api/echo/query', { query: QUESTION });
    expect(await response.json()).toMatchObject({ response: 'cut', finish_reason: 'length' });
  });

  test('no model, no reason', async () => {
    const { interaction } = await ask({ requestType: 'SYSTEM_COMMAND', query: 'reboot' });
    expect(interaction.finishReason).toBeNull();
  });

  test('text that still flows when its time is over', async () => {
    provider.respondWith(flowing);
    const { turn, restarted } = summarise(await take(opened({ intelligenceLevel: 'QUICK' })));
    expect(turn).toMatchObject({
      status: 'ANSWERED',
      finishReason: 'TIMEOUT',
      escalationPath: ['quick:small'],
    });
    expect(endless.join('').startsWith(turn.response)).toBe(true);
    expect(restarted).toBe(false);
    expect(provider.chats).toHaveLength(1);
    expect(await provider.chats[0]?.ended).toBe('client left');
  });

  test('a last model that fails after text is taken back before another text', async () => {
    provider.respondWith({ kind: 'cut', after: ['Once upon'] });
    const { turn, restarted } = summarise(await take(opened({ intelligenceLevel: 'EXPERT' })));
    expect(turn).toMatchObject({ status: 'FAILED', finishReason: null });
    expect(restarted).toBe(true);
  });

  test('every request says how long its answer may be', async () => {
    await ask();
    expect(provider.chats[0]?.body.max_tokens).toBe(4_096);
  });
});

describe('cancelQuery', () => {
  // Here the cancellation ends an answer, however late it comes: no limit of the models' own may be first.
  let limited: TestApp;
  beforeAll(async () => {
    limited = app;
    app = await started({ LLM_TIMEOUT_MS: '120000', LLM_STALL_MS: '120000' });
  });
  afterAll(async () => {
    await app.close();
    app = limited;
  });

  test('keeps what was said and the text so far', async () => {
    provider.respondWith(flowing);
    const key = { idempotencyKey: 'cut', conversationId: 'cut' };
    const { turn, turnId, told } = await cancelledAt('DELTA', key);
    expect(turn).toMatchObject({ turnId, query: QUESTION, status: 'ANSWERED', finishReason: 'CANCELLED' });
    expect(turn.response).toMatch(/^word0 /);
    expect(endless.join('').startsWith(turn.response)).toBe(true);
    expect(told).toEqual({ __typename: 'CancelQuerySuccess', cancelled: true, interaction: turn });
    expect(await provider.chats[0]?.ended).toBe('client left');
    expect(await ask(key)).toMatchObject({ replayed: true, interaction: turn });
    expect(await cancel(turnId)).toEqual(told);
    expect(provider.chats).toHaveLength(1);
  });

  test('without a text leaves the query to be asked again', async () => {
    provider.respondWith({ kind: 'stall' });
    const key = { idempotencyKey: 'early', conversationId: 'early' };
    const { turn, told } = await cancelledAt('ACCEPTED', key);
    expect(turn).toMatchObject({ status: 'INTERRUPTED', response: null, finishReason: 'CANCELLED' });
    expect(told).toMatchObject({ cancelled: true, interaction: turn });
    provider.respondWith({ kind: 'answer', deltas: ['Now.'] });
    const again = await ask(key);
    expect(again).toMatchObject({
      replayed: false,
      interaction: { turnId: turn.turnId, response: 'Now.', status: 'ANSWERED', finishReason: 'STOP' },
    });
    const { data } = await app.graphql('{ verifyConversation(conversationId: "early") { intact turns } }');
    expect(data.verifyConversation).toEqual({ intact: true, turns: 1 });
  });

  test('ends what is asked before the database has said whether it is known', async () => {
    provider.respondWith({ kind: 'stall' });
    const locker = new pg.Client({ connectionString: app.databaseUrl });
    await locker.connect();
    await locker.query('begin; lock table echo_deleted_turns in access exclusive mode');
    const key = { idempotencyKey: 'at once', conversationId: 'at once' };
    const cancelled = cancelledAt('ACCEPTED', key);
    // Most of the time the cancellation is there by then; one that comes later ends the model's answer.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await locker.end();
    const { turn, told } = await cancelled;
    expect(turn).toMatchObject({ status: 'INTERRUPTED', response: null, finishReason: 'CANCELLED' });
    expect(told).toMatchObject({ cancelled: true, interaction: turn });
  });

  test('leaves an answered turn as it is, and knows only what is there', async () => {
    const { interaction } = await ask();
    expect(await cancel(interaction.turnId)).toEqual({
      __typename: 'CancelQuerySuccess',
      cancelled: false,
      interaction,
    });
    expect(await cancel(randomUUID())).toMatchObject({ code: 'NOT_FOUND' });
    expect(await cancel('no id')).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('is for the one who asked, and for whoever may act for others', async () => {
    provider.respondWith(flowing);
    const results: Result[] = [];
    let turnId = '';
    for await (const result of opened({}, 'ann')) {
      results.push(result);
      const event = result.data.processQueryStream;
      if (event.type === 'ACCEPTED') turnId = event.turnId;
      if (event.type === 'DELTA' && results.length < 8) {
        expect(await cancel(turnId, 'ben')).toMatchObject({ code: 'NOT_FOUND' });
        expect(await cancel(turnId, '@other:admin')).toMatchObject({ code: 'NOT_FOUND' });
        if (results.length === 7) expect(await cancel(turnId)).toMatchObject({ cancelled: true });
      }
    }
    expect(summarise(results).turn).toMatchObject({ finishReason: 'CANCELLED', status: 'ANSWERED' });
  });
});
