import type { Registry } from 'prom-client';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { ProcessFigures } from './process-figures.ts';
import { RECORDED, type RecordedMetric } from './recorded.ts';
import { joinedAll, type Rollups, type Stretch } from './rollup.ts';
import { readMetrics, type Totals } from './sample.ts';
import { hoursWithout, minutesOfHour, writeRollups } from './writes.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** So many seconds are held in memory: a quarter of an hour. */
export const KEPT_SECONDS = 900;
/** So many minutes wait for a database that is away; of more, the oldest are given up. */
const WAITING_MINUTES = 240;
const RETRY_MS = 5_000;

export interface RecorderOptions {
  readonly registry: Registry;
  readonly process: ProcessFigures;
  readonly db: Database;
  readonly availability: Availability;
  readonly keepers: Keepers;
  /** By this name several servers on one database are told apart. */
  readonly server: string;
}

/**
 * Reads the metrics once a second, for whoever wants their past: seconds are held in memory, minutes and the hours made of
 * them are stored.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #reading: Keeper;
  readonly #writing: Keeper;
  readonly #totals: Totals = new Map();
  readonly #seconds: Stretch[] = [];
  #minute: Stretch | null = null;
  #waiting: Stretch[] = [];
  /** The last minute for which the database was asked. */
  #asked: Stretch | null = null;
  #hourSeen = 0;
  readonly #listeners: ((rollups: Rollups) => void)[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#reading = options.keepers.create({
      name: 'metrics',
      everyMs: () => SECOND_MS - (Date.now() % SECOND_MS),
      round: () => this.#readSecond(),
    });
    this.#writing = options.keepers.create({
      name: 'metric history',
      everyMs: Number.POSITIVE_INFINITY,
      retryMs: RETRY_MS,
      round: () => this.#write(),
    });
    options.availability.onChange(({ up }) => up && this.#writing.wake());
  }

  /** @param listener told of each minute that is over, with what the database was asked; must not wait */
  onMinute(listener: (rollups: Rollups) => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#reading.start();
    this.#writing.start();
    // Hours that ended while no server was there.
    this.#writing.wake(SECOND_MS);
  }

  /** Writes what was measured last, if the database is there; an end waits for no figures, and does not fail for them. */
  async stop(): Promise<void> {
    await this.#reading.stop();
    await this.#writing.stop();
    // What was counted since the last look.
    await this.#readSecond();
    if (this.#minute) this.#waiting.push(this.#minute);
    this.#minute = null;
    const { availability } = this.#options;
    if (availability.isUp) await availability.tolerate(() => this.#writeMinutes(), undefined);
  }

  /** The seconds of the last quarter of an hour, the oldest first. */
  get seconds(): readonly Stretch[] {
    return this.#seconds;
  }

  /** What is not stored yet, the oldest minute first; the last one is not over. */
  get unwritten(): readonly Stretch[] {
    return this.#minute ? [...this.#waiting, this.#minute] : this.#waiting;
  }

  get server(): string {
    return this.#options.server;
  }

  async #readSecond(): Promise<void> {
    const { registry, process } = this.#options;
    process.read();
    const now = Date.now();
    const rollups = await readMetrics(registry, every('second'), this.#totals);
    this.#seconds.push({ at: Math.floor(now / SECOND_MS) * SECOND_MS, rollups });
    if (this.#seconds.length > KEPT_SECONDS) this.#seconds.shift();
    const at = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    if (this.#minute && this.#minute.at !== at) await this.#endMinute();
    this.#minute = { at, rollups: joinedAll(this.#minute?.rollups ?? {}, rollups) };
  }

  async #endMinute(): Promise<void> {
    if (this.#minute) this.#waiting.push(this.#minute);
    this.#minute = null;
    if (this.#waiting.length > WAITING_MINUTES) this.#waiting.shift();
    this.#writing.wake();
  }

  async #write(): Promise<void> {
    const { availability, registry } = this.#options;
    // Whoever sees it come back wakes this.
    if (!availability.isUp) return;
    const last = this.#waiting.at(-1);
    if (last && last !== this.#asked) {
      const asked = await readMetrics(registry, every('minute'), this.#totals);
      this.#asked = { at: last.at, rollups: joinedAll(last.rollups, asked) };
      this.#waiting = this.#waiting.map((each) => (each === last && this.#asked ? this.#asked : each));
      for (const listener of this.#listeners) listener(this.#asked.rollups);
    }
    await this.#writeMinutes();
    await this.#writeHours();
  }

  async #writeMinutes(): Promise<void> {
    const { db, server } = this.#options;
    for (const minute of [...this.#waiting]) {
      await db.transaction((client) => writeRollups(client, 'minutes', server, minute), { ownName: true });
      this.#waiting = this.#waiting.filter((each) => each !== minute);
    }
  }

  /** Hours that are over are made of their minutes, also those in which the server was stopped. */
  async #writeHours(): Promise<void> {
    const { db, server, registry } = this.#options;
    const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    if (hour === this.#hourSeen) return;
    const due = await hoursWithout(db.pool, server, hour);
    for (const at of due) {
      const rollups = (await minutesOfHour(db.pool, server, at)).reduce(joinedAll, {});
      // What is asked each hour is of now: of hours before the last nobody knows it any more.
      const asked = at === hour - HOUR_MS ? await readMetrics(registry, every('hour'), this.#totals) : {};
      await db.transaction(
        (client) => writeRollups(client, 'hours', server, { at, rollups: joinedAll(rollups, asked) }),
        { ownName: true },
      );
    }
    this.#hourSeen = hour;
  }
}

const BY_EVERY = Map.groupBy(RECORDED, (metric) => metric.every);

function every(interval: RecordedMetric['every']): readonly RecordedMetric[] {
  return BY_EVERY.get(interval) ?? [];
}
