import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Owner } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { Refresh } from '../../db/refresh.ts';
import { prepareOnce } from '../../db/statements.ts';
import type { Logger } from '../../log.ts';
import { InvalidInput } from '../errors.ts';
import { erasures as e } from './tables.ts';

/** Milliseconds between looks at the list: another server's erasure is noticed after that. */
const LOOK_MS = 5_000;
const BEGINNING = new Date(0);

const statements = prepareOnce((orm) => ({
  latest: orm
    .select({ subject: e.subject, at: sql<Date>`max(${e.erasedAt})`.mapWith(e.erasedAt) })
    .from(e)
    .groupBy(e.subject)
    .prepare('erasures_latest'),
}));

/** Who an owner is, for those who must not know it. */
export function subjectOf({ tenantId, userId }: Owner): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([tenantId, userId]))
    .digest();
}

/** Who was erased, and when: kept in memory, because every recorded turn is compared with it. */
export class Tombstones {
  readonly #refresh: Refresh;
  #erasedAt: ReadonlyMap<string, Date> = new Map();

  constructor(db: Database, availability: Availability, log: Logger) {
    this.#refresh = new Refresh(
      async () => {
        const rows = await availability.tolerate(() => statements(db).latest.execute(), []);
        // Added to what is known: an erasure may have been noted meanwhile, and none is ever taken back.
        const known = new Map(this.#erasedAt);
        for (const { subject, at } of rows) {
          const key = subject.toString('hex');
          if (at > (known.get(key) ?? BEGINNING)) known.set(key, at);
        }
        this.#erasedAt = known;
      },
      LOOK_MS,
      log,
    );
  }

  /** Whether a turn of this instant must not come back. */
  forbids(owner: Owner, at: Date): boolean {
    if (this.#erasedAt.size === 0) return false;
    const erasedAt = this.#erasedAt.get(subjectOf(owner).toString('hex'));
    return erasedAt !== undefined && at <= erasedAt;
  }

  /**
   * Refuses what was said before its user was erased: it comes from an old copy.
   *
   * @param field names the instant in the message
   * @throws InvalidInput
   */
  check(owner: Owner, at: Date, field: string): void {
    if (!this.forbids(owner, at)) return;
    const erasedAt = this.#erasedAt.get(subjectOf(owner).toString('hex')) ?? at;
    throw new InvalidInput(
      field,
      `must be after ${erasedAt.toISOString()}, when this user was erased; older turns are not taken again`,
    );
  }

  note(owner: Owner, erasedAt: Date): void {
    this.#erasedAt = new Map(this.#erasedAt).set(subjectOf(owner).toString('hex'), erasedAt);
  }

  /** Reads the list, now and from time to time until `stop`. */
  start(): Promise<void> {
    return this.#refresh.start();
  }

  stop(): void {
    this.#refresh.stop();
  }
}
