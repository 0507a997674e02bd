import { PRESSURE_LEVELS, type PressureLevel } from '../../ground/pressure.ts';

/** From which values on there is pressure; where less is worse, `high` is the smaller one. */
export interface Thresholds {
  readonly elevated: number;
  readonly high: number;
}

/** Readings in a row beyond a threshold, before the level rises. */
export const RISE_AFTER = 2;
/** Readings in a row that are well on this side of it, before the level falls by one. */
export const FALL_AFTER = 5;
/** What is well on this side: the share of the threshold by which a value must be better. */
export const MARGIN = 0.1;

/** One thing that can run short. */
export interface Gauge {
  readonly level: PressureLevel;
  /** @param value null: it cannot be read, so that nothing is known of any pressure */
  take(value: number | null): void;
}

/** Follows a value with hysteresis, so that one that swings around a threshold does not make the level swing. */
export function createGauge(thresholds: Thresholds): Gauge {
  const sign = thresholds.high < thresholds.elevated ? -1 : 1;
  const limits = [Number.NEGATIVE_INFINITY, thresholds.elevated * sign, thresholds.high * sign];
  let level = 0;
  let [above, calm] = [0, 0];
  /** The least of what was reached in a row. */
  let reached = 0;
  return {
    get level() {
      return PRESSURE_LEVELS[level] ?? 'LOW';
    },
    take: (value) => {
      if (value === null) {
        [level, above, calm] = [0, 0, 0];
        return;
      }
      const badness = value * sign;
      const target = limits.findLastIndex((limit) => badness >= limit);
      if (target > level) {
        reached = above === 0 ? target : Math.min(reached, target);
        [above, calm] = [above + 1, 0];
        if (above < RISE_AFTER) return;
        [level, above] = [reached, 0];
        return;
      }
      const limit = limits[level] ?? 0;
      calm = level > 0 && badness < limit - Math.abs(limit) * MARGIN ? calm + 1 : 0;
      above = 0;
      if (calm < FALL_AFTER) return;
      [level, calm] = [level - 1, 0];
    },
  };
}
