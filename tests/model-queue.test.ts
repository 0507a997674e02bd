import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelQueue } from '../src/models/queue.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { type OpenAiServer, startOpenAiServer } from './support/openai-server.ts';

const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { interaction { status escalationPath response stepTimings } } } }`;
const QUESTION = 'Please continue the story of the lighthouse keeper';

function place(caller: string, signal = new AbortController().signal) {
  const told: number[] = [];
  return { caller, signal, told, onWait: (ahead: number) => void told.push(ahead) };
}

describe('the queue of a model', () => {
  test('lets callers take turns, and tells who waits how many are ahead', async () => {
    const queue = new ModelQueue({ name: 'm', concurrency: 1 });
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(name);
      await wait(1);
    };
    const places = ['a', 'a', 'a', 'a', 'b', 'b', 'c'].map((caller) => place(caller));
    await Promise.all(places.map((given, n) => queue.run(given, work(`${given.caller}${n}`))));
    expect(order).toEqual(['a0', 'a1', 'b4', 'c6', 'a2', 'b5', 'a3']);
    expect(places.map(({ told }) => told)).toEqual([[], [0], [1], [2], [3], [4], [5]]);
  });

  test('runs so many at once, also after failures', async () => {
    const queue = new ModelQueue({ name: 'm', concurrency: 3 });
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await wait(2);
      running--;
      if (most > 1) throw new Error('as told');
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => queue.run(place(`${n % 4}`), work)),
    );
    expect(outcomes).toHaveLength(20);
    expect(most).toBe(3);
    expect(queue.waiting).toBe(0);
    await queue.run(place('after'), async () => undefined);
  });

  test('is bounded, in all and for one caller', async () => {
    const queue = new ModelQueue({ name: 'm', concurrency: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const tries = Array.from({ length: 60 }, () => queue.run(place('a'), () => promise));
    tries.push(...Array.from({ length: 60 }, () => queue.run(place('b'), () => promise)));
    tries.push(queue.run(place('c'), () => promise));
    const settled = Promise.allSettled(tries);
    expect(queue.waiting).toBe(100);
    resolve();
    const reasons = (await settled).map((each) => (each.status === 'rejected' ? each.reason.reason : null));
    expect(reasons.slice(0, 60).filter(Boolean)).toEqual(Array.from({ length: 9 }, () => 'QUEUE_FULL'));
    expect(reasons.slice(60, 120).filter(Boolean)).toEqual(Array.from({ length: 10 }, () => 'QUEUE_FULL'));
    expect(reasons[120]).toBe('QUEUE_FULL');
  });

  test('is left by whoever does not want to wait any more', async () => {
    const queue = new ModelQueue({ name: 'm', concurrency: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = queue.run(place('a'), () => promise);
    const leaving = new AbortController();
    const left = queue.run(place('b', leaving.signal), async () => expect.fail('ran'));
    const last = queue.run(place('b'), async () => 'ran');
    leaving.abort();
    await expect(left).rejects.toMatchObject({ reason: 'ABORTED' });
    await expect(queue.run(place('b', leaving.signal), async () => 1)).rejects.toMatchObject({
      reason: 'ABORTED',
    });
    resolve();
    await first;
    expect(await last).toBe('ran');
  });
});

describe('many long questions at once to a server with one slot', () => {
  const STALL_MS = 3_000;
  let provider: OpenAiServer;
  let app: TestApp;
  beforeAll(async () => {
    provider = await startOpenAiServer({ slots: 1 });
    app = await startTestApp({
      env: { LLM_BASE_URL: provider.url, LLM_MODELS: 'quick=small', LLM_STALL_MS: String(STALL_MS) },
    });
  });
  afterAll(async () => {
    await app.close();
    await provider.close();
  });

  test('all are answered, each is asked for once, and none is hung up on', async () => {
    // Somebody else has the slot for longer than an answer may stand still.
    const other = Promise.withResolvers<void>();
    provider.respondWith(({ body }) => ({
      ...{ kind: 'answer', deltas: ['la ', 'la'] },
      ...(body.model === 'of another' && { until: other.promise }),
    }));
    const taken = fetch(`${provider.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'of another', stream: true }),
    });
    await taken;
    setTimeout(other.resolve, STALL_MS + 500);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        app.graphql(ASK, { input: { query: `${QUESTION}, part ${n}` } }, `user ${n % 3}`),
      ),
    );
    const turns = answers.map(({ data }) => data.processQuery.interaction);
    expect(turns.map(({ status }) => status)).toEqual(turns.map(() => 'ANSWERED'));
    expect(turns.map(({ escalationPath }) => escalationPath)).toEqual(turns.map(() => ['quick:small']));
    const asked = provider.chats.filter(({ body }) => body.model === 'small');
    expect(asked).toHaveLength(12);
    const ends = await Promise.all(asked.map(({ ended }) => ended));
    expect(ends).toEqual(ends.map(() => 'finished'));
    expect(turns.filter(({ stepTimings }) => stepTimings.queue > 0).length).toBeGreaterThanOrEqual(8);
    expect(app.app.services.models.models()).toMatchObject([{ state: 'closed' }]);
  });

  test('a silence that our own requests cause sends fewer, and is no failure of the model', async () => {
    const slow = await startTestApp({
      env: {
        LLM_BASE_URL: provider.url,
        LLM_MODELS: 'quick=small',
        LLM_STALL_MS: '5000',
        LLM_FIRST_TOKEN_MS: '1500',
      },
    });
    provider.respondWith({ kind: 'answer', deltas: Array.from({ length: 20 }, () => 'la '), delayMs: 50 });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => slow.graphql(ASK, { input: { query: `${QUESTION}, part ${n}` } })),
    );
    const statuses = answers.map(({ data }) => data.processQuery.interaction.status);
    expect(statuses).toEqual(statuses.map(() => 'ANSWERED'));
    expect(slow.app.services.models.models()).toMatchObject([{ state: 'closed' }]);
    await slow.close();
  });
});
