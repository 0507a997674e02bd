import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lessonOf } from '../src/models/refusals.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import {
  type OpenAiServer,
  type RecordedRequest,
  type Reply,
  startOpenAiServer,
} from './support/openai-server.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { memories { interaction { query } }
    interaction { status escalationPath response finishReason } } } }`;

let provider: OpenAiServer;
let app: TestApp;
beforeEach(async () => {
  provider = await startOpenAiServer();
});
afterEach(async () => {
  await app.close();
  await provider.close();
});

const start = async (env: Record<string, string> = {}) => {
  app = await startTestApp({
    env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small', MAX_CONTEXT_MESSAGES: '20', ...env },
  });
};

async function ask(query: string, conversationId = 'long') {
  const { data, errors } = await app.graphql(ASK, { input: { query, conversationId } });
  expect(errors).toBeUndefined();
  return data.processQuery;
}

/** A conversation whose turns take far more than the window. */
async function fill(turns = 12) {
  const said = (n: number) => `Chapter ${n}: the keeper ${`walked past rock ${n} and `.repeat(30)}slept.`;
  await app.record(
    'long',
    Array.from({ length: turns }, (_, n) => ({ query: said(n), response: said(n + 100) })),
  );
}

/** About as a server counts: a token is three characters, here. */
const tokensOf = ({ body }: RecordedRequest) =>
  Math.ceil((body.messages ?? []).reduce((sum, { content }) => sum + content.length, 0) / 3);

const WINDOW = 2_048;
type Refuse = (tokens: number, maxTokens: number) => Reply | null;
const refusal = (body: unknown, status = 400): Reply => ({ kind: 'status', status, body });
const tooLong =
  (make: (tokens: number, maxTokens: number) => unknown, status = 400): Refuse =>
  (tokens, maxTokens) =>
    tokens > WINDOW ? refusal(make(tokens, maxTokens), status) : null;

/** Servers with a small window, each in its own words. */
const servers: Record<string, Refuse> = {
  'llama.cpp': tooLong((tokens) => ({
    error: {
      code: 400,
      message: `request (${tokens} tokens) exceeds the available context size (${WINDOW} tokens), try increasing it`,
      type: 'exceed_context_size_error',
      n_prompt_tokens: tokens,
      n_ctx: WINDOW,
    },
  })),
  OpenAI: tooLong((tokens) => ({
    error: {
      message: `This model's maximum context length is ${WINDOW} tokens. However, your messages resulted in ${tokens} tokens. Please reduce the length of the messages.`,
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    },
  })),
  vLLM: (tokens, maxTokens) =>
    tokens + maxTokens > WINDOW
      ? refusal({
          object: 'error',
          message: `This model's maximum context length is ${WINDOW} tokens. However, you requested ${tokens + maxTokens} tokens (${tokens} in the messages, ${maxTokens} in the completion). Please reduce the length of the messages or completion.`,
          type: 'BadRequestError',
          code: 400,
        })
      : null,
  'vLLM, newer': (tokens, maxTokens) =>
    tokens + maxTokens > WINDOW
      ? refusal({
          error: {
            message: `'max_tokens' or 'max_completion_tokens' is too large: ${maxTokens}. This model's maximum context length is ${WINDOW} tokens and your request has ${tokens} input tokens (${maxTokens} > ${WINDOW} - ${tokens}).`,
            type: 'BadRequestError',
            code: 400,
          },
        })
      : null,
  SGLang: tooLong((tokens) => ({
    message: `The input (${tokens} tokens) is longer than the model's context length (${WINDOW} tokens).`,
  })),
  TGI: tooLong(
    (tokens) => ({
      error: `Input validation error: \`inputs\` must have less than ${WINDOW} tokens. Given: ${tokens}`,
      error_type: 'validation',
    }),
    422,
  ),
  Ollama: tooLong(() => ({
    error: { message: 'the input length exceeds the context length', type: 'api_error' },
  })),
  'LM Studio': tooLong((tokens) => ({
    error: `Trying to keep the first ${tokens} tokens when context the overflows. However, the model is loaded with context length of only ${WINDOW} tokens, which is not enough.`,
  })),
  Mistral: tooLong((tokens) => ({
    object: 'error',
    message: `Prompt contains ${tokens} tokens and 0 draft tokens, too large for model with ${WINDOW} maximum context length`,
    type: 'invalid_request_error',
  })),
  'a proxy with plain text': tooLong(() => 'prompt is too long', 413),
};

describe('a conversation that is longer than the window of a model', () => {
  test.each(Object.keys(servers))('is answered with less: %s', async (name) => {
    await start();
    await fill();
    provider.respondWith((request) => {
      const limit = request.body.max_tokens ?? 0;
      return servers[name]?.(tokensOf(request), limit) ?? { kind: 'answer', deltas: ['You are welcome.'] };
    });
    const first = await ask('Thanks!');
    expect(first.interaction).toMatchObject({ status: 'ANSWERED', response: 'You are welcome.' });
    expect(first.interaction.escalationPath.at(-1)).toBe('quick:small');
    expect(new Set(first.interaction.escalationPath.slice(0, -1))).toEqual(new Set(['quick:small:TOO_LONG']));
    const sent = provider.chats.at(-1)!;
    expect(sent.body.messages?.at(-1)).toEqual({ role: 'user', content: 'Thanks!' });
    expect(tokensOf(sent)).toBeLessThanOrEqual(WINDOW);

    // It is remembered.
    provider.requests.length = 0;
    const next = await ask('And then?');
    expect(next.interaction).toMatchObject({ status: 'ANSWERED', escalationPath: ['quick:small'] });
    expect(provider.chats).toHaveLength(1);
  });

  test('is given room where an answer was cut at the end of the window', async () => {
    await start();
    await fill();
    const used: number[] = [];
    provider.respondWith((request) => {
      const tokens = tokensOf(request);
      used.push(tokens);
      const isFirst = used.length === 1;
      return {
        kind: 'answer',
        deltas: ['You are'],
        finishReason: isFirst ? 'length' : 'stop',
        usage: { prompt_tokens: tokens, completion_tokens: 2 },
      };
    });
    expect((await ask('Thanks!')).interaction.finishReason).toBe('LENGTH');
    expect((await ask('And then?')).interaction.finishReason).toBe('STOP');
    const [first = 0, second = 0] = used;
    expect(second).toBeLessThan(first * 0.8);
    expect(second).toBeGreaterThan(first * 0.4);
  });

  test('is not cut short for an answer that had all its tokens', async () => {
    await start({ LLM_MAX_TOKENS: '16' });
    await fill();
    provider.respondWith((request) => ({
      kind: 'answer',
      deltas: ['You are'],
      finishReason: 'length',
      usage: { prompt_tokens: tokensOf(request), completion_tokens: 16 },
    }));
    await ask('Thanks!');
    await ask('And then?');
    const [first, second] = provider.chats.map(tokensOf);
    expect(second).toBeGreaterThan((first ?? 0) * 0.8);
  });

  test('is shortened at once where the window is configured, and memories say what went in', async () => {
    await start({ LLM_WINDOWS: 'quick=1024' });
    await fill();
    const { interaction, memories } = await ask('Where did the keeper walk past rock 7?', 'another');
    expect(interaction.escalationPath).toEqual(['quick:small']);
    const [{ body }] = provider.chats as [RecordedRequest];
    const prompt = JSON.stringify(body.messages);
    expect(tokensOf(provider.chats[0]!)).toBeLessThanOrEqual(1_024);
    for (const memory of memories) expect(prompt).toContain(memory.interaction.query.slice(0, 40));
    expect(prompt.match(/\[\d+\] \d{4}-/g)?.length ?? 0).toBe(memories.length);
    expect(body.max_tokens).toBeLessThan(1_024);
  });

  test('a query that is longer itself is said to be so, and kept', async () => {
    await start({ LLM_WINDOWS: 'quick=1024' });
    const { interaction } = await ask('Explain this: '.concat('rock and stone '.repeat(1_000)));
    expect(interaction).toMatchObject({
      status: 'FAILED',
      escalationPath: ['quick:small:TOO_LONG', 'builtin_answerer'],
    });
    expect(interaction.response).toContain('too small for this query');
    expect(provider.chats).toEqual([]);
  });
});

describe('other things that a server says of a request', () => {
  test.each([
    [
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      (body: RecordedRequest['body']) => body.max_tokens !== undefined,
    ],
    [
      'max_tokens is too large: 4096. This model supports at most 1000 completion tokens, whereas you provided 4096.',
      (body: RecordedRequest['body']) => (body.max_tokens ?? 0) > 1_000,
    ],
    [
      'Invalid max_tokens value, the valid range of max_tokens is [1, 1000]',
      (body: RecordedRequest['body']) => (body.max_tokens ?? 0) > 1_000,
    ],
    [
      'stream_options: Extra inputs are not permitted',
      (body: RecordedRequest['body']) => body.stream_options !== undefined,
    ],
  ])('%s', async (message, isRefused) => {
    await start();
    provider.respondWith(({ body }) =>
      isRefused(body) ? refusal({ error: { message } }) : { kind: 'answer', deltas: ['Well.'] },
    );
    expect((await ask('Tell me a story')).interaction).toMatchObject({
      status: 'ANSWERED',
      response: 'Well.',
    });
    expect(provider.chats).toHaveLength(2);
  });

  test.each([
    'model not found',
    'Incorrect API key provided',
    'Invalid value for temperature: must be at most 2',
    'The request body is not valid JSON',
    { error: { message: null, code: [], type: {} } },
    null,
    7,
    ['x'],
  ])('is no lesson: %s', (said) => {
    expect(lessonOf(said)).toEqual({
      isTooLong: false,
      window: null,
      promptTokens: null,
      maxTokens: null,
      unknown: null,
    });
    app = { close: async () => undefined } as TestApp;
  });
});
