import pg from 'pg';
import type { RawRow } from './older-row.ts';

/** The older database cannot be read. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** By what rows are read in order. */
export interface Order {
  readonly names: readonly string[];
  readonly columns: readonly string[];
}

export interface OlderTable {
  readonly name: string;
  readonly columns: ReadonlySet<string>;
}

const CONNECT_MS = 15_000;
const ROWS_AT_ONCE = 500;

/**
 * An older database in PostgreSQL, read in one snapshot and never written: its transaction is READ ONLY, and so is its
 * session.
 */
export class Source {
  readonly #client: pg.Client;
  readonly #schema: string;
  readonly #isBytes: boolean;
  #cursors = 0;
  /** Rows whose bytes were no UTF-8, in a database that says nothing of its encoding. */
  guessed = 0;

  private constructor(client: pg.Client, schema: string, isBytes: boolean) {
    this.#client = client;
    this.#schema = schema;
    this.#isBytes = isBytes;
  }

  /** @throws SourceError */
  static async open(url: string, schema: string): Promise<Source> {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      application_name: 'echo-brain adopt',
    });
    // A connection that is lost fails the query that is under way, or the next one.
    client.on('error', () => undefined);
    try {
      await client.connect();
      // Whatever the role's own settings are.
      await client.query(`set session characteristics as transaction read only`);
      await client.query(`set timezone = 'UTC'`);
      await client.query(`set datestyle = 'ISO'`);
      await client.query(`set statement_timeout = 0`);
      await client.query('set idle_in_transaction_session_timeout = 0');
      await client.query('begin transaction isolation level repeatable read, read only');
      const { rows } = await client.query<{ server_encoding: string }>('show server_encoding');
      return new Source(client, schema, rows[0]?.server_encoding === 'SQL_ASCII');
    } catch (error) {
      await client.end().catch(() => undefined);
      throw new SourceError(`the older database cannot be read: ${(error as Error).message}`);
    }
  }

  /** All tables of the schema, by their names. */
  async tables(): Promise<ReadonlyMap<string, OlderTable>> {
    const { rows } = await this.#query<{ name: string; columns: string[] }>(
      `select c.relname::text as name, array_agg(a.attname::text) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
       where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and a.attnum > 0
         and not a.attisdropped
       group by c.relname order by c.relname`,
      [this.#schema],
    );
    return new Map(rows.map(({ name, columns }) => [name, { name, columns: new Set(columns) }]));
  }

  /** How many rows a table has. */
  async count(table: string): Promise<number> {
    const { rows } = await this.#query<{ count: string }>(`select count(*) from ${this.#name(table)}`);
    return Number(rows[0]?.count ?? 0);
  }

  /**
   * The rows of a table, as `row_to_json` writes them.
   *
   * @param order columns, of which those count that it has; equal ones stand in the order of their content, which is the
   * same each time. Names stand in the order of their bytes, and at the end where they say nothing
   * @throws SourceError
   */
  async *rows({ name, columns }: OlderTable, order: Order): AsyncGenerator<RawRow> {
    const cursor = `older_${++this.#cursors}`;
    const json = 'row_to_json(t)::text';
    const named = order.names.map(
      (column) => [column, `nullif(t.${pg.escapeIdentifier(column)}::text, '') collate "C"`] as const,
    );
    const others = order.columns.map((column) => [column, `t.${pg.escapeIdentifier(column)}`] as const);
    const by = [...named, ...others].flatMap(([column, sql]) => (columns.has(column) ? [sql] : []));
    // Bytes of no encoding: which they are is found out row by row.
    const shown = this.#isBytes ? `convert_to(${json}, 'SQL_ASCII')` : json;
    await this.#query(
      `declare ${cursor} no scroll cursor for select ${shown} as row from ${this.#name(name)} t
       order by ${[...by, `md5(${json})`].join(', ')}`,
    );
    for (;;) {
      const { rows } = await this.#query<{ row: string | Buffer }>(`fetch ${ROWS_AT_ONCE} from ${cursor}`);
      for (const { row } of rows)
        yield JSON.parse(typeof row === 'string' ? row : this.#textOf(row)) as RawRow;
      if (rows.length < ROWS_AT_ONCE) break;
    }
    await this.#query(`close ${cursor}`);
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }

  #name(table: string): string {
    return `${pg.escapeIdentifier(this.#schema)}.${pg.escapeIdentifier(table)}`;
  }

  async #query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>> {
    try {
      return await this.#client.query<R>(text, values);
    } catch (error) {
      throw new SourceError(
        `the older database does not answer (${(error as Error).message}); nothing is half done: run the command again, and it goes on`,
      );
    }
  }

  /** UTF-8 where it is, else what Windows wrote in Western Europe. */
  #textOf(bytes: Buffer): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      this.guessed++;
      return new TextDecoder('windows-1252').decode(bytes);
    }
  }
}
