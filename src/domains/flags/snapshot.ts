import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { type Flag, flagOf } from './evaluate.ts';
import { allFlags } from './reads.ts';

export type Flags = ReadonlyMap<string, Flag>;

/** So long what was read is good enough: other servers hear of a change by reading again. */
export const FRESH_MS = 2_000;

/** All flags as they were read last. Nothing is read while nobody asks. */
export class FlagSnapshot {
  readonly #db: Pick<Database, 'pool'>;
  readonly #availability: Pick<Availability, 'tolerate'>;
  #read: Flags = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Flags> | null = null;
  /** How often something was forgotten. */
  #age = 0;

  constructor(db: Pick<Database, 'pool'>, availability: Pick<Availability, 'tolerate'>) {
    this.#db = db;
    this.#availability = availability;
  }

  /** At most two seconds old; while the database is away, as it was when it was there, and at first all off. */
  async current(): Promise<Flags> {
    if (performance.now() - this.#readAt < FRESH_MS) return this.#read;
    this.#reading ??= this.#readAll(this.#age);
    return this.#reading;
  }

  /** Has the next one who asks read again, also if a reading is under way. */
  forget(): void {
    this.#age++;
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#reading = null;
  }

  async #readAll(age: number): Promise<Flags> {
    const begun = performance.now();
    try {
      const rows = await this.#availability.tolerate(() => allFlags(this.#db), null);
      const read = rows && new Map(rows.map((row) => [row.key, flagOf(row, row.users)]));
      if (age !== this.#age) return read ?? this.#read;
      if (read) this.#read = read;
      this.#readAt = begun;
      return this.#read;
    } finally {
      if (age === this.#age) this.#reading = null;
    }
  }
}
