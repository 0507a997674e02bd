import type { RecordedMetric } from './recorded.ts';

/** What a metric was over a stretch of time, in the short names that it is stored under. */
export type Rollup = Counted | Stood | Spread;

/** Of a counter: how much was counted. */
export interface Counted {
  readonly s: number;
}

/** Of a gauge: how often it was read, the sum of what was read, the lowest, the highest and the last. */
export interface Stood {
  readonly n: number;
  readonly s: number;
  readonly lo: number;
  readonly hi: number;
  readonly l: number;
}

/** Of a distribution: how many there were, their sum, and how many of them were at most each bound and above the one before. */
export interface Spread {
  readonly n: number;
  readonly s: number;
  readonly b: Readonly<Record<string, number>>;
}

/** By series: a metric's name with its labels. */
export type Rollups = Readonly<Record<string, Rollup>>;

export interface Stretch {
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  readonly rollups: Rollups;
}

export const isSpread = (rollup: Rollup): rollup is Spread => 'b' in rollup;
export const isStood = (rollup: Rollup): rollup is Stood => 'lo' in rollup;

/** One after the other, `later` being the later one. */
export function joined(earlier: Rollup, later: Rollup): Rollup {
  if (isSpread(earlier) && isSpread(later)) return addSpread(earlier, later);
  if (isStood(earlier) && isStood(later))
    return {
      n: earlier.n + later.n,
      s: earlier.s + later.s,
      lo: Math.min(earlier.lo, later.lo),
      hi: Math.max(earlier.hi, later.hi),
      l: later.l,
    };
  // A metric that became another kind with a newer version: what it was before cannot be added to.
  if (isSpread(earlier) || isSpread(later) || isStood(earlier) || isStood(later)) return later;
  return { s: earlier.s + later.s };
}

/** All series, one stretch after the other. */
export function joinedAll(earlier: Rollups, later: Rollups): Rollups {
  const all: Record<string, Rollup> = { ...earlier };
  for (const [series, rollup] of Object.entries(later)) {
    const before = all[series];
    all[series] = before ? joined(before, rollup) : rollup;
  }
  return all;
}

function addSpread(one: Spread, other: Spread): Spread {
  const b: Record<string, number> = { ...one.b };
  for (const [bound, count] of Object.entries(other.b)) b[bound] = (b[bound] ?? 0) + count;
  return { n: one.n + other.n, s: one.s + other.s, b };
}

/** Beside each other, at the same time: of several labels or servers. */
export function together(rollups: readonly Rollup[], how: 'sum' | 'highest' | 'lowest'): Rollup | null {
  const [first, ...others] = rollups;
  if (!first) return null;
  return others.reduce((one, other) => besides(one, other, how), first);
}

function besides(one: Rollup, other: Rollup, how: 'sum' | 'highest' | 'lowest'): Rollup {
  if (!isStood(one) || !isStood(other)) return joined(one, other);
  if (how === 'sum') {
    // Of means: one may have been read more often than the other.
    const n = Math.max(one.n, other.n);
    const s = (one.s / one.n + other.s / other.n) * n;
    return { n, s, lo: one.lo + other.lo, hi: one.hi + other.hi, l: one.l + other.l };
  }
  const pick = how === 'highest' ? Math.max : Math.min;
  const n = Math.max(one.n, other.n);
  return {
    n,
    s: pick(one.s / one.n, other.s / other.n) * n,
    lo: pick(one.lo, other.lo),
    hi: pick(one.hi, other.hi),
    l: pick(one.l, other.l),
  };
}

/**
 * The value that a share of a distribution does not exceed, between the bounds by straight line, as Prometheus does it.
 *
 * @param share 0 to 1
 * @returns null: there was nothing; of what is above the highest bound, that bound
 */
export function quantile({ n, b }: Spread, bounds: readonly number[], share: number): number | null {
  if (n === 0) return null;
  const rank = share * n;
  let below = 0;
  let lower = 0;
  for (const bound of bounds) {
    const count = b[String(bound)] ?? 0;
    if (count > 0 && below + count >= rank) return lower + (bound - lower) * ((rank - below) / count);
    below += count;
    lower = bound;
  }
  return lower;
}

/** What a metric was in figures. */
export interface Figures {
  /** Of a counter: how much each second; of a gauge and a distribution: the mean. Null: nothing was seen. */
  readonly value: number | null;
  readonly count: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

const NOTHING: Figures = { value: null, count: null, low: null, high: null, p50: null, p95: null, p99: null };

/** @param rollup null: the server was there, and nothing was told of the metric @param seconds how long the stretch is */
export function figuresOf({ kind, bounds }: RecordedMetric, rollup: Rollup | null, seconds: number): Figures {
  if (!rollup) {
    const count = kind === 'GAUGE' ? null : 0;
    return { ...NOTHING, count, value: kind === 'COUNTER' ? 0 : null };
  }
  if (isSpread(rollup)) {
    const of = (share: number) => quantile(rollup, bounds, share);
    const value = rollup.n === 0 ? null : rollup.s / rollup.n;
    return { ...NOTHING, value, count: rollup.n, p50: of(0.5), p95: of(0.95), p99: of(0.99) };
  }
  if (isStood(rollup)) return { ...NOTHING, value: rollup.s / rollup.n, low: rollup.lo, high: rollup.hi };
  return { ...NOTHING, value: rollup.s / seconds, count: rollup.s };
}
