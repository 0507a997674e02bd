import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, TooLittleHistory } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { revenueByDay } from '../payments/ledger.ts';
import { currency } from '../payments/money.ts';
import { visibleTenant } from '../tenants/tenants.ts';
import { daysOfTenant } from '../tenants/usage.ts';
import { type Backtest, backtest, withinReason } from './backtest.ts';
import { type AskedDays, dayBack, type FinanceServices } from './finance.ts';
import { type Forecast, fitted, forecast, type Smoothing } from './smoothing.ts';

/** Days after which a week comes again. */
const PERIOD = 7;
/** Days that a forecast needs: what it learns from, and a week more on which the first of its earlier forecasts are seen to be right or wrong. */
export const LEAST_DAYS = 42;
const LEARNED_DAYS = LEAST_DAYS - PERIOD;
/** Days that are looked at. */
export const MOST_DAYS = 730;
export const MAX_HORIZON = 90;
export const DEFAULT_HORIZON = 30;
export const LEVELS = [0.5, 0.99] as const;
export const DEFAULT_LEVEL = 0.95;
const MAX_CLIENT = 200;
const DAY_MS = 86_400_000;

/** What can be forecast. */
export const FORECAST_SERIES = ['MODEL_COST', 'REVENUE'] as const;
export type ForecastSeries = (typeof FORECAST_SERIES)[number];

const horizonError = { error: `must be a whole number from 1 to ${MAX_HORIZON}` };
const levelError = { error: `must be from ${LEVELS[0]} to ${LEVELS[1]}` };
const Asked = z.object({
  days: z.int(horizonError).min(1, horizonError).max(MAX_HORIZON, horizonError).nullish(),
  level: z.number(levelError).min(LEVELS[0], levelError).max(LEVELS[1], levelError).nullish(),
  of: z.enum(FORECAST_SERIES).nullish(),
  currency: currency.nullish(),
  clientId: input.text(MAX_CLIENT).nullish(),
});

export interface ForecastDay extends Forecast {
  /** Such as `2026-11-30`. */
  readonly day: string;
}

export interface FinanceForecast {
  /** From today on. */
  readonly days: readonly ForecastDay[];
  readonly level: number;
  /** Days that it was made of, the last of them yesterday. */
  readonly historyDays: number;
  /** Calls of models within them of which nobody knows what they cost: they are in no sum. */
  readonly unknownCosts: number;
  readonly smoothing: Smoothing;
  readonly backtest: Backtest;
}

/**
 * What models will cost a tenant on the days to come, or what it will be left with of its revenue in a currency: an additive Holt-Winters model
 * with damped trend and a season of a week, from whole days until yesterday.
 *
 * @throws Forbidden, InvalidInput, TooLittleHistory
 */
export async function forecastFinance(
  { db }: FinanceServices,
  principal: Principal,
  given: z.input<typeof Asked> & Pick<AskedDays, 'tenantId'>,
): Promise<FinanceForecast> {
  const tenantId = visibleTenant(principal, given.tenantId);
  const asked = input.parseInput(Asked, given);
  const isCost = asked.of !== 'REVENUE';
  if (isCost && (asked.currency || asked.clientId))
    throw new InvalidInput(asked.currency ? 'currency' : 'clientId', 'is for REVENUE only');
  const { values, unknownCosts } = isCost
    ? await costsOf(db, tenantId)
    : await revenueOf(db, tenantId, asked);
  const level = asked.level ?? DEFAULT_LEVEL;
  const wanted = { steps: asked.days ?? DEFAULT_HORIZON, level, clipped: isCost };
  return { ...forecastOf(values, wanted), level, historyDays: values.length, unknownCosts };
}

interface History {
  readonly values: readonly number[];
  readonly unknownCosts: number;
}

async function costsOf(db: Database, tenantId: string): Promise<History> {
  const days = knownDays((await daysOfTenant(db, tenantId, MOST_DAYS + 1)).slice(0, -1));
  return {
    values: days.map(({ cost }) => cost ?? 0),
    unknownCosts: days.reduce((sum, each) => sum + each.unknownCosts, 0),
  };
}

/** What was left of each day, from the first one that Stripe booked something on; nothing on days of which there is no booking. */
async function revenueOf(
  db: Database,
  tenantId: string,
  { currency: code, clientId }: z.output<typeof Asked>,
): Promise<History> {
  if (!code) throw new InvalidInput('currency', 'must say in which currency the revenue is');
  const rows = (await revenueByDay(db, tenantId, dayBack(MOST_DAYS), dayBack(1))).filter(
    (row) => row.currency === code && (clientId == null || row.clientId === clientId),
  );
  const [first] = rows;
  const nets = new Map<string, number>();
  for (const { day, net } of rows) nets.set(day, (nets.get(day) ?? 0) + net);
  const values: number[] = [];
  for (let back = 1; first && dayBack(back) >= first.day; back++)
    values.unshift(nets.get(dayBack(back)) ?? 0);
  return { values, unknownCosts: 0 };
}

/**
 * From the first day on which models cost something; behind the last one of which nothing is known. A day without any call cost nothing.
 */
function knownDays<Day extends { readonly cost: number | null; readonly unknownCosts: number }>(
  days: readonly Day[],
): readonly Day[] {
  const unknown = days.findLastIndex(({ cost, unknownCosts }) => cost === null && unknownCosts > 0);
  const behind = days.slice(unknown + 1);
  const first = behind.findIndex(({ cost }) => cost !== null);
  return first === -1 ? [] : behind.slice(first);
}

/**
 * @param values one for each day, the last one of yesterday
 * @param asked.clipped whether nothing below 0 can be
 * @throws TooLittleHistory
 */
export function forecastOf(
  values: readonly number[],
  { steps, level, clipped }: { steps: number; level: number; clipped: boolean },
): Pick<FinanceForecast, 'days' | 'smoothing' | 'backtest'> {
  if (values.length < LEAST_DAYS) throw new TooLittleHistory('days', LEAST_DAYS, values.length);
  const found = fitted(values, PERIOD);
  const today = Math.floor(Date.now() / DAY_MS);
  return {
    smoothing: found.smoothing,
    days: forecast(found, steps, level).map((each, at) => ({
      day: new Date((today + at) * DAY_MS).toISOString().slice(0, 10),
      ...withinReason(each, clipped),
    })),
    backtest: backtest(values, { period: PERIOD, level, least: LEARNED_DAYS, clipped }),
  };
}
