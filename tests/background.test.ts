import { afterEach, describe, expect, test, vi } from 'vitest';
import { actingFor, currentActor } from '../src/access/caller.ts';
import { Tokens } from '../src/access/tokens.ts';
import { endAll } from '../src/jobs/ending.ts';
import { createKeeper } from '../src/jobs/keeper.ts';
import { Keepers } from '../src/jobs/keepers.ts';
import { surviveUnhandled } from '../src/jobs/unhandled.ts';
import { createLogger } from '../src/log.ts';

const log = createLogger('silent');
const now = () => new Date();

describe('a keeper', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('bad round');
      },
    ],
    ['rejects', () => Promise.reject(new Error('bad round'))],
    ['rejects with something else', () => Promise.reject('bad round')],
  ])('goes on after a round that %s, says so, and says when it is over', async (_how, fail) => {
    const told: (string | null)[] = [];
    let [rounds, isOver] = [0, false];
    const keeper = createKeeper({
      name: 'k',
      everyMs: 1,
      round: () => {
        rounds++;
        return isOver ? undefined : fail();
      },
      log,
      now,
      onTrouble: (problem) => told.push(problem),
    });
    keeper.start();
    await expect.poll(() => keeper.status.lastError).toBe('bad round');
    await expect.poll(() => rounds).toBeGreaterThan(2);
    isOver = true;
    await expect.poll(() => keeper.status.lastError).toBeNull();
    expect(keeper.status).toMatchObject({ name: 'k', lastError: null });
    expect(told).toEqual(['bad round', null]);
    await keeper.stop();
    expect(keeper.status.state).toBe('STOPPED');
  });

  test('works for nobody, whoever woke it, also in the question when the next round comes', async () => {
    const actors: unknown[] = [];
    const note = () => void actors.push(currentActor());
    const everyMs = () => {
      note();
      return Number.POSITIVE_INFINITY;
    };
    const keeper = createKeeper({ name: 'k', everyMs, round: note, log, now });
    const ann = { tenantId: 'default', user: 'ann', credential: null, address: '::1', correlationId: 'c' };
    await actingFor(ann, () => keeper.startNow());
    actingFor(ann, () => keeper.wake());
    await expect.poll(() => actors).toEqual([null, null, null, null]);
    await keeper.stop();
  });

  test('goes on although whoever is told of the trouble throws', async () => {
    let rounds = 0;
    const round = () => {
      rounds++;
      throw new Error('bad');
    };
    const onTrouble = () => {
      throw new Error('worse');
    };
    const keeper = createKeeper({ name: 'k', everyMs: 1, round, log, now, onTrouble });
    keeper.start();
    await expect.poll(() => rounds).toBeGreaterThan(2);
    await keeper.stop();
  });

  test('is woken, makes one round at a time, and none after its stop', async () => {
    let rounds = 0;
    let atOnce = 0;
    const gate = Promise.withResolvers<void>();
    const keeper = createKeeper({
      name: 'k',
      everyMs: 3_600_000,
      round: async () => {
        expect(++atOnce).toBe(1);
        await gate.promise;
        atOnce--;
        rounds++;
      },
      log,
      now,
    });
    keeper.start();
    keeper.wake();
    await expect.poll(() => keeper.status.state).toBe('RUNNING');
    keeper.wake();
    gate.resolve();
    await expect.poll(() => rounds).toBe(2);
    keeper.wake();
    await keeper.stop();
    const then = rounds;
    keeper.wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(rounds).toBe(then);
  });
});

describe('when the next round comes', () => {
  afterEach(() => vi.useRealTimers());
  const instant = new Date('2020-01-02T03:04:05Z');
  /** A keeper that counts its rounds, on a clock that stands. */
  function counting(options: Partial<Parameters<typeof createKeeper>[0]>) {
    vi.useFakeTimers();
    const counted = { rounds: 0 };
    const round = () => {
      counted.rounds++;
    };
    const keeper = createKeeper({ name: 'k', everyMs: 1_000, round, log, now: () => instant, ...options });
    return { keeper, counted };
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test.each([
    [
      'throws',
      () => {
        throw new Error('no interval');
      },
      'no interval',
    ],
    ['is no number', () => Number.NaN, 'is NaN'],
    ['is below zero', () => -1, 'is -1'],
  ])('an interval that %s is a round that failed, and the rounds go on', async (_how, wrong, words) => {
    let isOver = false;
    const told: (string | null)[] = [];
    const everyMs = () => (isOver ? 1_000 : wrong());
    const { keeper, counted } = counting({ everyMs, onTrouble: (problem) => told.push(problem) });
    keeper.start();
    expect(keeper.status).toMatchObject({ state: 'FAILING', lastError: expect.stringContaining(words) });
    await pass(60_000);
    expect(counted.rounds).toBe(6);
    expect(keeper.status).toMatchObject({ state: 'FAILING', failures: 7 });
    isOver = true;
    await pass(10_000);
    expect(keeper.status).toMatchObject({ state: 'IDLE', lastError: null, failures: 0 });
    expect(told).toEqual([expect.stringContaining(words), null]);
    await keeper.stop();
  });

  test('is in no hurry because it is far away', async () => {
    for (const everyMs of [2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      const { keeper, counted } = counting({ everyMs });
      keeper.start();
      await pass(100_000);
      expect(counted.rounds).toBe(0);
      keeper.wake(500);
      await pass(499);
      expect(counted.rounds).toBe(0);
      await pass(1);
      expect(counted.rounds).toBe(1);
      await keeper.stop();
      vi.useRealTimers();
    }
  });

  test('after a failure: rarer and rarer, or as it was asked for', async () => {
    const fail = () => Promise.reject(new Error('bad'));
    for (const [options, rounds] of [
      [{ everyMs: 1_000 }, 5],
      [{ everyMs: 1_000, retryMs: 1_000 }, 25],
      [{ everyMs: 20_000, retryMs: 100 }, 51],
    ] as const) {
      const { keeper } = counting({ ...options, round: fail });
      keeper.start();
      await pass(25_000);
      expect(keeper.status.failures).toBe(rounds);
      await keeper.stop();
      vi.useRealTimers();
    }
  });

  test('the first one may come at once; its end is waited for, and its failure is none of the start', async () => {
    const { keeper } = counting({ round: () => Promise.reject(new Error('bad')) });
    expect(keeper.status).toMatchObject({ state: 'STOPPED', lastRoundAt: null });
    await keeper.startNow();
    expect(keeper.status).toMatchObject({ state: 'FAILING', lastRoundAt: instant, lastError: 'bad' });
    await keeper.stop();
  });

  test('never, after a stop during the first one', async () => {
    const gate = Promise.withResolvers<void>();
    let rounds = 0;
    const { keeper } = counting({
      round: () => {
        rounds++;
        return gate.promise;
      },
    });
    const started = keeper.startNow();
    const stopped = keeper.stop();
    gate.resolve();
    await Promise.all([started, stopped]);
    keeper.start();
    keeper.wake();
    await pass(100_000);
    expect([rounds, keeper.status.state]).toEqual([1, 'STOPPED']);
  });
});

test('keepers have names of their own, and those that fail can be woken', async () => {
  const keepers = new Keepers(log, now);
  let isOver = false;
  const round = () => {
    if (!isOver) throw new Error('bad');
  };
  const failing = keepers.create({ name: 'a', everyMs: 3_600_000, round });
  const idle = keepers.create({ name: 'b', everyMs: 3_600_000, round });
  expect(() => keepers.create({ name: 'a', everyMs: 1, round })).toThrow('two keepers are named a');
  await failing.startNow();
  idle.start();
  expect(keepers.statuses().map(({ name, state }) => [name, state])).toEqual([
    ['a', 'FAILING'],
    ['b', 'IDLE'],
  ]);
  isOver = true;
  keepers.wakeFailing();
  await expect.poll(() => failing.status.state).toBe('IDLE');
  expect(idle.status.lastRoundAt).toBeNull();
  await Promise.all([failing.stop(), idle.stop()]);
});

test('keys of tokens are not asked for after the stop, not even by the request that was under way', async () => {
  vi.useFakeTimers();
  const answer = Promise.withResolvers<Response>();
  const fetching = vi.fn(() => answer.promise);
  const tokens = new Tokens(
    { source: { keysUrl: 'https://id.example/keys' }, issuer: 'i', audience: 'a', mcpAudience: null },
    {
      fetchTo: () => fetching as never,
      isRevoked: () => false,
      secret: () => null,
      keepers: new Keepers(log, now),
    },
  );
  const started = tokens.start();
  await vi.advanceTimersByTimeAsync(1);
  tokens.stop();
  answer.resolve(new Response('not there', { status: 503 }));
  await started;
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(fetching).toHaveBeenCalledTimes(1);
  vi.useRealTimers();
});

test('an end goes on after steps that throw, reject, or never finish', async () => {
  const done: string[] = [];
  const failed = await endAll(
    [
      () => done.push('first'),
      () => {
        throw new Error('thrown');
      },
      () => Promise.reject(new Error('rejected')),
      () => new Promise(() => undefined),
      async () => done.push('last'),
    ],
    log,
    20,
  );
  expect([failed, done]).toEqual([3, ['first', 'last']]);
});

describe('errors that nobody handled', () => {
  const kept = {
    unhandledRejection: process.listeners('unhandledRejection'),
    uncaughtException: process.listeners('uncaughtException'),
  };
  afterEach(() => {
    for (const [event, listeners] of Object.entries(kept)) {
      process.removeAllListeners(event);
      for (const listener of listeners) process.on(event, listener as never);
    }
  });

  test.each(['unhandledRejection', 'uncaughtException'] as const)(
    '%s: logged whole, told, survived',
    (event) => {
      process.removeAllListeners(event);
      const error = vi.fn();
      const told: string[] = [];
      const end = surviveUnhandled({ ...log, error } as never, (message) => told.push(message));
      const problem = new Error('nobody waits');
      process.emit(event as 'uncaughtException', problem);
      const [fields] = error.mock.calls[0] as [{ err: Error; correlationId: string; kind: string }];
      expect(fields).toMatchObject({ err: problem, kind: event });
      expect(told).toEqual([expect.stringContaining(fields.correlationId)]);
      for (let n = 0; n < 100; n++) process.emit(event as 'uncaughtException', problem);
      expect(error.mock.calls.length).toBeLessThan(50);
      end();
    },
  );
});
