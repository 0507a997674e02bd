import type { PoolClient } from 'pg';
import type { AlertSeverity } from '../../ground/promise.ts';
import type { Notice } from './notices.ts';

/** Who stores, and for how long an alert that comes back is the one before. */
export interface Recording {
  /** Names the data directory. */
  readonly server: string;
  readonly cooldownMs: number;
  /** After so long the next channel is told; null: none is. */
  readonly escalateMs: number | null;
}

/** An alert that began or ended for everybody. */
export interface Recorded {
  readonly id: number;
  readonly alertId: string;
  readonly name: string;
  readonly severity: AlertSeverity;
  /** Channels that were told that it began. */
  readonly told: readonly string[];
}

/** Notices of one statement. */
const CHUNK = 500;

/** Whoever changes alerts goes one after the other: of servers that see the same, one begins it. */
export async function lockAlerts(client: PoolClient): Promise<void> {
  await client.query({
    name: 'lock_alerts',
    text: `select pg_advisory_xact_lock(hashtext('echo_alerts'))`,
  });
}

/** Notices in order, in pieces of one state in which each name comes once. */
export function piecesOf(notices: readonly Notice[]): Notice[][] {
  const pieces: Notice[][] = [];
  let names = new Set<string>();
  for (const notice of notices) {
    const piece = pieces.at(-1);
    const fits = piece && piece.length < CHUNK && piece[0]?.state === notice.state && !names.has(notice.name);
    if (fits) piece.push(notice);
    else {
      pieces.push([notice]);
      names = new Set();
    }
    names.add(notice.name);
  }
  return pieces;
}

/**
 * Stores that dangers began, in the transaction that holds the lock. What another server sees already, or came back within
 * the cooldown, is the alert that there is.
 *
 * @returns those that nobody was told of yet
 */
export async function recordRaised(
  client: PoolClient,
  { server, cooldownMs, escalateMs }: Recording,
  notices: readonly Notice[],
): Promise<Recorded[]> {
  const given = JSON.stringify(
    notices.map(({ alertId, name, severity, message, runbook, at, told }) => ({
      ...{ alertId, name, severity, message, runbook, at, told },
    })),
  );
  const { rows } = await client.query<Recorded>({
    name: 'record_raised_alerts',
    text: `with given as (
             select g.* from json_to_recordset($1) as g("alertId" uuid, name text, severity text, message text, runbook text,
               at timestamptz, told text[])
             where not exists (select from echo_alert_sightings s where s.sighting_id = g."alertId")
               and not exists (select from echo_alerts o where o.name = g.name and o.status <> 'RESOLVED')
           ), reopened as (
             update echo_alerts a set status = 'OPEN', resolved_at = null, snoozed_until = null, message = g.message, told = g.told,
               tell_at = case when cardinality(g.told) > 0 then now() + $3::float8 * interval '1 ms'
                 else greatest(now(), least(a.told_at, now()) + $2::float8 * interval '1 ms') end
             from given g
             where a.id = (select max(l.id) from echo_alerts l where l.name = g.name) and a.status = 'RESOLVED'
               and a.resolved_at > now() - $2::float8 * interval '1 ms' and a.resolved_at <= now() + interval '1 minute'
             returning a.id, a.name
           ), made as (
             insert into echo_alerts (alert_id, name, severity, message, runbook, raised_at, told, told_at, tell_at)
             select g."alertId", g.name, g.severity, g.message, g.runbook, g.at, g.told,
               case when cardinality(g.told) > 0 then g.at end,
               case when cardinality(g.told) > 0 then now() + $3::float8 * interval '1 ms' end
             from given g where not exists (select from reopened r where r.name = g.name)
             returning id, alert_id, name, severity, told
           ), noted as (
             insert into echo_alert_changes (tenant_id, alert, kind, at)
             select '*', m.id, 'RAISED', g.at from made m join given g on g.name = m.name
             union all select '*', r.id, 'REOPENED', g.at from reopened r join given g on g.name = r.name
           )
           select id::int as id, alert_id as "alertId", name, severity, told from made where cardinality(told) = 0`,
    values: [given, cooldownMs, escalateMs],
  });
  await client.query({
    name: 'record_alert_sightings',
    text: `insert into echo_alert_sightings (sighting_id, alert, server, began_at)
           select g."alertId", a.id, $2, g.at
           from json_to_recordset($1) as g("alertId" uuid, name text, at timestamptz)
           join echo_alerts a on a.name = g.name and a.status <> 'RESOLVED'
           on conflict (sighting_id) do nothing`,
    values: [given, server],
  });
  return rows;
}

/** Stores that this server sees dangers no more. @returns the alerts that are over: no other one sees them */
export async function recordCleared(
  client: PoolClient,
  { server }: Recording,
  notices: readonly Notice[],
): Promise<Recorded[]> {
  await client.query({
    name: 'end_alert_sightings',
    text: `update echo_alert_sightings s set ended_at = now() from echo_alerts a
           where a.id = s.alert and a.name = any($1) and a.status <> 'RESOLVED' and s.server = $2 and s.ended_at is null`,
    values: [notices.map(({ name }) => name), server],
  });
  const messages = notices.map(({ name, message }) => ({ name, message }));
  return resolveUnseen(client, messages);
}

/** How long nobody says that it still sees a danger until it counts as over. */
const UNSEEN_MINUTES = 5;

/**
 * Ends what a server that was killed saw, where it is gone, or sees it no more since it is back.
 *
 * @param seen ids of what this server sees now; null: it cannot know yet
 */
export async function endLostSightings(
  client: PoolClient,
  server: string,
  seen: readonly string[] | null,
): Promise<Recorded[]> {
  const { rowCount } = await client.query({
    name: 'end_lost_alert_sightings',
    text: `update echo_alert_sightings set ended_at = now()
           where ended_at is null and (server <> $1 and seen_at < now() - interval '${UNSEEN_MINUTES} minutes'
             or server = $1 and $2::uuid[] is not null and sighting_id <> all($2))`,
    values: [server, seen],
  });
  return rowCount === 0 ? [] : resolveUnseen(client, []);
}

/** Says that this server still sees what it sees. @returns ids of what somebody resolved meanwhile */
export async function keepSightings(client: PoolClient, seen: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    name: 'keep_alert_sightings',
    text: `with kept as (
             update echo_alert_sightings set seen_at = now() where sighting_id = any($1) and ended_at is null
           )
           select sighting_id as id from echo_alert_sightings where sighting_id = any($1) and ended_at is not null`,
    values: [seen],
  });
  return rows.map(({ id }) => id);
}

async function resolveUnseen(
  client: PoolClient,
  messages: readonly { name: string; message: string }[],
): Promise<Recorded[]> {
  const { rows } = await client.query<Recorded>({
    name: 'resolve_unseen_alerts',
    text: `with resolved as (
             update echo_alerts a set status = 'RESOLVED', resolved_at = now(), snoozed_until = null, tell_at = null
             where a.status <> 'RESOLVED'
               and not exists (select from echo_alert_sightings s where s.alert = a.id and s.ended_at is null)
             returning a.id, a.alert_id, a.name, a.severity, a.told
           ), noted as (
             insert into echo_alert_changes (tenant_id, alert, kind, note)
             select '*', r.id, 'RESOLVED', coalesce(g.message, 'the server that saw it does not see it any more')
             from resolved r left join json_to_recordset($1) as g(name text, message text) on g.name = r.name
           )
           select id::int as id, alert_id as "alertId", name, severity, told from resolved`,
    values: [JSON.stringify(messages)],
  });
  return rows;
}
