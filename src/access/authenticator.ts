import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Unauthenticated } from '../errors.ts';
import type { ApiKeys } from './keys.ts';
import type { RateLimits } from './limits.ts';
import { LOCAL_PRINCIPAL, PERMISSIONS, type Principal } from './principals.ts';
import type { Tokens } from './tokens.ts';

/** What a caller shows, wherever it stood: in headers, or in the `connection_init` of a WebSocket. */
export interface Shown {
  readonly apiKey: string | null;
  readonly authorization: string | null;
}

export interface AuthenticatorParts {
  /** False: everybody is the local admin. */
  readonly required: boolean;
  /** The operator's key as it is now. */
  readonly bootstrapKey: () => string | null;
  readonly keys: ApiKeys;
  readonly tokens: Tokens | null;
  readonly limits: RateLimits;
}

/** The one place that says who a caller is. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /**
   * @param address where the caller is
   * @param isAtMcp whether they stand at the door of the Model Context Protocol, for which there may be tokens of its own
   * @throws Unauthenticated if nothing valid is shown; it does not say what was wrong
   * @throws RateLimited, late, for an address that tries too often; what is valid is let in all the same
   * @throws ServiceUnavailable while a key cannot be looked up
   */
  async principalOf(shown: Shown, address: string, isAtMcp = false): Promise<Principal> {
    if (!this.#parts.required) return LOCAL_PRINCIPAL;
    const bearer = /^Bearer +(\S+)$/i.exec(shown.authorization ?? '')?.[1] ?? null;
    const secret = shown.apiKey ?? bearer;
    if (secret === null) throw new Unauthenticated();
    const principal = this.#byBootstrapKey(secret) ?? (await this.#byCredential(secret, isAtMcp));
    if (principal) return principal;
    await this.#parts.limits.noteFailure(address);
    throw new Unauthenticated();
  }

  #byBootstrapKey(secret: string): Principal | null {
    const expected = this.#parts.bootstrapKey();
    if (expected === null || !timingSafeEqual(digest(secret), digest(expected))) return null;
    const credential = { kind: 'KEY', id: 'API_KEY', expiresAt: null } as const;
    return { ...LOCAL_PRINCIPAL, permissions: PERMISSIONS, credential };
  }

  async #byCredential(secret: string, isAtMcp: boolean): Promise<Principal | null> {
    const { keys, tokens } = this.#parts;
    return secret.startsWith('echo_')
      ? keys.principalOf(secret)
      : (tokens?.principalOf(secret, isAtMcp) ?? null);
  }
}

export function shownInHeaders(headers: IncomingHttpHeaders): Shown {
  return { apiKey: single(headers['x-api-key']), authorization: single(headers.authorization) };
}

/** The payload of `connection_init`, by the names of the headers in any case, or `apiKey`. */
export function shownInPayload(payload: Readonly<Record<string, unknown>>): Shown {
  const named = new Map(Object.entries(payload).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    apiKey: single(named.get('x-api-key') ?? named.get('apikey')),
    authorization: single(named.get('authorization')),
  };
}

function single(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
