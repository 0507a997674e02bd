import { createHash } from 'node:crypto';
import { getTableColumns, type InferSelectModel } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Database } from './client.ts';

/**
 * Statements that are built once for each database and prepared under their name.
 *
 * @param build returns the prepared statements of one page
 */
export function prepareOnce<T>(build: (orm: NodePgDatabase) => T): (db: Database) => T {
  const built = new WeakMap<Database, T>();
  return (db) => {
    let statements = built.get(db);
    if (!statements) {
      statements = build(db.orm);
      built.set(db, statements);
    }
    return statements;
  };
}

/** The same for a statement whose conditions vary: one prepared form for each combination in use. */
export function prepareByShape<T>(
  build: (orm: NodePgDatabase, shape: string) => T,
): (db: Database, shape: string) => T {
  const shapes = prepareOnce((orm) => {
    const known = new Map<string, T>();
    return (shape: string) => {
      const statement = known.get(shape) ?? build(orm, shape);
      known.set(shape, statement);
      return statement;
    };
  });
  return (db, shape) => shapes(db)(shape);
}

/** A part of a list: `limit` rows beyond a position, in the list's order or against it. */
export interface Page<Position> {
  readonly after: Position | null;
  readonly before: Position | null;
  readonly limit: number;
  /** Read against the list's order (for the last rows). */
  readonly inverted: boolean;
}

/** A place in a list that is ordered by an instant, made unique by an id. */
export interface TimePosition {
  readonly at: Date;
  readonly id: number;
}

/** The values of a page over time, under the names that its statement's placeholders have. */
export function timePageValues(page: Page<TimePosition>) {
  const { after, before, inverted, limit } = page;
  return {
    afterAt: after?.at,
    afterId: after?.id,
    beforeAt: before?.at,
    beforeId: before?.id,
    inverted: inverted || undefined,
    limit,
  };
}

/** Names the conditions that are in use, to tell prepared forms of one statement apart. */
export function shapeOf(values: Readonly<Record<string, unknown>>): string {
  const used = Object.keys(values).filter((name) => values[name] !== null && values[name] !== undefined);
  return used.sort().join(',');
}

/** A name for the prepared form of a statement; PostgreSQL cuts names at 63 bytes, so the shape goes in as a hash. */
export function nameOfShape(statement: string, shape: string): string {
  return `${statement}_${createHash('sha256').update(shape).digest('hex').slice(0, 16)}`;
}

/**
 * SQL: a list or a limit whose size PostgreSQL does not see while it plans. Where it sees a short one, the plan for these values looks cheaper
 * than the one for any, so that it plans each time anew: for a few rows by their ids that takes three times as long as to read them. Not for
 * conditions that decide which plan is good.
 *
 * @param parameter its place, such as `$3`
 * @param type as PostgreSQL names it, such as `uuid[]`
 */
export function unseen(parameter: string, type: string): string {
  // The cast outside makes it a value: `any (select …)` would be rows.
  return `(select ${parameter}::${type})::${type}`;
}

/** A row of `select *` as the driver returns it. */
export type RawRow = Record<string, unknown>;

/** The row of a statement that always gives one, such as a count. */
export function onlyRow<T>({ rows }: { readonly rows: readonly T[] }): T {
  const [row] = rows;
  if (row === undefined) throw new Error('a statement that always gives a row gave none');
  return row;
}

/** What `mapRow` asks of a table for each row, looked up once. */
const columnsOf = new WeakMap<PgTable, readonly (readonly [key: string, name: string, column: PgColumn])[]>();

/** A row as the driver returns it (`select *`) in the shape that drizzle gives to rows of the table. */
export function mapRow<T extends PgTable>(table: T, raw: RawRow): InferSelectModel<T> {
  let columns = columnsOf.get(table);
  if (!columns) {
    columns = Object.entries(getTableColumns(table)).map(
      ([key, column]) => [key, column.name, column] as const,
    );
    columnsOf.set(table, columns);
  }
  const row: Record<string, unknown> = {};
  for (const [key, name, column] of columns) {
    const value = raw[name];
    row[key] =
      value === null || value === undefined || value instanceof Date
        ? (value ?? null)
        : column.mapFromDriverValue(value);
  }
  return row as InferSelectModel<T>;
}
