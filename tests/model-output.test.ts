import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AnswerText, tokenCount } from '../src/models/model-output.ts';
import type { ModelRouter } from '../src/models/router.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket, take } from './support/streams.ts';

const TURN = 'turnId query response modelUsed status escalationPath tokensIn tokensOut';
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { replayed durability interaction { ${TURN} } } ... on Error { message } } }`;
const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  type ... on QueryDelta { text } ... on QueryCompleted { result { interaction { ${TURN} } } } } }`;
const COUNTERS = '{ persistence { counters { attempted succeeded failed } journal { depth } } }';
const QUESTION = 'Please continue the story of the lighthouse keeper';
const MAX_CHARACTERS = 200_000;

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small', LLM_STALL_MS: '2000' },
  });
});
beforeEach(() => {
  provider.requests.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

async function ask(input: Record<string, unknown>) {
  const { data, errors } = await app.graphql(ASK, { input: { query: QUESTION, ...input } });
  expect(errors).toBeUndefined();
  return data.processQuery;
}

async function stream(input: Record<string, unknown>) {
  const results = await take(overWebSocket(app.connect(), STREAM, { input: { query: QUESTION, ...input } }));
  expect(results.flatMap((result) => result.errors ?? [])).toEqual([]);
  const events = results.map(({ data }) => data.processQueryStream);
  const restart = events.findLastIndex((event) => event.type === 'RESTARTED');
  const pieces = events.slice(restart + 1).flatMap((event) => event.text ?? []);
  return { events, pieces, joined: pieces.join(''), turn: events.at(-1).result.interaction };
}

async function storedTurns(conversationId: string) {
  const { data } = await app.graphql(
    `query ($id: String!) { conversation(conversationId: $id) { interactions { nodes { ${TURN} } } }
       verifyConversation(conversationId: $id) { intact } }`,
    { id: conversationId },
  );
  expect(data.verifyConversation.intact).toBe(true);
  return data.conversation.interactions.nodes;
}

/** Nothing of what was asked is left over or uncounted. */
async function expectAllCounted() {
  await expect
    .poll(async () => {
      const { counters, journal } = (await app.graphql(COUNTERS)).data.persistence;
      return { lost: counters.attempted - counters.succeeded - counters.failed, depth: journal.depth };
    })
    .toEqual({ lost: 0, depth: 0 });
}

describe('text that the database cannot hold', () => {
  const cases: [string, string[], string][] = [
    ['NUL', ['NUL \u0000 here'], 'NUL \ufffd here'],
    ['NUL alone in a piece', ['a', '\u0000', 'b'], 'a\ufffdb'],
    ['the first half of an emoji', ['half \ud83d emoji'], 'half \ufffd emoji'],
    ['the second half of an emoji', ['half \ude00 emoji'], 'half \ufffd emoji'],
    ['halves in the wrong order', ['\ude00\ud83d', '!'], '\ufffd\ufffd!'],
    ['an emoji over two pieces', ['an emoji \ud83d', '\ude00!'], 'an emoji 😀!'],
    ['an emoji over three pieces', ['an emoji \ud83d', '', '\ude00!'], 'an emoji 😀!'],
    ['two first halves, then a second', ['\ud83d', '\ud83d', '\ude00'], '\ufffd😀'],
    ['half an emoji at the end', ['cut \ud83d'], 'cut \ufffd'],
    [
      'other control characters',
      ['a\u0001b\u001bc\u007fd\u0085e\ufffef'],
      'a\u0001b\u001bc\u007fd\u0085e\ufffef',
    ],
    ['text from right to left with joiners', ['\u202eabc\u200d\u2066'], '\u202eabc\u200d\u2066'],
  ];
  test.each(cases)('%s is stored and shown', async (name, deltas, expected) => {
    provider.respondWith({ kind: 'answer', deltas });
    const input = { conversationId: name, idempotencyKey: 'first' };
    const first = await ask(input);
    expect(first).toMatchObject({ replayed: false, interaction: { status: 'ANSWERED', response: expected } });
    expect(await ask(input)).toMatchObject({ replayed: true, interaction: first.interaction });
    expect(provider.chats).toHaveLength(1);

    const { joined, turn, pieces } = await stream({ conversationId: name });
    expect(joined).toBe(expected);
    expect(turn).toMatchObject({ status: 'ANSWERED', response: expected });
    for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
    expect((await storedTurns(name)).map((stored: { response: string }) => stored.response)).toEqual([
      expected,
      expected,
    ]);
    await expectAllCounted();
  });

  const nothing: [string, string[]][] = [
    ['nothing but NUL', ['\u0000\u0000']],
    ['nothing but half an emoji', ['\ud83d']],
    ['both, between white space', [' \u0000', '\n\ude00']],
  ];
  test.each(nothing)('%s is no answer', async (name, deltas) => {
    provider.respondWith({ kind: 'answer', deltas });
    const failed = { status: 'FAILED', escalationPath: ['quick:small:EMPTY', 'builtin_answerer'] };
    expect(await ask({ conversationId: name })).toMatchObject({ interaction: failed });
    const { turn, joined } = await stream({ conversationId: name });
    expect(turn).toMatchObject(failed);
    expect(joined).toBe(turn.response);
    provider.respondWith({ kind: 'answer', deltas: ['And then it got dark.'] });
    const answered = { status: 'ANSWERED', response: 'And then it got dark.' };
    expect(await ask({ conversationId: name })).toMatchObject({ interaction: answered });
    expect((await storedTurns(name)).map(({ status }: { status: string }) => status).sort()).toEqual([
      'ANSWERED',
      'FAILED',
      'FAILED',
    ]);
    await expectAllCounted();
  });

  test('over REST, too', async () => {
    provider.respondWith({ kind: 'answer', deltas: ['NUL \u0000 and half \ud83d'] });
    const response = await app.post('/api/echo/query', { query: QUESTION, conversation_id: 'rest' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ response: 'NUL \ufffd and half \ufffd' });
  });

  test('an answer is cut where no more can be stored, between two characters', async () => {
    const piece = '😀'.repeat(30_000);
    provider.respondWith({ kind: 'answer', deltas: Array.from({ length: 8 }, () => piece) });
    const { joined, turn } = await stream({ conversationId: 'long' });
    expect([...turn.response]).toHaveLength(MAX_CHARACTERS);
    expect(turn.response.isWellFormed()).toBe(true);
    expect(joined).toBe(turn.response);
    expect(await storedTurns('long')).toHaveLength(1);
    await expectAllCounted();
  });
});

describe('counts of tokens', () => {
  const counts: [string, unknown, number | null][] = [
    ['a count', 7, 7],
    ['nothing', 0, 0],
    ['less than nothing', -1, null],
    ['more than a column holds', 2 ** 31, null],
    ['endless', Number.POSITIVE_INFINITY, null],
    ['no number', Number.NaN, null],
    ['a fraction', 1.5, null],
    ['text', '12', null],
    ['a list', [1], null],
    ['an object', {}, null],
    ['null', null, null],
  ];
  test.each(counts)('%s', (_name, value, expected) => {
    expect(tokenCount(value)).toBe(expected);
  });
});

test('a text is the same, however it is cut into pieces', () => {
  const said = 'a\u0000b\ud83d\ude00c\ud83dd\ude00\ud83d\ud83d\ude00\ud83d';
  const expected = 'a\ufffdb😀c\ufffdd\ufffd\ufffd😀\ufffd';
  for (let first = 0; first <= said.length; first++)
    for (let second = first; second <= said.length; second++) {
      const answer = new AnswerText(MAX_CHARACTERS);
      const pieces = [said.slice(0, first), said.slice(first, second), said.slice(second)];
      const shown = pieces.map((piece) => answer.push(piece)).join('') + answer.end();
      expect(shown).toBe(expected);
      expect(answer.text).toBe(expected);
    }
});

describe('an answer that the database refuses all the same', () => {
  const answers: [string, object, object][] = [
    ['NUL', { text: 'a \u0000 b' }, {}],
    ['half an emoji', { text: 'a \ud83d b' }, {}],
    ['a name of 5 MB', { text: 'a' }, { modelUsed: 'm'.repeat(5_000_000) }],
    ['a name with NUL', { text: 'a' }, { modelUsed: 'm\u0000' }],
    ['a level with NUL', { text: 'a' }, { level: 'qu\u0000ick' }],
    ['a path with NUL', { text: 'a' }, { escalationPath: ['quick:\u0000'] }],
    ['a count beyond the column', { text: 'a', tokensIn: 2 ** 40 }, {}],
    ['a count that is no number', { text: 'a', tokensOut: 'many' }, {}],
  ];
  test.each(answers)('%s: the query is stored, with an answer that says so', async (name, answer, routed) => {
    const { models } = app.app.services as { models: ModelRouter };
    vi.spyOn(models, 'answer').mockImplementation(async (_level, _request, { onDelta }) => {
      onDelta?.('shown so far');
      return {
        answer: { text: '', tokensIn: 1, tokensOut: 1, finishReason: 'stop', ...answer },
        modelUsed: 'small',
        level: 'quick',
        escalationPath: ['quick:small'],
        failures: [],
        waitedMs: 0,
        ...routed,
      };
    });
    const kept = { status: 'FAILED', query: QUESTION, modelUsed: 'none', tokensIn: null, tokensOut: null };
    const conversationId = `refused ${name}`;
    const input = { conversationId, idempotencyKey: 'k' };
    const first = await ask(input);
    expect(first).toMatchObject({ durability: 'COMMITTED', interaction: kept });
    expect(first.interaction.response).toMatch(/could not hold it/);
    expect(await ask(input)).toMatchObject({ replayed: true, interaction: first.interaction });
    const { joined, turn } = await stream({ conversationId });
    expect(turn).toMatchObject(kept);
    expect(joined).toBe(turn.response);
    expect(await storedTurns(conversationId)).toHaveLength(2);
    await expectAllCounted();
  });
});
