import type { PoolClient } from 'pg';
import { joinedAll, type Rollups, type Stretch } from './rollup.ts';
import { MINUTES_DAYS } from './tables.ts';

type Queries = Pick<PoolClient, 'query'>;

const TABLE = { minutes: 'echo_metric_minutes', hours: 'echo_metric_hours' } as const;

/** Stores what a server measured. Where it began anew within the stretch, what was stored of it is added to. */
export async function writeRollups(
  client: Queries,
  of: keyof typeof TABLE,
  server: string,
  { at, rollups }: Stretch,
): Promise<void> {
  const table = TABLE[of];
  const { rowCount } = await client.query({
    name: `insert_metric_${of}`,
    text: `insert into ${table} (at, server, rollups) values ($1, $2, $3) on conflict do nothing`,
    values: [new Date(at), server, JSON.stringify(rollups)],
  });
  if (rowCount === 1) return;
  const { rows } = await client.query<{ rollups: Rollups }>({
    name: `lock_metric_${of}`,
    text: `select rollups from ${table} where at = $1 and server = $2 for update`,
    values: [new Date(at), server],
  });
  await client.query({
    name: `update_metric_${of}`,
    text: `update ${table} set rollups = $3 where at = $1 and server = $2`,
    values: [new Date(at), server, JSON.stringify(joinedAll(rows[0]?.rollups ?? {}, rollups))],
  });
}

/** Hours before one of which a server has minutes, and no hour yet; in milliseconds since 1970. */
export async function hoursWithout(client: Queries, server: string, before: number): Promise<number[]> {
  const { rows } = await client.query<{ hour: Date }>({
    name: 'metric_hours_due',
    text: `select distinct date_trunc('hour', m.at, 'UTC') as hour from echo_metric_minutes m
           where m.server = $1 and m.at < $2 and m.at >= $2::timestamptz - $3 * interval '1 day'
             and not exists (select from echo_metric_hours h
               where h.server = m.server and h.at = date_trunc('hour', m.at, 'UTC'))
           order by 1`,
    values: [server, new Date(before), MINUTES_DAYS],
  });
  return rows.map(({ hour }) => hour.getTime());
}

/** What a server measured in the minutes of an hour, the first one first. */
export async function minutesOfHour(client: Queries, server: string, at: number): Promise<Rollups[]> {
  const { rows } = await client.query<{ rollups: Rollups }>({
    name: 'metric_minutes_of_hour',
    text: `select rollups from echo_metric_minutes
           where server = $1 and at >= $2 and at < $2::timestamptz + interval '1 hour' order by at`,
    values: [server, new Date(at)],
  });
  return rows.map(({ rollups }) => rollups);
}
