import { getTableColumns, getTableName } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';

/** A table whose rows are tenants'. */
export interface StoredKind {
  readonly table: string;
}

/** Rows of a tenant in one table, and their bytes. */
export interface StoredRows {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
}

/** All tables whose rows say which tenant's they are. */
export function kindsOf(duties: readonly Duty[]): StoredKind[] {
  return duties
    .filter(({ table }) => 'tenantId' in getTableColumns(table))
    .map(({ table }) => ({ table: getTableName(table) }))
    .sort((a, b) => (a.table < b.table ? -1 : 1));
}

/** What a tenant stores, by table: bytes of whole rows as they are kept, long texts packed, without indexes and files beside the database. */
export async function storageOf(
  { pool }: Pick<Database, 'pool'>,
  tenantId: string,
  kinds: readonly StoredKind[],
): Promise<StoredRows[]> {
  const parts = kinds.map(
    ({ table }) =>
      `select '${table}' as "table", count(*)::int as rows, coalesce(sum(pg_column_size(t.*)), 0)::float8 as bytes from ${table} t where t.tenant_id = $1`,
  );
  const { rows } = await pool.query<StoredRows>({
    name: 'storage_of_tenant',
    text: `${parts.join(' union all ')} order by 1`,
    values: [tenantId],
  });
  return rows;
}
