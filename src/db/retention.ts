import { getTableName } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { Duty, RetentionSetting } from './duty.ts';

/** Rows that one statement deletes. */
const BATCH = 5_000;

/** Days, as the operator set them. */
export type RetentionDays = Readonly<Record<RetentionSetting, number>>;
/** How old rows of a table get. */
export interface Outdating {
  readonly table: string;
  readonly days: number;
  readonly isOld: string;
  readonly key: string | undefined;
}

type Queries = Pick<PoolClient, 'query'>;

/** The tables whose rows go when they are so old, as the duties say. */
export function outdatings(duties: readonly Duty[], settings: RetentionDays): Outdating[] {
  return duties.flatMap(({ table, kept }) => {
    if (typeof kept !== 'object' || !('past' in kept)) return [];
    const days = 'days' in kept ? kept.days : settings[kept.setting];
    const isKept = kept.unless ? ` and "${kept.unless.name}" is null` : '';
    const isOld = `"${kept.past.name}" < now() - $1 * interval '1 day'${isKept}`;
    return [{ table: getTableName(table), days, isOld, key: kept.inOrderOf?.name }];
  });
}

/** Deletes some rows that are too old. @returns how many, and whether these were the last */
export async function deleteOutdatedBatch(
  client: Queries,
  { table, days, isOld, key }: Outdating,
): Promise<{ rows: number; isLast: boolean }> {
  const oldest = key
    ? `"${key}" in (select "${key}" from "${table}" order by "${key}" limit ${BATCH})`
    : `ctid = any(array(select ctid from "${table}" where ${isOld} limit ${BATCH}))`;
  const { rowCount } = await client.query({
    name: `delete_outdated_${table}`,
    // Said of the row itself, too: it may have got more time since it was chosen.
    text: `delete from "${table}" where ${oldest} and ${isOld}`,
    values: [days],
  });
  const rows = rowCount ?? 0;
  return { rows, isLast: rows < BATCH };
}

/** Number of rows that are too old. */
export async function countOutdated(client: Queries, { table, days, isOld }: Outdating): Promise<number> {
  const { rows } = await client.query<{ count: number }>({
    name: `count_outdated_${table}`,
    text: `select count(*)::int as count from "${table}" where ${isOld}`,
    values: [days],
  });
  return rows[0]?.count ?? 0;
}
