import type Stripe from 'stripe';
import { isLive } from '../../config/payments.ts';
import { InvalidInput, NotConfigured, ServiceUnavailable } from '../../errors.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Secrets } from '../../secrets/secrets.ts';

/** Milliseconds that one answer of Stripe may take. */
export const ANSWER_MS = 30_000;
const MAX_ANSWER_BYTES = 16 * 1_048_576;
/** Seconds that the signature of an event may be old. */
export const TOLERANCE_S = 300;

interface AccessParts {
  readonly outbound: Pick<Outbound, 'fetcherTo'>;
  readonly secrets: Pick<Secrets, 'get'>;
  readonly config: { readonly apiUrl: string; readonly isLive: boolean; readonly account: string | null };
  readonly sdk: typeof Stripe;
}

/** Stripe, by its own library, over the one client for requests to other servers. */
export class StripeAccess {
  readonly #parts: AccessParts;

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /** Whether real money moves. */
  get isLive(): boolean {
    return this.#parts.config.isLive;
  }

  /** The account that events of connected accounts may be of; null: none. */
  get account(): string | null {
    return this.#parts.config.account;
  }

  /**
   * With the key of this moment, which Vault may have changed.
   *
   * @param signal ends what is asked
   * @throws NotConfigured
   */
  client(signal?: AbortSignal): Stripe {
    const { outbound, secrets, config, sdk: Library } = this.#parts;
    const key = secrets.get('STRIPE_API_KEY');
    if (key === null) throw new NotConfigured('STRIPE_API_KEY', 'there is none any more');
    if (isLive(key) !== config.isLive)
      throw new NotConfigured('STRIPE_MODE', 'is not that of STRIPE_API_KEY, which was changed meanwhile');
    const { protocol, hostname, port } = new URL(config.apiUrl);
    const guarded = outbound.fetcherTo(config.apiUrl, { timeoutMs: ANSWER_MS, maxBytes: MAX_ANSWER_BYTES });
    const fetch: typeof guarded = (url, init) => {
      const signals = [init?.signal, signal].filter((each) => each !== undefined && each !== null);
      return guarded(url, { ...init, signal: AbortSignal.any(signals) });
    };
    return new Library(key, {
      ...{ maxNetworkRetries: 1, timeout: ANSWER_MS, telemetry: false, appInfo: { name: 'echo-brain' } },
      ...{ host: hostname, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) },
      protocol: protocol === 'http:' ? 'http' : 'https',
      httpClient: Library.createFetchHttpClient(fetch),
    });
  }

  /** What somebody sent who has the signing secret; null: nobody who has it did, or too long ago. @throws NotConfigured, InvalidInput */
  event(raw: string, signature: string): Stripe.Event | null {
    const { secrets, sdk: Library } = this.#parts;
    const secret = secrets.get('STRIPE_WEBHOOK_SECRET');
    if (secret === null)
      throw new NotConfigured(
        'STRIPE_WEBHOOK_SECRET',
        'no signing secret is configured, so that no event is believed',
      );
    try {
      return Library.webhooks.constructEvent(raw, signature, secret, TOLERANCE_S);
    } catch (error) {
      if (error instanceof Library.errors.StripeSignatureVerificationError) return null;
      // It is signed, and no JSON, or a thin one.
      throw new InvalidInput('body', 'must be an event of Stripe that carries its object (no thin one)');
    }
  }

  /**
   * What Stripe refused for good: the same request would be refused again. Null: it may succeed later, or it may even have
   * been done.
   */
  refusalOf(error: unknown): Refusal | null {
    const { errors } = this.#parts.sdk;
    if (!(error instanceof errors.StripeError)) return null;
    const isFinal =
      error instanceof errors.StripeCardError || error instanceof errors.StripeInvalidRequestError;
    // 409: another request with the same key is under way. A key that went with something else may have been taken.
    if (!isFinal || error.statusCode === 409) return null;
    const code = error.decline_code ?? error.code ?? error.type;
    const param = error.param ? ` (${error.param})` : '';
    return {
      code: printable(code, 100),
      message: printable(`${error.message}${param}`, 500),
      about: printable(param, 100),
      isDecline: error instanceof errors.StripeCardError,
    };
  }

  /** As a failure after which a task tries again. */
  asTrouble(error: unknown): unknown {
    const { errors } = this.#parts.sdk;
    return error instanceof errors.StripeError
      ? new ServiceUnavailable(`Stripe: ${error.type}: ${printable(error.message, 500)}`, { cause: error })
      : error;
  }

  /** Whether the key has no right to what was asked for. */
  isForbidden(error: unknown): boolean {
    const { errors } = this.#parts.sdk;
    const said = error instanceof ServiceUnavailable ? error.cause : error;
    return said instanceof errors.StripePermissionError;
  }

  /** Whether there is nothing of this id. */
  isMissing(error: unknown): boolean {
    const { errors } = this.#parts.sdk;
    return error instanceof errors.StripeInvalidRequestError && error.code === 'resource_missing';
  }
}

/** Why Stripe did not do something. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The parameter of the request that it is about, in parentheses; empty: none. */
  readonly about: string;
  /** It is about how the customer pays, not about what was asked. */
  readonly isDecline: boolean;
}

function printable(text: string, length: number): string {
  return text.replaceAll('\0', '').toWellFormed().slice(0, length).toWellFormed();
}
