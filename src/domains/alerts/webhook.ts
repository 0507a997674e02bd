import type { Fetch } from '../../outbound/outbound.ts';
import { post } from '../../outbound/post.ts';
import type { Outcome } from '../deliveries/channel.ts';
import type { AlertMessage, AlertWay } from './ways.ts';

export interface WebhookOptions {
  readonly url: string;
  /** With which messages are signed; null: they are not. */
  readonly key: Uint8Array | null;
  readonly fetch: Fetch;
}

/** Posts messages to the operator's own program, in the form and with the signature of Standard Webhooks. */
export class WebhookWay implements AlertWay {
  readonly name = 'webhook';
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  async send({ id, type, at, data }: AlertMessage, signal: AbortSignal): Promise<Outcome> {
    const { url, key, fetch } = this.#options;
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data });
    const { status, error, isAway, retryAfterMs } = await post(
      fetch,
      url,
      { id: `alert_${id}`, body, key },
      signal,
    );
    if (error === null) return { kind: 'DELIVERED', status };
    return { kind: 'FAILED', reach: isAway ? 'TARGET' : 'DELIVERY', status, error, retryAfterMs };
  }
}
