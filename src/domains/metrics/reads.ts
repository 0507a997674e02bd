import type { PoolClient } from 'pg';
import { replicable } from '../../db/replicable.ts';
import type { Rollups, Stretch } from './rollup.ts';

type Queries = Pick<PoolClient, 'query'>;

export interface StoredStretch extends Stretch {
  readonly server: string;
}

const TABLE = { minutes: 'echo_metric_minutes', hours: 'echo_metric_hours' } as const;

/**
 * What all servers measured of some metrics, the oldest first.
 *
 * @param names of the metrics, with whatever labels
 * @param from in milliseconds since 1970; `to` is left out
 */
export async function storedRollups(
  client: Queries,
  of: keyof typeof TABLE,
  names: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<StoredStretch[]> {
  const { rows } = await client.query<{ at: Date; server: string; rollups: Rollups | null }>({
    name: replicable(`stored_metric_${of}`),
    text: `select at, server, (select jsonb_object_agg(series, rollup) from jsonb_each(rollups) each (series, rollup)
             where split_part(series, '{', 1) = any($3)) as rollups
           from ${TABLE[of]} where at >= $1 and at < $2 order by at`,
    values: [new Date(from), new Date(to), names],
  });
  return rows.map(({ at, server, rollups }) => ({ at: at.getTime(), server, rollups: rollups ?? {} }));
}

/** Minutes may be stored so much later: they wait for a database that is away. */
const LATE_MS = 5 * 3_600_000;
/** Hours are made so much later, of the minutes of a server that was stopped. */
const LATE_HOURS_MS = 3 * 86_400_000;

/** A word for what is stored last: as long as it is the same, nothing was stored since. @param now in milliseconds since 1970 */
export async function newestRollups(client: Queries, now: number): Promise<string> {
  const { rows } = await client.query<{ mark: string }>({
    name: replicable('newest_metrics'),
    // A row that is added to has another xmin.
    text: `select concat_ws(' ', m.*, h.*) as mark from
             (select count(*), sum(xmin::text::bigint) from echo_metric_minutes where at >= $1) m,
             (select count(*), sum(xmin::text::bigint) from echo_metric_hours where at >= $2) h`,
    values: [new Date(now - LATE_MS), new Date(now - LATE_HOURS_MS)],
  });
  return rows[0]?.mark ?? '';
}

/** The series that any server has stored in the last days. */
export async function storedSeries(client: Queries): Promise<string[]> {
  const { rows } = await client.query<{ series: string }>({
    name: replicable('stored_metric_series'),
    // Of each server its latest hours and minutes: what is not in them was not measured for a while.
    text: `select distinct series from (
             (select rollups from echo_metric_hours order by at desc limit 24)
             union all (select rollups from echo_metric_minutes order by at desc limit 60)) latest,
           jsonb_object_keys(rollups) keys (series) order by 1`,
    values: [],
  });
  return rows.map(({ series }) => series);
}
