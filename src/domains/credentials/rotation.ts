import { and, asc, eq, gt, ne, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
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

/** Rows of one transaction. */
const BATCH = 500;

/** Encrypts everything anew that was encrypted under another master key than the present one, some rows at a time. */
export async function reencrypt(db: Database, sealer: Sealer | null): Promise<Rotation> {
  if (!sealer) return { done: 0, unreadable: (await db.orm.$count(c)) + (await db.orm.$count(a)) };
  const credentials = await inBatches(db, (orm, after) => credentialBatch(orm, sealer, after));
  const authenticators = await inBatches(db, (orm, after) => authenticatorBatch(orm, sealer, after));
  return {
    done: credentials.done + authenticators.done,
    unreadable: credentials.unreadable + authenticators.unreadable,
  };
}

type Place = readonly [tenantId: string, name: string];

interface Batch extends Rotation {
  /** The last row that was looked at; null: there are no more. */
  readonly last: Place | null;
}

async function inBatches(
  db: Database,
  work: (orm: NodePgDatabase, after: Place) => Promise<Batch>,
): Promise<Rotation> {
  let [done, unreadable] = [0, 0];
  for (let after: Place | null = ['', '']; after; ) {
    const from: Place = after;
    const batch = await db.ormTransaction((orm) => work(orm, from));
    done += batch.done;
    unreadable += batch.unreadable;
    after = batch.last;
  }
  return { done, unreadable };
}

async function credentialBatch(orm: NodePgDatabase, sealer: Sealer, after: Place): Promise<Batch> {
  const rows = await orm
    .select()
    .from(c)
    .where(and(ne(c.keyId, sealer.keyId), gt(sql`(${c.tenantId}, ${c.name})`, rowOf(after))))
    .orderBy(asc(c.tenantId), asc(c.name))
    .limit(BATCH)
    .for('update');
  let done = 0;
  for (const row of rows) {
    const sealed = sealedAnew(sealer, sealedOf(row), placeOfCredential(row));
    if (!sealed) continue;
    done++;
    await orm
      .update(c)
      .set({ value: sealed.bytes, keyId: sealed.keyId })
      .where(and(eq(c.tenantId, row.tenantId), eq(c.name, row.name)));
  }
  const last = rows.at(-1);
  return {
    done,
    unreadable: rows.length - done,
    last: last && rows.length === BATCH ? [last.tenantId, last.name] : null,
  };
}

async function authenticatorBatch(orm: NodePgDatabase, sealer: Sealer, after: Place): Promise<Batch> {
  const rows = await orm
    .select()
    .from(a)
    .where(and(ne(a.keyId, sealer.keyId), gt(sql`(${a.tenantId}, ${a.userId})`, rowOf(after))))
    .orderBy(asc(a.tenantId), asc(a.userId))
    .limit(BATCH)
    .for('update');
  let done = 0;
  for (const row of rows) {
    const sealed = sealedAnew(sealer, { keyId: row.keyId, bytes: row.secret }, placeOfAuthenticator(row));
    if (!sealed) continue;
    done++;
    await orm
      .update(a)
      .set({ secret: sealed.bytes, keyId: sealed.keyId })
      .where(and(eq(a.tenantId, row.tenantId), eq(a.userId, row.userId)));
  }
  const last = rows.at(-1);
  return {
    done,
    unreadable: rows.length - done,
    last: last && rows.length === BATCH ? [last.tenantId, last.userId] : null,
  };
}

function rowOf([tenantId, name]: Place) {
  return sql`(${tenantId}, ${name})`;
}

/** @returns null if neither master key opens it */
function sealedAnew(sealer: Sealer, sealed: Sealed, place: string[]): Sealed | null {
  try {
    return sealer.seal(sealer.open(sealed, place), place);
  } catch (error) {
    if (error instanceof CannotOpen) return null;
    throw error;
  }
}
