import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';

export interface DatabaseFigures {
  readonly sizeBytes: number;
  /** Of whomever, the one that asks among them. */
  readonly connections: number;
  readonly tables: number;
}

/** How large the database is, and who is connected to it. */
export async function databaseFigures(db: Database): Promise<DatabaseFigures> {
  const found = await db.pool.query<{ size: string; connections: number; tables: number }>({
    name: 'database_figures',
    text: `select pg_database_size(current_database())::text as size,
             (select count(*)::int from pg_stat_activity where datname = current_database()) as connections,
             (select count(*)::int from pg_tables where schemaname = current_schema()) as tables`,
    values: [],
  });
  const { size, connections, tables } = onlyRow(found);
  return { sizeBytes: Number(size), connections, tables };
}
