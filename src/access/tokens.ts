import { createHash } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import type { Keeper } from '../jobs/keeper.ts';
import type { Keepers } from '../jobs/keepers.ts';
import { PERMISSIONS, type Principal, permissionsOf, ROLES, SCOPE_PREFIX, scopeOf } from './principals.ts';

export interface TokenOptions {
  /** A secret shared with who issues tokens (HS256); or the address of their public keys. */
  readonly source: 'SECRET' | { readonly keysUrl: string };
  readonly issuer: string;
  readonly audience: string;
  /** Another audience, of tokens that are for the door of the Model Context Protocol alone; null: there are none. */
  readonly mcpAudience: string | null;
}

/** Longer ones are refused unread. */
const MAX_LENGTH = 8_192;
/** Seconds that clocks may differ. */
const TOLERANCE_S = 5;
/** Milliseconds between looks at published keys. Tokens never cause one, or callers could. */
const REFRESH_MS = 300_000;
const RETRY_MS = 10_000;
const ASYMMETRIC = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'];
const MAX_USER_LENGTH = 100;

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Tokens (JWT) that somebody else issues. Algorithms, issuer and audience are pinned. */
export class Tokens {
  readonly #options: TokenOptions;
  readonly #fetchTo: (url: string) => typeof fetch;
  readonly #isRevoked: (tenantId: string, tokenId: string) => boolean;
  readonly #secret: () => string | null;
  /** Null: there are no keys to get. */
  readonly #keeper: Keeper | null;
  #keys: KeySet | null = null;

  /**
   * @param fetchTo gives the client for requests to who issues tokens
   * @param isRevoked whether a token of this id was revoked
   * @param secret the shared secret as it is now
   */
  constructor(
    options: TokenOptions,
    parts: {
      fetchTo: (url: string) => typeof fetch;
      isRevoked: (tenantId: string, tokenId: string) => boolean;
      secret: () => string | null;
      keepers: Keepers;
    },
  ) {
    this.#options = options;
    this.#fetchTo = parts.fetchTo;
    this.#isRevoked = parts.isRevoked;
    this.#secret = parts.secret;
    const { source } = options;
    this.#keeper =
      source === 'SECRET'
        ? null
        : parts.keepers.create({
            name: 'token keys',
            everyMs: REFRESH_MS,
            retryMs: RETRY_MS,
            round: () => this.#refresh(source.keysUrl),
          });
  }

  /** Gets the keys; goes on looking for newer ones until `stop`. */
  async start(): Promise<void> {
    await this.#keeper?.startNow();
  }

  /** Does not wait for an answer that is under way: nothing is lost with it. */
  stop(): void {
    void this.#keeper?.stop();
  }

  /**
   * Who shows this token; null if it is not valid, for whatever reason.
   *
   * @param isAtMcp whether it is shown at the door of the Model Context Protocol
   */
  async principalOf(token: string, isAtMcp: boolean): Promise<Principal | null> {
    const { issuer, audience, mcpAudience, source } = this.#options;
    const secret = source === 'SECRET' ? this.#secret() : null;
    const keys = secret === null ? this.#keys : new TextEncoder().encode(secret);
    if (token.length > MAX_LENGTH || !keys) return null;
    const checks = {
      issuer,
      audience: isAtMcp && mcpAudience !== null ? [audience, mcpAudience] : audience,
      algorithms: source === 'SECRET' ? ['HS256'] : ASYMMETRIC,
      clockTolerance: TOLERANCE_S,
      requiredClaims: ['sub', 'exp'],
    };
    try {
      const { payload } =
        typeof keys === 'function'
          ? await jwtVerify(token, keys, checks)
          : await jwtVerify(token, keys, checks);
      const principal = principalFrom(payload);
      const { jti } = payload;
      return principal && jti !== undefined && this.#isRevoked(principal.tenantId, jti) ? null : principal;
    } catch {
      return null;
    }
  }

  /** Keeps the last good keys while they can't be had. */
  async #refresh(url: string): Promise<void> {
    try {
      const response = await this.#fetchTo(url)(url, { headers: { accept: 'application/json' } });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      this.#keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
    } catch (error) {
      throw new Error(`the public keys of JWT_JWKS_URL cannot be had: ${(error as Error).message}`);
    }
  }
}

/**
 * Claims: `sub` (the user), `tenant_id`, `roles`, `scope` or `scp` (permissions, or `memory:` and one, in any case; a text or a list). A
 * word of ours that is not known allows nothing: a token that was meant to be for less is never for all.
 */
function principalFrom(claims: JWTPayload): Principal | null {
  const { sub, exp, jti, tenant_id: tenant = 'default', roles = ['USER'], scope, scp } = claims;
  const isName = (value: unknown): value is string =>
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_USER_LENGTH &&
    value.isWellFormed() &&
    !value.includes('\0');
  if (!isName(sub) || !isName(tenant) || exp === undefined || !Array.isArray(roles)) return null;
  const known = ROLES.filter((role) => roles.includes(role));
  // Issuers put words of their own there, too ("openid"): only ours narrow what the roles allow.
  const words = [scope, scp]
    .flat()
    .flatMap((part) => (typeof part === 'string' ? part.toLowerCase().split(/[\s,]+/) : []));
  const isNarrowed = words.some((word) => word.startsWith(SCOPE_PREFIX));
  const named = PERMISSIONS.filter(
    (permission) => words.includes(permission.toLowerCase()) || words.includes(scopeOf(permission)),
  );
  return {
    tenantId: tenant,
    userId: sub,
    roles: known,
    permissions: permissionsOf(known, named.length > 0 || isNarrowed ? named : null),
    // Without a name in it: the audit log keeps it, whoever is erased.
    credential: { kind: 'TOKEN', id: jti ?? anonymousId(sub, exp), expiresAt: new Date(exp * 1_000) },
  };
}

function anonymousId(sub: string, exp: number): string {
  return createHash('sha256')
    .update(JSON.stringify([sub, exp]))
    .digest('hex')
    .slice(0, 16);
}
