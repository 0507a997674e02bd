import { and, eq, ne } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import { CannotOpen, type Sealed, type Sealer } from '../../secrets/sealing.ts';
import { placeOf as placeOfAuthenticator } from './authenticators.ts';
import { placeOf as placeOfCredential, sealedOf } from './credentials.ts';
import { authenticators as a, credentials as c } from './tables.ts';

export interface Rotation {
  /** Secrets that were encrypted anew. */
  readonly done: number;
  /** Secrets that neither master key opens. */
  readonly unreadable: number;
}

/** Encrypts everything anew that was encrypted under another master key than the present one. */
export async function reencrypt(db: Database, sealer: Sealer | null): Promise<Rotation> {
  if (!sealer) return { done: 0, unreadable: (await db.orm.$count(c)) + (await db.orm.$count(a)) };
  let unreadable = 0;
  const again = (sealed: Sealed, place: string[]): Sealed | null => {
    try {
      return sealer.seal(sealer.open(sealed, place), place);
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      unreadable++;
      return null;
    }
  };
  const done = await db.ormTransaction(async (orm) => {
    let count = 0;
    for (const row of await orm.select().from(c).where(ne(c.keyId, sealer.keyId)).for('update')) {
      const sealed = again(sealedOf(row), placeOfCredential(row));
      if (!sealed) continue;
      await orm
        .update(c)
        .set({ value: sealed.bytes, keyId: sealed.keyId })
        .where(and(eq(c.tenantId, row.tenantId), eq(c.name, row.name)));
      count++;
    }
    for (const row of await orm.select().from(a).where(ne(a.keyId, sealer.keyId)).for('update')) {
      const sealed = again({ keyId: row.keyId, bytes: row.secret }, placeOfAuthenticator(row));
      if (!sealed) continue;
      await orm
        .update(a)
        .set({ secret: sealed.bytes, keyId: sealed.keyId })
        .where(and(eq(a.tenantId, row.tenantId), eq(a.userId, row.userId)));
      count++;
    }
    return count;
  });
  return { done, unreadable };
}
