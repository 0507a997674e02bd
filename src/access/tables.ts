import { bigint, integer, pgTable, primaryKey, text, uniqueIndex, varchar } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../db/columns.ts';
import type { Duty } from '../db/duty.ts';
import type { Permission, Role } from './principals.ts';

/** Keys that programs show. The secret itself is nowhere: it was shown once. */
export const apiKeys = pgTable(
  'echo_api_keys',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    /** The public part, by which a key is found. */
    keyId: text('key_id').notNull(),
    tenantId: tenantId(),
    /** Whom it speaks for. */
    userId: text('user_id').notNull(),
    name: text('name').notNull(),
    /** SHA-256 of the whole key; enough, since 256 random bits can't be guessed. */
    hash: bytes('hash').notNull(),
    lastFour: text('last_four').notNull(),
    roles: text('roles').array().$type<Role[]>().notNull(),
    permissions: text('permissions').array().$type<Permission[]>().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    createdBy: text('created_by').notNull(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    /** To the minute. */
    lastUsedAt: instant('last_used_at'),
  },
  (table) => [uniqueIndex('echo_api_keys_key_id_key').on(table.keyId)],
);

export type ApiKeyRow = typeof apiKeys.$inferSelect;

/** Tokens that are refused before they expire. */
export const revokedTokens = pgTable(
  'echo_revoked_tokens',
  {
    /** Claim `jti`. */
    tokenId: text('token_id').notNull(),
    tenantId: tenantId(),
    revokedAt: instant('revoked_at').notNull().defaultNow(),
    revokedBy: text('revoked_by').notNull(),
    /** After this it need not be remembered. */
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.tokenId] })],
);

/** What callers asked for in this minute, where several servers count together; the columns are the library's. */
export const rateLimits = pgTable('echo_rate_limits', {
  /** Kind and a hash of who. */
  key: varchar('key', { length: 255 }).primaryKey(),
  points: integer('points').notNull().default(0),
  /** Milliseconds since 1970. */
  expire: bigint('expire', { mode: 'number' }),
});

export const duties: readonly Duty[] = [
  {
    table: apiKeys,
    owner: { user: apiKeys.userId },
    erasure: { rows: 'delete', counted: 'apiKeys', left: 'apiKeys', names: [apiKeys.createdBy] },
    exported: { not: 'a key opens this server only' },
    audited: [
      {
        on: 'INSERT',
        action: 'key.create',
        trigger: { target: apiKeys.keyId, owner: apiKeys.userId },
      },
      {
        on: 'UPDATE',
        action: 'key.revoke',
        trigger: { target: apiKeys.keyId, owner: apiKeys.userId, of: [apiKeys.revokedAt] },
      },
      {
        on: 'DELETE',
        action: 'key.erase',
        trigger: { target: apiKeys.keyId, owner: apiKeys.userId },
      },
    ],
    kept: 'until they are deleted',
  },
  {
    table: revokedTokens,
    owner: 'tenant',
    erasure: {
      rows: 'keep',
      why: 'a token that was revoked stays so',
      names: [revokedTokens.revokedBy],
    },
    exported: { not: 'a token opens this server only' },
    audited: [{ on: 'INSERT', action: 'token.revoke', trigger: { target: revokedTokens.tokenId } }],
    kept: { days: 1, past: revokedTokens.expiresAt },
  },
  {
    table: rateLimits,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they hold a hash of who, for a minute' },
    exported: { not: 'they are of this server and minute' },
    audited: { not: 'refusals are audited, not what is counted' },
    kept: { until: 'the library of rate limits sweeps what has expired' },
  },
];
