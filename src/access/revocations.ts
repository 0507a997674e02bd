import { gt, sql } from 'drizzle-orm';
import type { Availability } from '../db/availability.ts';
import type { Database } from '../db/client.ts';
import { Refresh } from '../db/refresh.ts';
import { prepareOnce } from '../db/statements.ts';
import type { Keepers } from '../jobs/keepers.ts';
import { revokedTokens as r } from './tables.ts';

/** Milliseconds between looks at the list: another server's revocation is noticed after that. */
const LOOK_MS = 5_000;

const statements = prepareOnce((orm) => ({
  unexpired: orm
    .select({ tenantId: r.tenantId, tokenId: r.tokenId })
    .from(r)
    // Longer than clocks may differ.
    .where(gt(r.expiresAt, sql`now() - interval '1 minute'`))
    .prepare('revoked_tokens_unexpired'),
}));

/** Tokens that are refused though they have not expired. Kept in memory, so that a check costs nothing. */
export class RevokedTokens {
  readonly #db: Database;
  readonly #refresh: Refresh;
  readonly #known = new Set<string>();

  constructor(db: Database, availability: Availability, keepers: Keepers) {
    this.#db = db;
    const read = async () => {
      const rows = await availability.tolerate(() => statements(db).unexpired.execute(), []);
      // Added to what is known: none is ever taken back, and one may have been added meanwhile.
      for (const row of rows) this.#known.add(keyOf(row));
    };
    this.#refresh = new Refresh({ name: 'revoked tokens', read, everyMs: LOOK_MS }, keepers);
  }

  has(tenantId: string, tokenId: string): boolean {
    return this.#known.has(keyOf({ tenantId, tokenId }));
  }

  /** @param expiresAt after this it is refused anyway; of two, the later one holds */
  async add(token: { tokenId: string; tenantId: string; revokedBy: string; expiresAt: Date }): Promise<void> {
    await this.#db.ormTransaction((orm) =>
      orm
        .insert(r)
        .values(token)
        .onConflictDoUpdate({
          target: [r.tenantId, r.tokenId],
          set: { expiresAt: sql`greatest(${r.expiresAt}, excluded.expires_at)` },
        }),
    );
    this.#known.add(keyOf(token));
  }

  /** Reads the list, now and from time to time until `stop`. While the database is away the last one holds. */
  start(): Promise<void> {
    return this.#refresh.start();
  }

  stop(): void {
    this.#refresh.stop();
  }
}

function keyOf({ tenantId, tokenId }: { tenantId: string; tokenId: string }): string {
  return JSON.stringify([tenantId, tokenId]);
}
