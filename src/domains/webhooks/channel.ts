import type { Database } from '../../db/client.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { type Posted, post } from '../../outbound/post.ts';
import { CannotOpen, type Sealer } from '../../secrets/sealing.ts';
import type { DeliveryChannel, Outcome } from '../deliveries/channel.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { messageOf } from './messages.ts';
import { webhookToTell } from './reads.ts';
import { signingKey } from './secret.ts';
import type { WebhookRow } from './tables.ts';
import { CHANNEL, suspendWebhook } from './webhooks.ts';

export interface WebhookSenderServices {
  readonly db: Database;
  readonly outbound: Outbound;
  readonly sealer: Sealer | null;
}

/** What a receiver may answer, and how long it may take. */
const LIMITS = { timeoutMs: 15_000, maxBytes: 65_536 };
const GONE = 410;

/** Tells webhooks what happened. */
export class WebhookChannel implements DeliveryChannel {
  readonly name = CHANNEL;
  readonly #services: WebhookSenderServices;
  readonly #fetch: typeof globalThis.fetch;

  constructor(services: WebhookSenderServices) {
    this.#services = services;
    this.#fetch = services.outbound.fetcher(LIMITS);
  }

  async send(delivery: DeliveryRow, signal: AbortSignal): Promise<Outcome> {
    const { db } = this.#services;
    const found = await webhookToTell(db, Number(delivery.target));
    if (!found) return { kind: 'NOTHING_LEFT', why: 'the webhook is there no more' };
    const { webhook } = found;
    if (found.isRevoked)
      return this.#suspend(webhook, null, 'the key or token that it was made with was revoked');
    if (webhook.state !== 'ACTIVE') return { kind: 'HELD', status: null, error: `it is ${webhook.state}` };
    const body = await messageOf(db, delivery);
    if (body === null) return { kind: 'NOTHING_LEFT', why: 'what it told of was deleted' };
    const posted = await this.post(webhook, { id: delivery.deliveryId, body }, signal);
    if (posted.status === GONE) return this.#suspend(webhook, GONE, 'the receiver answered 410 Gone');
    const { status, error, isAway, retryAfterMs } = posted;
    if (error === null) return { kind: 'DELIVERED', status };
    return { kind: 'FAILED', reach: isAway ? 'TARGET' : 'DELIVERY', status, error, retryAfterMs };
  }

  /** Sends a message once. */
  async post(
    webhook: WebhookRow,
    message: { readonly id: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<Posted> {
    const key = keyOf(this.#services.sealer, webhook);
    if (key === null) {
      const error = 'its secret cannot be opened with this master key; see MASTER_KEY';
      return { status: null, error, isAway: true, retryAfterMs: null };
    }
    return post(this.#fetch, webhook.url, { ...message, key }, signal);
  }

  async #suspend(webhook: WebhookRow, status: number | null, problem: string): Promise<Outcome> {
    await suspendWebhook(this.#services.db, webhook, problem);
    return { kind: 'HELD', status, error: problem };
  }
}

function keyOf(sealer: Sealer | null, webhook: WebhookRow): Buffer | null {
  try {
    return signingKey(sealer, webhook);
  } catch (error) {
    if (error instanceof CannotOpen) return null;
    throw error;
  }
}
