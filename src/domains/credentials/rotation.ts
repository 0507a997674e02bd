import type pg from 'pg';
import type { Database } from '../../db/client.ts';
import { CannotOpen, type Sealed, type Sealer } from '../../secrets/sealing.ts';
import { placeOf as placeOfAuthenticator } from './authenticators.ts';
import { placeOf as placeOfCredential } from './credentials.ts';

export interface Rotation {
  /** Secrets that were encrypted anew. */
  readonly done: number;
  /** Secrets that neither master key opens. */
  readonly unreadable: number;
}

/** Rows of one transaction. */
const BATCH = 500;

/** A table of secrets: what tells its rows apart within a tenant, and what is encrypted. */
interface Kind {
  readonly table: string;
  readonly name: string;
  readonly value: string;
  readonly placeOf: (tenantId: string, name: string) => string[];
}

const KINDS: readonly Kind[] = [
  {
    table: 'echo_credentials',
    name: 'name',
    value: 'value',
    placeOf: (tenantId, name) => placeOfCredential({ tenantId, name }),
  },
  {
    table: 'echo_authenticators',
    name: 'user_id',
    value: 'secret',
    placeOf: (tenantId, userId) => placeOfAuthenticator({ tenantId, userId }),
  },
];

interface Row extends Sealed {
  readonly tenantId: string;
  readonly name: string;
}

/** Encrypts everything anew that was encrypted under another master key than the present one, some rows at a time. */
export async function reencrypt(db: Database, sealer: Sealer | null): Promise<Rotation> {
  let [done, unreadable] = [0, 0];
  for (const kind of KINDS) {
    if (!sealer) {
      unreadable += await countOf(db, kind);
      continue;
    }
    for (let after: Pick<Row, 'tenantId' | 'name'> | undefined = { tenantId: '', name: '' }; after; ) {
      const from: Pick<Row, 'tenantId' | 'name'> = after;
      const batch = await db.transaction((client) => reencryptSome(client, kind, sealer, from));
      done += batch.done;
      unreadable += batch.rows.length - batch.done;
      after = batch.rows.length === BATCH ? batch.rows.at(-1) : undefined;
    }
  }
  return { done, unreadable };
}

async function countOf(db: Database, { table }: Kind): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>(`select count(*)::int as count from ${table}`);
  return rows[0]?.count ?? 0;
}

async function reencryptSome(
  client: pg.PoolClient,
  { table, name, value, placeOf }: Kind,
  sealer: Sealer,
  after: Pick<Row, 'tenantId' | 'name'>,
): Promise<{ rows: readonly Row[]; done: number }> {
  const { rows } = await client.query<Row>({
    name: `reencrypt_${table}`,
    text: `select tenant_id as "tenantId", ${name} as name, ${value} as bytes, key_id as "keyId" from ${table}
           where key_id <> $1 and (tenant_id, ${name}) > ($2, $3)
           order by ${table}.tenant_id, ${table}.${name} limit ${BATCH} for update`,
    values: [sealer.keyId, after.tenantId, after.name],
  });
  let done = 0;
  for (const row of rows) {
    const sealed = sealedAnew(sealer, row, placeOf(row.tenantId, row.name));
    if (!sealed) continue;
    done++;
    await client.query({
      name: `reencrypted_${table}`,
      text: `update ${table} set ${value} = $3, key_id = $4 where tenant_id = $1 and ${name} = $2`,
      values: [row.tenantId, row.name, sealed.bytes, sealed.keyId],
    });
  }
  return { rows, done };
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
