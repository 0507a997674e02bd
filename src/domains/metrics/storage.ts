import { Gauge, type Registry } from 'prom-client';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';

interface TableFigures {
  readonly table: string;
  /** With its indexes and what lies beside it. */
  readonly bytes: number;
  /** As the database estimates it. */
  readonly rows: number;
  /** Reads by an index and reads of the whole table, since the database began to count. */
  readonly index_scans: number;
  readonly whole_scans: number;
}

/** Sizes are files that have to be looked at: not more often than this, whoever asks. */
const FRESH_MS = 300_000;

/** Shows how large the tables of the server are and how they are read. */
export function showTables(registry: Registry, db: Database, availability: Availability): void {
  const read = cached(() => availability.tolerate(() => tableFigures(db), []));
  const show = (name: string, help: string, value: (figures: TableFigures) => number | null) => {
    const collect = async function (this: Gauge<'table'>) {
      this.reset();
      for (const figures of await read()) {
        const seen = value(figures);
        if (seen !== null) this.set({ table: figures.table }, seen);
      }
    };
    new Gauge({ name, help, labelNames: ['table'], registers: [registry], collect });
  };
  show('echo_table_bytes', 'Size of a table with its indexes', ({ bytes }) => bytes);
  show('echo_table_rows', 'Rows of a table, as the database estimates them', ({ rows }) => rows);
  show(
    'echo_table_index_scan_ratio',
    'Share of the reads of a table that go by an index; absent if it was not read',
    ({ index_scans: byIndex, whole_scans: whole }) =>
      byIndex + whole === 0 ? null : byIndex / (byIndex + whole),
  );
}

function cached<T>(read: () => Promise<T>): () => Promise<T> {
  let known: { at: number; value: Promise<T> } | null = null;
  return () => {
    if (!known || Date.now() - known.at > FRESH_MS) known = { at: Date.now(), value: read() };
    return known.value;
  };
}

async function tableFigures({ pool }: Pick<Database, 'pool'>): Promise<TableFigures[]> {
  const { rows } = await pool.query<TableFigures>({
    name: 'table_figures',
    text: `select c.relname as table, pg_total_relation_size(c.oid)::float8 as bytes, greatest(c.reltuples, 0)::float8 as rows,
             coalesce(s.idx_scan, 0)::float8 as index_scans, coalesce(s.seq_scan, 0)::float8 as whole_scans
           from pg_class c join pg_stat_user_tables s on s.relid = c.oid
           where c.relnamespace = current_schema()::regnamespace order by 1`,
    values: [],
  });
  return rows;
}
