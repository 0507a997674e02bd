import type { Logger } from '../log.ts';

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
    this.#schedule();
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
      this.reportDown((error as Error).message);
      return fallback;
    }
  }

  #schedule(): void {
    if (this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), this.#up ? LOOK_UP_MS : LOOK_DOWN_MS);
  }

  async #look(): Promise<void> {
    try {
      await within(this.#ping(), PING_DEADLINE_MS, 'the database does not answer');
      this.#change(true, 'answers');
    } catch (error) {
      this.#change(false, (error as Error).message);
    }
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
 * The result of a promise, or an error when it takes too long. The work itself goes on.
 *
 * @throws DeadlineExceeded
 */
export async function within<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(message)), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * What an error of the database means for the work that met it.
 *
 * - `refused`: the database understood and will always refuse (bad data, a violated constraint)
 * - `conflict`: it may work at once if tried again (deadlock, serialization, a statement timeout)
 * - `unavailable`: the database is not there, is starting, stopping, read-only or full
 */
export function judgeDatabaseError(error: unknown): 'refused' | 'conflict' | 'unavailable' | 'unknown' {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  // Only errors that the server itself reported have a severity.
  if (severity === undefined || typeof code !== 'string')
    return isConnectionError(error) ? 'unavailable' : 'unknown';
  if (/^(22|23|42|54|0A)/.test(code)) return 'refused';
  return code.startsWith('40') || code === '57014' || code === '55P03' ? 'conflict' : 'unavailable';
}

function isConnectionError(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof DeadlineExceeded) return true;
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return true;
  return typeof message === 'string' && /connection|timeout|Client was closed|not queryable/i.test(message);
}
