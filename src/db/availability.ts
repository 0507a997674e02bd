import { randomUUID } from 'node:crypto';
import type { Keeper } from '../jobs/keeper.ts';
import type { Keepers } from '../jobs/keepers.ts';
import type { Logger } from '../log.ts';
import { DeadlineExceeded, within } from './deadline.ts';
import { isPassing, judgeDatabaseError, wordsOf } from './meaning.ts';

/** Milliseconds between looks at the database, while it answers and while it does not. */
const LOOK_UP_MS = 1_000;
const LOOK_DOWN_MS = 200;
const PING_DEADLINE_MS = 1_500;
/** What a read waits for the database before its caller does without. */
export const READ_DEADLINE_MS = 2_000;
/** After one read took too long others wait no longer than this, for a while: they would wait for the same. */
const SHORT_DEADLINE_MS = 200;
const CAUTIOUS_MS = 3_000;

/** Lets reads be done without. */
export interface Tolerance {
  /** No read is done without sooner, whatever limit is named. */
  readonly patienceMs: number;
  /** The result of a read, or `fallback` where the database does not give it within `ms`. */
  tolerate<T>(read: () => Promise<T>, fallback: T, ms?: number): Promise<T>;
}

export interface AvailabilityChange {
  readonly up: boolean;
  readonly reason: string;
}

/**
 * Whether the database answers, as last seen. Writers report failures at once; a look at intervals finds those that
 * nobody ran into, and the return.
 */
export class Availability implements Tolerance {
  readonly #ping: () => Promise<unknown>;
  readonly #isUsable: () => Promise<unknown>;
  readonly #log: Logger;
  readonly #keeper: Keeper;
  readonly patienceMs: number;
  readonly #listeners: ((change: AvailabilityChange) => void)[] = [];
  #up = true;
  #changedAt = new Date();
  #stopped = false;
  #looking = false;
  #slowAt = Number.NEGATIVE_INFINITY;
  #reason: string | null = null;
  /** What is still to be done before it counts as there for the first time; null: nothing. */
  #steps: (() => Promise<void>)[] | null = null;
  #preparing: Promise<void> | null = null;

  /**
   * @param ping fails while the database does not answer
   * @param patienceMs no read and no look is given up sooner, whatever limit is named
   * @param isUsable fails while no connection for work can be had; asked before the database counts as back
   */
  constructor(
    ping: () => Promise<unknown>,
    { log, keepers, patienceMs = 0 }: { log: Logger; keepers: Keepers; patienceMs?: number },
    isUsable: () => Promise<unknown> = ping,
  ) {
    this.#ping = ping;
    this.#isUsable = isUsable;
    this.#log = log;
    this.patienceMs = patienceMs;
    this.#keeper = keepers.create({
      name: 'database look',
      everyMs: () => (this.#up || this.#steps ? LOOK_UP_MS : LOOK_DOWN_MS),
      round: () => this.#look(),
    });
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** Why it does not count as there; null while it does. */
  get reason(): string | null {
    return this.#reason;
  }

  get changedAt(): Date {
    return this.#changedAt;
  }

  onChange(listener: (change: AvailabilityChange) => void): void {
    this.#listeners.push(listener);
  }

  /** The database did not answer when the server started: what has to be done first is done when it is there. */
  startAway(reason: string): void {
    this.#steps = [];
    this.#change(false, reason);
  }

  /** Does this now, or, where the database is away since the start, when it is there and before it counts as back. */
  async prepare(step: () => Promise<void>): Promise<void> {
    if (this.#steps === null) await step();
    else this.#steps.push(step);
  }

  start(): void {
    this.#keeper.start();
  }

  /** Whether it is away, or was since then. Asks anew where nobody has seen that it is. */
  async wasAway(since: Date): Promise<boolean> {
    const isKnown = () => !this.#up || this.#changedAt >= since;
    if (isKnown()) return true;
    try {
      await within(this.#ping(), Math.max(PING_DEADLINE_MS, this.patienceMs), 'the database does not answer');
    } catch (error) {
      this.suspect();
      return error instanceof DeadlineExceeded || judgeDatabaseError(error) !== 'cancelled';
    }
    return isKnown();
  }

  /** From now on nothing changes. Waits for a look that is under way. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#keeper.stop();
  }

  /** A statement failed for want of a database. */
  reportDown(reason: string): void {
    if (!this.#up) return;
    this.#change(false, reason);
    this.#keeper.wake(LOOK_DOWN_MS);
  }

  /**
   * The result of a read, or `fallback` while the database does not answer, or cannot do this. What it refuses for its
   * data, and errors that are not the database's, are thrown.
   *
   * @param ms how long the read may take
   */
  async tolerate<T>(read: () => Promise<T>, fallback: T, ms = READ_DEADLINE_MS): Promise<T> {
    if (!this.#up) return fallback;
    const isCautious = performance.now() - this.#slowAt < CAUTIOUS_MS;
    const deadline = Math.max(isCautious ? Math.min(ms, SHORT_DEADLINE_MS) : ms, this.patienceMs);
    try {
      return await within(read(), deadline, 'the database took too long');
    } catch (error) {
      const meaning = judgeDatabaseError(error);
      // A read that got little time says little of the next one.
      if (error instanceof DeadlineExceeded) this.#slow(isCautious || deadline < SHORT_DEADLINE_MS);
      else if (meaning === 'unavailable') this.reportDown(wordsOf(error));
      else if (meaning === 'defect')
        this.#log.error(
          { err: error, correlationId: randomUUID() },
          'a read does not fit the database; it goes on without',
        );
      else if (!isPassing(meaning)) throw error;
      else this.#log.warn({ reason: wordsOf(error) }, 'a read failed; it goes on without');
      return fallback;
    }
  }

  #slow(isKnown: boolean): void {
    if (!isKnown) this.#slowAt = performance.now();
    this.suspect();
  }

  /** Something took too long: looks at once whether the database answers at all. */
  suspect(): void {
    if (!this.#looking) this.#keeper.wake();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    try {
      const look = this.#up ? this.#ping() : this.#return();
      await within(look, Math.max(PING_DEADLINE_MS, this.patienceMs), 'the database does not answer');
      this.#change(true, 'answers');
    } catch (error) {
      // A look that was cancelled had been taken: somebody is there.
      const isAnswer = !(error instanceof DeadlineExceeded) && judgeDatabaseError(error) === 'cancelled';
      this.#change(isAnswer && this.#up, this.#preparing ? 'it is being prepared' : wordsOf(error));
    }
    this.#looking = false;
  }

  async #return(): Promise<void> {
    await this.#ping();
    if (this.#steps) {
      // Goes on when a look no longer waits for it.
      this.#preparing ??= this.#takeSteps(this.#steps).finally(() => {
        this.#preparing = null;
      });
      await this.#preparing;
    }
    await this.#isUsable();
  }

  /** One that fails is begun again. */
  async #takeSteps(steps: (() => Promise<void>)[]): Promise<void> {
    for (let step = steps[0]; step; step = steps[0]) {
      await step();
      steps.shift();
    }
    this.#steps = null;
  }

  #change(up: boolean, reason: string): void {
    if (this.#stopped) return;
    if (!up && !this.#up && this.#steps && reason !== this.#reason)
      this.#log.error({ reason }, 'the database cannot be used yet');
    this.#reason = up ? null : reason;
    if (this.#up === up) return;
    this.#up = up;
    this.#changedAt = new Date();
    if (up) this.#log.info('the database answers again');
    else this.#log.error({ reason }, 'the database does not answer');
    for (const listener of this.#listeners) {
      try {
        listener({ up, reason });
      } catch (error) {
        this.#log.error({ err: error }, 'whoever is told of the database failed');
      }
    }
  }
}
