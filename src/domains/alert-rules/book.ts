import type { Database } from '../../db/client.ts';
import { type StoredStretch, storedRollups } from '../metrics/reads.ts';
import { HOUR_MS, MINUTE_MS, type Recorder } from '../metrics/recorder.ts';
import { PULSE } from './measured.ts';

interface BookOptions {
  readonly db: Pick<Database, 'pool'>;
  readonly recorder: Pick<Recorder, 'unwritten' | 'server'>;
  /** Of the metrics that are wanted. */
  readonly names: readonly string[];
  /** How far back somebody looks, in milliseconds. */
  readonly lookBackMs: number;
}

/** What is stored so late is read again with all others, once an hour. */
const LATE_MS = { minutes: 10 * MINUTE_MS, hours: 3 * HOUR_MS };

/** What all servers measured of some metrics, for whoever looks at it again and again: only what is new is read. */
export class MeasuredBook {
  readonly #options: BookOptions;
  readonly #stretches = {
    minutes: new Map<string, StoredStretch>(),
    hours: new Map<string, StoredStretch>(),
  };
  #hour = -1;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** All that there is, in no order. */
  of(what: 'minutes' | 'hours'): Iterable<StoredStretch> {
    return this.#stretches[what].values();
  }

  /** Whether another server measured something lately. */
  get hasOthers(): boolean {
    const { server } = this.#options.recorder;
    return [...this.#stretches.minutes.values()].some((stretch) => stretch.server !== server);
  }

  /** Reads what was stored since. @param isWhole everything, since much may have been stored late */
  async read(of: 'minutes' | 'hours', now: number, isWhole: boolean): Promise<void> {
    const { db, names, lookBackMs } = this.#options;
    const hour = Math.floor(now / HOUR_MS);
    const from = now - (isWhole || hour !== this.#hour ? lookBackMs + LATE_MS[of] : LATE_MS[of]);
    const wanted = [...names, PULSE];
    for (const each of await storedRollups(db.pool, of, wanted, { from, to: now }))
      this.#stretches[of].set(`${each.at} ${each.server}`, each);
  }

  /** What this server has not stored yet, and nothing that is too old. To be called after `read`. */
  turnTo(now: number): void {
    const { recorder, lookBackMs } = this.#options;
    this.#hour = Math.floor(now / HOUR_MS);
    const { server } = recorder;
    for (const each of recorder.unwritten)
      this.#stretches.minutes.set(`${each.at} ${server}`, { ...each, server });
    for (const kept of ['minutes', 'hours'] as const)
      for (const [key, { at }] of this.#stretches[kept])
        if (at < now - lookBackMs - LATE_MS[kept]) this.#stretches[kept].delete(key);
  }
}
