import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Result, startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, type Reply, startOpenAiServer } from './support/openai-server.ts';
import { overServerSentEvents, overWebSocket, take } from './support/streams.ts';

const TURN = `turnId conversationId query response modelUsed intelligenceLevel escalationPath status tokensIn tokensOut`;
const ASK = `mutation ($input: ProcessQueryInput!) {
  processQuery(input: $input) {
    __typename
    ... on ProcessQuerySuccess { replayed interaction { ${TURN} } memories { interaction { query } } }
    ... on Error { message }
  }
}`;
const STREAM = `subscription ($input: ProcessQueryInput!) {
  processQueryStream(input: $input) {
    type cursor at
    ... on QueryAccepted { turnId conversationId }
    ... on QueryIntent { intent confidence }
    ... on QueryMemories { memories { score interaction { query } } }
    ... on QueryDelta { text }
    ... on QueryCompleted { result { replayed interaction { ${TURN} } } }
    ... on QueryFailed { error { code message } }
  }
}`;
const HISTORY_LENGTH = 3;
const QUESTION = 'Please continue the story of the lighthouse keeper';
const refused: Reply = { kind: 'status', status: 401 };

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    seed: true,
    env: {
      LLM_BASE_URL: provider.url,
      LLM_MODELS: 'quick=small,expert=large',
      LLM_TIMEOUT_MS: '10000',
      LLM_STALL_MS: '250',
      MAX_CONTEXT_MESSAGES: String(HISTORY_LENGTH),
    },
  });
});
beforeEach(() => {
  provider.requests.length = 0;
});
afterEach(async () => {
  // An answer of each model closes its circuit breaker again.
  provider.respondWith([]);
  for (const intelligenceLevel of ['QUICK', 'EXPERT'])
    await ask({ query: 'Is everything well?', intelligenceLevel });
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

async function ask(input: Record<string, unknown>) {
  const { data, errors } = await app.graphql(ASK, { input });
  expect(errors).toBeUndefined();
  return data.processQuery;
}

async function storedTurns(conversationId: string) {
  const { data } = await app.graphql(
    `query ($id: String!) { conversation(conversationId: $id) { interactions { nodes { ${TURN} } } } }`,
    { id: conversationId },
  );
  return data.conversation?.interactions.nodes ?? [];
}

const byModel = (replies: Record<string, Reply>) =>
  provider.respondWith((request) => replies[request.body.model ?? ''] ?? refused);

describe('a configured model', () => {
  test('answers, and its tokens are kept', async () => {
    provider.respondWith({
      kind: 'answer',
      deltas: ['The lamp ', 'went out.'],
      usage: { prompt_tokens: 120, completion_tokens: 7 },
    });
    const { interaction } = await ask({ query: QUESTION, intelligenceLevel: 'QUICK' });
    expect(interaction).toMatchObject({
      response: 'The lamp went out.',
      modelUsed: 'small',
      intelligenceLevel: 'QUICK',
      escalationPath: ['quick:small'],
      status: 'ANSWERED',
      tokensIn: 120,
      tokensOut: 7,
    });
    expect(await storedTurns(interaction.conversationId)).toEqual([interaction]);
  });

  test('gets the latest turns of the conversation and the memories, and no more', async () => {
    await ask({ query: 'Remember: the lighthouse keeper owns a parrot called Quetzal.' });
    const conversationId = 'long';
    for (let n = 1; n <= HISTORY_LENGTH + 2; n++) {
      provider.respondWith({ kind: 'answer', deltas: [`reply ${n}`] });
      await ask({ query: `Chapter ${n} begins`, conversationId });
    }
    provider.requests.length = 0;
    await ask({ query: 'What is the parrot of the lighthouse keeper called?', conversationId });
    const [system, ...messages] = provider.requests[0]!.body.messages!;
    expect(system?.role).toBe('system');
    expect(system?.content).not.toContain('Quetzal');
    const [notes, heard, ...talk] = messages;
    expect([notes?.role, heard?.role]).toEqual(['user', 'assistant']);
    expect(notes?.content).toContain('Quetzal');
    expect(talk.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      ...[3, 4, 5].flatMap((n) => [`user: Chapter ${n} begins`, `assistant: reply ${n}`]),
      'user: What is the parrot of the lighthouse keeper called?',
    ]);
  });

  test('gets what the client gave as context, and the mode of the conversation', async () => {
    const conversationId = 'with a mode';
    await ask({ query: QUESTION, conversationId, mode: 'FOUNDER_TAKEAWAY', context: { weather: 'stormy' } });
    await ask({ query: QUESTION, conversationId });
    const systems = provider.requests.map(({ body }) => body.messages?.[0]?.content);
    expect(systems[0]).toContain('stormy');
    for (const system of systems) expect(system).toMatch(/founder/i);
  });

  test('is asked once for ten retries at the same time', async () => {
    const input = { query: QUESTION, idempotencyKey: 'ten', conversationId: 'ten' };
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(input)));
    expect(provider.requests).toHaveLength(1);
    expect(new Set(answers.map(({ interaction }) => interaction.turnId)).size).toBe(1);
    const memories = answers.map((answer) => JSON.stringify(answer.memories));
    expect(new Set(memories).size).toBe(1);
  });

  test('is not asked about characters or commands', async () => {
    await ask({ query: 'Tell me about Kai Nakamura' });
    await ask({ query: 'reboot', requestType: 'SYSTEM_COMMAND' });
    expect(provider.requests).toEqual([]);
  });

  test('that fails is followed by a stronger one', async () => {
    byModel({ small: refused, large: { kind: 'answer', deltas: ['From the large one'] } });
    const { interaction } = await ask({ query: QUESTION, intelligenceLevel: 'QUICK' });
    expect(interaction).toMatchObject({
      response: 'From the large one',
      modelUsed: 'large',
      intelligenceLevel: 'EXPERT',
      escalationPath: ['quick:small:REFUSED', 'expert:large'],
      status: 'ANSWERED',
    });
  });

  test('that fails with all others leaves an informative answer, and the turn is stored', async () => {
    provider.respondWith({ ...refused, body: { error: { message: 'key sk-secret at 10.0.0.7 is wrong' } } });
    const { interaction } = await ask({ query: QUESTION, intelligenceLevel: 'EXPERT' });
    expect(interaction).toMatchObject({ status: 'FAILED', modelUsed: 'builtin_answerer', tokensIn: null });
    expect(interaction.escalationPath).toEqual([
      'expert:large:REFUSED',
      'quick:small:REFUSED',
      'builtin_answerer',
    ]);
    expect(interaction.response).toMatch(/no language model could answer/i);
    expect(interaction.response).toContain('large');
    expect(interaction.response).not.toMatch(/sk-secret|10\.0\.0\.7|127\.0\.0\.1/);
    expect(await storedTurns(interaction.conversationId)).toEqual([interaction]);
  });

  test('that stalls is given up', async () => {
    byModel({ small: { kind: 'stall', after: ['Once upon'] }, large: { kind: 'stall', after: [' '] } });
    const { interaction } = await ask({ query: QUESTION, intelligenceLevel: 'QUICK' });
    expect(interaction).toMatchObject({ status: 'FAILED', modelUsed: 'builtin_answerer' });
    expect(interaction.escalationPath).toEqual([
      'quick:small:STALLED',
      'expert:large:STALLED',
      'builtin_answerer',
    ]);
  });
});

const TRANSPORTS: Record<string, (variables: Record<string, unknown>) => AsyncIterable<Result>> = {
  WebSocket: (variables) => overWebSocket(app.connect(), STREAM, variables),
  'server-sent events': (variables) => overServerSentEvents(app, STREAM, variables),
};

describe.each(Object.keys(TRANSPORTS))('processQueryStream over %s', (transport) => {
  const stream = (input: Record<string, unknown>) => TRANSPORTS[transport]!({ input });

  async function all(input: Record<string, unknown>) {
    const results = await take(stream(input));
    expect(results.flatMap((result) => result.errors ?? [])).toEqual([]);
    return results.map(({ data }) => data.processQueryStream);
  }

  test('tells each step in order, and the deltas are the response', async () => {
    const deltas = ['Der ', 'Leucht', 'turm ', '🗼', ' steht.'];
    provider.respondWith({ kind: 'answer', deltas, delayMs: 5 });
    const events = await all({ query: QUESTION });
    const types = events.map((event) => event.type);
    expect(types).toEqual([
      'ACCEPTED',
      'INTENT',
      'MEMORIES',
      ...types.filter((type) => type === 'DELTA'),
      'COMPLETED',
    ]);
    expect(types.filter((type) => type === 'DELTA').length).toBeGreaterThan(1);
    const { interaction } = events.at(-1).result;
    expect(events.flatMap((event) => event.text ?? []).join('')).toBe(interaction.response);
    expect(interaction.response).toBe(deltas.join(''));
    expect(events[0]).toMatchObject({
      turnId: interaction.turnId,
      conversationId: interaction.conversationId,
    });
    expect(new Set(events.map((event) => event.cursor)).size).toBe(events.length);
    expect(await storedTurns(interaction.conversationId)).toEqual([interaction]);
  });

  test('gives an answer that no model wrote in one piece', async () => {
    const events = await all({ query: 'Tell me about Mei' });
    expect(events.map((event) => event.type)).toEqual([
      'ACCEPTED',
      'INTENT',
      'MEMORIES',
      'DELTA',
      'COMPLETED',
    ]);
    expect(events[1]).toMatchObject({ intent: 'character_query', confidence: 0.98 });
    expect(events[3].text).toBe(events[4].result.interaction.response);
  });

  test('says that a stalled model starts over with another one', async () => {
    byModel({
      small: { kind: 'stall', after: ['void '] },
      large: { kind: 'answer', deltas: ['the whole ', 'answer'] },
    });
    const events = await all({ query: QUESTION, intelligenceLevel: 'QUICK' });
    const restart = events.findIndex((event) => event.type === 'RESTARTED');
    const text = (part: typeof events) => part.flatMap((event) => event.text ?? []).join('');
    expect(text(events.slice(0, restart))).toBe('void ');
    expect(text(events.slice(restart))).toBe('the whole answer');
    expect(events.at(-1).result.interaction).toMatchObject({
      response: 'the whole answer',
      modelUsed: 'large',
    });
  });

  test('says why a query is refused', async () => {
    const events = await all({ query: '   ' });
    expect(events.map((event) => event.type)).toEqual(['FAILED']);
    expect(events[0].error).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('query'),
    });
  });

  test('stores the turn although the client leaves in the middle', async () => {
    const deltas = Array.from({ length: 20 }, (_, n) => `word${n} `);
    provider.respondWith({ kind: 'answer', deltas, delayMs: 10 });
    const conversationId = `left over ${transport}`;
    for await (const { data } of stream({ query: QUESTION, conversationId }))
      if (data.processQueryStream.type === 'DELTA') break;
    await expect.poll(() => storedTurns(conversationId)).toHaveLength(1);
    expect((await storedTurns(conversationId))[0]).toMatchObject({
      response: deltas.join(''),
      status: 'ANSWERED',
    });
    expect(await provider.requests[0]!.ended).toBe('finished');
  });

  test('replays a turn by its key', async () => {
    const input = {
      query: QUESTION,
      idempotencyKey: 'streamed',
      conversationId: `replayed over ${transport}`,
    };
    const first = await all(input);
    const again = await all(input);
    expect(again.at(-1)).toMatchObject({ type: 'COMPLETED', result: { replayed: true } });
    expect(again.at(-1).result.interaction).toEqual(first.at(-1).result.interaction);
    expect(again.flatMap((event) => event.text ?? []).join('')).toBe(
      first.at(-1).result.interaction.response,
    );
    expect(provider.requests).toHaveLength(1);
  });
});
