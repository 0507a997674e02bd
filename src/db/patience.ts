import { READ_DEADLINE_MS, type Tolerance } from './availability.ts';

/** Stands for what was not read. */
const MISSED = Symbol('missed');
/** Timers may be a millisecond early: what is left then is nothing to read in. */
const LEAST_MS = 2;

/**
 * What one call waits for the database, over all that it looks up: reads that each keep their own deadline would add up.
 * Time in which nothing is read does not count, and when it is used up nothing more is sent.
 */
export class Patience implements Tolerance {
  readonly #tolerance: Tolerance;
  readonly #ms: number;
  #spentMs = 0;
  #reading = 0;
  #since = 0;
  #missed = 0;

  /** @param ms for all reads together */
  constructor(tolerance: Tolerance, ms: number) {
    this.#tolerance = tolerance;
    this.#ms = Math.max(ms, tolerance.patienceMs);
  }

  get patienceMs(): number {
    return this.#tolerance.patienceMs;
  }

  /** Milliseconds that were waited so far; those of reads beside each other count once. */
  get spentMs(): number {
    return this.#spentMs + (this.#reading > 0 ? performance.now() - this.#since : 0);
  }

  /** Reads whose callers did without. */
  get missed(): number {
    return this.#missed;
  }

  /** As `Availability.tolerate`, within what is left. */
  async tolerate<T>(read: () => Promise<T>, fallback: T, ms: number = READ_DEADLINE_MS): Promise<T> {
    const left = this.#ms - this.spentMs;
    if (left < LEAST_MS) {
      // Of what is not even asked for, whoever shares its time hears as well.
      if (this.#tolerance instanceof Patience) this.#tolerance.#missed++;
      return this.#without(fallback);
    }
    if (this.#reading++ === 0) this.#since = performance.now();
    try {
      const found = await this.#tolerance.tolerate<T | typeof MISSED>(read, MISSED, Math.min(ms, left));
      return found === MISSED ? this.#without(fallback) : found;
    } finally {
      if (--this.#reading === 0) this.#spentMs += performance.now() - this.#since;
    }
  }
  #without<T>(fallback: T): T {
    this.#missed++;
    return fallback;
  }
}
