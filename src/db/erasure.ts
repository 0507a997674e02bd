import { getTableName } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Pool, PoolClient } from 'pg';
import type { Duty } from './duty.ts';

/** Numbers of rows, under the names that a receipt gives them. */
export type Counts = Record<string, number>;

/** A database, or one transaction in it. */
export interface ErasingDatabase {
  readonly pool: Pick<PoolClient, 'query'>;
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
}

interface Owner {
  readonly tenantId: string;
  readonly userId: string;
}

/** What an erasure took, and by which keys parts of it are found that were left. */
export interface Erased {
  readonly counts: Counts;
  /** Of each table whose rows have parts in others: the keys of those that went. */
  readonly keys: ReadonlyMap<PgTable, readonly unknown[]>;
}

/** Where the name of somebody stood who was erased. */
const NOBODY = '(erased)';
const OF_USER = 'user_id = $1 and tenant_id = $2';

/**
 * Deletes all rows of a user that are deleted as rows, with their parts, and takes the name out of rows that stay, as
 * the duties of the tables say; in the transaction of `client`.
 */
export async function eraseRows(client: PoolClient, owner: Owner, duties: readonly Duty[]): Promise<Erased> {
  const counts: Counts = {};
  const keys = new Map<PgTable, readonly unknown[]>();
  const erase = async (duty: Duty, condition: string, values: unknown[]): Promise<void> => {
    const { table, erasure } = duty;
    const name = getTableName(table);
    const parts = duties.filter((part) => part.erasure.rows === 'delete' && parentOf(part)?.table === table);
    if (parts.length > 0) {
      keys.set(table, await lockedKeys(client, parts, name, condition, values));
      for (const part of parts)
        await erase(part, `"${parentOf(part)?.through.name}" = any($1)`, [keys.get(table)]);
    }
    const { rowCount } = await client.query({
      name: `erase_rows_${name}`,
      text: `delete from "${name}" where ${condition}`,
      values,
    });
    if (erasure.rows === 'delete' && erasure.counted !== undefined)
      counts[erasure.counted] = (counts[erasure.counted] ?? 0) + (rowCount ?? 0);
  };
  for (const duty of duties)
    if (duty.erasure.rows === 'delete' && !parentOf(duty))
      await erase(duty, OF_USER, [owner.userId, owner.tenantId]);
  await eraseNames(client, owner, duties);
  return { counts, keys };
}

/** Before their parts go: whoever adds one holds the lock of what it belongs to. */
async function lockedKeys(
  client: PoolClient,
  parts: readonly Duty[],
  name: string,
  condition: string,
  values: unknown[],
): Promise<unknown[]> {
  const key = parentOf(parts[0])?.parent.name;
  const { rows } = await client.query<{ key: unknown }>({
    name: `erase_lock_${name}`,
    text: `select "${key}" as key from "${name}" where ${condition} for update`,
    values,
  });
  return rows.map((row) => row.key);
}

/** What they did for others stays; that it was they does not. */
async function eraseNames(client: PoolClient, owner: Owner, duties: readonly Duty[]): Promise<void> {
  for (const { table, erasure } of duties)
    for (const column of erasure.names ?? [])
      await client.query({
        name: `erase_name_${getTableName(table)}_${column.name}`,
        text: `update "${getTableName(table)}" set "${column.name}" = '${NOBODY}' where "${column.name}" = $1 and tenant_id = $2`,
        values: [owner.userId, owner.tenantId],
      });
}

/** What a look finds afterwards: all zero, unless the user went on while they were erased. */
export async function countLeft(
  pool: Pick<Pool, 'query'>,
  owner: Owner,
  keys: Erased['keys'],
  duties: readonly Duty[],
): Promise<Counts> {
  const sums = new Map<string, string[]>();
  const values: unknown[] = [owner.userId, owner.tenantId];
  for (const duty of duties) {
    if (duty.erasure.rows === 'keep' || typeof duty.erasure.left !== 'string') continue;
    const part = parentOf(duty);
    const condition = part
      ? `"${part.through.name}" = any($${values.push(keys.get(part.table) ?? [])})`
      : OF_USER;
    const count = `(select count(*)::int from "${getTableName(duty.table)}" where ${condition})`;
    sums.set(duty.erasure.left, [...(sums.get(duty.erasure.left) ?? []), count]);
  }
  const columns = [...sums].map(([name, counts]) => `${counts.join(' + ')} as "${name}"`);
  const { rows } = await pool.query<Counts>({
    name: 'erase_left',
    text: `select ${columns.join(', ')}`,
    values,
  });
  return rows[0] ?? {};
}

function parentOf(duty: Duty | undefined) {
  const owner = duty?.owner;
  return typeof owner === 'object' && 'parent' in owner
    ? { ...owner, table: owner.parent.table as PgTable }
    : null;
}
