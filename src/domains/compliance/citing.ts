import pg from 'pg';
import type { Database } from '../../db/client.ts';
import type { Citation, ReportLine } from './tables.ts';

/** Keys of rows that a line cites; all are found by its condition. */
export const MAX_CITED = 20;
/** Lines of one part of a report; what there is beyond is counted. */
const MAX_LINES = 200;

type Reader = { readonly pool: Pick<Database['pool'], 'query'> };

/** A value as it stands in a condition, so that whoever copies it finds the same rows. */
export const literal = (value: string | Date) =>
  pg.escapeLiteral(value instanceof Date ? value.toISOString() : value);

/**
 * The rows that a condition finds: what a line says and what it cites come from the same look.
 *
 * @param key the column whose values name them
 */
export async function cited({ pool }: Reader, source: string, key: string, where: string): Promise<Citation> {
  // Without a name, since the condition holds its values: it is stored as it was asked.
  const { rows } = await pool.query<{ rows: number; ids: string[] | null }>(
    `select count(*)::int as rows, (array_agg("${key}"::text order by "${key}"))[1:${MAX_CITED}] as ids
     from "${source}" where ${where}`,
  );
  return { source, where, ids: rows[0]?.ids ?? [], rows: rows[0]?.rows ?? 0 };
}

/** What lies in no table. @param source the query that shows it */
export function elsewhere(source: string, ids: readonly string[] = []): Citation {
  return { source, where: null, ids: ids.slice(0, MAX_CITED), rows: ids.length };
}

/** Leaves out what is too much, and says how much that is, citing all of it. */
export function bounded(lines: readonly ReportLine[], all: Citation): ReportLine[] {
  if (lines.length <= MAX_LINES) return [...lines];
  const more = lines.length - MAX_LINES;
  const isBad = lines.slice(MAX_LINES).some(({ state }) => state === 'ATTENTION');
  return [
    ...lines.slice(0, MAX_LINES),
    { state: isBad ? 'ATTENTION' : 'OK', text: `${more} more that are not told one by one`, cites: [all] },
  ];
}

/** The day of an instant, in UTC. */
export const day = (at: Date) => at.toISOString().slice(0, 10);

/** Whole days from one instant to another. */
export const daysBetween = (from: Date, to: Date) => Math.floor((to.getTime() - from.getTime()) / 86_400_000);

export const many = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;
