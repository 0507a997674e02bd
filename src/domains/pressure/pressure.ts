import type { ActivityNotes } from '../../ground/activity.ts';
import { PRESSURE_LEVELS, type Pressure, type PressureLevel } from '../../ground/pressure.ts';
import { createGauge, type Gauge, type Thresholds } from './gauge.ts';
import type { Readings } from './readings.ts';

/** What can run short, in the order in which it is shown. */
export const MEASURES = ['event_loop', 'heap', 'memory', 'database_pool', 'disk'] as const;
export type Measure = (typeof MEASURES)[number];
export type PressureUnit = 'MILLISECONDS' | 'PERCENT' | 'BYTES';

/** One reading, and what it means. */
export interface PressureReading {
  readonly name: Measure;
  readonly unit: PressureUnit;
  /** What is compared; null where the machine does not say. */
  readonly value: number | null;
  /** Of what is a share of something: how much of it is used, and how much there is. */
  readonly used: number | null;
  readonly limit: number | null;
  readonly level: PressureLevel;
  readonly thresholds: Thresholds;
}

/** How the pressure stands. */
export interface PressureState {
  readonly level: PressureLevel;
  readonly since: Date;
  readonly pauseMs: number;
  /** Null: nothing was read yet. */
  readonly readAt: Date | null;
  readonly readings: readonly PressureReading[];
}

/** Rests between two pieces of background work. */
const PAUSE_MS: Record<PressureLevel, number> = { LOW: 0, ELEVATED: 250, HIGH: 1_500 };
/** Which part of the workers goes on. */
const WORKERS: Record<PressureLevel, number> = { LOW: 1, ELEVATED: 0.5, HIGH: 0 };
const UNITS: Record<Measure, PressureUnit> = {
  event_loop: 'MILLISECONDS',
  heap: 'PERCENT',
  memory: 'PERCENT',
  database_pool: 'PERCENT',
  disk: 'BYTES',
};
const WORDS: Record<PressureUnit, (value: number) => string> = {
  MILLISECONDS: (value) => `${Math.round(value)} ms`,
  PERCENT: (value) => `${Math.round(value)} %`,
  BYTES: (value) => `${Math.round(value / 1_048_576)} MiB`,
};

/** Follows what the machine says, and tells when the pressure changes: as much as that of what is worst. */
export class PressureGauge implements Pressure {
  readonly #thresholds: Readonly<Record<Measure, Thresholds>>;
  readonly #gauges: Readonly<Record<Measure, Gauge>>;
  readonly #activity: ActivityNotes;
  readonly #now: () => Date;
  #level: PressureLevel = 'LOW';
  #since: Date;
  #readAt: Date | null = null;
  #values = valuesOf(null);

  constructor({ thresholds, activity, now = () => new Date() }: PressureOptions) {
    this.#thresholds = thresholds;
    const gauges = MEASURES.map((measure) => [measure, createGauge(thresholds[measure])]);
    this.#gauges = Object.fromEntries(gauges) as Record<Measure, Gauge>;
    this.#activity = activity;
    this.#now = now;
    this.#since = now();
  }

  level(): PressureLevel {
    return this.#level;
  }

  pauseMs(): number {
    return PAUSE_MS[this.#level];
  }

  workers(most: number): number {
    return Math.max(1, Math.floor(most * WORKERS[this.#level]));
  }

  get state(): PressureState {
    const readings = MEASURES.map((name) => ({
      ...{ name, unit: UNITS[name], ...this.#values[name] },
      ...{ level: this.#gauges[name].level, thresholds: this.#thresholds[name] },
    }));
    return {
      ...{ level: this.#level, since: this.#since, pauseMs: this.pauseMs() },
      ...{ readAt: this.#readAt, readings },
    };
  }

  /** Takes what was read, about every two seconds. */
  take(readings: Readings): void {
    this.#values = valuesOf(readings);
    this.#readAt = this.#now();
    for (const name of MEASURES) this.#gauges[name].take(this.#values[name].value);
    const worst = PRESSURE_LEVELS.findLast((level) =>
      MEASURES.some((name) => this.#gauges[name].level === level),
    );
    if (worst === undefined || worst === this.#level) return;
    this.#level = worst;
    this.#since = this.#readAt;
    this.#activity.note({
      kind: 'pressure_changed',
      subject: worst,
      message: this.#words(),
      level: worst === 'LOW' ? 'INFO' : 'WARNING',
    });
  }

  #words(): string {
    const { level, pauseMs, readings } = this.state;
    if (level === 'LOW') return 'there is enough to spare again; background work goes at its full speed';
    const causes = readings
      .filter((reading) => reading.level === level)
      .map(
        ({ name, unit, value }) => `${name.replace('_', ' ')} ${value === null ? '' : WORDS[unit](value)}`,
      );
    return `${causes.join(', ')}; background work rests ${pauseMs} ms between its pieces`;
  }
}

export interface PressureOptions {
  readonly thresholds: Readonly<Record<Measure, Thresholds>>;
  readonly activity: ActivityNotes;
  readonly now?: () => Date;
}

interface Value {
  readonly value: number | null;
  readonly used: number | null;
  readonly limit: number | null;
}

function valuesOf(readings: Readings | null): Readonly<Record<Measure, Value>> {
  const alone = (value: number | null = null): Value => ({ value, used: null, limit: null });
  const share = (used: number | null = null, limit: number | null = null): Value => ({
    value: used === null || !limit ? null : (used / limit) * 100,
    used,
    limit,
  });
  return {
    event_loop: alone(readings?.eventLoopDelayMs),
    heap: share(readings?.heapUsedBytes, readings?.heapLimitBytes),
    memory: share(readings?.rssBytes, readings?.rssLimitBytes),
    database_pool: share(readings?.connectionsWanted, readings?.connections),
    disk: alone(readings?.diskFreeBytes),
  };
}
