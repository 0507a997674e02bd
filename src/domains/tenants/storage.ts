import { getTableColumns, getTableName } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';

/** A table whose rows are tenants'. */
export interface StoredKind {
  readonly table: string;
  readonly columns: readonly string[];
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
    .map(({ table }) => ({
      table: getTableName(table),
      columns: Object.values(getTableColumns(table)).map(({ name }) => name),
    }))
    .sort((a, b) => (a.table < b.table ? -1 : 1));
}

/** Of a table that takes more, only about so many bytes are read. */
const READ_BYTES = 512 * 2 ** 20;
/** What PostgreSQL keeps of a row before its columns. */
const HEADER_BYTES = 24;

/**
 * What a tenant stores, by table: bytes of whole rows as they are kept, long texts packed, without indexes and files beside
 * the database. Of large tables a sample of their pages is read, the same ones each time while the table does not grow, and
 * the rest is taken to be like it: no measuring takes longer than the database lets a statement take.
 *
 * @param readBytes of a table that takes more, about so many are read
 */
export async function storageOf(
  { pool }: Pick<Database, 'pool'>,
  tenantId: string,
  kinds: readonly StoredKind[],
  readBytes = READ_BYTES,
): Promise<StoredRows[]> {
  const tables = kinds.map(({ table }) => table);
  const { rows: shares } = await pool.query<{ percent: number }>({
    name: 'shares_to_read',
    // With what inherits from a table: turns in the archive.
    text: `select least(100, 100 * $2::float8 / greatest(1, pg_relation_size(c.oid) + coalesce(
             (select sum(pg_relation_size(inhrelid)) from pg_inherits where inhparent = c.oid), 0)))::real as percent
           from unnest($1::text[]) with ordinality as t(name, at) join pg_class c on c.oid = to_regclass(t.name) order by at`,
    values: [tables, readBytes],
  });
  const parts = kinds.map(({ table, columns }, at) => {
    const percent = `($2::real[])[${at + 1}]`;
    // By column: the size of a whole row would fetch its long texts, which stand beside the table and can be far larger.
    const sizes = columns.map((name) => `coalesce(pg_column_size(t."${name}"), 0)`);
    return `select '${table}' as "table", round(count(*) * 100 / ${percent})::int as rows,
              coalesce(sum(${HEADER_BYTES} + ${sizes.join(' + ')}), 0)::float8 * 100 / ${percent} as bytes
            from ${table} t tablesample system (${percent}) repeatable (0) where t.tenant_id = $1`;
  });
  const { rows } = await pool.query<StoredRows>({
    name: 'storage_of_tenant',
    text: `${parts.join(' union all ')} order by 1`,
    values: [tenantId, shares.map(({ percent }) => percent)],
  });
  return rows;
}
