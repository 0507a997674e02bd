import { getTableColumns, getTableName } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';
import type { Duty } from '../../db/duty.ts';
import { COUNTED_TURNS } from '../conversations/tables.ts';

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
/** So many rows of a sample tell how large those of a tenant are; of fewer, they are taken to be as large as those of others. */
const TELLING_ROWS = 100;
/**
 * SQL: rows of a tenant in the tables that can be counted otherwise. In a sample of pages, on which rows of one tenant stand
 * together, a small tenant would have none of its turns, or several times as many.
 */
const COUNTED: ReadonlyMap<string, string> = new Map([
  [
    'echo_unified_interactions',
    `select ${COUNTED_TURNS}::float8 as counted from echo_conversations where tenant_id = $1`,
  ],
]);
/** What PostgreSQL keeps of a row before its columns. */
const HEADER_BYTES = 24;

/**
 * What a tenant stores, by table: bytes of whole rows as they are kept, long texts packed, without indexes and files beside
 * the database. Of large tables a sample of their pages is read, the same ones each time while the table does not grow, and
 * the rest is taken to be like it, but turns are counted: no measuring takes longer than the database lets a statement take.
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
    const sampled = `(select t.tenant_id, ${HEADER_BYTES} + ${sizes.join(' + ')} as size
              from ${table} t tablesample system (${percent}) repeatable (0)) s`;
    const counted = COUNTED.get(table);
    if (counted === undefined)
      return `select '${table}' as "table", round(count(*) * 100 / ${percent})::int as rows,
                coalesce(sum(size), 0)::float8 * 100 / ${percent} as bytes from ${sampled} where tenant_id = $1`;
    return `select '${table}', case when ${percent} < 100 then counted else own end::int,
              case when ${percent} < 100 then counted * coalesce(case when own >= ${TELLING_ROWS} then of_own else of_all end, 0)
                else own * coalesce(of_own, 0) end::float8
            from (${counted}) c, (select count(*) filter (where tenant_id = $1) as own, avg(size) filter (where tenant_id = $1) as of_own,
              avg(size) as of_all from ${sampled}) s`;
  });
  const { rows } = await pool.query<StoredRows>({
    name: 'storage_of_tenant',
    text: `${parts.join(' union all ')} order by 1`,
    values: [tenantId, shares.map(({ percent }) => percent)],
  });
  return rows;
}
