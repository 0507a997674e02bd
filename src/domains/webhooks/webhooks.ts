import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { type Owner, type Principal, requirePermission } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { CursorExpired, Forbidden, InvalidInput, NotFound, UrlForbidden } from '../../errors.ts';
import { BEGINNING, type EventPosition, formatCursor, isAfter, parseCursor } from '../../events/cursor.ts';
import { prunedUpTo } from '../../events/pruned.ts';
import * as input from '../../ground/input.ts';
import { scopeOf } from '../../ground/ownership.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Sealer } from '../../secrets/sealing.ts';
import { closeTarget, holdTarget, openTarget, type TargetName } from '../deliveries/outbox.ts';
import { webhookById } from './reads.ts';
import { makeSecret } from './secret.ts';
import { WEBHOOK_EVENTS, type WebhookEvent, type WebhookRow, type WebhookState, webhooks } from './tables.ts';

export interface WebhookServices {
  readonly db: Database;
  readonly sealer: Sealer | null;
  readonly webhooks: {
    readonly outbound: Pick<Outbound, 'check'>;
    wake(): void;
  };
  readonly deliveries: { wake(): void };
}

/** Webhooks that one user may have. */
export const MAX_WEBHOOKS = 100;
export const MAX_URL = 2_000;
export const MAX_DESCRIPTION = 200;
export const CHANNEL = 'webhook';

export const url = input.text(MAX_URL).superRefine((given, context) => {
  const problem = urlProblem(given);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});
const events = z
  .array(z.enum(WEBHOOK_EVENTS, { error: 'must be events that webhooks can be told of' }))
  .min(1, 'must name at least one event')
  .max(WEBHOOK_EVENTS.length, `must name at most ${WEBHOOK_EVENTS.length} events`)
  .transform((given) => [...new Set(given)]);
const description = input.text(MAX_DESCRIPTION).nullish();

const NewWebhook = z.object({
  url,
  events,
  description,
  /** Of all users of the tenant. */
  ofTenant: z.boolean().nullish(),
  after: z.string().nullish(),
});
const Changes = z.object({
  url: url.nullish(),
  events: events.nullish(),
  description,
  paused: z.boolean().nullish(),
  after: z.string().nullish(),
  rotateSecret: z.boolean().nullish(),
});

/** A webhook, and its secret where that is new: nobody can ask for it again. */
export interface ShownWebhook {
  readonly webhook: WebhookRow;
  readonly secret: string | null;
}

/**
 * Tells an address of events from now on, or of all since a cursor.
 *
 * @throws InvalidInput, UrlForbidden, Forbidden (events of others, or of the server), CursorExpired
 */
export async function createWebhook(
  services: WebhookServices,
  principal: Principal,
  given: z.input<typeof NewWebhook>,
): Promise<ShownWebhook> {
  const wanted = input.parseInput(NewWebhook, given);
  const ofTenant = wanted.ofTenant ?? false;
  requireMayHear(principal, wanted.events, ofTenant);
  await checkAddress(services.webhooks.outbound, wanted.url);
  const { db, sealer } = services;
  const { tenantId, userId } = principal;
  const from = wanted.after == null ? null : await positionAfter(db, wanted.after, wanted.events);
  const webhookId = randomUUID();
  const { shown, kept } = makeSecret(sealer, { tenantId, webhookId });
  const webhook = await db.transaction(async (client) => {
    await lockWebhooks(client, { tenantId, userId });
    const position = from ?? (await latestPosition(client));
    const inserted = await client.query<RawRow>({
      name: 'insert_webhook',
      text: `insert into echo_webhooks (tenant_id, user_id, webhook_id, url, description, events, of_tenant, secret, key_id,
               credential, position_xid, position_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::xid8, $12) returning *`,
      values: [
        ...[tenantId, userId, webhookId, wanted.url, wanted.description ?? null, wanted.events, ofTenant],
        ...[kept.secret, kept.keyId, credentialOf(principal)],
        ...[position.transaction.toString(), position.id.toString()],
      ],
    });
    const row = mapRow(webhooks, onlyRow(inserted));
    await checkNumber(client, row);
    await openTarget(client, targetOf(row), row);
    return row;
  });
  services.webhooks.wake();
  return { webhook, secret: shown };
}

/**
 * Changes a webhook of the caller; what is absent stays as it is. With a cursor it is told again of all since then.
 *
 * @throws InvalidInput, NotFound, UrlForbidden, Forbidden, CursorExpired
 */
export async function updateWebhook(
  services: WebhookServices,
  principal: Principal,
  webhookId: string,
  given: z.input<typeof Changes>,
): Promise<ShownWebhook> {
  const changes = input.parseInput(Changes, given);
  const { db, sealer } = services;
  const known = await findWebhook(services, principal, webhookId);
  // Whoever lets it go on answers for what it tells from then on.
  requireMayHear(principal, changes.events ?? known.events, known.ofTenant);
  if (changes.url != null) await checkAddress(services.webhooks.outbound, changes.url);
  const heard = changes.events ?? known.events;
  const from = changes.after == null ? null : await positionAfter(db, changes.after, heard);
  const changed = await db.transaction(async (client) => {
    const row = await webhookById({ pool: client }, known, known.webhookId, true);
    if (!row) throw noWebhook();
    const made = changes.rotateSecret ? makeSecret(sealer, row) : null;
    const state = stateAfter(row.state, changes.paused);
    const updated = await client.query<RawRow>({
      name: 'update_webhook',
      text: `update echo_webhooks set url = $4, description = $5, events = $6, state = $7, problem = case when $7 = 'SUSPENDED' then problem end,
               secret = $8, key_id = $9, position_xid = $10::xid8, position_id = $11, credential = $12, updated_at = clock_timestamp()
             where id = $1 and tenant_id = $2 and user_id = $3 returning *`,
      values: [
        ...[row.id, row.tenantId, row.userId, changes.url ?? row.url],
        changes.description === undefined ? row.description : changes.description,
        ...[heard, state, made?.kept.secret ?? row.secret, made ? made.kept.keyId : row.keyId],
        ...[
          (from?.transaction ?? row.positionTransaction).toString(),
          (from?.id ?? row.positionId).toString(),
        ],
        state === 'ACTIVE' && principal.userId === row.userId ? credentialOf(principal) : row.credential,
      ],
    });
    // What waits is tried at once, since what was wrong may have been put right.
    await holdTarget(client, row.tenantId, targetOf(row), state !== 'ACTIVE');
    return { webhook: mapRow(webhooks, onlyRow(updated)), secret: made?.shown ?? null };
  });
  services.webhooks.wake();
  services.deliveries.wake();
  return changed;
}

/** Tells an address of nothing any more; what was to go there is forgotten. @throws InvalidInput, NotFound */
export async function deleteWebhook(
  services: Pick<WebhookServices, 'db'>,
  principal: Principal,
  webhookId: string,
): Promise<WebhookRow> {
  const known = await findWebhook(services, principal, webhookId);
  await services.db.transaction(async (client) => {
    await closeTarget(client, known.tenantId, targetOf(known));
    await client.query({
      name: 'delete_webhook',
      text: 'delete from echo_webhooks where id = $1 and tenant_id = $2 and user_id = $3',
      values: [known.id, known.tenantId, known.userId],
    });
  });
  return known;
}

/** One webhook that the caller may see. @throws InvalidInput, NotFound */
export async function findWebhook(
  { db }: Pick<WebhookServices, 'db'>,
  principal: Principal,
  webhookId: string,
): Promise<WebhookRow> {
  const id = input.parseInput(z.guid({ error: 'must be a UUID' }), webhookId, 'webhookId');
  const found = await webhookById(db, scopeOf(principal), id);
  if (!found) throw noWebhook();
  return found;
}

/** Suspends a webhook that the server may not, or need not, tell of anything. */
export async function suspendWebhook(db: Database, webhook: WebhookRow, problem: string): Promise<void> {
  await db.transaction(
    async (client) => {
      const { rowCount } = await client.query({
        name: 'suspend_webhook',
        text: `update echo_webhooks set state = 'SUSPENDED', problem = $3, updated_at = clock_timestamp()
               where id = $1 and tenant_id = $2 and state = 'ACTIVE' and url = $4`,
        values: [webhook.id, webhook.tenantId, problem, webhook.url],
      });
      if (rowCount !== 0) await holdTarget(client, webhook.tenantId, targetOf(webhook), true);
    },
    { ownName: true },
  );
}

/** Where deliveries of a webhook go. */
export function targetOf({ id }: Pick<WebhookRow, 'id'>): TargetName {
  return { channel: CHANNEL, target: String(id) };
}

/** One at a time makes webhooks for a user, so that none is counted too late. */
export async function lockWebhooks(client: PoolClient, { tenantId, userId }: Owner): Promise<void> {
  await client.query({
    name: 'lock_webhooks',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['webhooks', tenantId, userId])],
  });
}

/** @throws InvalidInput if there are too many by now */
export async function checkNumber(client: PoolClient, owner: Owner, field = 'input'): Promise<void> {
  const { count } = onlyRow(
    await client.query<{ count: number }>({
      name: 'count_webhooks',
      text: 'select count(*)::int as count from echo_webhooks where user_id = $1 and tenant_id = $2',
      values: [owner.userId, owner.tenantId],
    }),
  );
  if (count > MAX_WEBHOOKS)
    throw new InvalidInput(
      field,
      `there are ${count - 1} webhooks already, of at most ${MAX_WEBHOOKS}; delete one first`,
    );
}

/** The last event that is certain to have none before it that is still to come. */
export async function latestPosition(client: Pick<PoolClient, 'query'>): Promise<EventPosition> {
  const { rows } = await client.query<{ xid: string; id: string }>({
    name: 'webhook_latest_event',
    text: `select xid, id from echo_events where xid < echo_horizon() and tenant_id is not null order by xid desc, id desc limit 1`,
  });
  const [row] = rows;
  return row ? { ...BEGINNING, transaction: BigInt(row.xid), id: BigInt(row.id) } : BEGINNING;
}

/** The cursor after which a webhook goes on. */
export function cursorOf({ positionTransaction, positionId }: WebhookRow): string {
  return formatCursor({ transaction: BigInt(positionTransaction), id: positionId, told: [] });
}

/** @throws InvalidInput if it is no cursor, CursorExpired if what follows it is no longer kept */
async function positionAfter(
  db: Database,
  cursor: string,
  heard: readonly WebhookEvent[],
): Promise<EventPosition> {
  const position = parseCursor(cursor);
  if (!position) throw new InvalidInput('after', 'is not a cursor of an event');
  const pruned = await prunedUpTo(db, heard);
  if (pruned && isAfter(pruned, position)) throw new CursorExpired(formatCursor({ ...pruned, told: [] }));
  return position;
}

async function checkAddress(outbound: Pick<Outbound, 'check'>, address: string): Promise<void> {
  await outbound.check(address).catch((error: unknown) => {
    if (error instanceof UrlForbidden) throw new UrlForbidden(`url: ${error.message}`);
    throw error;
  });
}

function urlProblem(given: string): string | null {
  if (!URL.canParse(given)) return 'must be a URL, such as https://example.org/hook';
  const { protocol, username, password, hash } = new URL(given);
  if (protocol !== 'http:' && protocol !== 'https:')
    return `must begin with http:// or https://, not ${protocol}`;
  if (username !== '' || password !== '') return 'must not hold a user name or password';
  return hash === '' ? null : 'must have no fragment (#…), which no server would see';
}

/** @throws Forbidden for events of others, and of the server itself, to whom they are not shown */
function requireMayHear(principal: Principal, heard: readonly WebhookEvent[], ofTenant: boolean): void {
  requirePermission(principal, 'READ');
  if (heard.includes('alert')) requirePermission(principal, 'METRICS');
  if (ofTenant && scopeOf(principal).userId !== null)
    throw new Forbidden('ofTenant: only a principal who may act for others hears of all users');
}

function credentialOf({ credential }: Principal): string | null {
  return credential && `${credential.kind}:${credential.id}`;
}

function stateAfter(state: WebhookState, paused: boolean | null | undefined): WebhookState {
  return paused == null ? state : paused ? 'PAUSED' : 'ACTIVE';
}

function noWebhook(): NotFound {
  return new NotFound('webhookId', 'there is no such webhook');
}
