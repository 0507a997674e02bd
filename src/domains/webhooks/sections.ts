import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { openTarget } from '../deliveries/outbox.ts';
import { WEBHOOK_EVENTS } from './tables.ts';
import { checkNumber, latestPosition, lockWebhooks, MAX_DESCRIPTION, targetOf, url } from './webhooks.ts';

/** A webhook, without its secret. */
const WebhookLine = z.object({
  kind: z.literal('webhook'),
  tenantId: z.string(),
  userId: z.string(),
  webhookId: z.guid({ error: 'must be a UUID' }),
  url,
  description: input.text(MAX_DESCRIPTION).nullable(),
  events: z.array(z.enum(WEBHOOK_EVENTS)).min(1).max(WEBHOOK_EVENTS.length),
  ofTenant: z.boolean(),
  createdAt: input.writtenInstant,
});
type WebhookLine = z.output<typeof WebhookLine>;

/**
 * A user's webhooks. They come back paused: a server that was restored beside the one it came from would tell everything twice. Whoever
 * lets one go on makes a new secret, for no export has the old one.
 */
export const webhooks = sectionOfRows<{ readonly db: Database }, WebhookLine>({
  kind: 'webhook',
  schema: WebhookLine,
  dated: 'createdAt',
  read: exportedWebhooks,
  restore: restoreWebhooks,
});

async function exportedWebhooks(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<Omit<WebhookLine, 'kind' | 'tenantId' | 'userId'> & { id: number }>({
    name: 'export_webhooks',
    text: `select id, webhook_id as "webhookId", url, description, events, of_tenant as "ofTenant", created_at as "createdAt"
           from echo_webhooks where user_id = $1 and tenant_id = $2 and id > $3 order by id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  return rows.map(({ id, ...row }) => ({
    line: JSON.stringify({ kind: 'webhook', tenantId: owner.tenantId, userId: owner.userId, ...row }),
    after: { key: '', number: id },
  }));
}

async function restoreWebhooks(
  client: PoolClient,
  owner: Owner,
  lines: readonly WebhookLine[],
): Promise<number> {
  await lockWebhooks(client, owner);
  let stored = 0;
  for (const line of lines) if (await restoreWebhook(client, owner, line)) stored++;
  return stored;
}

/** @returns whether it was not there yet */
async function restoreWebhook(client: PoolClient, owner: Owner, line: WebhookLine): Promise<boolean> {
  const position = await latestPosition(client);
  const { rows } = await client.query<{ id: number }>({
    name: 'restore_webhook',
    text: `insert into echo_webhooks (tenant_id, user_id, webhook_id, url, description, events, of_tenant, secret, state,
             position_xid, position_id, created_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, 'PAUSED', $9::xid8, $10, $11)
           on conflict (webhook_id, tenant_id, user_id) do nothing returning id`,
    values: [
      ...[
        owner.tenantId,
        owner.userId,
        line.webhookId,
        line.url,
        line.description,
        line.events,
        line.ofTenant,
      ],
      ...[randomBytes(32), position.transaction.toString(), position.id.toString(), line.createdAt],
    ],
  });
  const [row] = rows;
  if (!row) return false;
  await checkNumber(client, owner, 'lines');
  await openTarget(client, targetOf(row), owner, true);
  return true;
}
