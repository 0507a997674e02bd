import type { StoredStretch } from '../metrics/reads.ts';
import { HOUR_MS, MINUTE_MS } from '../metrics/recorder.ts';
import { seriesOf } from '../metrics/sample.ts';
import type { Counts } from './burn.ts';
import { BAD, EVENTS, OBJECTIVES, type ObjectiveName } from './objectives.ts';

/** Minutes are looked at for so long; what is older, by the hour. */
export const MINUTES_MS = 7 * HOUR_MS;

interface Entry {
  readonly at: number;
  readonly counts: Readonly<Record<string, Counts>>;
}

const SERIES = OBJECTIVES.map(({ name }) => ({
  name,
  events: seriesOf(EVENTS, { objective: name }),
  bad: seriesOf(BAD, { objective: name }),
}));

/** What was counted for objectives, by minute and hour and server, as it is stored; for whoever adds it up. */
export class ObjectiveBook {
  readonly #minutes = new Map<string, Entry>();
  readonly #hours = new Map<string, Entry>();

  /** What was measured; a stretch that is known is replaced. */
  take(of: 'minutes' | 'hours', stretches: readonly StoredStretch[]): void {
    const known = of === 'minutes' ? this.#minutes : this.#hours;
    for (const { at, server, rollups } of stretches) {
      const counts: Record<string, Counts> = {};
      for (const { name, events, bad } of SERIES) {
        const total = rollups[events]?.s ?? 0;
        if (total > 0) counts[name] = { total, bad: rollups[bad]?.s ?? 0 };
      }
      known.set(`${at} ${server}`, { at, counts });
    }
  }

  /** Forgets what is too old to be asked for. */
  forget(now: number, windowDays: number): void {
    const minutesSince = sinceMinutes(now);
    const hoursSince = now - (windowDays * 24 + 1) * HOUR_MS;
    for (const [key, { at }] of this.#minutes) if (at < minutesSince) this.#minutes.delete(key);
    for (const [key, { at }] of this.#hours) if (at < hoursSince) this.#hours.delete(key);
  }

  /** What happened within so many minutes before `now`; beyond some hours, of whole hours. */
  within(objective: ObjectiveName, minutes: number, now: number): Counts {
    const since = now - minutes * MINUTE_MS;
    const byMinutes = sinceMinutes(now);
    let [total, bad] = [0, 0];
    const add = (entries: Iterable<Entry>, from: number, to: number) => {
      for (const { at, counts } of entries) {
        const here = at >= from && at < to ? counts[objective] : undefined;
        total += here?.total ?? 0;
        bad += here?.bad ?? 0;
      }
    };
    add(this.#minutes.values(), Math.max(since, byMinutes), now);
    if (since < byMinutes) add(this.#hours.values(), since, byMinutes);
    return { total, bad };
  }
}

/** From a full hour on, so that no hour is counted in both ways. */
function sinceMinutes(now: number): number {
  return Math.ceil((now - MINUTES_MS) / HOUR_MS) * HOUR_MS;
}
