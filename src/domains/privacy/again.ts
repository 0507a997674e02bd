import { getTableName } from 'drizzle-orm';
import type { ClientBase, PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Duty } from '../../db/duty.ts';
import { eraseRows } from '../../db/erasure.ts';
import { subjectOf } from '../../ground/ownership.ts';
import type { EraserServices } from './erasers.ts';
import { ERASERS, LAST_ERASERS } from './erasers.ts';
import type { ErasureMark } from './marks.ts';

/**
 * Erases who was erased after a database was backed up: rows that a restore would bring back go, and the erasure and its receipt
 * are there again. In the transaction of the client, where no trigger tells of it: it was told when it was done.
 *
 * @param marks of all erasures that are known
 * @returns those that were not in the database yet, and are now
 */
export async function eraseAgain(
  client: ClientBase,
  marks: readonly ErasureMark[],
  { duties, dataDirectory }: { readonly duties: readonly Duty[]; readonly dataDirectory: string },
): Promise<readonly ErasureMark[]> {
  const missing = await notThere(client, marks);
  if (missing.length === 0) return missing;
  const users = await usersOf(client, duties);
  // One connection, and one transaction for all of it.
  const within = client as PoolClient;
  const services: EraserServices = {
    db: { pool: within, transaction: (work) => work(within) },
    // A restored database has no vectors yet.
    vectors: { remove: async () => undefined, fetch: async () => new Map() },
    config: { dataDirectory },
  };
  for (const mark of missing) {
    await noteAgain(client, mark);
    const owner = users.get(mark.subject);
    if (!owner) continue;
    for (const erase of Object.values(ERASERS)) await erase(services, owner);
    await eraseRows(within, owner, duties);
    for (const erase of Object.values(LAST_ERASERS)) await erase(within, owner);
  }
  return missing;
}

/** Whether what somebody said until then was erased. */
export function isErasedBy(marks: readonly ErasureMark[], owner: Owner, at: Date): boolean {
  const subject = subjectOf(owner).toString('hex');
  return marks.some((mark) => mark.subject === subject && new Date(mark.erasedAt) >= at);
}

async function notThere(client: ClientBase, marks: readonly ErasureMark[]): Promise<ErasureMark[]> {
  const { rows } = await client.query<{ receiptId: string }>({
    name: 'erasures_completed',
    text: `select receipt_id as "receiptId" from echo_erasures where receipt_id = any($1::uuid[]) and completed_at is not null`,
    values: [marks.map(({ receiptId }) => receiptId)],
  });
  return marks.filter(({ receiptId }) => !rows.some((row) => row.receiptId === receiptId));
}

async function noteAgain(client: ClientBase, mark: ErasureMark): Promise<void> {
  const { receiptId, tenantId, subject, erasedAt, leftMarks, completed } = mark;
  await client.query({
    name: 'erasure_noted_again',
    text: `insert into echo_erasures (receipt_id, tenant_id, subject, erased_at, left_marks, completed_at, receipt, signature)
           values ($1, $2, decode($3, 'hex'), $4, $5, $6, $7, $8)
           on conflict (receipt_id) do update set erased_at = excluded.erased_at, left_marks = excluded.left_marks,
             completed_at = excluded.completed_at, receipt = excluded.receipt, signature = excluded.signature`,
    values: [
      ...[receiptId, tenantId, subject, erasedAt, leftMarks],
      ...[
        completed?.at ?? null,
        completed && JSON.stringify(completed.receipt),
        completed?.signature ?? null,
      ],
    ],
  });
}

/** Everybody of whom there are rows, by the hash that erasures know them by. */
async function usersOf(client: ClientBase, duties: readonly Duty[]): Promise<ReadonlyMap<string, Owner>> {
  const users = new Map<string, Owner>();
  for (const { table, owner } of duties) {
    if (typeof owner !== 'object' || !('user' in owner)) continue;
    const column = owner.user.name;
    const { rows } = await client.query<Owner>(
      `select distinct tenant_id as "tenantId", "${column}" as "userId" from "${getTableName(table)}" where "${column}" is not null`,
    );
    for (const user of rows) users.set(subjectOf(user).toString('hex'), user);
  }
  return users;
}
