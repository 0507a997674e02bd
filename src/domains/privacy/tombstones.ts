import { sql } from 'drizzle-orm';
import type { Owner } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { Refresh } from '../../db/refresh.ts';
import { prepareOnce } from '../../db/statements.ts';
import { InvalidInput } from '../../errors.ts';
import { subjectOf } from '../../ground/ownership.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { erasures as e } from './tables.ts';

/** Milliseconds between looks at the list: another server's erasure is noticed after that. */
const LOOK_MS = 5_000;
/** Before all that can be said (the year 1). */
const BEGINNING = new Date(-62_135_596_800_001);

const statements = prepareOnce((orm) => ({
  latest: orm
    .select({
      subject: e.subject,
      leftMarks: e.leftMarks,
      at: sql<Date>`max(${e.erasedAt})`.mapWith(e.erasedAt),
    })
    .from(e)
    .groupBy(e.subject, e.leftMarks)
    .prepare('erasures_latest'),
}));

/** When a user was erased last. */
interface LastErasure {
  readonly at: Date;
  /** Of those erasures that left no mark of each turn. */
  readonly unmarkedAt: Date;
}

/**
 * Who was erased, and when: kept in memory, because every recorded turn is compared with it.
 *
 * An erasure leaves a mark of each turn, so one with a key or an id of its own is known again, and history that was
 * never here is taken. What has no key, and erasures of an older version, go by the time alone.
 */
export class Tombstones {
  readonly #db: Database;
  readonly #refresh: Refresh;
  #erased: ReadonlyMap<string, LastErasure> = new Map();

  constructor(db: Database, availability: Availability, keepers: Keepers) {
    this.#db = db;
    const read = () => availability.tolerate(() => this.read(), undefined);
    this.#refresh = new Refresh({ name: 'erased users', read, everyMs: LOOK_MS }, keepers);
  }

  /** Reads the list once. @throws if the database does not answer */
  async read(): Promise<void> {
    const rows = await statements(this.#db).latest.execute();
    // Added to what is known: an erasure may have been noted meanwhile, and none is ever taken back.
    const known = new Map(this.#erased);
    for (const { subject, at, leftMarks } of rows) {
      const key = subject.toString('hex');
      known.set(key, later(known.get(key), at, leftMarks));
    }
    this.#erased = known;
  }

  /** Whether what was taken in at this instant must not come back. */
  forbids(owner: Owner, at: Date): boolean {
    const erased = this.#of(owner);
    return erased !== null && at <= erased.at;
  }

  /**
   * Refuses what may have been said before its user was erased: it may come from an old copy.
   *
   * @param field names the instant in the message
   * @param named it has a key or an id by which a mark would know it
   * @throws InvalidInput
   */
  check(owner: Owner, at: Date, field: string, named: boolean): void {
    const erased = this.#of(owner);
    if (!erased || at > (named ? erased.unmarkedAt : erased.at)) return;
    const since = (named ? erased.unmarkedAt : erased.at).toISOString();
    throw new InvalidInput(
      field,
      named || at <= erased.unmarkedAt
        ? `must be after ${since}, when this user was erased; older turns are not taken again`
        : `must be after ${since}, when this user was erased; what is older needs an idempotencyKey, to be told from what was erased`,
    );
  }

  note(owner: Owner, erasedAt: Date, leftMarks: boolean): void {
    const key = subjectOf(owner).toString('hex');
    this.#erased = new Map(this.#erased).set(key, later(this.#erased.get(key), erasedAt, leftMarks));
  }

  #of(owner: Owner): LastErasure | null {
    // Nearly always nobody was erased: then nothing is hashed.
    return this.#erased.size === 0 ? null : (this.#erased.get(subjectOf(owner).toString('hex')) ?? null);
  }

  /** Reads the list, now and from time to time until `stop`. */
  start(): Promise<void> {
    return this.#refresh.start();
  }

  stop(): void {
    this.#refresh.stop();
  }
}

function later(known: LastErasure | undefined, at: Date, leftMarks: boolean): LastErasure {
  const unmarkedAt = known?.unmarkedAt ?? BEGINNING;
  return {
    at: known && known.at > at ? known.at : at,
    unmarkedAt: !leftMarks && at > unmarkedAt ? at : unmarkedAt,
  };
}
