import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createGuard } from '../src/models/guard.ts';
import { createOpenAiCompatibleModel } from '../src/models/openai-compatible.ts';
import { askFor, UnusableAnswer } from '../src/models/structured.ts';
import {
  type OpenAiServer,
  type RecordedRequest,
  type Reply,
  startOpenAiServer,
} from './support/openai-server.ts';

const Seen = z.strictObject({
  description: z.string().min(1).max(200),
  tags: z.array(z.string().max(20)).max(3),
});
const RIGHT = { description: 'A red boat', tags: ['boat', 'sea'] };
const said = (text: string, finishReason = 'stop'): Reply => ({
  kind: 'answer',
  deltas: [text],
  finishReason,
  usage: { prompt_tokens: 9, completion_tokens: 4 },
});
const right = said(JSON.stringify(RIGHT));

let server: OpenAiServer;
beforeEach(async () => {
  server = await startOpenAiServer();
});
afterEach(() => server.close());

function guardOf() {
  const limits = { timeoutMs: 60_000, firstTokenMs: 60_000, stallMs: 60_000, retryDelayMs: 5 };
  const model = createOpenAiCompatibleModel({
    ...{ baseUrl: server.url, apiKey: () => null, fetch, model: 'eyes' },
    ...{ maxCharacters: 200_000, maxTokens: 500, window: null },
    ...limits,
  });
  return createGuard(model, pino({ level: 'silent' }), {
    breaker: { failures: 5, halfOpenAfterMs: 1_000 },
    concurrency: 1,
  });
}

const look = (guard = guardOf()) =>
  askFor(
    guard,
    {
      system: 'You describe pictures.',
      prompt: 'What is to be seen?',
      images: [{ mediaType: 'image/webp', base64: 'AAAA' }],
      name: 'picture',
      schema: Seen,
    },
    { signal: new AbortController().signal, caller: 'test' },
  );

describe('a question for a value of a form', () => {
  test('shows the picture, names the form, asks for the likeliest words, and gets the value', async () => {
    server.respondWith(right);
    expect(await look()).toEqual({ value: RIGHT, model: 'eyes', tokensIn: 9, tokensOut: 4 });
    const { messages, response_format, temperature } = server.chats[0]?.body ?? {};
    expect(temperature).toBe(0);
    expect(response_format).toMatchObject({
      type: 'json_schema',
      json_schema: {
        name: 'picture',
        strict: true,
        schema: { additionalProperties: false, required: ['description', 'tags'] },
      },
    });
    expect(messages?.at(-1)?.content).toEqual([
      { type: 'text', text: 'What is to be seen?' },
      { type: 'image_url', image_url: { url: 'data:image/webp;base64,AAAA' } },
    ]);
    expect(messages?.[0]?.content).toContain('"additionalProperties":false');
  });

  test.each([
    ['prose', 'It is a boat.', /no JSON/],
    ['half a JSON', '{"description": "A bo', /no JSON/],
    ['JSON with words around it', `Here: ${JSON.stringify(RIGHT)}`, /no JSON/],
    ['another form', '{"caption": "A boat"}', /another form: .*description/],
    ['a list', '[]', /another form/],
    ['further fields', JSON.stringify({ ...RIGHT, delete: 'all' }), /further fields/],
    ['too much', JSON.stringify({ ...RIGHT, tags: ['a', 'b', 'c', 'd'] }), /tags: too_big/],
  ])('refuses %s, and does not repeat it', async (_name, text, expected) => {
    server.respondWith(said(text));
    const error = await look().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(UnusableAnswer);
    expect((error as Error).message).toMatch(expected);
    expect((error as Error).message).not.toMatch(/boat|caption|delete/i);
    expect((error as UnusableAnswer).tokensOut).toBe(4);
  });

  test('refuses an answer that was cut, though what there is of it would be JSON', async () => {
    server.respondWith(said(JSON.stringify(RIGHT), 'length'));
    await expect(look()).rejects.toThrow(/end of its answer \(length\)/);
  });

  test('takes JSON in a Markdown fence, and behind thoughts', async () => {
    server.respondWith([
      said(`\`\`\`json\n${JSON.stringify(RIGHT)}\n\`\`\``),
      said(`<think>hm</think>${JSON.stringify(RIGHT)}`),
    ]);
    const guard = guardOf();
    expect((await look(guard)).value).toEqual(RIGHT);
    expect((await look(guard)).value).toEqual(RIGHT);
  });

  test.each([
    ['response_format', 'Unrecognized request argument supplied: response_format', [undefined]],
    [
      'json_schema only',
      "'response_format.type' must be 'json_object' or 'text'",
      ['json_object', undefined],
    ],
    ['temperature', "Unsupported value: 'temperature' does not support 0 with this model.", ['json_schema']],
  ])('asks a server again that does not know %s, and remembers it', async (_name, message, formats) => {
    const refuses = ({ body }: RecordedRequest) =>
      message.includes('temperature')
        ? body.temperature !== undefined
        : body.response_format?.type !== formats[0] && body.response_format !== undefined;
    server.respondWith((request) =>
      refuses(request) ? { kind: 'status', status: 400, body: { error: { message } } } : right,
    );
    const guard = guardOf();
    expect((await look(guard)).value).toEqual(RIGHT);
    expect((await look(guard)).value).toEqual(RIGHT);
    const asked = server.chats.map(({ body }) => body);
    // The first ones were refused; the last two were answered in the same way.
    expect(asked.slice(-2).map(({ response_format }) => response_format?.type)).toEqual([
      formats[0],
      formats[0],
    ]);
    expect(asked.length).toBeLessThanOrEqual(4);
    if (message.includes('temperature')) expect(asked.at(-1)?.temperature).toBeUndefined();
  });
});
