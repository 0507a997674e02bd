import { integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../db/columns.ts';
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
export const revokedTokens = pgTable('echo_revoked_tokens', {
  /** Claim `jti`. */
  tokenId: text('token_id').primaryKey(),
  tenantId: tenantId(),
  revokedAt: instant('revoked_at').notNull().defaultNow(),
  revokedBy: text('revoked_by').notNull(),
  /** After this it need not be remembered. */
  expiresAt: instant('expires_at').notNull(),
});
