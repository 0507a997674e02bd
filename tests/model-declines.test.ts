import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { chat, eventsOf, type Json, streamed, textIn, turnsOf, user } from './support/openai-door.ts';
import { type OpenAiServer, type Reply, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket, take } from './support/streams.ts';

const TURN = 'response modelUsed status escalationPath finishReason tokensIn tokensOut';
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { replayed interaction { ${TURN} } } ... on Error { message } } }`;
const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  type ... on QueryDelta { text } ... on QueryCompleted { result { interaction { ${TURN} } } } } }`;
const QUESTION = 'Please continue the story of the lighthouse keeper';
const WORDS = 'I’m sorry, I can’t help with that.';
const answer: Reply = { kind: 'answer', deltas: ['And then ', 'it got dark.'] };

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: {
      LLM_BASE_URL: provider.url,
      LLM_MODELS: 'quick=small,standard=middle,expert=large',
      RATE_LIMIT_HEAVY: '100000',
    },
  });
});
beforeEach(() => {
  provider.requests.length = 0;
});
afterEach(async () => {
  // An answer closes the circuits again.
  provider.respondWith(answer);
  for (const intelligenceLevel of ['QUICK', 'STANDARD', 'EXPERT']) await ask({ intelligenceLevel });
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

async function ask(input: Record<string, unknown> = {}) {
  const { data, errors } = await app.graphql(ASK, { input: { query: QUESTION, ...input } });
  expect(errors).toBeUndefined();
  return data.processQuery.interaction;
}

async function stream(input: Record<string, unknown> = {}) {
  const results = await take(overWebSocket(app.connect(), STREAM, { input: { query: QUESTION, ...input } }));
  expect(results.flatMap((result) => result.errors ?? [])).toEqual([]);
  const events = results.map(({ data }) => data.processQueryStream);
  const shown = events.flatMap((event) => event.text ?? []).join('');
  return { shown, types: events.map(({ type }) => type), turn: events.at(-1).result.interaction };
}

function byModel(replies: Record<string, Reply>) {
  provider.respondWith(({ body }) => replies[body.model ?? ''] ?? answer);
}
const asked = () => provider.chats.map(({ body }) => body.model);

const json = (value: unknown) => JSON.stringify(value);
const refusing = (words: string): Reply =>
  streamed(
    [{ role: 'assistant', content: '' }, ...[...words].map((refusal) => ({ content: null, refusal }))],
    'stop',
  );

/** As servers mark that they will not answer: with words, and without. */
const inWords: [string, Reply][] = [
  ['a refusal in pieces', refusing(WORDS)],
  ['with the words of a filter at its end', streamed([{ refusal: WORDS }], 'content_filter')],
  ['behind thoughts', streamed([{ content: '<think>hm</think>' }, { refusal: WORDS }], 'stop')],
  ['a part of the content', streamed([{ content: [{ type: 'refusal', refusal: WORDS }] }], 'stop')],
  [
    'a whole document',
    {
      kind: 'raw',
      pieces: [json({ choices: [{ message: { content: null, refusal: WORDS }, finish_reason: 'stop' }] })],
      contentType: 'application/json',
    },
  ],
];
const wordless: [string, Reply][] = [
  ['the end of a filter', streamed([{ role: 'assistant', content: '' }], 'content_filter')],
  ['the end of a refusal', streamed([], 'refusal')],
  ['the end of a filter behind thoughts', streamed([{ reasoning_content: 'hm' }], 'content_filter')],
  ['a refusal of white space', streamed([{ refusal: ' \n' }], 'content_filter')],
  ['a status', { kind: 'status', status: 400, body: { error: { code: 'content_filter', message: 'no' } } }],
  [
    'an error in the stream',
    { kind: 'raw', pieces: [`data: ${json({ error: { type: 'content_filter', message: 'no' } })}\n\n`] },
  ],
];

describe('a model that will not answer', () => {
  test.each([...inWords, ...wordless])('is followed by the next one: %s', async (_name, reply) => {
    byModel({ small: reply });
    const followed = {
      status: 'ANSWERED',
      response: 'And then it got dark.',
      modelUsed: 'middle',
      escalationPath: ['quick:small:DECLINED', 'standard:middle'],
      finishReason: 'STOP',
    };
    expect(await ask()).toMatchObject(followed);
    expect(asked()).toEqual(['small', 'middle']);
    const { shown, types, turn } = await stream();
    expect(turn).toMatchObject(followed);
    expect(shown).toBe(turn.response);
    expect(types).not.toContain('RESTARTED');
  });

  test.each(inWords)('has the last word where no model is left: %s', async (_name, reply) => {
    byModel({ small: refusing('Not I.'), middle: reply, large: { kind: 'status', status: 401 } });
    const declined = {
      status: 'FAILED',
      response: WORDS,
      modelUsed: 'middle',
      finishReason: 'CONTENT_FILTER',
      escalationPath: ['quick:small:DECLINED', 'standard:middle:DECLINED', 'expert:large:REFUSED'],
    };
    expect(await ask()).toMatchObject(declined);
    const { shown, types, turn } = await stream();
    expect([turn, shown]).toMatchObject([declined, WORDS]);
    expect(types).not.toContain('RESTARTED');
  });

  test.each(wordless)('is told of in the words of the server where it has none: %s', async (_name, reply) => {
    byModel({ small: reply, middle: reply, large: reply });
    const { turn } = await stream();
    expect(turn).toMatchObject({
      status: 'FAILED',
      modelUsed: 'builtin_answerer',
      escalationPath: [
        ...['quick:small:DECLINED', 'standard:middle:DECLINED', 'expert:large:DECLINED'],
        'builtin_answerer',
      ],
    });
    expect(turn.response).toContain('The model "small" declined to answer this.');
  });

  test('counts its tokens, and is stored once', async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 4 };
    const choices = [{ message: { refusal: WORDS }, finish_reason: 'stop' }];
    const reply: Reply = {
      kind: 'raw',
      pieces: [json({ choices, usage })],
      contentType: 'application/json',
    };
    byModel({ small: reply, middle: reply, large: reply });
    const input = { conversationId: 'once', idempotencyKey: 'k' };
    const first = await ask(input);
    expect(first).toMatchObject({ status: 'FAILED', response: WORDS, tokensIn: 9, tokensOut: 4 });
    expect(await ask(input)).toEqual(first);
    expect(asked()).toEqual(['small', 'middle', 'large']);
  });

  test('is well, however often it does so', async () => {
    for (const [, reply] of [...wordless, ...inWords]) {
      byModel({ small: reply });
      await ask();
    }
    byModel({});
    expect(await ask()).toMatchObject({ modelUsed: 'small', escalationPath: ['quick:small'] });
  });

  test('leaves no trace in what other models are told', async () => {
    byModel({ small: refusing(WORDS), middle: refusing(WORDS), large: refusing(WORDS) });
    await ask({ conversationId: 'later' });
    byModel({});
    provider.requests.length = 0;
    await ask({ conversationId: 'later', query: 'And then what happened to the keeper?' });
    expect(json(provider.chats[0]?.body.messages)).not.toContain(WORDS);
  });

  test('after it began to answer: what was shown stays, with the words behind it', async () => {
    byModel({ small: streamed([{ content: 'It was dark. ' }, { refusal: WORDS }], 'stop') });
    const { shown, types, turn } = await stream();
    expect(turn).toMatchObject({
      status: 'ANSWERED',
      response: `It was dark. \n\n${WORDS}`,
      escalationPath: ['quick:small'],
      finishReason: 'CONTENT_FILTER',
    });
    expect(shown).toBe(turn.response);
    expect(types).not.toContain('RESTARTED');
  });
});

describe('through /v1', () => {
  const as = (name: string, others: Record<string, string> = {}) => ({
    headers: { 'x-echo-user': name, ...others },
  });
  const hello = { model: 'small', messages: [user(QUESTION)] };
  const message = { role: 'assistant', content: null, refusal: WORDS };

  test('a refusal is one in the form of the protocol, and is stored', async () => {
    byModel({ small: refusing(WORDS) });
    const { status, body } = await chat(app, hello, as('whole'));
    expect([status, body.model, body.choices]).toEqual([
      200,
      'small',
      [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    ]);
    const kept = {
      response: WORDS,
      status: 'INTERRUPTED',
      model_used: 'small',
      finish_reason: 'content_filter',
    };
    expect(await turnsOf(app, 'whole')).toMatchObject([kept]);

    const again = await chat(app, hello, as('whole', { 'x-stainless-retry-count': '1' }));
    expect(again.body.choices[0].message).toEqual(message);
    expect(await turnsOf(app, 'whole')).toMatchObject([kept]);
  });

  test('a refusal gives way to the answer that the model gives when it is asked again', async () => {
    byModel({ small: refusing(WORDS) });
    await chat(app, hello, as('again'));
    byModel({ small: { kind: 'answer', deltas: ['It was ', 'dark.'] } });
    const { body } = await chat(app, hello, as('again'));
    expect(body.choices[0].message.content).toBe('It was dark.');
    const answered = { response: 'It was dark.', status: 'ANSWERED', finish_reason: 'stop' };
    expect(await turnsOf(app, 'again')).toMatchObject([answered]);
    // From then on it is the stored one.
    byModel({ small: { kind: 'answer', deltas: ['Or not.'] } });
    await chat(app, hello, as('again'));
    expect(await turnsOf(app, 'again')).toMatchObject([answered]);
  });

  test('so it is in a stream', async () => {
    byModel({ small: refusing(WORDS) });
    const events = eventsOf((await chat(app, { ...hello, stream: true }, as('streamed'))).body);
    const deltas = events.slice(0, -1).map(({ choices }) => choices[0].delta);
    expect(deltas).toEqual([{ role: 'assistant', content: '' }, { refusal: WORDS }, {}]);
    expect(events.at(-2).choices[0].finish_reason).toBe('stop');
    expect(events.at(-1)).toBe('[DONE]');
    expect(await turnsOf(app, 'streamed')).toMatchObject([{ response: WORDS, status: 'INTERRUPTED' }]);
  });

  test('and in the newer form', async () => {
    byModel({ small: refusing(WORDS) });
    const place = { ...as('newer'), path: '/v1/responses' };
    const content = [{ type: 'refusal', refusal: WORDS }];
    const { body } = await chat(app, { model: 'small', input: QUESTION }, place);
    expect(body).toMatchObject({ status: 'completed', output: [{ type: 'message', content }] });

    const events = eventsOf((await chat(app, { model: 'small', input: QUESTION, stream: true }, place)).body);
    expect(events.map(({ type }) => type)).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added'],
      ...['response.content_part.added', 'response.refusal.delta', 'response.refusal.done'],
      ...['response.content_part.done', 'response.output_item.done', 'response.completed'],
    ]);
    const part = { content_index: 0, output_index: 0, item_id: expect.stringMatching(/^msg_/) };
    expect(events[3]).toMatchObject({ ...part, part: { type: 'refusal', refusal: '' } });
    expect(events[4]).toMatchObject({ ...part, delta: WORDS });
    expect(events[5]).toMatchObject({ ...part, refusal: WORDS });
    expect(events.at(-1).response).toMatchObject({ output: [{ content }] });
  });

  test('another model is asked where the server chooses', async () => {
    byModel({ small: refusing(WORDS) });
    const body = { ...hello, model: 'echo-brain', stream: true };
    const events = eventsOf((await chat(app, body, as('chosen'))).body);
    expect(textIn(events)).toBe('And then it got dark.');
    expect(events.some((event: Json) => json(event).includes('refusal'))).toBe(false);
    expect(await turnsOf(app, 'chosen')).toMatchObject([{ status: 'ANSWERED', model_used: 'middle' }]);
  });

  test.each(wordless)('without words it is an error that says so: %s', async (name, reply) => {
    byModel({ small: reply });
    const { status, body } = await chat(app, hello, as(name));
    expect([status, body.error.code, body.error.message]).toEqual([
      400,
      'model_refused',
      'The model "small" declined to answer this.',
    ]);
  });

  test('without words, a model that could answer later counts for more', async () => {
    const [, none] = wordless[0] as [string, Reply];
    byModel({ small: none, middle: { kind: 'status', status: 503, retryAfter: '60' }, large: none });
    const { status, body } = await chat(app, { ...hello, model: 'echo-brain' }, as('mixed'));
    expect([status, body.error.code]).toEqual([503, 'model_busy']);
  });
});
