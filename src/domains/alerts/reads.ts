import type { PoolClient } from 'pg';
import { replicable } from '../../db/replicable.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type AlertChangeRow, type AlertRow, alertChanges, alerts } from './tables.ts';

interface Reader {
  readonly pool: Pick<PoolClient, 'query'>;
}

/** Changes of one alert that are shown; the latest. */
export const CHANGES_SHOWN = 100;

/** One alert, by its number. */
export async function alertToTell({ pool }: Reader, id: number): Promise<AlertRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'alert_to_tell',
    text: 'select * from echo_alerts where id = $1',
    values: [id],
  });
  return rows[0] ? mapRow(alerts, rows[0]) : null;
}

/** Stored alerts by their ids, or by those that servers gave them which saw the same; in the order of the ids. */
export async function alertsById({ pool }: Reader, ids: readonly string[]): Promise<(AlertRow | null)[]> {
  const { rows } = await pool.query<RawRow & { asked: string }>({
    name: 'alerts_by_id',
    text: `select a.*, g.asked from unnest($1::uuid[]) as g(asked)
           join echo_alerts a on a.id = coalesce(
             (select s.alert from echo_alert_sightings s where s.sighting_id = g.asked),
             (select o.id from echo_alerts o where o.alert_id = g.asked))`,
    values: [ids],
  });
  const byId = new Map(rows.map(({ asked, ...row }) => [asked, mapRow(alerts, row)]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** What became of each of these alerts, oldest first. */
export async function changesOfAlerts({ pool }: Reader, ids: readonly number[]): Promise<AlertChangeRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: 'changes_of_alerts',
    text: `select c.* from unnest($1::bigint[]) as g(id) cross join lateral (
             select * from echo_alert_changes c where c.alert = g.id order by c.id desc limit ${CHANGES_SHOWN}
           ) c order by c.alert, c.id`,
    values: [ids],
  });
  const byAlert = Map.groupBy(
    rows.map((row) => mapRow(alertChanges, row)),
    ({ alert }) => alert,
  );
  return ids.map((id) => byAlert.get(id) ?? []);
}

/** Which alerts began, and how often. */
export interface BegunAlert {
  readonly name: string;
  readonly count: number;
}

/** Those that began or came back within a time, the most frequent first. */
export async function alertsBegun({ pool }: Reader, from: Date, to: Date): Promise<BegunAlert[]> {
  const { rows } = await pool.query<BegunAlert>({
    name: replicable('alerts_begun'),
    text: `select a.name, count(*)::int as count from echo_alert_changes c join echo_alerts a on a.id = c.alert
           where c.kind in ('RAISED', 'REOPENED') and c.at >= $1 and c.at < $2 group by a.name order by 2 desc, 1`,
    values: [from, to],
  });
  return rows;
}

/** Alerts that have not ended, oldest first. */
export async function openAlerts({ pool }: Reader, limit: number): Promise<AlertRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'open_alerts',
    text: `select * from echo_alerts where status <> 'RESOLVED' order by id limit $1`,
    values: [limit],
  });
  return rows.map((row) => mapRow(alerts, row));
}
