import { z } from 'zod';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { storedSeries } from './reads.ts';
import { RECORDED, RECORDED_BY_NAME, type RecordedMetric } from './recorded.ts';
import { HOUR_MS, KEPT_SECONDS, MINUTE_MS, type Recorder, SECOND_MS } from './recorder.ts';
import { nameOfSeries } from './sample.ts';
import type { MeasuredSteps, Point } from './steps.ts';
import { HOURS_DAYS, MINUTES_DAYS } from './tables.ts';

export interface HistoryServices {
  readonly db: Database;
  readonly availability: Availability;
  readonly recorder: Pick<Recorder, 'seconds' | 'unwritten'>;
  readonly measuredSteps: Pick<MeasuredSteps, 'points'>;
}

/** What a metric was, point by point. */
export interface MetricSeries {
  readonly metric: RecordedMetric;
  /** The metric's name, with labels where some were asked for. */
  readonly name: string;
  readonly stepSeconds: number;
  readonly points: readonly Point[];
}

export const MAX_POINTS = 2_000;
/** So many points there are about, where nobody says how far they are apart. */
const USUAL_POINTS = 300;
const DAY_MS = 86_400_000;

const Given = z.object({
  name: input.text(300),
  since: z.date(),
  until: z.date().nullish(),
  stepSeconds: z
    .int()
    .min(1)
    .max(86_400 * 31)
    .nullish(),
});

/**
 * What a metric was over time. Seconds are those of the server that answers, of the last quarter of an hour; minutes and
 * hours are of all servers on the database. Points begin at multiples of the step; where no server measured there is none.
 *
 * @param given.name of a metric, all its labels together; or of a series, `name{label="value"}`
 * @param given.stepSeconds absent: so that there are some hundred points. What is finer than what is kept becomes that
 * @throws InvalidInput
 */
export async function metricHistory(
  services: HistoryServices,
  given: z.input<typeof Given>,
  now: number,
): Promise<MetricSeries> {
  const { name, since, until, stepSeconds } = input.parseInput(Given, given);
  const metric = RECORDED_BY_NAME.get(nameOfSeries(name));
  if (!metric)
    throw new InvalidInput('name', `there is no metric "${name.slice(0, 100)}"; metricNames has them`);
  const to = Math.min(until?.getTime() ?? now, now);
  const from = Math.max(since.getTime(), now - HOURS_DAYS * DAY_MS);
  if (from >= to) throw new InvalidInput('since', 'must be before until, and not in the future');
  const stepMs = stepOf(metric, { from, to, now }, stepSeconds ?? null);
  const first = Math.floor(from / stepMs) * stepMs;
  // Whoever asks up to now asks the same as who does so a little later.
  const asked = { metric, name, first, to: to < now ? to : null, stepMs };
  const points = await services.measuredSteps.points(asked);
  return { metric, name, stepSeconds: stepMs / 1_000, points };
}

interface Window {
  readonly from: number;
  readonly to: number;
  readonly now: number;
}

/** @returns milliseconds: what was asked for, or as fine as it is kept @throws InvalidInput */
function stepOf({ every }: RecordedMetric, { from, to, now }: Window, asked: number | null): number {
  const kept =
    from >= now - KEPT_SECONDS * SECOND_MS
      ? SECOND_MS
      : from >= now - MINUTES_DAYS * DAY_MS
        ? MINUTE_MS
        : HOUR_MS;
  const read = { second: SECOND_MS, minute: MINUTE_MS, hour: HOUR_MS }[every];
  const wanted = asked === null ? (to - from) / USUAL_POINTS : asked * SECOND_MS;
  const base = Math.max(kept, read);
  const step = Math.max(1, Math.ceil(wanted / base)) * base;
  const points = Math.ceil((to - from) / step);
  if (points > MAX_POINTS)
    throw new InvalidInput('stepSeconds', `would give ${points} points; at most ${MAX_POINTS} are given`);
  return step;
}

/** A metric, and the labels that were seen with it. */
export interface MetricDefinition {
  readonly metric: RecordedMetric;
  /** Names of its series; a metric without labels has its own. */
  readonly series: readonly string[];
}

/** Every metric that has a past, with the series that were measured lately. */
export async function metricNames({
  db,
  availability,
  recorder,
}: HistoryServices): Promise<MetricDefinition[]> {
  const stored = await availability.tolerate(() => storedSeries(db.pool), []);
  const held = [...recorder.seconds.slice(-60), ...recorder.unwritten].flatMap(({ rollups }) =>
    Object.keys(rollups),
  );
  const all = new Set([...stored, ...held]);
  const byName = Map.groupBy([...all].toSorted(), nameOfSeries);
  return RECORDED.map((metric) => ({ metric, series: byName.get(metric.name) ?? [] }));
}
