import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireOperator } from '../../ground/ownership.ts';
import type { AlertBoard } from './alerts.ts';
import { alertsById } from './reads.ts';
import { lockAlerts } from './record.ts';
import type { AlertChangeKind, AlertRow } from './tables.ts';
import { tellCleared } from './telling.ts';

export interface AlertServices {
  readonly db: Database;
  readonly alerts: Pick<AlertBoard, 'resolve'>;
  readonly deliveries: { wake(): void };
}

/** Minutes that an alert may be snoozed: a week. */
export const MAX_SNOOZE_MINUTES = 10_080;

const uuid = z.guid({ error: 'must be a UUID' });
const snoozeMinutes = z
  .int({ error: `must be a whole number from 1 to ${MAX_SNOOZE_MINUTES}` })
  .min(1, { error: `must be from 1 to ${MAX_SNOOZE_MINUTES}` })
  .max(MAX_SNOOZE_MINUTES, { error: `must be from 1 to ${MAX_SNOOZE_MINUTES}` });

/**
 * Says that somebody looks after an alert: no further channel is told of it.
 *
 * @throws Forbidden; InvalidInput for one that is over, NotFound
 */
export function acknowledgeAlert(
  { db }: AlertServices,
  principal: Principal,
  alertId: string,
): Promise<AlertRow> {
  return change(db, principal, alertId, async (client, alert) => {
    if (alert.status === 'ACKNOWLEDGED') return;
    await client.query({
      name: 'acknowledge_alert',
      text: `with changed as (
               update echo_alerts set status = 'ACKNOWLEDGED', snoozed_until = null, tell_at = null where id = $1 returning alert_id
             )
             select echo_audit($2, null, 'alert.acknowledge', alert_id::text, 'OK', null, echo_audit_teller()) from changed`,
      values: [alert.id, principal.tenantId],
    });
    await note(client, principal, alert, 'ACKNOWLEDGED', null);
  });
}

/**
 * Leaves an alert alone for a while; then its channels are told of it again, from the first one on.
 *
 * @throws Forbidden; InvalidInput for one that is over, or for too long, NotFound
 */
export function snoozeAlert(
  { db }: AlertServices,
  principal: Principal,
  given: { readonly alertId: string; readonly minutes: number },
): Promise<AlertRow> {
  const minutes = input.parseInput(snoozeMinutes, given.minutes, 'minutes');
  return change(db, principal, given.alertId, async (client, alert) => {
    await client.query({
      name: 'snooze_alert',
      text: `with changed as (
               update echo_alerts set status = 'SNOOZED', snoozed_until = now() + $2 * interval '1 minute',
                 tell_at = now() + $2 * interval '1 minute', told_at = least(told_at, now()) where id = $1 returning alert_id
             )
             select echo_audit($3, null, 'alert.snooze', alert_id::text, 'OK', jsonb_build_object('minutes', $2::int),
               echo_audit_teller()) from changed`,
      values: [alert.id, minutes, principal.tenantId],
    });
    await note(client, principal, alert, 'SNOOZED', `for ${minutes} min`);
  });
}

/**
 * Ends an alert. A danger that a server still sees begins it anew within seconds.
 *
 * @throws Forbidden; InvalidInput for one that is over, NotFound
 */
export async function resolveAlert(
  { db, alerts, deliveries }: AlertServices,
  principal: Principal,
  alertId: string,
): Promise<AlertRow> {
  const resolved = await change(db, principal, alertId, async (client, alert) => {
    await client.query({
      name: 'resolve_alert',
      text: `with ended as (
               update echo_alert_sightings set ended_at = now() where alert = $1 and ended_at is null
             ), changed as (
               update echo_alerts set status = 'RESOLVED', resolved_at = now(), snoozed_until = null, tell_at = null
               where id = $1 returning alert_id
             )
             select echo_audit($2, null, 'alert.resolve', alert_id::text, 'OK', null, echo_audit_teller()) from changed`,
      values: [alert.id, principal.tenantId],
    });
    await note(client, principal, alert, 'RESOLVED', null);
    await tellCleared(client, [alert]);
  });
  alerts.resolve(resolved, 'somebody resolved it');
  deliveries.wake();
  return resolved;
}

async function change(
  db: Database,
  principal: Principal,
  given: string,
  work: (client: PoolClient, alert: AlertRow) => Promise<void>,
): Promise<AlertRow> {
  requireOperator(principal);
  const alertId = input.parseInput(uuid, given, 'alertId');
  return db.transaction(async (client) => {
    await lockAlerts(client);
    const find = async () => (await alertsById({ pool: client }, [alertId]))[0];
    const found = await find();
    if (!found) throw new NotFound('alertId', 'there is no such alert');
    if (found.status === 'RESOLVED') throw new InvalidInput('alertId', 'the alert is over');
    await work(client, found);
    return (await find()) ?? found;
  });
}

async function note(
  client: PoolClient,
  { tenantId, userId }: Principal,
  { id }: AlertRow,
  kind: AlertChangeKind,
  words: string | null,
): Promise<void> {
  await client.query({
    name: 'note_alert_change',
    text: 'insert into echo_alert_changes (tenant_id, alert, kind, changed_by, note) values ($1, $2, $3, $4, $5)',
    values: [tenantId, id, kind, userId, words],
  });
}
