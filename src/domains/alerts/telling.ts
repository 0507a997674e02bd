import type { PoolClient } from 'pg';
import { SERVER_TENANT } from '../../events/event.ts';
import { enqueue, type NewDelivery, openTarget, targetFigures } from '../deliveries/outbox.ts';
import { type AlertMessageKind, summaryOf } from './messages.ts';
import type { Recorded } from './record.ts';
import type { WayName } from './ways.ts';

/** In the outbox. */
export const CHANNEL = 'alert';

/** Who is told, and when again. */
export interface Telling {
  /** Ways that are configured, in the order in which they are told. */
  readonly chain: readonly WayName[];
  /** After so long the next of them is told; null: none is. */
  readonly escalateMs: number | null;
}

/** Alerts that are told one by one within a minute; more become one message. */
export const SINGLY_A_MINUTE = 10;
/** A way that is not tried again within so long is passed over. */
const PASSED_OVER_MS = 30_000;

/**
 * Puts the news of alerts that began into the outbox, in the transaction that notes it.
 *
 * @returns the way that is told; null: none is for now
 */
export async function tellRaised(
  client: PoolClient,
  { chain, escalateMs }: Telling,
  alerts: readonly Recorded[],
): Promise<WayName | null> {
  if (alerts.length === 0 || chain.length === 0) return null;
  const ids = alerts.map(({ id }) => id);
  const recent = await toldLately(client);
  // One message was sent for many a moment ago: the next one waits, so that it can be for many, too.
  if (recent >= SINGLY_A_MINUTE) {
    await putOff(client, ids);
    return null;
  }
  const way = await firstOpen(client, chain);
  await noteTold(client, ids, way, escalateMs);
  await enqueueAll(client, way, 'alert.raised', alerts, recent + alerts.length > SINGLY_A_MINUTE);
  return way;
}

/** The same of alerts that are over, to each way that was told that they began. */
export async function tellCleared(client: PoolClient, alerts: readonly Recorded[]): Promise<void> {
  const before = await toldBefore(
    client,
    alerts.map(({ id }) => id),
  );
  const everTold = ({ id, told }: Recorded) => [...told, ...(before.get(id) ?? [])];
  const ways = new Set(alerts.flatMap(everTold));
  for (const way of ways) {
    const those = alerts.filter((alert) => everTold(alert).includes(way));
    await enqueueAll(client, way, 'alert.cleared', those, those.length > SINGLY_A_MINUTE);
  }
}

/**
 * Tells of alerts anew whose time has come: the next way of those that nobody acknowledged, the first one of those that
 * were snoozed, put off, or came back. An instant in the future that was noted as past means that the clock was set back.
 *
 * @returns how many there were
 */
export async function tellDue(client: PoolClient, telling: Telling): Promise<number> {
  const { rows } = await client.query<Recorded & { status: 'OPEN' | 'SNOOZED' }>({
    name: 'alerts_to_tell',
    text: `select id::int as id, alert_id as "alertId", name, severity, told, status from echo_alerts
           where tell_at is not null and status in ('OPEN', 'SNOOZED') and (tell_at <= now() or told_at > now() + interval '1 minute')
           order by id for update`,
  });
  const woken = rows.filter(({ status }) => status === 'SNOOZED');
  if (woken.length > 0) await wake(client, woken);
  if (rows.length > 0 && telling.chain.length === 0) await escalate(client, telling, null, rows);
  const anew = rows.filter(({ status, told }) => status === 'SNOOZED' || told.length === 0);
  await tellRaised(client, telling, anew);
  const unanswered = rows.filter(({ status, told }) => status === 'OPEN' && told.length > 0);
  for (const way of [...telling.chain, null]) {
    const those = unanswered.filter(({ told }) => nextAfter(telling.chain, told) === way);
    if (those.length > 0) await escalate(client, telling, way, those);
  }
  return rows.length;
}

/**
 * The way behind the last one in order that was told; null: there is none. One before that was passed over since it is down would
 * hand the message back to those that were told.
 */
function nextAfter(chain: readonly WayName[], told: readonly string[]): WayName | null {
  return chain[chain.findLastIndex((way) => told.includes(way)) + 1] ?? null;
}

async function escalate(
  client: PoolClient,
  { escalateMs }: Telling,
  way: WayName | null,
  alerts: readonly Recorded[],
): Promise<void> {
  const ids = alerts.map(({ id }) => id);
  if (way === null) {
    await client.query({
      name: 'end_alert_escalation',
      text: 'update echo_alerts set tell_at = null where id = any($1)',
      values: [ids],
    });
    return;
  }
  await noteTold(client, ids, way, escalateMs);
  await client.query({
    name: 'note_alert_escalation',
    text: `insert into echo_alert_changes (tenant_id, alert, kind, note)
           select '*', id, 'ESCALATED', $2 from unnest($1::bigint[]) as id`,
    values: [ids, way],
  });
  await enqueueAll(client, way, 'alert.escalated', alerts, alerts.length > SINGLY_A_MINUTE);
}

/** The order in which ways are told begins anew; the change has those that were told until then. */
async function wake(client: PoolClient, alerts: readonly Recorded[]): Promise<void> {
  await client.query({
    name: 'wake_alerts',
    text: `with before as (
             select id, told from echo_alerts where id = any($1)
           ), woken as (
             update echo_alerts a set status = 'OPEN', snoozed_until = null, told = '{}' from before b where a.id = b.id
             returning a.id, b.told
           )
           insert into echo_alert_changes (tenant_id, alert, kind, note)
           select '*', id, 'WOKEN', array_to_string(told, ', ') from woken`,
    values: [alerts.map(({ id }) => id)],
  });
}

/** Ways that heard of alerts before these were snoozed, and did not hear since. */
async function toldBefore(
  client: PoolClient,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ id: number; told: string[] }>({
    name: 'alerts_told_before',
    text: `select c.alert::int as id, array_agg(distinct way) as told
           from echo_alert_changes c cross join lateral string_to_table(c.note, ', ') way
           where c.alert = any($1) and c.kind = 'WOKEN' and way <> '' group by c.alert`,
    values: [ids],
  });
  return new Map(rows.map(({ id, told }) => [id, told]));
}

async function noteTold(
  client: PoolClient,
  ids: readonly number[],
  way: string,
  escalateMs: number | null,
): Promise<void> {
  await client.query({
    name: 'note_alerts_told',
    text: `update echo_alerts set told = array_append(array_remove(told, $2), $2), told_at = now(),
             tell_at = now() + $3::float8 * interval '1 ms'
           where id = any($1)`,
    values: [ids, way, escalateMs],
  });
}

async function putOff(client: PoolClient, ids: readonly number[]): Promise<void> {
  await client.query({
    name: 'put_off_alerts',
    text: `update echo_alerts set tell_at = now() + interval '1 minute' where id = any($1)`,
    values: [ids],
  });
}

async function toldLately(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ count: number }>({
    name: 'alerts_told_lately',
    text: `select count(*)::int as count from (
             select from echo_alerts where told_at > now() - interval '1 minute' and told_at <= now() limit ${SINGLY_A_MINUTE}
           ) t`,
  });
  return rows[0]?.count ?? 0;
}

/** The first way in order that can be tried soon; the first one where none can. */
export async function firstOpen(client: PoolClient, chain: readonly WayName[]): Promise<WayName> {
  const figures = await targetFigures({ pool: client }, SERVER_TENANT, CHANNEL, chain);
  const soon = Date.now() + PASSED_OVER_MS;
  const open = chain.find((_, place) => (figures[place]?.blockedUntil?.getTime() ?? 0) <= soon);
  return open ?? (chain[0] as WayName);
}

async function enqueueAll(
  client: PoolClient,
  target: string,
  kind: AlertMessageKind,
  alerts: readonly Recorded[],
  asOne: boolean,
): Promise<void> {
  const common = { channel: CHANNEL, target, tenantId: SERVER_TENANT, userId: null };
  await openTarget(client, common, common);
  const single = ({ id }: Recorded): NewDelivery => ({
    ...{ ...common, kind, order: [CHANNEL, String(id)] },
    payload: { alert: id },
  });
  const summary = (): NewDelivery => ({
    ...{ ...common, kind: 'alert.summary', order: [CHANNEL] },
    payload: { ...summaryOf(kind, alerts) },
  });
  await enqueue(client, asOne ? [summary()] : alerts.map(single));
}
