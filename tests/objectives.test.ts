import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { ObjectiveBook } from '../src/domains/objectives/book.ts';
import { burning } from '../src/domains/objectives/burn.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const MINUTE = 60_000;
const SLOS = `{ slos { name target limitSeconds windowDays state total bad attained budgetLeft burnRates { minutes rate } }
  activeAlerts { name severity message } }`;

const series = (what: 'events' | 'bad', name: string) => `echo_objective_${what}_total{objective="${name}"}`;
const counted = (name: string, total: number, bad: number) => ({
  [series('events', name)]: { s: total },
  ...(bad > 0 && { [series('bad', name)]: { s: bad } }),
});

describe('a month of 100 requests a minute, of which one in ten thousand fails, and that has three incidents', () => {
  const DAY = 1_440;
  const MINUTES = 30 * DAY;
  /** Where more fails: from which minute on, for how many, and which share. */
  const INCIDENTS = [
    { from: 3 * DAY, minutes: 6, share: 1 },
    { from: 10 * DAY, minutes: 180, share: 0.02 },
    { from: 15 * DAY, minutes: 2 * DAY, share: 0.004 },
  ];
  const failing = Array.from({ length: MINUTES }, (_, minute) => {
    const incident = INCIDENTS.find(({ from, minutes }) => minute >= from && minute < from + minutes);
    return 100 * (incident?.share ?? 0.0001);
  });
  const upTo = [0];
  for (const bad of failing) upTo.push((upTo.at(-1) ?? 0) + bad);
  /** How fast the budget of 0.1 % burned in the minutes before one, by the formula. */
  const rate = (minute: number, window: number) => {
    const from = Math.max(0, minute - window);
    return ((upTo[minute] ?? 0) - (upTo[from] ?? 0)) / ((minute - from) * 100) / 0.001;
  };
  const above = (minute: number, window: number, threshold: number) =>
    rate(minute, window) > threshold && rate(minute, window / 12) > threshold;
  const FORMULA = {
    fast: (minute: number) => above(minute, 60, 14.4) || above(minute, 360, 6),
    slow: (minute: number) => above(minute, DAY, 3) || above(minute, 3 * DAY, 1),
  };

  test('alerts come and go where the formula says', () => {
    const book = new ObjectiveBook();
    const start = Date.UTC(2030, 0, 1);
    const told = { fast: [] as number[], slow: [] as number[] };
    const wanted = { fast: [] as number[], slow: [] as number[] };
    const hour = { total: 0, bad: 0 };
    for (let minute = 0; minute < MINUTES; minute++) {
      const bad = failing[minute] ?? 0;
      const at = start + minute * MINUTE;
      book.take('minutes', [{ at, server: 'one', rollups: counted('availability', 100, bad) }]);
      hour.total += 100;
      hour.bad += bad;
      if (minute % 60 === 59) {
        const rollups = counted('availability', hour.total, hour.bad);
        book.take('hours', [{ at: at - 59 * MINUTE, server: 'one', rollups }]);
        Object.assign(hour, { total: 0, bad: 0 });
      }
      if (minute % 10 !== 9) continue;
      const now = at + MINUTE;
      book.forget(now, 30);
      const due = burning(0.999, 30, (minutes) => book.within('availability', minutes, now));
      for (const severity of ['fast', 'slow'] as const) {
        if (due.has(severity)) told[severity].push(minute + 1);
        if (FORMULA[severity](minute + 1)) wanted[severity].push(minute + 1);
      }
    }
    expect(told.fast).toEqual(wanted.fast);
    // Not in the first days, of which the formula has less than its windows.
    const [first, second] = [3 * DAY, 10 * DAY];
    expect(told.fast.some((minute) => minute > first && minute < first + 60)).toBe(true);
    expect(told.fast.some((minute) => minute > second && minute < second + 180)).toBe(true);
    expect(told.fast.every((minute) => minute < second + 240)).toBe(true);
    // Days are counted by whole hours: an alert may come or go an hour earlier or later.
    const near = (minute: number, others: readonly number[]) =>
      others.some((other) => Math.abs(other - minute) <= 60);
    expect(wanted.slow.length).toBeGreaterThan(100);
    expect(told.slow.filter((minute) => !near(minute, wanted.slow))).toEqual([]);
    expect(wanted.slow.filter((minute) => !near(minute, told.slow))).toEqual([]);
  });

  test('a few failures where little happens alert nobody', () => {
    const of = (total: number, bad: number) => burning(0.999, 30, () => ({ total, bad }));
    expect([...of(4, 2)]).toEqual([]);
    expect([...of(4, 3)]).toEqual(['fast', 'slow']);
    // All fail, and that is not ten times as much as is allowed.
    expect([...burning(0.5, 30, () => ({ total: 100, bad: 95 }))]).toEqual(['fast', 'slow']);
    expect([...burning(0.5, 30, () => ({ total: 100, bad: 40 }))]).toEqual([]);
  });
});

describe('a server', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      env: { SLO_SEARCH: '99/0.001', SLO_TASK_WAIT: 'off', SLO_WINDOW_DAYS: '7' },
      // What another server counted more than a day ago.
      migration: `insert into echo_metric_hours (at, server, rollups)
        values (date_trunc('hour', now()) - interval '30 hours', 'other', '${JSON.stringify(counted('learning_lag', 100, 0))}')`,
    });
  });
  afterAll(() => app.close());

  const seen = async (name: string) => {
    const { data } = await app.graphql(SLOS);
    const byName = (list: { name: string }[]) => list.find((each) => each.name === name);
    const alerts = data.activeAlerts.map((alert: { name: string }) => alert.name);
    return { slo: byName(data.slos) as Record<string, unknown> | undefined, alerts };
  };

  test('counts what it did itself', async () => {
    for (let search = 0; search < 5; search++) await app.search('what was said of the lighthouse');
    await expect
      .poll(async () => (await seen('search')).slo)
      .toMatchObject({ target: 0.99, limitSeconds: 0.001, windowDays: 7, total: 5, bad: 5, attained: 0 });
    expect((await seen('availability')).slo).toMatchObject({ target: 0.999, limitSeconds: null, bad: 0 });
    expect((await seen('task_wait')).slo).toBeUndefined();
    const plain = await app.graphql('{ slos { name } }', {}, 'ada');
    expect(plain.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('adds up all servers on its database, and alerts while the budget burns', async () => {
    const store = async (at: number, bad: number) =>
      app.sql(
        `insert into echo_metric_minutes (at, server, rollups) values ($1, 'other', $2)
         on conflict (at, server) do update set rollups = excluded.rollups`,
        [new Date(at), counted('learning_lag', 100, bad)],
      );
    const minute = Math.floor(Date.now() / MINUTE) * MINUTE;
    for (let back = 0; back < 8; back++) await store(minute - back * MINUTE, 60);
    await expect
      .poll(async () => (await seen('learning_lag')).alerts)
      .toContain('learning_lag_budget_burns_fast');
    const { slo } = await seen('learning_lag');
    // A minute of this server's own may come to it.
    expect(slo).toMatchObject({ state: 'BURNING_FAST', total: expect.toBeOneOf([900, 901]), bad: 480 });
    expect(slo?.burnRates).toMatchObject([{ minutes: 60, rate: expect.closeTo(60, 0) }, {}, {}, {}]);
    // It is over: what is read again are the last minutes.
    for (let back = 0; back < 8; back++) await store(minute - back * MINUTE, 0);
    await expect
      .poll(async () => (await seen('learning_lag')).alerts)
      .not.toContain('learning_lag_budget_burns_fast');
    expect((await seen('learning_lag')).slo).toMatchObject({ state: 'OK', bad: 0, budgetLeft: 1 });
  });
});

test('targets that are none are refused, and named', () => {
  const read = (env: Record<string, string>) => () => readConfig(env, '/tmp');
  for (const [setting, value] of [
    ['SLO_AVAILABILITY', '100'],
    ['SLO_AVAILABILITY', '99.9/1'],
    ['SLO_AVAILABILITY', '49'],
    ['SLO_SEARCH', '99'],
    ['SLO_SEARCH', '99/0'],
    ['SLO_SEARCH', '99/-1'],
    ['SLO_WINDOW_DAYS', '0'],
    ['SLO_WINDOW_DAYS', '91'],
  ] as const)
    expect(read({ [setting]: value }), `${setting}=${value}`).toThrow(setting);
  expect(read({ SLO_SEARCH: 'OFF', SLO_AVAILABILITY: '99.95' })).not.toThrow();
});
