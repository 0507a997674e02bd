import { type Forecast, fitted, forecast, mean } from './smoothing.ts';

/** Ends of the history from which it is forecast again, the latest ones, and how far. */
export const [ORIGINS, AHEAD] = [14, 14];

/** How forecasts from earlier days compare with what came. */
export interface Backtest {
  /** Days from which it was forecast. */
  readonly origins: number;
  /** Forecasts that were compared. */
  readonly points: number;
  /** Mean of the absolute errors, in the unit of the values. */
  readonly meanAbsoluteError: number;
  /**
   * The same over the mean error of saying that each day is like that of a week before, within the history: below 1 is better. Null: that
   * error is 0.
   */
  readonly scaledError: number | null;
  /** Mean of the absolute errors as shares of what came, in per cent; null: some day came to 0. */
  readonly percentageError: number | null;
  /** Share of what came that lay between the bounds; it should be about the level that was asked for. */
  readonly coverage: number;
}

/**
 * Forecasts what is known: from each of the last days before the end, with the constants that are found in what came until then, and nothing
 * of what came after (a rolling origin). The scaled error is the MASE of Hyndman and Koehler (2006).
 *
 * @param least values that a forecast needs
 */
export function backtest(
  values: readonly number[],
  { period, level, least, clipped }: { period: number; level: number; least: number; clipped: boolean },
): Backtest {
  const compared: { actual: number; forecast: Forecast }[] = [];
  let origins = 0;
  for (let end = values.length - 1; end >= least && origins < ORIGINS; end--, origins++) {
    const coming = values.slice(end, end + AHEAD);
    const made = forecast(fitted(values.slice(0, end), period), coming.length, level);
    for (const [at, actual] of coming.entries())
      compared.push({ actual, forecast: withinReason(made[at] as Forecast, clipped) });
  }
  const errors = compared.map(({ actual, forecast: { mean: expected } }) => Math.abs(actual - expected));
  const scale = mean(values.slice(period).map((value, at) => Math.abs(value - (values[at] ?? 0))));
  const inside = compared.filter(
    ({ actual, forecast: { lower, upper } }) => lower <= actual && actual <= upper,
  );
  return {
    origins,
    points: compared.length,
    meanAbsoluteError: mean(errors),
    scaledError: scale > 0 ? mean(errors) / scale : null,
    percentageError: compared.every(({ actual }) => actual !== 0)
      ? 100 * mean(compared.map(({ actual }, at) => (errors[at] ?? 0) / Math.abs(actual)))
      : null,
    coverage: inside.length / compared.length,
  };
}

/** What is never below 0 is not forecast to be. */
export function withinReason(each: Forecast, clipped: boolean): Forecast {
  if (!clipped) return each;
  const { mean: expected, lower, upper } = each;
  return { mean: Math.max(0, expected), lower: Math.max(0, lower), upper: Math.max(0, upper) };
}
