import { createHash, randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';

/** Names a target. */
export interface TargetName {
  readonly channel: string;
  readonly target: string;
}

/** Something that is to leave the server. */
export interface NewDelivery extends TargetName {
  readonly tenantId: string;
  /** Of whom it tells; null: of nobody. */
  readonly userId: string | null;
  /** What it is about: of what has the same, each waits for the one before it. Only its hash is stored. */
  readonly order: readonly (string | null)[];
  readonly kind: string;
  /** Names what it tells of, without any words of a user. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Lets something be delivered there from now on, in the transaction of `client`. */
export async function openTarget(
  client: PoolClient,
  { channel, target }: TargetName,
  owner: { readonly tenantId: string; readonly userId: string | null },
  held = false,
): Promise<void> {
  await client.query({
    name: 'open_delivery_target',
    text: `insert into echo_delivery_targets (channel, target, tenant_id, user_id, held) values ($1, $2, $3, $4, $5)
           on conflict (channel, target) do nothing`,
    values: [channel, target, owner.tenantId, owner.userId, held],
  });
}

/** Nothing goes there any more, and what was to go is forgotten. */
export async function closeTarget(
  client: PoolClient,
  tenantId: string,
  { channel, target }: TargetName,
): Promise<void> {
  await client.query({
    name: 'close_delivery_target',
    text: 'delete from echo_delivery_targets where channel = $1 and target = $2 and tenant_id = $3',
    values: [channel, target, tenantId],
  });
}

/** Stops deliveries, or lets them go on at once, whatever they waited for. */
export async function holdTarget(
  client: PoolClient,
  tenantId: string,
  { channel, target }: TargetName,
  held: boolean,
): Promise<void> {
  await client.query({
    name: 'hold_delivery_target',
    text: `update echo_delivery_targets set held = $4, failures = 0, blocked_until = null
           where channel = $1 and target = $2 and tenant_id = $3`,
    values: [channel, target, tenantId, held],
  });
  if (held) return;
  await client.query({
    name: 'release_deliveries',
    text: `update echo_deliveries set due_at = now()
           where channel = $1 and target = $2 and status = 'PENDING' and due_at > now()
             and exists (select from echo_delivery_targets t where t.channel = $1 and t.target = $2 and t.tenant_id = $3)`,
    values: [channel, target, tenantId],
  });
}

/**
 * Puts deliveries into the outbox, in the transaction of `client`: when that is committed they go out, each at least once, whatever
 * ends the server. What stands behind one that waits for its next attempt waits with it.
 *
 * @returns their ids, in order
 */
export async function enqueue(client: PoolClient, deliveries: readonly NewDelivery[]): Promise<string[]> {
  if (deliveries.length === 0) return [];
  const rows = deliveries.map(({ order, ...delivery }) => ({
    ...delivery,
    deliveryId: randomUUID(),
    orderKey: keyOf(order).toString('hex'),
  }));
  await client.query({
    name: 'enqueue_deliveries',
    text: `insert into echo_deliveries (tenant_id, user_id, delivery_id, channel, target, order_key, kind, payload, due_at)
           select d."tenantId", d."userId", d."deliveryId", d.channel, d.target, decode(d."orderKey", 'hex'), d.kind, d.payload,
             coalesce((select max(p.due_at) from echo_deliveries p where p.channel = d.channel and p.target = d.target
               and p.order_key = decode(d."orderKey", 'hex') and p.status = 'PENDING'), now())
           from rows from (json_to_recordset($1) as ("tenantId" text, "userId" text, "deliveryId" uuid, channel text, target text,
             "orderKey" text, kind text, payload jsonb)) with ordinality d
           order by d.ordinality`,
    values: [JSON.stringify(rows)],
  });
  return rows.map(({ deliveryId }) => deliveryId);
}

/** Notes something that was sent beside the outbox, once. */
export async function noteSent(
  client: Pick<PoolClient, 'query'>,
  { deliveryId, order, ...delivery }: NewDelivery & { readonly deliveryId: string },
  sent: { readonly status: number | null; readonly error: string | null; readonly note?: string | undefined },
): Promise<void> {
  await client.query({
    name: 'note_sent_delivery',
    text: `insert into echo_deliveries (tenant_id, user_id, delivery_id, channel, target, order_key, kind, payload, status,
             attempts, last_attempt_at, settled_at, last_status, last_error)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, now(), now(), $10, $11)`,
    values: [
      ...[delivery.tenantId, delivery.userId, deliveryId, delivery.channel, delivery.target, keyOf(order)],
      ...[delivery.kind, JSON.stringify(delivery.payload), sent.error === null ? 'DELIVERED' : 'DISCARDED'],
      ...[sent.status, sent.error ?? sent.note ?? null],
    ],
  });
}

function keyOf(order: NewDelivery['order']): Buffer {
  return createHash('sha256').update(JSON.stringify(order)).digest();
}

/** How a target stands. */
export interface TargetFigures {
  readonly waiting: number;
  readonly dead: number;
  readonly lastDeliveredAt: Date | null;
  /** When it is tried again; null: it is not waited for. */
  readonly blockedUntil: Date | null;
}

/** Of each target of a channel, in order. */
export async function targetFigures(
  { pool }: { readonly pool: Pick<PoolClient, 'query'> },
  tenantId: string,
  channel: string,
  targets: readonly string[],
): Promise<TargetFigures[]> {
  const { rows } = await pool.query<TargetFigures>({
    name: 'delivery_target_figures',
    text: `select
             (select count(*)::int from echo_deliveries d where d.channel = $2 and d.target = n.target and d.status = 'PENDING') as waiting,
             (select count(*)::int from echo_deliveries d where d.channel = $2 and d.target = n.target and d.status = 'DEAD') as dead,
             t.last_delivered_at as "lastDeliveredAt",
             case when t.blocked_until > now() then t.blocked_until end as "blockedUntil"
           from unnest($3::text[]) with ordinality n(target, place)
           left join echo_delivery_targets t on t.channel = $2 and t.target = n.target and t.tenant_id = $1
           order by n.place`,
    values: [tenantId, channel, targets],
  });
  return rows;
}
