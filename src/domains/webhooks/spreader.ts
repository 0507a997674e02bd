import type { PoolClient } from 'pg';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { isAfter } from '../../events/cursor.ts';
import { type Place, SERVER_TENANT } from '../../events/event.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { enqueue, type NewDelivery } from '../deliveries/outbox.ts';
import { type WebhookEvent, type WebhookRow, webhooks } from './tables.ts';
import { CHANNEL, targetOf } from './webhooks.ts';

interface SpreaderOptions {
  readonly db: Database;
  readonly availability: Pick<Availability, 'isUp'>;
  readonly keepers: Keepers;
  readonly deliveries: { wake(): void };
}

/** Milliseconds between looks while somebody wants to hear, and while nobody does. */
const LOOK_MS = { some: 500, none: 60_000 };
/** Webhooks that one transaction brings further, and events that it looks at for each. */
const WEBHOOKS_AT_ONCE = 20;
const EVENTS_AT_ONCE = 500;
/** Deliveries of one webhook that may wait: the rest stays in the event log. */
export const MAX_WAITING = 1_000;
/** Transactions of one round. */
const MAX_STEPS = 100;

/**
 * Puts what happened into the outbox of each webhook that wants to hear of it: from where it stands in the event log, and in the
 * transaction that notes how far it has come. So nothing is left out and nothing comes twice, whatever ends the server.
 */
export class WebhookSpreader {
  readonly #options: SpreaderOptions;
  readonly #keeper: Keeper;
  #any = true;

  constructor(options: SpreaderOptions) {
    this.#options = options;
    this.#keeper = options.keepers.create({
      name: 'webhooks',
      everyMs: () => (this.#any ? LOOK_MS.some : LOOK_MS.none),
      round: () => this.#round(),
    });
  }

  start(): void {
    this.#keeper.start();
  }

  /** A webhook was made or changed. */
  wake(): void {
    this.#any = true;
    this.#keeper.wake();
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }

  async #round(): Promise<void> {
    const { db, availability, deliveries } = this.#options;
    if (!availability.isUp) return;
    for (let step = 0; step < MAX_STEPS; step++) {
      const spread = await db.transaction((client) => spreadSome(client), { ownName: true });
      if (spread.deliveries > 0) deliveries.wake();
      if (spread.webhooks === 0) break;
    }
    const { rowCount } = await db.pool.query({
      name: 'any_active_webhook',
      text: `select from echo_webhooks where state = 'ACTIVE' and tenant_id is not null limit 1`,
    });
    this.#any = rowCount !== 0;
  }
}

/** Brings some webhooks further that are behind. @returns how many, and how many deliveries that made */
async function spreadSome(client: PoolClient): Promise<{ webhooks: number; deliveries: number }> {
  const behind = await takeBehind(client);
  if (behind.length === 0) return { webhooks: 0, deliveries: 0 };
  const events = await eventsBehind(client, behind);
  const pruned = await prunedPlaces(client);
  const made: NewDelivery[] = [];
  for (const webhook of behind) {
    const seen = events.filter((event) => event.webhook === webhook.id);
    const last = seen.at(-1);
    if (!last) continue;
    made.push(...lostOf(webhook, last, pruned), ...seen.flatMap((event) => deliveryOf(webhook, event) ?? []));
    await moveTo(client, webhook, last);
  }
  await enqueue(client, made);
  return { webhooks: behind.length, deliveries: made.length };
}

async function takeBehind(client: PoolClient): Promise<WebhookRow[]> {
  const { rows } = await client.query<RawRow>({
    name: 'webhooks_behind',
    text: `select w.* from echo_webhooks w, (
             select xid, id from echo_events where xid < echo_horizon() and tenant_id is not null order by xid desc, id desc limit 1
           ) head
           where w.state = 'ACTIVE' and (w.position_xid, w.position_id) < (head.xid, head.id)
             and (select count(*) from (select from echo_deliveries d where d.channel = $1 and d.target = w.id::text
               and d.status = 'PENDING' limit $2) waiting) < $2
           order by w.position_xid, w.position_id, w.id limit ${WEBHOOKS_AT_ONCE} for update of w skip locked`,
    values: [CHANNEL, MAX_WAITING],
  });
  return rows.map((row) => mapRow(webhooks, row));
}

/** An event as it comes to a webhook. */
interface Heard {
  readonly webhook: number;
  readonly xid: string;
  readonly id: string;
  readonly kind: string;
  readonly tenantId: string;
  readonly userId: string | null;
  readonly conversationId: string | null;
  readonly turnId: string | null;
  readonly payload: Record<string, unknown>;
  readonly at: Date;
}

/** What follows the place of each webhook, whether it wants to hear of it or not. */
async function eventsBehind(client: PoolClient, behind: readonly WebhookRow[]): Promise<Heard[]> {
  const { rows } = await client.query<Heard>({
    name: 'events_for_webhooks',
    text: `select w.id as webhook, e.xid, e.id, e.kind, e.tenant_id as "tenantId", e.user_id as "userId",
             e.conversation_id as "conversationId", e.turn_id as "turnId", e.payload, e.at
           from unnest($1::int[], $2::xid8[], $3::bigint[]) w(id, xid, place) cross join lateral (
             select * from echo_events e where (e.xid, e.id) > (w.xid, w.place) and e.xid < echo_horizon()
             order by e.xid, e.id limit ${EVENTS_AT_ONCE}
           ) e order by w.id, e.xid, e.id`,
    values: [
      behind.map(({ id }) => id),
      behind.map(({ positionTransaction }) => positionTransaction),
      behind.map(({ positionId }) => positionId.toString()),
    ],
  });
  return rows;
}

async function moveTo(client: PoolClient, webhook: WebhookRow, { xid, id }: Heard): Promise<void> {
  await client.query({
    name: 'move_webhook',
    text: 'update echo_webhooks set position_xid = $3::xid8, position_id = $4 where id = $1 and tenant_id = $2',
    values: [webhook.id, webhook.tenantId, xid, id],
  });
}

/** Asked after the events were read: what was pruned before that is known by then. */
async function prunedPlaces(client: PoolClient): Promise<ReadonlyMap<string, Place>> {
  const { rows } = await client.query<{ kind: string; xid: string; id: string }>({
    name: 'events_pruned_places',
    text: 'select kind, xid, id from echo_events_pruned',
  });
  return new Map(rows.map(({ kind, xid, id }) => [kind, { transaction: BigInt(xid), id: BigInt(id) }]));
}

/** That events are gone which it was not told of: it says so, for nobody can tell them any more. */
function lostOf(webhook: WebhookRow, last: Heard, pruned: ReadonlyMap<string, Place>): NewDelivery[] {
  const from = { transaction: BigInt(webhook.positionTransaction), id: webhook.positionId };
  const to = { transaction: BigInt(last.xid), id: BigInt(last.id) };
  const kinds = webhook.events.filter((kind) => {
    const place = pruned.get(kind);
    // Said once: by whoever passes the place.
    return place !== undefined && isAfter(place, from) && !isAfter(place, to);
  });
  if (kinds.length === 0) return [];
  const { tenantId, userId } = webhook;
  return [
    {
      ...targetOf(webhook),
      ...{ tenantId, userId, order: ['lost'], kind: 'events.lost' },
      payload: { events: kinds.map(nameOfEvent), at: new Date().toISOString() },
    },
  ];
}

function deliveryOf(webhook: WebhookRow, event: Heard): NewDelivery | null {
  if (!webhook.events.includes(event.kind as WebhookEvent)) return null;
  const isOfServer = event.tenantId === SERVER_TENANT;
  const isOwn =
    event.tenantId === webhook.tenantId &&
    event.userId !== null &&
    (webhook.ofTenant || event.userId === webhook.userId);
  // Of the server itself only dangers are told; what it does for itself is no tenant's.
  if (isOfServer ? event.kind !== 'alert' : !isOwn) return null;
  const { tenantId, userId, conversationId, turnId, payload } = event;
  return {
    ...targetOf(webhook),
    ...{ tenantId, userId, kind: messageKindOf(event) },
    // An answer comes behind the turn that it is of.
    order: [event.kind.replace('_answered', '_added'), tenantId, userId, orderOf(event, conversationId)],
    payload: {
      ...payload,
      ...(turnId !== null && { turnId }),
      cursor: `${event.xid}-${event.id}`,
      at: event.at.toISOString(),
    },
  };
}

/** What its events have their order in: a conversation, a task; facts of a user and dangers as a whole. */
function orderOf({ kind, payload }: Heard, conversationId: string | null): string | null {
  return kind === 'task_changed' ? String(payload.taskId) : conversationId;
}

/** Such as interaction.added. */
export function nameOfEvent(kind: WebhookEvent): string {
  return kind === 'alert' ? 'alert' : kind.replace('_', '.');
}

function messageKindOf({ kind, payload }: Heard): string {
  if (kind === 'alert') return payload.state === 'CLEARED' ? 'alert.cleared' : 'alert.raised';
  return nameOfEvent(kind as WebhookEvent);
}
