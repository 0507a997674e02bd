import { gt, lt, sql } from 'drizzle-orm';
import type { Availability } from '../db/availability.ts';
import type { Database } from '../db/client.ts';
import { prepareOnce } from '../db/statements.ts';
import { revokedTokens as r } from './tables.ts';

/** Milliseconds between looks at the list: another server's revocation is noticed after that. */
const LOOK_MS = 5_000;

const statements = prepareOnce((orm) => ({
  unexpired: orm
    .select({ tokenId: r.tokenId })
    .from(r)
    .where(gt(r.expiresAt, sql`now()`))
    .prepare('revoked_tokens_unexpired'),
}));

/** Tokens that are refused though they have not expired. Kept in memory, so that a check costs nothing. */
export class RevokedTokens {
  readonly #db: Database;
  readonly #availability: Availability;
  #known: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | null = null;

  constructor(db: Database, availability: Availability) {
    this.#db = db;
    this.#availability = availability;
  }

  has(tokenId: string): boolean {
    return this.#known.has(tokenId);
  }

  /** @param expiresAt after this it is refused anyway */
  async add(token: { tokenId: string; tenantId: string; revokedBy: string; expiresAt: Date }): Promise<void> {
    await this.#db.ormTransaction((orm) => orm.insert(r).values(token).onConflictDoNothing());
    await this.#db.orm.delete(r).where(lt(r.expiresAt, sql`now() - interval '1 day'`));
    this.#known = new Set([...this.#known, token.tokenId]);
  }

  /** Reads the list, now and from time to time until `stop`. While the database is away the last one holds. */
  async start(): Promise<void> {
    const rows = await this.#availability.tolerate(() => statements(this.#db).unexpired.execute(), null);
    if (rows) this.#known = new Set(rows.map(({ tokenId }) => tokenId));
    this.#timer = setTimeout(() => void this.start(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
