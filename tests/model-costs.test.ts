import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';

const TURN = 'turnId cost modelUsed status tokensIn tokensOut';
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { replayed interaction { ${TURN} } } ... on Error { message } } }`;
const READ = `query ($id: String!) { conversation(conversationId: $id) { interactions { nodes { ${TURN} } } } }`;

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: {
      LLM_BASE_URL: provider.url,
      LLM_MODELS: 'quick=small,standard=medium,expert=small',
      LLM_PRICES: 'quick=0.15/0.60',
    },
  });
});
afterEach(() => provider.respondWith([]));
afterAll(async () => {
  await app.close();
  await provider.close();
});

async function ask(intelligenceLevel: string, usage: unknown) {
  provider.respondWith({ kind: 'answer', deltas: ['As you wish.'], usage: usage as null });
  const conversationId = randomUUID();
  const input = { query: 'Please continue the story', intelligenceLevel, conversationId };
  const { data, errors } = await app.graphql(ASK, { input });
  expect(errors).toBeUndefined();
  const stored = await app.graphql(READ, { id: conversationId });
  expect(stored.data.conversation.interactions.nodes).toEqual([data.processQuery.interaction]);
  return data.processQuery.interaction;
}

describe('the cost of an answer', () => {
  test.each([
    ['by its tokens and prices', 'QUICK', { prompt_tokens: 1_200, completion_tokens: 300 }, 0.00036],
    [
      'of the same model at another level',
      'EXPERT',
      { prompt_tokens: 1_000_000, completion_tokens: 1 },
      0.150001,
    ],
    ['of no tokens', 'QUICK', { prompt_tokens: 0, completion_tokens: 0 }, 0],
    ['is unknown without a price', 'STANDARD', { prompt_tokens: 1_200, completion_tokens: 300 }, null],
    ['is unknown without counts', 'QUICK', null, null],
    ['is unknown with half of the counts', 'QUICK', { prompt_tokens: 1_200 }, null],
    ['is unknown with counts that are none', 'QUICK', { prompt_tokens: -5, completion_tokens: 'many' }, null],
  ])('%s', async (_name, level, usage, cost) => {
    expect(await ask(level, usage)).toMatchObject({ cost, status: 'ANSWERED' });
  });

  test('is none where no model wrote it', async () => {
    const { data } = await app.graphql(ASK, { input: { query: 'sudo reboot' } });
    expect(data.processQuery.interaction).toMatchObject({ cost: null, modelUsed: 'security_policy' });
    provider.respondWith({ kind: 'status', status: 400 });
    const failed = await app.graphql(ASK, { input: { query: 'Please continue the story' } });
    expect(failed.data.processQuery.interaction).toMatchObject({ cost: null, status: 'FAILED' });
  });

  test('is the same for a retry, over REST, and in the history', async () => {
    provider.respondWith({
      kind: 'answer',
      deltas: ['As you wish.'],
      usage: { prompt_tokens: 2_000, completion_tokens: 100 },
    });
    const input = {
      query: 'And then?',
      intelligenceLevel: 'QUICK',
      idempotencyKey: 'k',
      conversationId: 'paid',
    };
    const [first, second] = [await app.graphql(ASK, { input }), await app.graphql(ASK, { input })];
    expect(second.data.processQuery).toEqual({ ...first.data.processQuery, replayed: true });
    const history = await (await fetch(`${app.url}/api/echo/conversation/paid`)).json();
    expect(history.history).toMatchObject([{ cost: 0.00036 }]);
    const answered = await app.post('/api/echo/query', { query: 'And then?', intelligence_level: 'quick' });
    expect(await answered.json()).toMatchObject({ cost: 0.00036 });
  });
});
