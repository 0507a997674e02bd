import { minimum } from './minimum.ts';

/**
 * Exponential smoothing with an additive, damped trend and additive seasons and errors: ETS(A,Ad,A), which is Holt and Winters' method as a model.
 *
 *     y = l₋₁ + φ·b₋₁ + s₋ₘ + e,  l = l₋₁ + φ·b₋₁ + α·e,  b = φ·b₋₁ + β·e,  s = s₋ₘ + γ·e
 *
 * Hyndman, Koehler, Ord, Snyder: Forecasting with Exponential Smoothing (2008), tables 2.2 and 6.1.
 */
export interface Smoothing {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly phi: number;
}

/** What is known at the end of a series. */
export interface State {
  readonly level: number;
  readonly trend: number;
  /** The next period's first. */
  readonly seasons: readonly number[];
}

export interface Fit {
  readonly smoothing: Smoothing;
  readonly state: State;
  /** Sum of the squares of the errors of one step. */
  readonly squares: number;
  /** Of one step, by the degrees of freedom that are left. */
  readonly variance: number;
}

/** A value to come, with the bounds between which it lies with the probability that was asked for. */
export interface Forecast {
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

/** Smoothing constants and φ; the level and trend at the start count, too, and the seasons, of which one follows from the others. */
const CONSTANTS = 4;
/** Ends of the places where the constants are looked for; φ below 0.8 is no trend, above 0.98 one for ever. */
const PHI: readonly [number, number] = [0.8, 0.98];
const SMALL = 1e-4;

/** The state before the first value: level and seasons of the first two seasons, and the trend between them. */
export function startOf(values: readonly number[], period: number): State {
  const first = mean(values.slice(0, period));
  const second = mean(values.slice(period, 2 * period));
  const trend = (second - first) / period;
  const seasons = Array.from({ length: period }, (_, place) => {
    const others = [place, place + period].map(
      (at) => (values[at] ?? 0) - (first + trend * (at - (period - 1) / 2)),
    );
    return mean(others);
  });
  const middle = mean(seasons);
  return {
    level: first - (trend * (period + 1)) / 2,
    trend,
    seasons: seasons.map((season) => season - middle),
  };
}

/** Goes through a series. @returns the state at its end, and the errors of one step */
export function smooth(
  values: readonly number[],
  { alpha, beta, gamma, phi }: Smoothing,
  start: State,
): { state: State; errors: number[] } {
  let { level, trend } = start;
  const seasons = [...start.seasons];
  const period = seasons.length;
  const errors = values.map((value, at) => {
    const place = at % period;
    const season = seasons[place] ?? 0;
    const expected = level + phi * trend;
    const error = value - expected - season;
    level = expected + alpha * error;
    trend = phi * trend + beta * error;
    seasons[place] = season + gamma * error;
    return error;
  });
  const next = values.length % period;
  return { state: { level, trend, seasons: [...seasons.slice(next), ...seasons.slice(0, next)] }, errors };
}

/** The constants with the smallest squares of errors. @param period values of a season; the series has two of them, at the least */
export function fitted(values: readonly number[], period: number): Fit {
  const start = startOf(values, period);
  const squaresOf = (smoothing: Smoothing) => sumOfSquares(smooth(values, smoothing, start).errors);
  // The valley has more than one bottom; each of these leads to one.
  const found = STARTS.map((from) => minimum((point) => squaresOf(constantsAt(point)), from));
  const best = found.reduce((a, b) => (b.value < a.value ? b : a));
  const smoothing = constantsAt(best.point);
  const { state } = smooth(values, smoothing, start);
  const freedom = Math.max(1, values.length - CONSTANTS - 2 - (period - 1));
  return { smoothing, state, squares: best.value, variance: best.value / freedom };
}

/** Points in the space that is searched, where each constant is its place between its ends. */
const STARTS: readonly (readonly number[])[] = [
  [-2, -3, -3, 0],
  [0, -3, -2, 1],
  [2, -2, -4, 0],
];

/** Any point stands for constants within their bounds: 0 < α < 1, 0 < β < α, 0 < γ < 1 − α. */
function constantsAt([a = 0, b = 0, c = 0, d = 0]: readonly number[]): Smoothing {
  const alpha = between(a, SMALL, 1 - SMALL);
  return {
    alpha,
    beta: alpha * between(b, SMALL, 1 - SMALL),
    gamma: (1 - alpha) * between(c, SMALL, 1 - SMALL),
    phi: between(d, ...PHI),
  };
}

function between(place: number, least: number, most: number): number {
  return least + (most - least) / (1 + Math.exp(-place));
}

/** @param level the probability of lying between the bounds, such as 0.95 */
export function forecast({ smoothing, state, variance }: Fit, steps: number, level: number): Forecast[] {
  const { alpha, beta, gamma, phi } = smoothing;
  const period = state.seasons.length;
  const width = normalQuantile((1 + level) / 2);
  let [damped, power, spread] = [0, 1, 1];
  return Array.from({ length: steps }, (_, at) => {
    // φ + φ² + … + φʰ
    power *= phi;
    damped += power;
    const expected = state.level + damped * state.trend + (state.seasons[at % period] ?? 0);
    const deviation = width * Math.sqrt(variance * spread);
    const season = (at + 1) % period === 0 ? gamma : 0;
    spread += (alpha + beta * damped + season) ** 2;
    return { mean: expected, lower: expected - deviation, upper: expected + deviation };
  });
}

/** Of the standard normal distribution: Acklam's approximation, with an error below 1.2e-9 of the value. */
export function normalQuantile(probability: number): number {
  const tail = Math.min(probability, 1 - probability);
  if (tail >= 0.02425) {
    const q = probability - 0.5;
    const r = q * q;
    return (polynomial(CENTRE, r) * q) / (polynomial(CENTRE_BELOW, r) * r + 1);
  }
  const q = Math.sqrt(-2 * Math.log(tail));
  const value = polynomial(TAIL, q) / (polynomial(TAIL_BELOW, q) * q + 1);
  return probability < 0.5 ? value : -value;
}

function polynomial(factors: readonly number[], x: number): number {
  return factors.reduce((sum, factor) => sum * x + factor, 0);
}

const CENTRE = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const CENTRE_BELOW = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const TAIL = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_BELOW = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

function sumOfSquares(errors: readonly number[]): number {
  return errors.reduce((sum, error) => sum + error * error, 0);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
