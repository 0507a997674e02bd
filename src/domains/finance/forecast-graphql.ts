import { InvalidInput, TooLittleHistory } from '../../errors.ts';
import { builder, HEAVY } from '../../graphql/builder.ts';
import { AHEAD, type Backtest, ORIGINS } from './backtest.ts';
import {
  DEFAULT_HORIZON,
  DEFAULT_LEVEL,
  type FinanceForecast,
  type ForecastDay,
  type ForecastSeries,
  forecastFinance,
  LEAST_DAYS,
  LEVELS,
  MAX_HORIZON,
  MOST_DAYS,
} from './forecasting.ts';
import type { Smoothing } from './smoothing.ts';

const SeriesEnum = builder.enumType('ForecastSeries', {
  description: 'What can be forecast.',
  values: {
    MODEL_COST: { description: 'What models cost.' },
    REVENUE: { description: 'What is left of the revenue in a currency.' },
  } satisfies Record<ForecastSeries, { description: string }>,
});

const ForecastDayRef = builder.objectRef<ForecastDay>('ForecastDay').implement({
  description: 'A day to come.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'The day of UTC.' }),
    mean: t.exposeFloat('mean', { description: 'What is expected; of costs never below 0.' }),
    lower: t.exposeFloat('lower', { description: 'Below it comes as little as the level allows.' }),
    upper: t.exposeFloat('upper', { description: 'Above it comes as little as the level allows.' }),
  }),
});

const SmoothingRef = builder.objectRef<Smoothing>('ForecastSmoothing').implement({
  description: 'The constants of the model that fit the history best.',
  fields: (t) => ({
    alpha: t.exposeFloat('alpha', { description: 'How much the level follows each day.' }),
    beta: t.exposeFloat('beta', { description: 'How much the trend does.' }),
    gamma: t.exposeFloat('gamma', { description: 'How much the day of the week does.' }),
    phi: t.exposeFloat('phi', { description: 'What is left of the trend each day.' }),
  }),
});

const BacktestRef = builder.objectRef<Backtest>('ForecastBacktest').implement({
  description: `How forecasts from the last days (${ORIGINS} at most), each ${AHEAD} days ahead as far as it is known, compare with what came. Each was made of what came before its day alone.`,
  fields: (t) => ({
    origins: t.exposeInt('origins', { description: 'Days from which it was forecast.' }),
    points: t.exposeInt('points', { description: 'Forecasts that were compared.' }),
    meanAbsoluteError: t.exposeFloat('meanAbsoluteError', { description: 'Mean of the absolute errors.' }),
    scaledError: t.exposeFloat('scaledError', {
      nullable: true,
      description:
        'MASE: the same over the mean error of saying that each day is like that of a week before; below 1 is better. Null: there is none.',
    }),
    percentageError: t.exposeFloat('percentageError', {
      nullable: true,
      description: 'MAPE, in per cent; null: some day came to 0.',
    }),
    coverage: t.exposeFloat('coverage', {
      description:
        'Share of what came that lay between the bounds, 0 to 1: about the level, if the bounds are right.',
    }),
  }),
});

const ForecastRef = builder.objectRef<FinanceForecast>('FinanceForecast').implement({
  description:
    'What models will cost a tenant, or what it will be left with of its revenue, by an additive Holt-Winters model with damped trend and a season of a week.',
  fields: (t) => ({
    days: t.field({
      type: [ForecastDayRef],
      description: 'From today on.',
      resolve: ({ days }) => [...days],
    }),
    level: t.exposeFloat('level', { description: 'Probability of lying between the bounds.' }),
    historyDays: t.exposeInt('historyDays', {
      description: `Whole days that it was made of, ${MOST_DAYS} at most; yesterday is the last.`,
    }),
    unknownCosts: t.exposeInt('unknownCosts', {
      description: `Of costs: answers, texts and verdicts of models within them of which nobody knows what they cost, and which are not in it.`,
    }),
    smoothing: t.expose('smoothing', { type: SmoothingRef, description: 'The constants of the model.' }),
    backtest: t.expose('backtest', { type: BacktestRef, description: 'How right it was until now.' }),
  }),
});

const ofTenant =
  'The tenant; absent: the caller’s. Only admins of the tenant that runs the server see others.';

builder.queryFields((t) => ({
  financeForecast: t.field({
    type: ForecastRef,
    description: `What models will cost a tenant, or what it will be left with of its revenue in a currency (net, in its smallest unit); needs ${LEAST_DAYS} whole days until yesterday that are known. For admins.`,
    authScopes: { permission: 'ADMIN' },
    extensions: HEAVY,
    errors: { types: [InvalidInput, TooLittleHistory] },
    args: {
      of: t.arg({ type: SeriesEnum, description: 'What; absent: MODEL_COST.' }),
      currency: t.arg.string({ description: 'Of the revenue: ISO 4217. Needed for it.' }),
      clientId: t.arg.string({ description: 'Only revenue from this client.' }),
      tenantId: t.arg.string({ description: ofTenant }),
      days: t.arg.int({
        description: `Days ahead, today included: 1 to ${MAX_HORIZON}, default ${DEFAULT_HORIZON}.`,
      }),
      level: t.arg.float({
        description: `Probability of lying between the bounds: ${LEVELS[0]} to ${LEVELS[1]}, default ${DEFAULT_LEVEL}.`,
      }),
    },
    resolve: (_root, args, { services, principal }) => forecastFinance(services, principal, args),
  }),
}));
