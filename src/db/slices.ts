import { fillPlaceholders, getTableColumns, type InferSelectModel, type Query } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import type { Database } from './client.ts';
import { ValuesStatement } from './values-client.ts';

/** Some columns of a table, for reads to which no others matter: what is not read costs neither the database nor the driver. */
export interface Slice<Row> {
  /** The columns for drizzle's `select`. */
  readonly fields: Record<string, PgColumn>;
  /** The columns' names, in their order. */
  readonly names: readonly string[];
  /** What stands behind `select`. @param alias of the table in the statement */
  columns(alias: string): string;
  /** Runs a statement that selects these columns in their order, prepared under its name. @returns their values */
  query(db: Database, statement: { name: string; text: string; values: unknown[] }): Promise<unknown[][]>;
  /** @param from where the columns begin among the values, if the statement has others before them */
  row(values: readonly unknown[], from?: number): Row;
}

/**
 * Makes a slice of a table.
 *
 * Its rows pass for whole ones: a column that was not read throws where it is asked for, rather than be taken for one
 * that is empty.
 */
export function sliceOf<T extends PgTable>(
  table: T,
  keys: readonly (keyof InferSelectModel<T> & string)[],
): Slice<InferSelectModel<T>> {
  const columns = getTableColumns(table);
  class Part {
    constructor(values: readonly unknown[], from: number) {
      const row = this as Record<string, unknown>;
      for (let at = 0; at < keys.length; at++) row[keys[at] as string] = values[from + at];
    }
  }
  for (const key of Object.keys(columns)) {
    if ((keys as readonly string[]).includes(key)) continue;
    Object.defineProperty(Part.prototype, key, {
      get: () => {
        throw new Error(`the column of "${key}" was not read`);
      },
    });
  }
  const names = keys.map((key) => (columns[key] as PgColumn).name);
  return {
    fields: Object.fromEntries(keys.map((key) => [key, columns[key] as PgColumn])),
    names,
    columns: (alias) => names.map((name) => `${alias}.${name}`).join(', '),
    query: valuesOf,
    row: (values, from = 0) => new Part(values, from) as InferSelectModel<T>,
  };
}

/** Runs a statement, prepared under its name, for nothing but the values of its columns in their order: no row becomes an object here. */
export async function valuesOf(
  db: { readonly pool: Pick<pg.PoolClient, 'query'> },
  statement: { name: string; text: string; values: unknown[] },
): Promise<unknown[][]> {
  const { rows } = await db.pool.query<unknown[]>(new ValuesStatement(statement, TYPES));
  return rows;
}

/** A statement that drizzle has built, as the driver takes it: a function that gives its placeholders their values. */
export function filled(
  name: string,
  { sql, params }: Query,
): (values: Record<string, unknown>) => { name: string; text: string; values: unknown[] } {
  return (values) => ({ name, text: sql, values: fillPlaceholders(params, values) });
}

const { TIMESTAMPTZ } = pg.types.builtins;
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text') =>
    oid === TIMESTAMPTZ
      ? instantOf
      : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};
const parseAny = pg.types.getTypeParser(TIMESTAMPTZ, 'text') as (text: string) => Date;
const USUAL = /^[1-9]\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,3})?\+00$/;

/** The usual form is read digit by digit, without another text; that takes an eighth of the time. */
function instantOf(text: string): Date {
  if (!USUAL.test(text)) return parseAny(text);
  const year = numberAt(text, 0, 4);
  const digits = Math.max(0, text.length - '2000-01-01 00:00:00.+00'.length);
  const milliseconds = numberAt(text, 20, digits) * (TENS[3 - digits] ?? 0);
  const at = (place: number) => numberAt(text, place, 2);
  return new Date(Date.UTC(year, at(5) - 1, at(8), at(11), at(14), at(17), milliseconds));
}

const TENS = [1, 10, 100];

function numberAt(text: string, place: number, digits: number): number {
  let number = 0;
  for (let at = place; at < place + digits; at++) number = number * 10 + text.charCodeAt(at) - 48;
  return number;
}
