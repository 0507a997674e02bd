import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FailureReason, type LanguageModel, ModelFailure } from '../src/models/language-model.ts';
import {
  createOpenAiCompatibleModel,
  type OpenAiCompatibleOptions,
} from '../src/models/openai-compatible.ts';
import { type OpenAiServer, type Reply, startOpenAiServer, vectorOf } from './support/openai-server.ts';
import { atSomePace } from './support/pace.ts';

const secretKey = 'sk-test-do-not-show';
const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);
let server: OpenAiServer;

beforeAll(() => void process.on('unhandledRejection', onRejection));
beforeEach(async () => {
  server = await startOpenAiServer();
});
afterEach(() => server.close());
afterAll(async () => {
  await nextTurn();
  process.off('unhandledRejection', onRejection);
  expect(rejections).toEqual([]);
});

const request = { system: 'You are Mei.', messages: [{ role: 'user', content: 'hello there' }] } as const;

function modelOf(options: Partial<OpenAiCompatibleOptions> = {}): LanguageModel {
  const limits = {
    timeoutMs: 60_000,
    firstTokenMs: 60_000,
    stallMs: 60_000,
    retryDelayMs: 5,
    maxCharacters: 200_000,
    maxTokens: 500,
    window: null,
  };
  return createOpenAiCompatibleModel({
    baseUrl: server.url,
    apiKey: () => secretKey,
    fetch,
    model: 'small',
    ...limits,
    ...options,
  });
}

/** Asks and keeps what the caller would see. */
async function ask(model: LanguageModel, signal = new AbortController().signal) {
  const deltas: string[] = [];
  const result = await model
    .answer(request, { signal, onDelta: (text) => deltas.push(text) })
    .catch((error: unknown) => error);
  const failure = result instanceof ModelFailure ? result : null;
  if (!failure && result instanceof Error) throw result;
  return { result, failure, reason: failure?.reason ?? null, deltas };
}

describe('an OpenAI-compatible model', () => {
  it('streams deltas in order, with the tokens the provider counted', async () => {
    server.respondWith({
      kind: 'answer',
      deltas: ['\n', 'One', ' two', ' three'],
      usage: { prompt_tokens: 7, completion_tokens: 3 },
    });
    const { result, deltas } = await ask(modelOf());
    expect(result).toEqual({ text: '\nOne two three', tokensIn: 7, tokensOut: 3, finishReason: 'stop' });
    expect(deltas).toEqual(['\nOne', ' two', ' three']);
  });

  it('sends the system text, the messages, the key and the wish for usage', async () => {
    await ask(modelOf());
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${secretKey}`);
    expect(server.requests[0]?.body).toMatchObject({
      model: 'small',
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: 'You are Mei.' },
        { role: 'user', content: 'hello there' },
      ],
    });
  });

  it('says null, not 0, where the provider counted nothing', async () => {
    server.respondWith({ kind: 'answer', deltas: ['a'], usage: null, finishReason: 'length' });
    expect((await ask(modelOf())).result).toEqual({
      text: 'a',
      tokensIn: null,
      tokensOut: null,
      finishReason: 'length',
    });
  });

  it('sends credentials of the URL as basic authentication, whatever key there is', async () => {
    const baseUrl = server.url.replace('//', '//mei:p%40ss@');
    for (const apiKey of [() => null, () => secretKey]) await ask(modelOf({ baseUrl, apiKey }));
    const expected = `Basic ${Buffer.from('mei:p@ss').toString('base64')}`;
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([expected, expected]);
  });

  const after = ['Once upon'];
  const cases: [string, Reply, FailureReason, { status?: number; requests: number; deltas?: string[] }][] = [
    ['429', { kind: 'status', status: 429 }, 'OVERLOADED', { status: 429, requests: 3 }],
    ['500', { kind: 'status', status: 500 }, 'OVERLOADED', { status: 500, requests: 3 }],
    ['408', { kind: 'status', status: 408 }, 'TIMEOUT', { status: 408, requests: 3 }],
    ['400', { kind: 'status', status: 400 }, 'REFUSED', { status: 400, requests: 1 }],
    [
      '401',
      { kind: 'status', status: 401, body: `bad key ${secretKey}` },
      'REFUSED',
      { status: 401, requests: 1 },
    ],
    ['404', { kind: 'status', status: 404 }, 'REFUSED', { status: 404, requests: 1 }],
    ['silence', { kind: 'stall' }, 'STALLED', { requests: 1 }],
    ['headers, then silence', { kind: 'stall', after: [] }, 'STALLED', { requests: 1 }],
    ['silence after text', { kind: 'stall', after }, 'STALLED', { requests: 1, deltas: after }],
    ['a cut before text', { kind: 'cut', after: [] }, 'BROKEN_STREAM', { requests: 3 }],
    ['a cut after text', { kind: 'cut', after }, 'BROKEN_STREAM', { requests: 1, deltas: after }],
    ['invalid JSON', { kind: 'invalid-json', after }, 'BROKEN_STREAM', { requests: 1, deltas: after }],
    ['no finish', { kind: 'no-finish', after }, 'BROKEN_STREAM', { requests: 1, deltas: after }],
    [
      'an error in the stream',
      { kind: 'error-chunk', after, error: { message: secretKey, code: 503 } },
      'OVERLOADED',
      { status: 503, requests: 1, deltas: after },
    ],
    ['nothing', { kind: 'answer', deltas: [] }, 'EMPTY', { requests: 1 }],
    ['white space', { kind: 'answer', deltas: [' ', '\n\t'] }, 'EMPTY', { requests: 1 }],
    [
      'what nobody can see',
      { kind: 'answer', deltas: ['\u200b\u2060', '\u00ad\u3164 ', '\0\u2800', '\ud800'] },
      'EMPTY',
      { requests: 1 },
    ],
  ];
  it.each(cases)('%s', async (_name, reply, reason, expected) => {
    server.respondWith(reply);
    const isSilent = reply.kind === 'stall';
    await atSomePace(async (pace) => {
      server.requests.length = 0;
      const { failure, deltas } = await ask(
        modelOf(isSilent ? { stallMs: 80 * pace, firstTokenMs: 200 * pace } : {}),
      );
      expect(failure?.reason).toBe(reason);
      expect(failure?.status).toBe(expected.status ?? null);
      expect(server.requests).toHaveLength(expected.requests);
      expect(deltas).toEqual(expected.deltas ?? []);
      expect(failure?.message).not.toContain(secretKey);
      expect(failure?.message).not.toContain('127.0.0.1');
    });
  });

  it('recovers when a retry succeeds', async () => {
    server.respondWith([
      { kind: 'status', status: 503 },
      { kind: 'cut', after: [] },
    ]);
    const { result, deltas } = await ask(modelOf());
    expect(result).toMatchObject({ text: 'You said: hello there' });
    expect(deltas.join('')).toBe('You said: hello there');
    expect(server.requests).toHaveLength(3);
  });

  it('waits as long as Retry-After asks, unless that is too long', async () => {
    server.respondWith([{ kind: 'status', status: 429, retryAfter: '0.15' }]);
    const startedAt = performance.now();
    expect((await ask(modelOf())).reason).toBeNull();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(140);

    server.respondWith({ kind: 'status', status: 429, retryAfter: '60' });
    expect((await ask(modelOf({ timeoutMs: 600_000 }))).reason).toBe('OVERLOADED');
    expect(server.requests).toHaveLength(3);
  });

  it('does not begin a pause that would end after the deadline', async () => {
    server.respondWith({ kind: 'status', status: 503, retryAfter: '5' });
    expect((await ask(modelOf({ timeoutMs: 4_900 }))).reason).toBe('OVERLOADED');
    expect(server.requests).toHaveLength(1);
  });

  it('gives the whole answer one deadline, and hangs up', async () => {
    server.respondWith({ kind: 'answer', deltas: Array.from({ length: 2_000 }, () => 'x'), delayMs: 20 });
    await atSomePace(async (pace) => {
      server.requests.length = 0;
      const { result, deltas } = await ask(modelOf({ timeoutMs: 150 * pace }));
      expect(result).toMatchObject({ text: deltas.join(''), finishReason: 'timeout' });
      expect(deltas.length).toBeGreaterThan(0);
      expect(await server.requests[0]?.ended).toBe('client left');
    });
  });

  it('does not call slow but steady text a stall', async () => {
    await atSomePace(async (pace) => {
      server.respondWith({ kind: 'answer', deltas: ['a', 'b', 'c', 'd', 'e', 'f'], delayMs: 40 * pace });
      expect((await ask(modelOf({ stallMs: 200 * pace }))).result).toMatchObject({ text: 'abcdef' });
    });
  });

  it('counts thinking as progress, and does not show it', async () => {
    await atSomePace(async (pace) => {
      server.respondWith({
        kind: 'answer',
        reasoning: ['a', 'b', 'c', 'd', 'e', 'f'],
        deltas: ['done'],
        delayMs: 40 * pace,
      });
      const { result, deltas } = await ask(modelOf({ stallMs: 200 * pace }));
      expect(result).toMatchObject({ text: 'done' });
      expect(deltas).toEqual(['done']);
    });
  });

  it('is UNREACHABLE where nobody listens', async () => {
    await server.close();
    const { reason, failure } = await ask(modelOf());
    server = await startOpenAiServer();
    expect(reason).toBe('UNREACHABLE');
    expect(failure?.message).toContain('ECONNREFUSED');
    expect(failure?.message).not.toContain('127.0.0.1');
  });

  it('stops at once when the caller leaves: before, during the answer, during a pause', async () => {
    expect((await ask(modelOf(), AbortSignal.abort())).reason).toBe('ABORTED');
    expect(server.requests).toHaveLength(0);

    server.respondWith({ kind: 'stall', after: ['x'] });
    const during = new AbortController();
    const leaving = modelOf().answer(request, { signal: during.signal, onDelta: () => during.abort() });
    expect(await leaving).toMatchObject({ text: 'x', finishReason: 'cancelled' });
    expect(await server.requests[0]?.ended).toBe('client left');

    server.respondWith({ kind: 'status', status: 503, retryAfter: '9' });
    const pausing = new AbortController();
    const asked = ask(modelOf(), pausing.signal);
    await expect.poll(() => server.requests).toHaveLength(2);
    await server.requests[1]?.ended;
    await wait(20);
    pausing.abort();
    const leftAt = performance.now();
    expect((await asked).reason).toBe('ABORTED');
    // The pause would have been longer.
    expect(performance.now() - leftAt).toBeLessThan(8_500);
    expect(server.requests).toHaveLength(2);
  });

  it('passes on what onDelta throws, and hangs up', async () => {
    server.respondWith({ kind: 'stall', after: ['x'] });
    const onDelta = () => {
      throw new RangeError('mine');
    };
    await expect(
      modelOf().answer(request, { signal: new AbortController().signal, onDelta }),
    ).rejects.toThrow(RangeError);
    expect(await server.requests[0]?.ended).toBe('client left');
  });

  it('leaves no timer behind and prints nothing', async () => {
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name));
    const warnings = vi.spyOn(process, 'emitWarning');
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    for (const reply of [
      { kind: 'answer', deltas: ['a'] },
      { kind: 'status', status: 401 },
      { kind: 'invalid-json', after: ['a'] },
    ] as Reply[]) {
      server.respondWith(reply);
      for (let i = 0; i < 4; i += 1) await ask(modelOf({ timeoutMs: 60_000, stallMs: 60_000 }));
    }
    // Undici and vitest own a few; a leak of ours would be 24.
    expect(timers() - before).toBeLessThan(8);
    for (const spy of [...spies, warnings]) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});

describe('the test server', () => {
  it('answers whole completions, embeddings and the list of models', async () => {
    const post = async (path: string, body: object) => {
      const response = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
      return response.json();
    };
    const whole = await post('/chat/completions', {
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
    });
    expect(whole).toMatchObject({
      choices: [{ message: { content: 'You said: hi' }, finish_reason: 'stop' }],
    });

    const vectors = await post('/embeddings', { model: 'e', input: ['red car', 'red bus'], dimensions: 64 });
    const [car, bus] = (vectors as { data: { embedding: number[] }[] }).data.map((row) => row.embedding);
    expect(car).toEqual(vectorOf('Red, car!', 64));
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    expect(dot(car!, bus!)).toBeGreaterThan(dot(car!, vectorOf('blue sky', 64)));

    const models = await (await fetch(`${server.url}/models`)).json();
    expect(models).toMatchObject({ data: [{ id: 'small' }, { id: 'large' }] });
  });
});
