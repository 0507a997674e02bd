import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backtest } from '../src/domains/finance/backtest.ts';
import { fitted, forecast, mean, normalQuantile, smooth, startOf } from '../src/domains/finance/smoothing.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

/** A day of each week is as much more or less than the others. */
const WEEK = [5, 3, 0, -1, -2, -4, -1];

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function random(from: number): () => number {
  let seed = from;
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** So many days around 50, with a week, a trend and normal noise, to the thousandth. */
function series(days: number, { noise = 0, trend = 0, seed = 1 }): number[] {
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from(
    { length: days },
    (_, day) => Math.round((50 + trend * day + (WEEK[day % 7] ?? 0) + noise * normal()) * 1_000) / 1_000,
  );
}

/**
 * What statsmodels 0.15.0 (Python) says of the same series: `ETSModel(y, error="add", trend="add", damped_trend=True, seasonal="add",
 * seasonal_periods=7, initialization_method="known", …)` with our start. `smooth` at our constants for mean and bounds (its variance
 * divides the squares by the number of values, ours by the degrees of freedom), `fit` for the smallest squares.
 */
const REFERENCE = {
  mean: [
    65.774654, 64.466947, 61.850209, 61.185067, 58.582841, 62.137516, 67.73651, 66.580622, 65.256795,
    62.624261, 61.943637, 59.32624, 62.866047, 68.450471,
  ],
  lower: [
    61.876559, 60.567485, 57.948597, 57.280364, 54.673961, 58.223241, 63.815499, 62.553142, 61.219808,
    58.576159, 57.882734, 55.25078, 58.774215, 64.3404,
  ],
  upper: [
    69.67275, 68.366408, 65.751821, 65.08977, 62.491721, 66.051791, 71.657522, 70.608102, 69.293782,
    66.672362, 66.00454, 63.4017, 66.957879, 72.560542,
  ],
};
const NOISY = series(120, { noise: 2, trend: 0.1 });

describe('the model', () => {
  test('forecasts what another implementation does, with the same bounds', () => {
    const found = fitted(NOISY, 7);
    const theirs = { ...found, variance: found.squares / NOISY.length };
    const days = forecast(theirs, 14, 0.95);
    for (const [at, day] of days.entries()) {
      expect(day.mean).toBeCloseTo(REFERENCE.mean[at] ?? 0, 5);
      expect(day.lower).toBeCloseTo(REFERENCE.lower[at] ?? 0, 5);
      expect(day.upper).toBeCloseTo(REFERENCE.upper[at] ?? 0, 5);
    }
  });

  test.each([
    ['much noise', NOISY, 474.66812928],
    ['hardly any', series(70, { noise: 0.2 }), 2.45547733],
    ['a steep trend', series(90, { noise: 1, trend: 0.5, seed: 7 }), 126.51561117],
  ])('finds the constants with the smallest squares that another one finds: %s', (_name, values, best) => {
    const { squares, smoothing } = fitted(values, 7);
    expect(squares / best).toBeLessThan(1 + 1e-6);
    expect(smoothing.beta).toBeLessThan(smoothing.alpha);
    expect(smoothing.gamma).toBeLessThan(1 - smoothing.alpha);
  });

  test('goes on with a week that comes again exactly', () => {
    const days = forecast(fitted(series(56, {}), 7), 10, 0.95);
    for (const [at, day] of days.entries()) expect(day.mean).toBeCloseTo(50 + (WEEK[at % 7] ?? 0), 6);
    expect((days[9]?.upper ?? 1) - (days[9]?.lower ?? 0)).toBeLessThan(1e-3);
  });

  test('says of a series that is always the same that it stays so', () => {
    const days = forecast(fitted(Array(50).fill(0), 7), 3, 0.95);
    expect(days).toEqual(Array(3).fill({ mean: 0, lower: 0, upper: 0 }));
    const seen = backtest(Array(50).fill(0), { period: 7, level: 0.95, least: 35, clipped: true });
    expect(seen).toMatchObject({
      meanAbsoluteError: 0,
      scaledError: null,
      percentageError: null,
      coverage: 1,
    });
  });

  test.each([0.8, 0.95])('has bounds between which %d of what comes lies', (level) => {
    let [inside, all] = [0, 0];
    for (let seed = 1; seed <= 60; seed++) {
      const values = series(127, { noise: 3, trend: 0.05, seed });
      for (const [at, day] of forecast(fitted(values.slice(0, 120), 7), 7, level).entries()) {
        const actual = values[120 + at] ?? 0;
        inside += Number(day.lower <= actual && actual <= day.upper);
        all++;
      }
    }
    expect(Math.abs(inside / all - level)).toBeLessThan(0.05);
  });

  test('is better than saying that each day is like that of a week before, and says by how much', () => {
    const seen = backtest(NOISY, { period: 7, level: 0.95, least: 35, clipped: false });
    expect(seen).toMatchObject({ origins: 14, points: 105 });
    expect(seen.scaledError).toBeLessThan(0.9);
    expect(seen.percentageError).toBeLessThan(4);
    expect(seen.coverage).toBeGreaterThan(0.85);
  });

  test('sees nothing of what comes after the day from which it is forecast again', () => {
    const given = { period: 7, level: 0.95, least: 35, clipped: false };
    const broken = NOISY.with(-1, 1_000);
    const [before, after] = [backtest(NOISY, given), backtest(broken, given)];
    // Each origin meets the last day once; all other forecasts stay what they were.
    const more = (after.meanAbsoluteError - before.meanAbsoluteError) * 105;
    expect(more / 14).toBeGreaterThan(900);
    expect(more / 14).toBeLessThan(1_000);
    expect(after.coverage).toBeCloseTo(before.coverage - 14 / 105, 1);
  });

  test('knows its own parts', () => {
    // R: qnorm(c(0.975, 0.9, 0.01, 0.001))
    expect([0.975, 0.9, 0.01, 0.001].map(normalQuantile)).toEqual(
      [1.959963984540054, 1.2815515655446004, -2.3263478740408408, -3.090232306167813].map((value) =>
        expect.closeTo(value, 7),
      ),
    );
    const start = startOf(series(28, {}), 7);
    expect(start.seasons).toEqual(WEEK.map((day) => expect.closeTo(day, 9)));
    expect(
      mean(smooth(series(28, {}), { alpha: 0.5, beta: 0.1, gamma: 0.1, phi: 0.9 }, start).errors),
    ).toBeCloseTo(0, 9);
  });
});

const FORECAST = `query ($tenant: String, $days: Int, $level: Float, $of: ForecastSeries, $currency: String, $clientId: String) {
  it: financeForecast(tenantId: $tenant, days: $days, level: $level, of: $of, currency: $currency, clientId: $clientId) {
    ... on FinanceForecast { level historyDays unknownCosts days { day mean lower upper } smoothing { alpha phi }
      backtest { origins points scaledError percentageError coverage } }
    ... on TooLittleHistoryError { code message neededDays knownDays missingDays }
    ... on InvalidInputError { field } } }`;

describe('what models cost', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });
  afterAll(() => app.close());
  const DAY_MS = 86_400_000;
  const dayOf = (back: number) => new Date(Date.now() - back * DAY_MS).toISOString().slice(0, 10);
  /** Answers of models, `cost[0]` of yesterday. */
  const spend = async (tenant: string, costs: readonly (number | null)[]) => {
    await app.record(
      'c',
      costs.map((_, at) => `turn ${at}`),
      `@${tenant}:ada`,
    );
    await app.sql(
      `update echo_unified_interactions i set cost = c.cost, finish_reason = 'stop', tokens_in = 100, tokens_out = 10,
         created_at = date_trunc('day', now(), 'UTC') - make_interval(hours => 24 * i.sequence - 12)
       from unnest($1::numeric[]) with ordinality as c(cost, place) where i.sequence = c.place and i.tenant_id = $2`,
      [costs, tenant],
    );
  };
  const ask = async (tenant: string, more: object = {}) => {
    const { data, errors } = await app.graphql(FORECAST, { tenant, ...more });
    expect(errors).toBeUndefined();
    return data.it;
  };

  test('is forecast from whole days until yesterday, and said how right that was', async () => {
    const values = series(70, { noise: 1 });
    await spend('long', values.toReversed());
    const it = await ask('long', { days: 10, level: 0.8 });
    const expected = forecast(fitted(values, 7), 10, 0.8);
    expect(it.days).toEqual(
      expected.map((day, at) => ({
        day: dayOf(-at),
        mean: expect.closeTo(day.mean, 6),
        lower: expect.closeTo(day.lower, 6),
        upper: expect.closeTo(day.upper, 6),
      })),
    );
    expect(it).toMatchObject({
      level: 0.8,
      historyDays: 70,
      unknownCosts: 0,
      backtest: { origins: 14, points: 105 },
    });
    expect(it.backtest.scaledError).toBeLessThan(1);
  });

  test('is not forecast from too few days, and it is said how many are missing', async () => {
    expect(await ask('nothing')).toMatchObject({
      code: 'TOO_LITTLE_HISTORY',
      neededDays: 42,
      knownDays: 0,
      missingDays: 42,
    });
    await spend('short', series(41, {}));
    expect(await ask('short')).toMatchObject({ knownDays: 41, missingDays: 1 });
    await spend('enough', series(42, {}));
    expect(await ask('enough')).toMatchObject({
      historyDays: 42,
      level: 0.95,
      backtest: { origins: 7, points: 28 },
    });
  });

  test('is never 0 where nobody knows it: a forecast begins behind such a day', async () => {
    await spend('priced', [...series(45, {}), null, ...series(10, {})]);
    expect(await ask('priced')).toMatchObject({ historyDays: 45, unknownCosts: 0 });
    const { data } = await app.graphql(
      `{ financeDays(tenantId: "priced", days: 60) { day modelCost unknownCosts } financeTenants(days: 60) { tenantId modelCost unknownCosts revenue { net } } }`,
    );
    expect(data.financeDays).toHaveLength(60);
    expect(data.financeDays.at(-47)).toEqual({ day: dayOf(46), modelCost: null, unknownCosts: 1 });
    expect(data.financeDays.at(-2)).toEqual({ day: dayOf(1), modelCost: 55, unknownCosts: 0 });
    expect(data.financeDays.at(-1)).toEqual({ day: dayOf(0), modelCost: null, unknownCosts: 0 });
    const sum = data.financeDays.reduce(
      (all: number, { modelCost }: { modelCost: number }) => all + (modelCost ?? 0),
      0,
    );
    const all = data.financeTenants as { tenantId: string }[];
    expect(all.find(({ tenantId }) => tenantId === 'priced')).toEqual({
      tenantId: 'priced',
      modelCost: expect.closeTo(sum, 6),
      revenue: [],
      unknownCosts: 1,
    });
  });

  test('is not forecast to be below 0, and a day without calls cost nothing', async () => {
    await spend(
      'rare',
      Array.from({ length: 60 }, (_, at) => (at % 7 === 3 ? 4 : 0)),
    );
    const it = await ask('rare', { days: 90, level: 0.99 });
    expect(Math.min(...it.days.map(({ lower }: { lower: number }) => lower))).toBe(0);
    expect(it.backtest.percentageError).toBeNull();
    await app.sql(
      `delete from echo_unified_interactions where tenant_id = 'rare' and cost = 0 and sequence between 10 and 20`,
    );
    expect(await ask('rare')).toMatchObject({ historyDays: 60 });
  });

  /** Bookings of Stripe, the first of yesterday. */
  const earn = async (tenant: string, clientId: string | null, nets: readonly number[], currency = 'EUR') =>
    app.sql(
      `with c as (insert into payment_customers (tenant_id, customer_id, created_by) values ($1, gen_random_uuid()::text, 'x') returning id),
         i as (insert into payment_invoices (tenant_id, invoice_id, customer, currency, amount, items, collection, state, requested_by)
           select $1, gen_random_uuid()::text, id, $4, 1, '[]', 'SEND', 'PAID', 'x' from c returning id)
       insert into payment_ledger (tenant_id, client_id, kind, occurred_at, day, currency, amount, fee, invoice, stripe_id, source_id)
       select $1, $2, 'PAYMENT', now(), (now() at time zone 'UTC')::date - place::int, $4, net + 10, 10, i.id,
         gen_random_uuid()::text, 'x' from i, unnest($3::int[]) with ordinality as n(net, place)`,
      [tenant, clientId, nets, currency],
    );

  test('and what was brought in is shown by day, client and tenant, and forecast by currency', async () => {
    const nets = series(50, { noise: 1 }).map((value) => Math.round(value * 100));
    await earn('shop', 'acme', nets.toReversed());
    await earn('shop', null, [700, 300]);
    await earn('shop', 'acme', [5], 'JPY');
    const { data } = await app.graphql(
      `{ financeDays(tenantId: "shop", days: 3) { day modelCost revenue { currency clientId gross fees net } }
         financeClients(tenantId: "shop", days: 3) { clientId currency gross refunded fees net }
         financeTenants(days: 3) { tenantId modelCost unknownCosts revenue { currency gross refunded fees net } } }`,
    );
    const [last = 0, former = 0] = nets.toReversed();
    const booked = (currency: string, net: number) => ({ currency, gross: net + 10, fees: 10, net });
    expect(data.financeDays).toEqual([
      {
        ...{ day: dayOf(2), modelCost: null },
        revenue: [
          { clientId: null, ...booked('EUR', 300) },
          { clientId: 'acme', ...booked('EUR', former) },
        ],
      },
      {
        ...{ day: dayOf(1), modelCost: null },
        revenue: [
          { clientId: null, ...booked('EUR', 700) },
          { clientId: 'acme', ...booked('EUR', last) },
          { clientId: 'acme', ...booked('JPY', 5) },
        ],
      },
      { day: dayOf(0), modelCost: null, revenue: [] },
    ]);
    expect(data.financeClients).toEqual([
      {
        clientId: 'acme',
        currency: 'EUR',
        gross: last + former + 20,
        refunded: 0,
        fees: 20,
        net: last + former,
      },
      { clientId: 'acme', currency: 'JPY', gross: 15, refunded: 0, fees: 10, net: 5 },
      { clientId: null, currency: 'EUR', gross: 1_020, refunded: 0, fees: 20, net: 1_000 },
    ]);
    const shop = data.financeTenants.find(({ tenantId }: { tenantId: string }) => tenantId === 'shop');
    expect(shop).toEqual({
      ...{ tenantId: 'shop', modelCost: null, unknownCosts: 0 },
      revenue: [
        { currency: 'EUR', gross: last + former + 1_040, refunded: 0, fees: 40, net: last + former + 1_000 },
        { currency: 'JPY', gross: 15, refunded: 0, fees: 10, net: 5 },
      ],
    });
    const of = { of: 'REVENUE', currency: 'EUR', days: 2 };
    const own = await ask('shop', { ...of, clientId: 'acme' });
    const expected = forecast(fitted(nets, 7), 2, 0.95);
    expect(own.days.map(({ mean: value }: { mean: number }) => value)).toEqual(
      expected.map((day) => expect.closeTo(day.mean, 6)),
    );
    expect((await ask('shop', of)).historyDays).toBe(50);
    expect(await ask('shop', { ...of, currency: 'JPY' })).toMatchObject({ knownDays: 1, missingDays: 41 });
    expect(await ask('shop', { of: 'REVENUE' })).toEqual({ field: 'currency' });
    expect(await ask('shop', { of: 'REVENUE', currency: 'XYZ' })).toEqual({ field: 'currency' });
    expect(await ask('shop', { clientId: 'acme' })).toEqual({ field: 'clientId' });
  });

  test.each([
    ['days', { days: 0 }],
    ['days', { days: 91 }],
    ['level', { level: 0.4 }],
    ['level', { level: 1 }],
  ])('is not asked with a wrong %s', async (field, wrong) => {
    expect(await ask('nothing', wrong)).toEqual({ field });
  });

  test.each([
    'financeDays(tenantId: "long") { day }',
    'financeTenants { tenantId }',
    'financeClients(tenantId: "long") { net }',
    'financeForecast(tenantId: "long") { __typename }',
  ])('is no other tenant’s to see: %s', async (field) => {
    for (const caller of ['@acme:admin', 'somebody'])
      expect((await app.graphql(`{ ${field} }`, {}, caller)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
