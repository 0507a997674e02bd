import { bigint, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

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

export const duties: readonly Duty[] = [
  {
    table: credentials,
    owner: 'tenant',
    erasure: { rows: 'keep', why: 'they are the tenant’s', names: [credentials.updatedBy] },
    exported: { not: 'they are secret, and the tenant’s' },
    audited: [
      { on: 'INSERT', action: 'credential.store', trigger: { target: credentials.name } },
      { on: 'UPDATE', action: 'credential.store', trigger: { target: credentials.name } },
      { on: 'UPDATE', action: 'credential.rekey', trigger: { target: credentials.name } },
      { on: 'DELETE', action: 'credential.delete', trigger: { target: credentials.name } },
      { on: 'SELECT', action: 'credential.reveal' },
    ],
    kept: 'until they are deleted',
  },
  {
    table: authenticators,
    owner: { user: authenticators.userId },
    erasure: { rows: 'delete', counted: 'authenticators', left: 'authenticators' },
    exported: { not: 'they are secret, and open this server only' },
    audited: [
      {
        on: 'INSERT',
        action: 'authenticator.enrol',
        trigger: { target: authenticators.userId, owner: authenticators.userId },
      },
      {
        on: 'UPDATE',
        action: 'authenticator.enrol',
        trigger: { target: authenticators.userId, owner: authenticators.userId },
      },
      {
        on: 'UPDATE',
        action: 'authenticator.rekey',
        trigger: { target: authenticators.userId, owner: authenticators.userId },
      },
      {
        on: 'DELETE',
        action: 'authenticator.remove',
        trigger: { target: authenticators.userId, owner: authenticators.userId },
      },
    ],
    kept: 'until they are deleted',
  },
];
