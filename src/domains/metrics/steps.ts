import type { Database } from '../../db/client.ts';
import { newestRollups, type StoredStretch, storedRollups } from './reads.ts';
import type { RecordedMetric } from './recorded.ts';
import { HOUR_MS, MINUTE_MS, type Recorder, SECOND_MS } from './recorder.ts';
import { type Figures, figuresOf, joined, type Rollup, type Rollups, together } from './rollup.ts';
import { nameOfSeries } from './sample.ts';
import { MINUTES_DAYS } from './tables.ts';

/** What a metric was in one step. */
export type Point = Figures & { readonly at: Date };

export interface StepsServices {
  readonly db: Pick<Database, 'pool'>;
  readonly recorder: Pick<Recorder, 'seconds' | 'unwritten' | 'server'>;
}

/** Times are in milliseconds since 1970. */
export interface AskedSteps {
  readonly metric: RecordedMetric;
  /** The metric's, or one of a series. */
  readonly name: string;
  /** A multiple of the step. */
  readonly first: number;
  /** Null: as far as there is something. */
  readonly to: number | null;
  readonly stepMs: number;
}

/** By when a step began: what each server measured in it. */
type Steps = ReadonlyMap<number, ReadonlyMap<string, Rollup | null>>;
interface Base {
  readonly steps: Steps;
  readonly points: readonly Point[];
}

/** So many answers are held; each has at most as many points as may be asked for. */
const MAX_HELD = 64;
const DAY_MS = 86_400_000;

/**
 * What was measured, in steps. What was read once is held for whoever asks the same, for as long as nothing newer is there:
 * any number of charts cost the database what one costs.
 */
export class MeasuredSteps {
  /** How often what was held was enough. */
  readonly use = { hits: 0, misses: 0 };
  readonly #services: StepsServices;
  /** The one asked for last stands last. */
  readonly #held = new Map<string, { readonly mark: string; readonly base: Promise<Base> }>();
  #newest: { readonly at: number; readonly mark: Promise<string> } | null = null;

  constructor(services: StepsServices) {
    this.#services = services;
  }

  /** @returns the oldest first; where no server measured there is none */
  async points(asked: AskedSteps): Promise<readonly Point[]> {
    const { recorder } = this.#services;
    if (asked.stepMs < MINUTE_MS)
      return (
        await this.#base(asked, `of ${recorder.seconds.at(-1)?.at}`, async () =>
          recorder.seconds.map(this.#own),
        )
      ).points;
    for (;;) {
      const waiting = this.#waiting();
      const mark = `${await this.#mark()}, ${waiting}`;
      const { steps, points } = await this.#base(asked, mark, () => this.#stored(asked));
      // A minute that was stored meanwhile waits no more, and was not read yet.
      if (waiting !== this.#waiting()) continue;
      const fresh = stepsOf(asked, recorder.unwritten.map(this.#own), steps);
      const others = points.filter(({ at }) => !fresh.has(at.getTime()));
      return [...others, ...pointsOf(asked, fresh)].sort(
        (one, other) => one.at.getTime() - other.at.getTime(),
      );
    }
  }

  readonly #own = (stretch: Recorder['seconds'][number]): StoredStretch => ({
    ...stretch,
    server: this.#services.recorder.server,
  });

  /** Which minutes of this server are not stored yet. */
  #waiting(): string {
    const { unwritten } = this.#services.recorder;
    return `${unwritten[0]?.at} and ${unwritten.length}`;
  }

  /** What is held, unless something newer is there. */
  #base(asked: AskedSteps, mark: string, read: () => Promise<StoredStretch[]>): Promise<Base> {
    const { name, first, to, stepMs } = asked;
    const key = JSON.stringify([name, first, to, stepMs]);
    const known = this.#held.get(key);
    this.#held.delete(key);
    this.use[known?.mark === mark ? 'hits' : 'misses']++;
    const entry =
      known?.mark === mark ? known : { mark, base: read().then((stretches) => baseOf(asked, stretches)) };
    this.#held.set(key, entry);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_HELD && oldest !== undefined) this.#held.delete(oldest);
    entry.base.catch(() => this.#held.get(key) === entry && this.#held.delete(key));
    return entry.base;
  }

  /** Says of what is stored how new it is; the database is asked once a second at most. */
  #mark(): Promise<string> {
    const now = Date.now();
    if (!this.#newest || Math.abs(now - this.#newest.at) >= SECOND_MS) {
      const newest = { at: now, mark: newestRollups(this.#services.db.pool, now) };
      this.#newest = newest;
      newest.mark.catch(() => {
        if (this.#newest === newest) this.#newest = null;
      });
    }
    return this.#newest.mark;
  }

  /** As fine as the step needs it. */
  async #stored({ metric, first, to, stepMs }: AskedSteps): Promise<StoredStretch[]> {
    const { db } = this.#services;
    const now = Date.now();
    const end = to ?? now + DAY_MS;
    const read = (of: 'minutes' | 'hours', from: number) =>
      storedRollups(db.pool, of, [metric.name], { from, to: end });
    if (stepMs % HOUR_MS !== 0) return read('minutes', first);
    const hours = await read('hours', first);
    // The hour that is not over, and those that are not made yet, are their minutes.
    const last = hours.at(-1);
    const since = Math.max(first, last ? last.at + HOUR_MS : now - MINUTES_DAYS * DAY_MS);
    return since < end ? [...hours, ...(await read('minutes', since))] : hours;
  }
}

function baseOf(asked: AskedSteps, stretches: readonly StoredStretch[]): Base {
  const steps = stepsOf(asked, stretches, new Map());
  return { steps, points: pointsOf(asked, steps) };
}

/** Of each server one after the other. @param before what was measured before, by step @returns the steps that something was added to */
function stepsOf(
  { metric, name, first, to, stepMs }: AskedSteps,
  stretches: readonly StoredStretch[],
  before: Steps,
): Steps {
  const steps = new Map<number, Map<string, Rollup | null>>();
  for (const { at, server, rollups } of stretches) {
    if (at < first || (to !== null && at >= to)) continue;
    const start = Math.floor(at / stepMs) * stepMs;
    const servers = steps.get(start) ?? new Map(before.get(start));
    steps.set(start, servers);
    const earlier = servers.get(server) ?? null;
    const here = together(seriesOfName(rollups, name), metric.together);
    servers.set(server, earlier && here ? joined(earlier, here) : (here ?? earlier));
  }
  return steps;
}

/** Of all servers beside each other. */
function pointsOf({ metric, stepMs }: AskedSteps, steps: Steps): Point[] {
  return [...steps]
    .toSorted(([one], [other]) => one - other)
    .map(([at, servers]) => {
      const measured = [...servers.values()].filter((rollup) => rollup !== null);
      return {
        at: new Date(at),
        ...figuresOf(metric, together(measured, metric.together), stepMs / 1_000),
      };
    });
}

function seriesOfName(rollups: Rollups, name: string): Rollup[] {
  const exact = rollups[name];
  if (name.includes('{')) return exact ? [exact] : [];
  return Object.entries(rollups).flatMap(([series, rollup]) =>
    nameOfSeries(series) === name ? [rollup] : [],
  );
}
