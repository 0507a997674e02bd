import { afterEach, describe, expect, test, vi } from 'vitest';
import { endAll } from '../src/jobs/ending.ts';
import { createKeeper } from '../src/jobs/keeper.ts';
import { surviveUnhandled } from '../src/jobs/unhandled.ts';
import { createLogger } from '../src/log.ts';

const log = createLogger('silent');

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

  test('goes on although whoever is told of the trouble throws', async () => {
    let rounds = 0;
    const round = () => {
      rounds++;
      throw new Error('bad');
    };
    const onTrouble = () => {
      throw new Error('worse');
    };
    const keeper = createKeeper({ name: 'k', everyMs: 1, round, log, onTrouble });
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
