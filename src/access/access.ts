import type { Availability } from '../db/availability.ts';
import type { Database } from '../db/client.ts';
import type { Keepers } from '../jobs/keepers.ts';
import type { Logger } from '../log.ts';
import { Authenticator } from './authenticator.ts';
import { ApiKeys } from './keys.ts';
import { type RateLimitOptions, RateLimits } from './limits.ts';
import { RevokedTokens } from './revocations.ts';
import { type TokenOptions, Tokens } from './tokens.ts';

export interface AccessOptions {
  /** False: everybody is the local admin. */
  readonly required: boolean;
  /** Null: no tokens are taken. */
  readonly tokens: TokenOptions | null;
  readonly rates: RateLimitOptions;
  /** Whether several servers count together. */
  readonly rateStore: 'memory' | 'postgres';
}

/** Who may come in, and how they show it. */
export interface Access {
  readonly authenticator: Authenticator;
  readonly apiKeys: ApiKeys;
  readonly revokedTokens: RevokedTokens;
  readonly limits: RateLimits;
  /** Whether nobody could come in: access control is on, and there is nothing that opens the door. */
  isShut(): Promise<boolean>;
  /** Gets what is needed to check tokens. */
  start(): Promise<void>;
  stop(): void;
}

/**
 * @param parts.fetchTo gives the client for requests to who issues tokens
 * @param parts.secret a secret as it is now
 */
export function createAccess(
  { required, tokens: options, rates, rateStore }: AccessOptions,
  parts: {
    db: Database;
    availability: Availability;
    log: Logger;
    keepers: Keepers;
    fetchTo: (url: string) => typeof fetch;
    secret: (name: 'API_KEY' | 'JWT_SECRET') => string | null;
  },
): Access {
  const limits = new RateLimits(rates, rateStore === 'postgres' ? parts : null);
  const apiKeys = new ApiKeys(parts.db, parts.availability);
  const revokedTokens = new RevokedTokens(parts.db, parts.availability, parts.keepers);
  const tokens =
    options &&
    new Tokens(options, {
      fetchTo: parts.fetchTo,
      secret: () => parts.secret('JWT_SECRET'),
      isRevoked: (tenantId, tokenId) => revokedTokens.has(tenantId, tokenId),
      keepers: parts.keepers,
    });
  const bootstrapKey = () => parts.secret('API_KEY');
  return {
    authenticator: new Authenticator({ required, bootstrapKey, keys: apiKeys, tokens, limits }),
    limits,
    apiKeys,
    revokedTokens,
    isShut: async () =>
      required && bootstrapKey() === null && options === null && !(await apiKeys.anyUsable()),
    start: async () => {
      if (!tokens) return;
      await revokedTokens.start();
      await tokens.start();
    },
    stop: () => {
      revokedTokens.stop();
      tokens?.stop();
    },
  };
}
