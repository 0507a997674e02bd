import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { models } from '../src/domains/query/promises.ts';
import { createGuard } from '../src/models/guard.ts';
import { type LanguageModel, ModelFailure } from '../src/models/language-model.ts';
import { createModelRouter } from '../src/models/router.ts';

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const FIRST_TOKEN_MS = 3_000;
const WORK_MS = 1_200;

/** Does one request after the other, also those that nobody waits for any more; a first piece may take so long. */
function oneSlot(): LanguageModel & { asked: number; isDead: boolean } {
  let freeAt = 0;
  const model = {
    name: 'one slot',
    asked: 0,
    isDead: false,
    async answer(_request: unknown, { onDelta }: { onDelta?: ((text: string) => void) | undefined }) {
      model.asked++;
      const now = performance.now();
      freeAt = Math.max(now, freeAt) + WORK_MS;
      const waits = model.isDead ? Number.POSITIVE_INFINITY : freeAt - now;
      await wait(Math.min(waits, FIRST_TOKEN_MS));
      if (waits > FIRST_TOKEN_MS) throw new ModelFailure('STALLED', 'silent', null, false);
      onDelta?.('la');
      return { text: 'la', tokensIn: null, tokensOut: null, finishReason: 'stop' as const };
    },
  };
  return model;
}

const guardOf = (model: LanguageModel, concurrency: number) =>
  createGuard(model, pino({ level: 'silent' }), {
    breaker: { failures: 5, halfOpenAfterMs: 10_000 },
    concurrency,
  });
const ask = (guard: ReturnType<typeof guardOf>, caller: string) =>
  guard.answer({ system: '', messages: [] }, { caller, signal: new AbortController().signal }).then(
    ({ text }) => text,
    (error: ModelFailure) => error.reason,
  );

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

test.each([2, 4, 8])(
  'a server that goes on with what was given up answers all, %i at once',
  async (atOnce) => {
    const model = oneSlot();
    const guard = guardOf(model, atOnce);
    const all = Promise.all(Array.from({ length: 10 }, (_, number) => ask(guard, `user ${number}`)));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await all).toEqual(Array.from({ length: 10 }, () => 'la'));
    expect(guard.state()).toBe('closed');
    // Given up are a part of the first ones, and what waited behind these.
    expect(model.asked).toBeLessThan(10 + 2 * atOnce);
  },
);

test('a model that is silent for all is not waited for again and again', async () => {
  const model = oneSlot();
  const guard = guardOf(model, 1);
  const first = ask(guard, 'a');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await first).toBe('la');
  model.isDead = true;
  const later = Promise.all(['b', 'c', 'd'].map((caller) => ask(guard, caller)));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await later).toEqual(['STALLED', 'STALLED', 'STALLED']);
  expect(model.asked).toBe(4);
});

test.each([
  ['being away', 'HEALTHY', ['UNREACHABLE']],
  ['being overloaded', 'DEGRADED', ['OVERLOADED']],
  ['being overloaded, and away in the end', 'DEGRADED', ['OVERLOADED', 'UNREACHABLE']],
] as const)(
  'of a model that failed for %s and is asked no more, health is %s once its server is back',
  async (_why, status, reasons) => {
    let asked = 0;
    const model: LanguageModel = {
      name: 'large',
      answer: () => {
        const reason = reasons[asked++] ?? reasons.at(-1) ?? 'EMPTY';
        return Promise.reject(new ModelFailure(reason, 'no answer', null, false));
      },
    };
    const router = createModelRouter({ models: { expert: model }, log: pino({ level: 'silent' }) });
    let isUp = false;
    const modelsReach = { look: async () => ({ isUp, reason: isUp ? null : 'ECONNREFUSED' }) };
    const health = async () => (await models.check?.({ models: router, modelsReach }, 'client'))?.status;
    for (let times = 0; times < 5; times++)
      await router.answer('expert', { system: '', messages: [] }, { signal: new AbortController().signal });
    isUp = true;
    // Nobody asks it within its pause.
    expect(await health()).toBe('DEGRADED');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await health()).toBe(status);
    isUp = false;
    expect(await health()).toBe('DEGRADED');
  },
);
