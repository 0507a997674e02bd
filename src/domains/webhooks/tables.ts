import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, pgTable, serial, text, unique, uuid } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId, transactionId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

export const WEBHOOK_STATES = ['ACTIVE', 'PAUSED', 'SUSPENDED'] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** Kinds of events that a webhook may be told of. */
export const WEBHOOK_EVENTS = [
  ...(['interaction_added', 'interaction_answered', 'fact_changed', 'task_changed', 'alert'] as const),
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Addresses that are told of events, and how far each has come in them. */
export const webhooks = pgTable(
  'echo_webhooks',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    webhookId: uuid('webhook_id').notNull(),
    url: text('url').notNull(),
    description: text('description'),
    events: text('events').array().$type<WebhookEvent[]>().notNull(),
    /** Of all users of the tenant. */
    ofTenant: boolean('of_tenant').notNull().default(false),
    /** With which messages are signed, encrypted where there is a master key. */
    secret: bytes('secret').notNull(),
    /** Names the master key; null: there was none, and the secret is as it is. */
    keyId: text('key_id'),
    state: text('state', { enum: WEBHOOK_STATES }).notNull().default('ACTIVE'),
    /** Why the server suspended it. */
    problem: text('problem'),
    /** Names what its maker showed, such as KEY:1a2b…: a webhook does not outlive it. */
    credential: text('credential'),
    /** The last event that it was told of, or that was not for it. */
    positionTransaction: transactionId('position_xid').notNull(),
    positionId: bigint('position_id', { mode: 'bigint' }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    // Restored webhooks keep their ids, so these are their user's own.
    unique('echo_webhooks_webhook_id_key').on(table.webhookId, table.tenantId, table.userId),
    index('echo_webhooks_user_idx').on(table.userId, table.tenantId, table.id),
    index('echo_webhooks_position_idx')
      .on(table.positionTransaction, table.positionId)
      .where(sql`${table.state} = 'ACTIVE'`),
    check('echo_webhooks_state_check', sql`${table.state} in ('ACTIVE', 'PAUSED', 'SUSPENDED')`),
  ],
);

export type WebhookRow = typeof webhooks.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: webhooks,
    owner: { user: webhooks.userId },
    erasure: { rows: 'delete', counted: 'webhooks', left: 'webhooks' },
    exported: { lines: 'webhook' },
    audited: [
      {
        on: 'INSERT',
        action: 'webhook.create',
        trigger: { target: webhooks.webhookId, owner: webhooks.userId },
      },
      {
        on: 'UPDATE',
        action: 'webhook.update',
        trigger: { target: webhooks.webhookId, owner: webhooks.userId, of: [webhooks.updatedAt] },
      },
      {
        on: 'DELETE',
        action: 'webhook.delete',
        trigger: { target: webhooks.webhookId, owner: webhooks.userId },
      },
    ],
    kept: 'until they are deleted',
  },
];
