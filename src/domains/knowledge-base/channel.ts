import type { Database } from '../../db/client.ts';
import type { Fetch, Outbound } from '../../outbound/outbound.ts';
import { post } from '../../outbound/post.ts';
import type { DeliveryChannel, Outcome } from '../deliveries/channel.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { articleOf } from './articles.ts';

export const CHANNEL = 'knowledge-base';

/** What it may answer, and how long it may take. */
const LIMITS = { timeoutMs: 15_000, maxBytes: 65_536 };
/** It has the article: a request before, which was never answered, brought it. */
const CONFLICT = 409;

/** Brings articles to a Knowledge Base. */
export class ArticleChannel implements DeliveryChannel {
  readonly name = CHANNEL;
  readonly #db: Database;
  readonly #fetch: Fetch;
  readonly #url: string;

  constructor({ db, outbound }: { readonly db: Database; readonly outbound: Outbound }, url: string) {
    this.#db = db;
    this.#url = `${url.replace(/\/+$/, '')}/api/articles`;
    this.#fetch = outbound.fetcherTo(url, LIMITS);
  }

  async send(delivery: DeliveryRow, signal: AbortSignal): Promise<Outcome> {
    const article = await articleOf(this.#db, delivery);
    if (article === null) return { kind: 'NOTHING_LEFT', why: 'nothing of what was learned holds any more' };
    const message = { id: delivery.deliveryId, body: JSON.stringify(article), key: null };
    const headers = { 'idempotency-key': delivery.deliveryId };
    const { status, error, isAway, retryAfterMs } = await post(
      this.#fetch,
      this.#url,
      { ...message, headers },
      signal,
    );
    if (error === null || status === CONFLICT) return { kind: 'DELIVERED', status };
    return { kind: 'FAILED', reach: isAway ? 'TARGET' : 'DELIVERY', status, error, retryAfterMs };
  }
}
