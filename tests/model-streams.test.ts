import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withoutReasoning } from '../src/models/reasoning.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { chat, system, turnsOf, user } from './support/openai-door.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket, take } from './support/streams.ts';

const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  type ... on QueryDelta { text }
  ... on QueryCompleted { result { interaction { response status escalationPath tokensIn tokensOut } } } } }`;
const QUESTION = 'Please continue the story of the lighthouse keeper';

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({
    env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small' },
  });
});
beforeEach(() => {
  provider.requests.length = 0;
});
afterEach(async () => {
  // An answer closes the model's circuit breaker again.
  provider.respondWith([]);
  await stream();
});
afterAll(async () => {
  await app.close();
  await provider.close();
});

async function stream(input: Record<string, unknown> = {}) {
  const results = await take(overWebSocket(app.connect(), STREAM, { input: { query: QUESTION, ...input } }));
  expect(results.flatMap((result) => result.errors ?? [])).toEqual([]);
  const events = results.map(({ data }) => data.processQueryStream);
  const restart = events.findLastIndex((event) => event.type === 'RESTARTED');
  const turn = events.at(-1).result.interaction;
  const text = (part: typeof events) => part.flatMap((event) => event.text ?? []).join('');
  expect(text(events.slice(restart + 1))).toBe(turn.response);
  return { turn, shown: text(events), restarted: restart >= 0 };
}

/** The pieces of a text that is cut behind every so many UTF-16 units. */
function cutInto(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, n) =>
    text.slice(n * length, (n + 1) * length),
  );
}

describe('what a model thinks is no part of its answer', () => {
  const answer = 'The answer is 42.';
  const forms: [string, string][] = [
    ['think', `<think>\nsecret chain\n</think>\n\n${answer}`],
    ['capitals', `<THINK>secret</Think>${answer}`],
    ['thinking', `<thinking>secret</thinking>\n${answer}`],
    ['thought', `<thought>secret < b && c > d</thought>${answer}`],
    ['reasoning', `\n\n<reasoning>secret</reasoning>${answer}`],
    ['brackets', `[THINK]secret[/THINK]${answer}`],
    ['seed', `<seed:think>secret</seed:think>${answer}`],
    ['triangles', `◁think▷secret◁/think▷${answer}`],
    ['long marks', `<|begin_of_thought|>secret<|end_of_thought|>${answer}`],
    ['capital marks', `<|START_THINKING|>secret<|END_THINKING|><|START_RESPONSE|>${answer}`],
    ['nothing thought', `<think>\n\n</think>\n\n${answer}`],
    ['only the end', `</think>\n\n${answer}`],
    ['two thoughts', `<think>secret</think>\n<think>secret too</think>${answer}`],
    ['letters that grow when they are made small', `<think>secret İİİİİİİİİİ</think>${answer}`],
    [
      'channels',
      `<|channel|>analysis<|message|>secret<|end|><|start|>assistant<|channel|>final<|message|>${answer}`,
    ],
    ['the last channel alone', `<|channel|>final<|message|>${answer}`],
    ['a channel of another kind', `<|channel>thought\nsecret<channel|>${answer}`],
  ];
  test.each(forms)('%s', async (_name, said) => {
    for (const length of [1, 3, 1_000]) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
      const { turn, shown, restarted } = await stream();
      expect({ ...turn, shown, restarted }).toMatchObject({
        response: answer,
        status: 'ANSWERED',
        shown: answer,
        restarted: false,
      });
    }
  });

  test('a thought that the prompt began, and that only ends in the answer, is taken back', async () => {
    for (const length of [2, 1_000]) {
      provider.respondWith({
        kind: 'answer',
        deltas: cutInto(`secret chain\n</think>\n\n${answer}`, length),
      });
      expect((await stream()).turn).toMatchObject({ response: answer, status: 'ANSWERED' });
    }
  });

  test.each(['<think>secret without an end', '<think>secret</think>', '<think>secret</think>\n \n'])(
    'an answer of nothing but thoughts is none: %s',
    async (said) => {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, 4) });
      const { turn, shown } = await stream();
      expect(turn).toMatchObject({
        status: 'FAILED',
        escalationPath: ['quick:small:EMPTY', 'builtin_answerer'],
      });
      expect(shown).not.toContain('secret');
    },
  );

  test.each([
    ['Weigh it up, and put all of it into <analysis> tags.', '<analysis>\nOn the one hand …\n</analysis>'],
    ['Reply inside the tag <reasoning>, please', '<Reasoning>Because.</Reasoning>\n'],
    ['Antworte mit einem <thought>', '<thought>Aha</thought>'],
  ])('%s What was asked for in such a tag is an answer: %j', async (query, said) => {
    const isForThoughts = said.includes('thought');
    for (const length of [1, 5, 1_000]) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(`<think>secret</think>\n${said}`, length) });
      const { turn, shown } = await stream({ query });
      expect(turn.status).toBe('ANSWERED');
      expect(turn.response.trim()).toBe(said.trim());
      expect(shown).not.toContain('secret');
      const both = `${said}\n\n${answer}`;
      provider.respondWith({ kind: 'answer', deltas: cutInto(both, length) });
      const response = isForThoughts ? answer : both;
      expect((await stream({ query })).turn).toMatchObject({ status: 'ANSWERED', response });
    }
  });

  test('the same where the instructions of a client ask for it', async () => {
    const said = '<analysis>On the one hand …</analysis>';
    provider.respondWith({ kind: 'answer', deltas: cutInto(said, 3) });
    const messages = [system('Wrap what you say in <analysis> tags.'), user(QUESTION)];
    const { body } = await chat(app, { model: 'echo-brain', messages });
    expect(body.choices[0].message.content).toBe(said);
    expect((await turnsOf(app)).at(-1)).toMatchObject({ status: 'ANSWERED', response: said });
  });

  test.each([
    'Write an <analysis> of it',
    'What does a model think in all its <thinking>',
    'Do it within reason',
  ])('%s What begins such a block and does not end it is no answer', async (query) => {
    provider.respondWith({ kind: 'answer', deltas: ['<thinking>secret without an end'] });
    const { turn, shown } = await stream({ query });
    expect(turn).toMatchObject({ status: 'FAILED' });
    expect(shown).not.toContain('secret');
  });

  test.each([
    'The <think> tag marks what a model thinks; </think> ends it.',
    'It looks so:\n```\n<think>\nthoughts\n</think>\nanswer\n```\nand so on.',
    'It ends with\n```\n</think>\n```\n',
    '`<think>` begins a thought.',
    '<b>Bold</b> and <thin> are tags, too.',
    'a < b',
    '<',
    '<thi',
  ])('an answer may speak of it: %s', async (said) => {
    for (const query of ['What does the <think> tag do?', QUESTION])
      for (const length of [3, 1_000]) {
        provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
        expect((await stream({ query })).turn).toMatchObject({ response: said, status: 'ANSWERED' });
      }
  });

  test.each([
    '<think> begins a thought.',
    '<think> begins a thought and </think> ends it.',
    '<THINK>, <thinking> and the like begin a thought; </think>, </thinking> end it.',
    '<think>…</think> marks what a model thinks.',
  ])('an answer about the mark may begin with it: %s', async (said) => {
    for (const length of [1, 5, 1_000]) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
      const { turn } = await stream({ query: 'What does the <think> tag do?' });
      expect(turn).toMatchObject({ response: said, status: 'ANSWERED' });
      provider.respondWith({ kind: 'answer', deltas: cutInto(`<think>\nhm\n</think>\n\n${said}`, length) });
      const behind = await stream({ query: 'What does the <think> tag do?' });
      expect(behind.turn).toMatchObject({ response: said, status: 'ANSWERED' });
    }
  });

  test.each([
    ['<think>\nOkay, secret things come first', ''],
    ['<think>Okay, secret things come first', ''],
    ['<think> Okay, secret things come first', ''],
    ['<|channel|>analysis<|message|>secret', ''],
    ['<think>\nOkay, secret\n</think>\n\nIt marks thoughts.', 'It marks thoughts.'],
    ['<think> Okay, secret.</think> it marks thoughts.', 'it marks thoughts.'],
    ['<think> secret\nthings </think> it marks thoughts.', 'it marks thoughts.'],
    ['<think> secret </think>\nIt marks thoughts.', 'It marks thoughts.'],
    ['<think> secret </think> ', ''],
  ])('where the mark is asked about, too, a thought is none of the answer: %s', async (said, answered) => {
    for (const length of [1, 5, 1_000]) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
      const { turn, shown } = await stream({ query: 'What does the <think> tag do?' });
      const whole = { response: answered, status: 'ANSWERED' };
      expect(turn).toMatchObject(
        answered === '' ? { escalationPath: ['quick:small:EMPTY', 'builtin_answerer'] } : whole,
      );
      expect(shown).not.toContain('secret');
      // An answer closes the model's circuit breaker again.
      provider.respondWith([]);
      await stream();
    }
  });

  test('thoughts of answers that were stored before do not reach a prompt', async () => {
    expect(withoutReasoning(`<think>secret</think>\n${answer}`, QUESTION)).toBe(answer);
    expect(withoutReasoning(answer, QUESTION)).toBe(answer);
    expect(withoutReasoning('<think>all there is', QUESTION)).toBe('<think>all there is');
    const asked = `<analysis>why</analysis>\n${answer}`;
    expect(withoutReasoning(asked, QUESTION)).toBe(answer);
    expect(withoutReasoning(asked, 'Put the reasons into <analysis> tags')).toBe(asked);
    await app.record('old', [{ query: QUESTION, response: `<think>hidden plan</think>${answer}` }]);
    provider.requests.length = 0;
    await stream({ query: 'And then what happened to the keeper?', conversationId: 'old' });
    const prompt = JSON.stringify(provider.chats[0]?.body.messages);
    expect(prompt).toContain(answer);
    expect(prompt).not.toContain('hidden plan');
  });
});

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const delta = (content: unknown, more: object = {}) =>
  event({ choices: [{ index: 0, delta: { content }, ...more }] });
const stop = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
const done = 'data: [DONE]\n\n';

describe('streams as servers really write them', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 2 };
  const whole = 'Good 😀 text.';
  const cases: [string, string[], { tokensIn?: number | null }?][] = [
    [
      'choices null, with usage',
      [delta(whole), stop, event({ choices: null, usage }), done],
      { tokensIn: 5 },
    ],
    ['choices absent, with usage', [delta(whole), stop, event({ usage }), done], { tokensIn: 5 }],
    [
      'choices empty, before text',
      [event({ choices: [], usage }), delta(whole), stop, done],
      { tokensIn: 5 },
    ],
    [
      'usage with the text',
      [event({ choices: [{ delta: { content: whole } }], usage }), stop, done],
      { tokensIn: 5 },
    ],
    ['usage of odd types', [delta(whole), stop, event({ choices: [], usage: { prompt_tokens: '5' } }), done]],
    [
      'usage less than nothing',
      [delta(whole), stop, event({ choices: [], usage: { prompt_tokens: -5 } }), done],
    ],
    ['usage beyond all bounds', [delta(whole), stop, 'data: {"usage":{"prompt_tokens":1e400}}\n\n', done]],
    ['usage that is no object', [delta(whole), stop, event({ choices: [], usage: 'none' }), done]],
    ['no finish_reason', [delta(whole), done]],
    ['no end mark', [delta(whole), stop]],
    ['no end mark, and no empty line', [delta(whole), stop.trimEnd()]],
    ['content null', [delta(null), delta(whole), delta(null, { finish_reason: 'stop' }), done]],
    ['content of other types', [delta(7), delta({}), delta(whole), stop, done]],
    [
      'content in parts',
      [
        delta([
          { type: 'thinking', thinking: 'secret' },
          { type: 'text', text: whole },
        ]),
        stop,
        done,
      ],
    ],
    ['delta null', [event({ choices: [{ delta: null }] }), delta(whole), stop, done]],
    ['a choice that is null', [event({ choices: [null] }), delta(whole), stop, done]],
    [
      'other choices',
      [event({ choices: [{ index: 1, delta: { content: 'other' } }] }), delta(whole), stop, done],
    ],
    [
      'message for delta',
      [event({ choices: [{ message: { content: whole }, finish_reason: 'stop' }] }), done],
    ],
    ['text for delta', [event({ choices: [{ text: whole }] }), stop, done]],
    ['values that are no objects', [event(null), event(1), event([]), event('x'), delta(whole), stop, done]],
    [
      'unknown fields',
      [event({ id: 7, model: null, x: [], choices: [{ delta: { content: whole, y: 1 }, z: {} }] }), stop],
    ],
    ['comments', [': keep-alive\n\n', ':\n', delta(whole), ': bye\n\n', stop, done]],
    ['CRLF', [delta(whole), stop, done].map((piece) => piece.replaceAll('\n', '\r\n'))],
    ['CR', [delta(whole), stop, done].map((piece) => piece.replaceAll('\n', '\r'))],
    ['no space behind data:', [delta(whole), stop, done].map((piece) => piece.replace('data: ', 'data:'))],
    ['no empty lines between events', [delta(whole), stop, done].map((piece) => piece.replace('\n\n', '\n'))],
    ['a byte order mark', [`\ufeff${delta(whole)}`, stop, done]],
    ['other fields of events', [`id: 1\nevent: message\nretry: 10\n${delta(whole)}`, stop, done]],
    ['text behind the end', [delta(whole), done, delta('more')]],
    ['an odd chunk behind the end', [delta(whole), stop, done, 'data: {broken\n\n']],
    [
      'an error object that is null',
      [event({ error: null, choices: [{ delta: { content: whole } }] }), stop, done],
    ],
  ];
  test.each(cases)('%s', async (_name, pieces, { tokensIn = null } = {}) => {
    provider.respondWith({ kind: 'raw', pieces });
    expect((await stream()).turn).toMatchObject({ response: whole, status: 'ANSWERED', tokensIn });
    expect(provider.chats).toHaveLength(1);
  });

  test('bytes of one letter in two pieces', async () => {
    const bytes = Buffer.from([delta(whole), stop, done].join(''));
    const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    provider.respondWith({ kind: 'raw', pieces });
    expect((await stream()).turn).toMatchObject({ response: whole, status: 'ANSWERED' });
  });

  test('one document although a stream was asked for', async () => {
    const body = {
      choices: [{ message: { role: 'assistant', content: whole }, finish_reason: 'stop' }],
      usage,
    };
    provider.respondWith({
      kind: 'raw',
      pieces: [JSON.stringify(body)],
      contentType: 'application/json; charset=utf-8',
    });
    expect((await stream()).turn).toMatchObject({
      response: whole,
      status: 'ANSWERED',
      tokensIn: 5,
      tokensOut: 2,
    });
  });

  test('a connection that stays open behind the answer', async () => {
    provider.respondWith({ kind: 'raw', pieces: [delta(whole), stop], open: true });
    expect((await stream()).turn).toMatchObject({ response: whole, status: 'ANSWERED' });
  });

  test.each([
    ['an error of a text', [delta('half'), event({ error: 'out of memory at 10.0.0.7' }), done]],
    ['an error event', [delta('half'), 'event: error\ndata: {"message":"at 10.0.0.7"}\n\n']],
    ['an error as the whole', [event({ object: 'error', message: 'at 10.0.0.7', code: 50_000 })]],
    ['an end that is a failure', [delta('half'), delta('', { finish_reason: 'error' }), done]],
    ['a page', ['<html><body>Log in at 10.0.0.7</body></html>']],
    ['nothing', ['']],
  ])('%s is no answer, and the query is kept', async (_name, pieces) => {
    provider.respondWith({ kind: 'raw', pieces });
    const { turn } = await stream();
    expect(turn.status).toBe('FAILED');
    expect(turn.response).toMatch(/no language model could answer/i);
    expect(turn.response).not.toMatch(/10\.0\.0\.7|half/);
  });
});
