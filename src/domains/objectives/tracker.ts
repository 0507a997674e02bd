import type { ObjectiveTarget } from '../../config/objectives.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { storedRollups } from '../metrics/reads.ts';
import { HOUR_MS, MINUTE_MS, type Recorder } from '../metrics/recorder.ts';
import { MINUTES_MS, ObjectiveBook } from './book.ts';
import { BURN_WINDOWS, budgetLeft, burning, burnRate, type Counts, type Severity } from './burn.ts';
import { BAD, EVENTS, OBJECTIVES, type Objective, type ObjectiveName, type Targets } from './objectives.ts';

/** How an objective stands. */
export interface ObjectiveState extends Counts {
  readonly objective: Objective;
  readonly target: ObjectiveTarget;
  readonly windowDays: number;
  /** Share of the budget that is left; null: nothing happened. */
  readonly budgetLeft: number | null;
  readonly burnRates: readonly { readonly minutes: number; readonly rate: number | null }[];
  readonly burning: ReadonlySet<Severity>;
}

export interface TrackerOptions {
  readonly db: Database;
  readonly availability: Availability;
  readonly keepers: Keepers;
  readonly recorder: Pick<Recorder, 'unwritten' | 'server'>;
  readonly windowDays: number;
  readonly targets: Targets;
}

const LOOK_MS = 30_000;
const FRESH_MS = 1_000;
/** Other servers write their minutes a little later; so many are read again. */
const LATE_MS = 10 * MINUTE_MS;

/** Adds up what all servers on the database counted, and says how each objective stands. */
export class ObjectiveTracker {
  readonly #options: TrackerOptions;
  readonly #book = new ObjectiveBook();
  readonly #keeper: Keeper;
  #hour = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  #states: readonly ObjectiveState[] = [];

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#keeper = options.keepers.create({
      name: 'objectives',
      everyMs: LOOK_MS,
      round: () => this.look(),
    });
  }

  start(): void {
    this.#keeper.start();
    this.#keeper.wake(1_000);
  }

  async stop(): Promise<void> {
    await this.#keeper.stop();
  }

  /** Whether the budget of an objective burns, as of the last look. */
  isBurning(name: ObjectiveName, severity: Severity): ObjectiveState | null {
    const state = this.#states.find(({ objective }) => objective.name === name);
    return state?.burning.has(severity) ? state : null;
  }

  /** How each objective stands, as of a second ago at most. */
  async standing(): Promise<readonly ObjectiveState[]> {
    if (performance.now() - this.#lookedAt >= FRESH_MS) {
      this.#looking ??= this.look().finally(() => {
        this.#looking = null;
      });
      await this.#looking;
    }
    return this.#states;
  }

  /** Looks now: what is stored, where the database is there, and what this server has not stored yet. */
  async look(now = Date.now()): Promise<void> {
    const { availability, recorder, windowDays, targets } = this.#options;
    if (availability.isUp) await this.#read(now);
    const { server } = recorder;
    this.#book.take(
      'minutes',
      recorder.unwritten.map((each) => ({ ...each, server })),
    );
    this.#book.forget(now, windowDays);
    this.#states = OBJECTIVES.flatMap((objective) => {
      const target = targets[objective.name];
      return target ? [this.#stateOf(objective, target, now)] : [];
    });
    this.#lookedAt = performance.now();
  }

  async #read(now: number): Promise<void> {
    const { pool } = this.#options.db;
    const names = [EVENTS, BAD];
    const hour = Math.floor(now / HOUR_MS);
    const isNewHour = hour !== this.#hour;
    const from = now - (isNewHour ? MINUTES_MS : LATE_MS);
    this.#book.take('minutes', await storedRollups(pool, 'minutes', names, { from, to: now }));
    if (!isNewHour) return;
    const since = now - this.#options.windowDays * 24 * HOUR_MS;
    this.#book.take('hours', await storedRollups(pool, 'hours', names, { from: since, to: now }));
    this.#hour = hour;
  }

  #stateOf(objective: Objective, target: ObjectiveTarget, now: number): ObjectiveState {
    const { windowDays } = this.#options;
    const within = (minutes: number) => this.#book.within(objective.name, minutes, now);
    const counts = within(windowDays * 1_440);
    const { share } = target;
    return {
      ...{ objective, target, windowDays, ...counts },
      budgetLeft: budgetLeft(counts, share),
      burnRates: BURN_WINDOWS.map(({ longMinutes: minutes }) => ({
        minutes,
        rate: burnRate(within(minutes), share),
      })),
      burning: burning(share, windowDays, within),
    };
  }
}
