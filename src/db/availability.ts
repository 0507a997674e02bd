import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Logger } from '../log.ts';
import { DeadlineExceeded, isConnectionError, within } from './deadline.ts';

/** Milliseconds between looks at the database, while it answers and while it does not. */
const LOOK_UP_MS = 1_000;
const LOOK_DOWN_MS = 200;
const PING_DEADLINE_MS = 1_500;
/** What a query waits for its context before it is answered without. */
const READ_DEADLINE_MS = 2_000;

export interface AvailabilityChange {
  readonly up: boolean;
  readonly reason: string;
}

/**
 * Whether the database answers, as last seen. Writers report failures at once; a look at intervals finds those that
 * nobody ran into, and the return.
 */
export class Availability {
  readonly #ping: () => Promise<unknown>;
  readonly #log: Logger;
  readonly #listeners: ((change: AvailabilityChange) => void)[] = [];
  #up = true;
  #changedAt = new Date();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #looking = false;

  constructor(ping: () => Promise<unknown>, log: Logger) {
    this.#ping = ping;
    this.#log = log;
  }

  get isUp(): boolean {
    return this.#up;
  }

  get changedAt(): Date {
    return this.#changedAt;
  }

  onChange(listener: (change: AvailabilityChange) => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** A statement failed for want of a database. */
  reportDown(reason: string): void {
    this.#change(false, reason);
    if (!this.#looking) this.#schedule();
  }

  /**
   * The result of a read, or `fallback` while the database does not answer. Other errors are thrown.
   *
   * @param ms how long the read may take
   */
  async tolerate<T>(read: () => Promise<T>, fallback: T, ms = READ_DEADLINE_MS): Promise<T> {
    if (!this.#up) return fallback;
    try {
      return await within(read(), ms, 'the database took too long');
    } catch (error) {
      if (judgeDatabaseError(error) !== 'unavailable') throw error;
      if (error instanceof DeadlineExceeded) this.suspect();
      else this.reportDown((driverError(error) as Error).message);
      return fallback;
    }
  }

  /** Something took too long: looks at once whether the database answers at all. */
  suspect(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (!this.#looking && !this.#stopped) void this.#look();
  }

  #schedule(): void {
    if (this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), this.#up ? LOOK_UP_MS : LOOK_DOWN_MS);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    try {
      await within(this.#ping(), PING_DEADLINE_MS, 'the database does not answer');
      this.#change(true, 'answers');
    } catch (error) {
      this.#change(false, (error as Error).message);
    }
    this.#looking = false;
    this.#schedule();
  }

  #change(up: boolean, reason: string): void {
    if (this.#up === up || this.#stopped) return;
    this.#up = up;
    this.#changedAt = new Date();
    if (up) this.#log.info('the database answers again');
    else this.#log.error({ reason }, 'the database does not answer');
    for (const listener of this.#listeners) listener({ up, reason });
  }
}

/**
 * What an error of the database means for the work that met it.
 *
 * - `refused`: the database understood and will always refuse (bad data, a violated constraint)
 * - `conflict`: it may work if tried again (deadlock, a statement timeout, a full disk, a read-only server)
 * - `unavailable`: the database is not there, is starting or stopping
 */
export function judgeDatabaseError(error: unknown): 'refused' | 'conflict' | 'unavailable' | 'unknown' {
  const cause = driverError(error);
  const { code, severity } = cause as { code?: unknown; severity?: unknown };
  // Only errors that the server itself reported have a severity.
  if (severity === undefined || typeof code !== 'string')
    return isConnectionError(cause) ? 'unavailable' : 'unknown';
  if (/^(22|23|42|54|0A)/.test(code)) return 'refused';
  // A full disk or a standby answers well: the work waits, but there is no use in asking whether the server is there.
  return /^(40|53|57014|55P03|25006)/.test(code) ? 'conflict' : 'unavailable';
}

/** What the driver threw. Drizzle wraps it in an error whose message holds the statement with its values. */
function driverError(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
}
