import { randomUUID } from 'node:crypto';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { targetScopeOf } from '../deliveries/deliveries.ts';
import { noteSent } from '../deliveries/outbox.ts';
import { deliveryById } from '../deliveries/reads.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import type { WebhookChannel } from './channel.ts';
import { webhookToTell } from './reads.ts';
import { findWebhook, targetOf } from './webhooks.ts';

interface Services {
  readonly db: Database;
  readonly webhooks: { readonly channel: WebhookChannel };
}

const KIND = 'webhook.test';

/**
 * Sends a message to a webhook of the caller now, whatever else waits for it, and also while it is paused.
 *
 * @returns what became of it; it is not tried again
 * @throws InvalidInput for one whose maker may not have it any more; NotFound
 */
export async function testWebhook(
  { db, webhooks }: Services,
  principal: Principal,
  webhookId: string,
): Promise<DeliveryRow> {
  const webhook = await findWebhook({ db }, principal, webhookId);
  const known = await webhookToTell(db, webhook.id);
  if (known?.isRevoked)
    throw new InvalidInput(
      'webhookId',
      'the key or token that it was made with was revoked; update it first',
    );
  const deliveryId = randomUUID();
  const timestamp = new Date().toISOString();
  const body = JSON.stringify({ type: KIND, timestamp, data: { webhookId: webhook.webhookId } });
  const posted = await webhooks.channel.post(webhook, { id: deliveryId, body }, new AbortController().signal);
  const { tenantId, userId } = webhook;
  const sent = {
    ...targetOf(webhook),
    tenantId,
    userId,
    order: [KIND],
    kind: KIND,
    payload: { at: timestamp },
  };
  await db.transaction((client) => noteSent(client, { ...sent, deliveryId }, posted));
  const delivery = await deliveryById(db, targetScopeOf(principal), deliveryId);
  if (!delivery) throw new NotFound('webhookId', 'there is no such webhook');
  return delivery;
}
