import { randomUUID } from 'node:crypto';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { UrlForbidden } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { signatureHeaders } from '../../outbound/signature.ts';
import type { Alert } from './alerts.ts';

export interface WebhookOptions {
  readonly url: string;
  /** With which messages are signed; null: they are not. */
  readonly key: Uint8Array | null;
  readonly fetch: typeof globalThis.fetch;
  readonly log: Logger;
}

/** Alerts that wait while the receiver does not answer; beyond, the oldest is given up. */
const MAX_WAITING = 100;
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 500;
/** Addresses that may not be called will not be, however often. */
const attempts = retry(
  handleWhen((error) => !(error instanceof UrlForbidden)),
  { maxAttempts: ATTEMPTS - 1, backoff: new ExponentialBackoff({ initialDelay: FIRST_DELAY_MS }) },
);

/**
 * Posts alerts, one after the other, in the form and with the signature of Standard Webhooks. A receiver that does not
 * answer holds up nothing; after five attempts an alert is given up, which the log tells.
 */
export class AlertWebhook {
  readonly #options: WebhookOptions;
  readonly #waiting: Alert[] = [];
  readonly #stop = new AbortController();
  #sending: Promise<void> | null = null;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  send(alert: Alert): void {
    if (this.#stop.signal.aborted) return;
    if (this.#waiting.length >= MAX_WAITING) this.#giveUp(this.#waiting.shift(), 'too many wait');
    this.#waiting.push(alert);
    this.#sending ??= this.#sendAll();
  }

  /** Breaks off what is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    for (let alert = this.#waiting.shift(); alert; alert = this.#waiting.shift())
      await this.#deliver(alert).catch((error: Error) => this.#giveUp(alert, error.message));
    // In the same tick as the look at what waits: whoever comes later begins anew.
    this.#sending = null;
  }

  async #deliver(alert: Alert): Promise<void> {
    const { url, key, fetch } = this.#options;
    const { name, severity, state, message, at } = alert;
    const id = `alert_${randomUUID()}`;
    const body = JSON.stringify({
      type: `alert.${state.toLowerCase()}`,
      timestamp: at.toISOString(),
      data: { name, severity, state, message },
    });
    await attempts.execute(async ({ signal }) => {
      const response = await fetch(url, {
        method: 'POST',
        // Signed anew with each attempt: receivers refuse old ones.
        headers: {
          'content-type': 'application/json',
          ...(key && signatureHeaders({ id, at: new Date(), body }, key)),
        },
        body,
        signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    }, this.#stop.signal);
  }

  #giveUp(alert: Alert | undefined, reason: string): void {
    this.#options.log.error(
      { alert: alert?.name, state: alert?.state, reason },
      'an alert did not reach the webhook',
    );
  }
}
