import { bigint, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';

/** Secrets for other services, encrypted under the master key. */
export const credentials = pgTable(
  'echo_credentials',
  {
    tenantId: tenantId(),
    name: text('name').notNull(),
    /** Nonce, ciphertext and tag. */
    value: bytes('value').notNull(),
    /** Names the master key. */
    keyId: text('key_id').notNull(),
    /** To tell values apart; null for short ones. */
    lastFour: text('last_four'),
    /** Grows with each new value. */
    version: integer('version').notNull().default(1),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    updatedBy: text('updated_by').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.name] })],
);

export type CredentialRow = typeof credentials.$inferSelect;

/** Authenticators (TOTP) of those who may read credentials. */
export const authenticators = pgTable(
  'echo_authenticators',
  {
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    /** The shared secret: nonce, ciphertext and tag. */
    secret: bytes('secret').notNull(),
    keyId: text('key_id').notNull(),
    enrolledAt: instant('enrolled_at').notNull().defaultNow(),
    /** The time step of the last code that was taken: none is taken twice. */
    lastStep: bigint('last_step', { mode: 'number' }).notNull().default(0),
    /** Wrong codes, of which none was long before the next. */
    wrong: integer('wrong').notNull().default(0),
    /** When the last of them was shown. */
    wrongAt: instant('wrong_at'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.userId] })],
);

export type AuthenticatorRow = typeof authenticators.$inferSelect;
