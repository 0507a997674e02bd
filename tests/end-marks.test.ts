import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EndMarkFilter } from '../src/models/end-marks.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { chat, eventsOf, textIn, turnsOf, user } from './support/openai-door.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';
import { overWebSocket, take } from './support/streams.ts';

const TURN = 'response status escalationPath';
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { interaction { ${TURN} } } ... on Error { message } } }`;
const STREAM = `subscription ($input: ProcessQueryInput!) { processQueryStream(input: $input) {
  type ... on QueryDelta { text } ... on QueryCompleted { result { interaction { ${TURN} } } } } }`;
const QUESTION = 'Please continue the story of the lighthouse keeper';
const STORY = 'And then it got dark.';

let provider: OpenAiServer;
let app: TestApp;
beforeAll(async () => {
  provider = await startOpenAiServer();
  app = await startTestApp({ env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small,expert=large' } });
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

async function ask(input: Record<string, unknown> = {}) {
  const { data, errors } = await app.graphql(ASK, { input: { query: QUESTION, ...input } });
  expect(errors).toBeUndefined();
  return data.processQuery.interaction;
}

async function stream(input: Record<string, unknown> = {}) {
  const results = await take(overWebSocket(app.connect(), STREAM, { input: { query: QUESTION, ...input } }));
  expect(results.flatMap((result) => result.errors ?? [])).toEqual([]);
  const events = results.map(({ data }) => data.processQueryStream);
  const pieces = events.flatMap((event) => event.text ?? []);
  return { pieces, shown: pieces.join(''), turn: events.at(-1).result.interaction };
}

/** The pieces of a text that is cut behind every so many UTF-16 units. */
function cutInto(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, n) =>
    text.slice(n * length, (n + 1) * length),
  );
}
const LENGTHS = [1, 3, 1_000];

const marks = [
  ...['<|im_end|>', '<|eot_id|>', '<|eom_id|>', '<|end_of_text|>', '<|endoftext|>', '</s>', '<end_of_turn>'],
  ...['<eos>', '<|end|>', '<|return|>', '<|END_OF_TURN_TOKEN|>', '<｜end▁of▁sentence｜>', '[|endofturn|]'],
];

describe('the mark with which a model ends', () => {
  test.each(marks)('at the end is none of the answer: %s', async (mark) => {
    for (const length of LENGTHS) {
      for (const said of [`${STORY}${mark}`, `${STORY}${mark}\n${mark} `]) {
        provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
        const { shown, turn } = await stream();
        expect([shown, turn]).toMatchObject([STORY, { response: STORY, status: 'ANSWERED' }]);
      }
    }
  });

  test.each([...marks, '\n<|im_end|>\n<|im_end|>\n', '<think>hm</think>\n</s>'])(
    'alone is no answer, and the next model is asked: %j',
    async (said) => {
      for (const length of LENGTHS) {
        provider.respondWith(({ body }) => ({
          kind: 'answer',
          deltas: body.model === 'small' ? cutInto(said, length) : [STORY],
        }));
        const answered = { response: STORY, escalationPath: ['quick:small:EMPTY', 'expert:large'] };
        expect(await ask()).toMatchObject(answered);
        const { shown, turn } = await stream();
        expect([shown, turn]).toMatchObject([STORY, answered]);
        provider.respondWith([]);
        await stream();
      }
    },
  );

  test.each([
    '<|im_end|>\n<|im_start|>user\nAnd what then?<|im_end|>\n<|im_start|>assistant\nNothing.',
    '<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnd what then?',
    '<end_of_turn>\n<start_of_turn>user\nAnd what then?',
    '</s> [INST] And what then? [/INST]',
    '<|end|><|start|>',
  ])('and what it makes up behind it as the next message is none of the answer: %j', async (more) => {
    for (const length of LENGTHS) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(STORY + more, length) });
      const { shown, turn } = await stream();
      expect([shown, turn]).toMatchObject([STORY, { response: STORY, status: 'ANSWERED' }]);
    }
  });

  test.each([
    [QUESTION, `Qwen writes <|im_start|> first. So:\nHello<|im_end|>\n<|im_start|>user\nHello`],
    [QUESTION, 'So:\n```\nHello<|im_end|>\n<|im_start|>user\nHello\n```\nand so on.'],
    ['How are turns of Qwen marked at their end?', 'Hello<|im_end|>\n<|im_start|>user\nHello'],
  ])('%s Two messages may be shown: %j', async (query, said) => {
    for (const length of LENGTHS) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
      const { shown, turn } = await stream({ query });
      expect([shown, turn]).toMatchObject([said, { response: said, status: 'ANSWERED' }]);
    }
  });

  test('behind a thought that the prompt began, too', async () => {
    const [thought, rest] = ['hm <|im_end|>', `\n</think>\n\n${STORY}<|im_end|>`];
    for (const deltas of [...LENGTHS.map((length) => cutInto(thought + rest, length)), [thought, rest]]) {
      provider.respondWith({ kind: 'answer', deltas });
      expect((await stream()).turn).toMatchObject({ response: STORY, status: 'ANSWERED' });
    }
  });

  test.each([
    'Messages end with <|im_end|> in ChatML.',
    'In ChatML a message ends with <|im_end|>, in Llama 3 with <|eot_id|>',
    'It looks so:\n```\n<|user|>Hello<|im_end|>\n```\nand so on.',
    'So it ends:\n```\nHello<|im_end|>',
    'Crossed out: <s>old</s>',
    'Crossed out: <s class="x">old</s>',
    '<|im_start|>user\nHello<|im_end|>',
    '`</s>`',
    'a < b',
    'a <',
    'a <|im_',
    'a [',
    '</span>',
  ])('an answer may speak of it: %s', async (said) => {
    for (const length of LENGTHS) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
      const { shown, turn } = await stream();
      expect([shown, turn]).toMatchObject([said, { response: said, status: 'ANSWERED' }]);
    }
  });

  test('an answer may end with it, or be it, where it is asked about', async () => {
    for (const said of ['In ChatML it is <|im_end|>', '<|im_end|>']) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, 2) });
      const { turn } = await stream({ query: 'Which one is it, <|im_end|> or </s>?' });
      expect(turn).toMatchObject({ response: said, status: 'ANSWERED' });
    }
  });

  test.each([
    ['How does Gemma mark that it has ended?', 'Gemma ends its answers with <end_of_turn>'],
    ['How do I close a strikethrough element in HTML?', 'You close it with </s>'],
    ['How do I close a strikethrough element in HTML?', 'You close it so. </s>'],
    ['Which token ends a sequence of Llama 2? The token only.', '</s>'],
    ['What is the closing tag for strikethrough?', '</s>'],
    ['How does Qwen end a turn?', '\n<|im_end|>'],
    ['How do I know that it is over?', 'It says **the word** <eos>\n'],
    ['How do I know that it is over?', 'Look for this:\n\n<eos>'],
    ['How do I know that it is over?', '**The mark:** <eos>'],
    ['Gemma 的结束标记是什么？', '标记是<end_of_turn>'],
    ['Gemma 的结束标记是什么？', '标记是：<end_of_turn>'],
    ['Which token is it?', 'eos_token=<eos>'],
    ['Continue: <s>old', ' and gone</s>'],
  ])('%s An answer may end with it: %j', async (query, said) => {
    for (const length of LENGTHS) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(said, length) });
      const { shown, turn } = await stream({ query });
      expect([shown, turn]).toMatchObject([said, { response: said, status: 'ANSWERED' }]);
    }
  });

  test.each([
    ...[
      'It got dark. ',
      'It got dark.\n',
      '“It got dark.” ',
      '(It got dark) ',
      '**It got dark.** ',
      'It got dark',
    ],
    ...['天黑了。', '天黑了', '「天黑了」 ', 'The keeper sleeps 😴 ', 'It got dark\n', '- dark\n- cold\n\n'],
    ...['```\ncode\n``` ', '| a | b |\n', 'Is it dark? ', 'And then … ', '<b>dark</b> ', 'Let me look:'],
  ])('behind what is finished it is none of the answer: %j', async (story) => {
    for (const mark of ['</s>', '<|im_end|>', '<eos></s>']) {
      for (const length of LENGTHS) {
        provider.respondWith({ kind: 'answer', deltas: cutInto(story + mark, length) });
        const { shown, turn } = await stream();
        expect([shown, turn]).toMatchObject([story, { response: story, status: 'ANSWERED' }]);
      }
    }
  });

  test('said on and on behind a word, it is shown once', async () => {
    for (const length of LENGTHS) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(`It is ${'<eos>\n'.repeat(300)}`, length) });
      const { shown, turn } = await stream();
      expect([shown, turn.response]).toEqual(['It is <eos>', 'It is <eos>']);
    }
  });

  test.each(['Guten Tag, Mark!', 'How is Mark today?', 'Suggest a name for my shop', 'Which closing time?'])(
    'alone it is no answer to what only sounds so: %s',
    async (query) => {
      provider.respondWith(({ body }) => ({
        kind: 'answer',
        deltas: [body.model === 'small' ? '</s>' : STORY],
      }));
      const { turn } = await stream({ query });
      expect(turn).toMatchObject({ response: STORY, status: 'ANSWERED' });
      provider.respondWith([]);
      await stream();
    },
  );

  test('holds nothing back that cannot be one', async () => {
    const pieces = ['And ', 'then <b>', 'it</b> got ', 'dark.'];
    const until = Promise.withResolvers<void>();
    provider.respondWith({ kind: 'answer', deltas: pieces, until: until.promise });
    const events = overWebSocket(app.connect(), STREAM, { input: { query: QUESTION } });
    let shown = '';
    for await (const { data } of events) {
      shown += data.processQueryStream.text ?? '';
      if (shown === pieces.join('')) until.resolve();
    }
    expect(shown).toBe(pieces.join(''));
  });

  test('is left out of /v1, whole and streamed', async () => {
    const hello = { model: 'small', messages: [user(QUESTION)] };
    for (const isStreamed of [false, true]) {
      provider.respondWith({ kind: 'answer', deltas: cutInto(`${STORY}<|eot_id|>`, 4) });
      const name = `stream ${isStreamed}`;
      const { body } = await chat(
        app,
        { ...hello, stream: isStreamed },
        { headers: { 'x-echo-user': name } },
      );
      const text = isStreamed ? textIn(eventsOf(body)) : body.choices[0].message.content;
      expect(text).toBe(STORY);
      expect(await turnsOf(app, name)).toMatchObject([{ response: STORY, status: 'ANSWERED' }]);
    }
  });
});

test('what an earlier version stored with its mark goes into no prompt with it', async () => {
  const conversationId = 'of earlier';
  const [code, about, word] = [
    'So it ends:\n```\nHello<|im_end|>',
    'So it is. <|im_end|>',
    'You close it with </s>',
  ];
  const stored = [`${STORY}<|im_end|>\n`, code, about, word];
  for (const [at, response] of stored.entries()) {
    const query = at === 2 ? 'Is <|im_end|> the mark?' : `${QUESTION} of ${at}`;
    await ask({ query, conversationId });
    await app.sql('update echo_unified_interactions set response = $1 where query = $2', [response, query]);
  }
  await ask({ query: 'Go on, please', conversationId });
  const messages = provider.chats.at(-1)?.body.messages ?? [];
  const answers = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
  expect(answers).toEqual([STORY, code, about, word]);
});

test('a model that says nothing but marks, on and on, is held in little memory', () => {
  const filter = new EndMarkFilter(QUESTION);
  expect(filter.push(STORY)).toBe(STORY);
  for (let n = 0; n < 10_000; n++) expect(filter.push('<|im_end|>\n')).toBe('');
  expect(filter.push('x').length).toBeLessThan(1_100);
  expect(filter.finish(STORY)).toBe('');
});

test('an answer is the same, however it is cut into pieces', () => {
  const said = 'a <b>\n</s> <|im_<|im_end|>c[<|eot_id|>\n</S';
  for (let first = 0; first <= said.length; first++)
    for (let second = first; second <= said.length; second++) {
      const filter = new EndMarkFilter(QUESTION);
      const pieces = [said.slice(0, first), said.slice(first, second), said.slice(second)];
      const text = pieces.map((piece) => filter.push(piece)).join('');
      expect([text, filter.finish('')]).toEqual(['a <b>\n</s> <|im_<|im_end|>c[', '']);
    }
});

test.each([
  ['You close it with </s>', 'You close it with </s>'],
  ['Is it\n<|im_end|>: no. </s>\n', 'Is it\n<|im_end|>: no. </s>\n'],
  ['It is <eos>\n<eos> <eos', 'It is <eos>'],
  ['It got dark. <eos>\n</s', 'It got dark. '],
])('an end is the same, however it is cut into pieces: %j', (said, expected) => {
  for (let first = 0; first <= said.length; first++)
    for (let second = first; second <= said.length; second++) {
      const filter = new EndMarkFilter(QUESTION);
      const pieces = [said.slice(0, first), said.slice(first, second), said.slice(second)];
      const text = pieces.map((piece) => filter.push(piece)).join('');
      expect(text + filter.finish(text)).toBe(expected);
    }
});
