import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { bulkhead } from 'cockatiel';
import { and, asc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import type { Availability } from '../db/availability.ts';
import type { Database } from '../db/client.ts';
import { judgeDatabaseError } from '../db/meaning.ts';
import { prepareOnce } from '../db/statements.ts';
import { ServiceUnavailable } from '../errors.ts';
import { type Permission, type Principal, permissionsOf, type Role } from './principals.ts';
import { type ApiKeyRow, apiKeys as k } from './tables.ts';

/** `echo_` helps scanners of leaked secrets; then the public part, and 256 random bits. */
const FORM = /^echo_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const NO_HASH = Buffer.alloc(32);
/** Milliseconds that a key is remembered: another server's revocation is noticed after that. */
const REMEMBERED_MS = 5_000;
/** While the database is away, a key that was valid so recently still is: turns must be taken then, too. */
const TRUSTED_MS = 3_600_000;
/** What is waited to hear that such a key is still valid, and of one that is not known. */
const [CONFIRM_MS, FIND_MS] = [200, 2_000];
const MAX_REMEMBERED = 10_000;
/** Whoever tries many keys must not keep the pool busy with it. */
const LOOK_UPS_AT_ONCE = 2;
/** Uses are written down so often, at most. */
const USE_MS = 60_000;

const statements = prepareOnce((orm) => ({
  byKeyId: orm
    .select()
    .from(k)
    .where(eq(k.keyId, sql.placeholder('keyId')))
    .prepare('api_key_by_key_id'),
  ofTenant: orm
    .select()
    .from(k)
    .where(eq(k.tenantId, sql.placeholder('tenantId')))
    .orderBy(asc(k.id))
    .prepare('api_keys_of_tenant'),
  usable: orm
    .select({ id: k.id })
    .from(k)
    .where(and(isNull(k.revokedAt), or(isNull(k.expiresAt), gt(k.expiresAt, sql`now()`))))
    .limit(1)
    .prepare('api_keys_usable'),
}));

/** What a new key is for. */
export interface KeyRequest {
  readonly tenantId: string;
  readonly userId: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Null: what is usual for the roles. */
  readonly permissions: readonly Permission[] | null;
  readonly expiresAt: Date | null;
  /** For the record. */
  readonly createdBy: string;
}

interface Remembered {
  readonly row: ApiKeyRow | null;
  readonly at: number;
}

/** API keys: made, shown once, found again by their public part, revoked. */
export class ApiKeys {
  readonly #db: Database;
  readonly #availability: Availability;
  /** How often what was remembered was enough. */
  readonly use = { hits: 0, misses: 0 };
  readonly #remembered = new Map<string, Remembered>();
  readonly #lookUps = bulkhead(LOOK_UPS_AT_ONCE, Number.POSITIVE_INFINITY);
  readonly #usedAt = new Map<number, number>();

  constructor(db: Database, availability: Availability) {
    this.#db = db;
    this.#availability = availability;
  }

  /** @returns the key, which nobody can ask for again, and what is kept of it */
  async create(request: KeyRequest): Promise<{ key: string; row: ApiKeyRow }> {
    const keyId = randomBytes(6).toString('hex');
    const key = `echo_${keyId}_${randomBytes(32).toString('base64url')}`;
    const values = {
      ...request,
      keyId,
      hash: hashOf(key),
      lastFour: key.slice(-4),
      roles: [...request.roles],
      permissions: [...permissionsOf(request.roles, request.permissions)],
    };
    const [row] = await this.#db.ormTransaction((orm) => orm.insert(k).values(values).returning());
    if (!row) throw new Error('the database returned no row for a new key');
    this.#remembered.set(keyId, { row, at: Date.now() });
    return { key, row };
  }

  /** Keys of a tenant, oldest first, revoked ones included. */
  list(tenantId: string): Promise<ApiKeyRow[]> {
    return statements(this.#db).ofTenant.execute({ tenantId });
  }

  /** @returns the key as it is now; null if the tenant has none of that name */
  async revoke(tenantId: string, keyId: string): Promise<ApiKeyRow | null> {
    const [row] = await this.#db.ormTransaction((orm) =>
      orm
        .update(k)
        .set({ revokedAt: sql`coalesce(${k.revokedAt}, now())` })
        .where(and(eq(k.tenantId, tenantId), eq(k.keyId, keyId)))
        .returning(),
    );
    this.#remembered.delete(keyId);
    return row ?? null;
  }

  /** Whether there is any key that opens the door. */
  async anyUsable(): Promise<boolean> {
    return (await statements(this.#db).usable.execute()).length > 0;
  }

  /** Forgets keys that were looked up lately, for those that were deleted. */
  clear(): void {
    this.#remembered.clear();
  }

  /** Who shows this key; null if it is none, or no longer. Takes the same steps for a wrong key as for a right one. */
  async principalOf(key: string): Promise<Principal | null> {
    const keyId = FORM.exec(key)?.[1];
    if (!keyId) return null;
    const hash = hashOf(key);
    const row = await this.#find(keyId, hash);
    const matches = timingSafeEqual(hash, row?.hash ?? NO_HASH);
    if (!row || !matches || row.revokedAt || (row.expiresAt && row.expiresAt <= new Date())) return null;
    this.#noteUse(row.id);
    return {
      tenantId: row.tenantId,
      userId: row.userId,
      roles: row.roles,
      permissions: row.permissions,
      credential: { kind: 'KEY', id: keyId, expiresAt: row.expiresAt },
    };
  }

  /** What is remembered of a key, for who shows its secret: others are looked up, like keys that do not exist. */
  #rememberedAs(keyId: string, hash: Buffer): Remembered | null {
    const known = this.#remembered.get(keyId);
    return known && timingSafeEqual(hash, known.row?.hash ?? NO_HASH) ? known : null;
  }

  async #find(keyId: string, hash: Buffer): Promise<ApiKeyRow | null> {
    const known = this.#rememberedAs(keyId, hash);
    const age = known ? Date.now() - known.at : Number.POSITIVE_INFINITY;
    if (known && age < REMEMBERED_MS) {
      this.use.hits++;
      return known.row;
    }
    this.use.misses++;
    const fallback = known?.row && age < TRUSTED_MS ? known.row : null;
    let failure: unknown = null;
    const found = await this.#availability.tolerate<Remembered | null>(
      async () => {
        try {
          const [row] = await this.#lookUps.execute(() => statements(this.#db).byKeyId.execute({ keyId }));
          return { row: row ?? null, at: Date.now() };
        } catch (error) {
          failure = error;
          throw error;
        }
      },
      null,
      fallback ? CONFIRM_MS : FIND_MS,
    );
    // What will fail again, too, is no reason to tell the caller to come again.
    if (!found && !fallback && judgeDatabaseError(failure) === 'defect') throw failure;
    if (!found && !fallback) throw new ServiceUnavailable('keys cannot be looked up now; try again');
    if (!found) return fallback;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    // Made-up keys are not remembered: they would push out real ones.
    if (found.row) this.#remembered.set(keyId, found);
    else this.#remembered.delete(keyId);
    return found.row;
  }

  /** Without waiting: a use that is not written down harms nobody. */
  #noteUse(id: number): void {
    const now = Date.now();
    if (now - (this.#usedAt.get(id) ?? 0) < USE_MS || !this.#availability.isUp) return;
    this.#usedAt.set(id, now);
    this.#db.orm
      .update(k)
      .set({ lastUsedAt: new Date() })
      .where(eq(k.id, id))
      .catch((error: unknown) => {
        if (judgeDatabaseError(error) !== 'unavailable') this.#usedAt.delete(id);
      });
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
