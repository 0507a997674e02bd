import { sql } from 'drizzle-orm';
import {
  bigserial,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

export const DELIVERY_STATUSES = ['PENDING', 'DELIVERED', 'DEAD', 'DISCARDED'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Days that a delivery is kept when it is over. */
export const KEPT_DAYS = 30;

/** Where something is delivered to: a webhook, say. One server at a time delivers to it. */
export const deliveryTargets = pgTable(
  'echo_delivery_targets',
  {
    /** Who knows how to deliver. */
    channel: text('channel').notNull(),
    /** Which one among those of the channel. */
    target: text('target').notNull(),
    tenantId: tenantId(),
    /** Whose it is; null: the server's. */
    userId: text('user_id'),
    /** Nothing is delivered for now. */
    held: boolean('held').notNull().default(false),
    /** Times in a row that it could not be reached. */
    failures: integer('failures').notNull().default(0),
    /** Nothing is tried before. */
    blockedUntil: instant('blocked_until'),
    lastDeliveredAt: instant('last_delivered_at'),
    /** The server that delivers now, and until when nobody else does. */
    leaseToken: text('lease_token'),
    leaseUntil: instant('lease_until'),
  },
  (table) => [
    primaryKey({ columns: [table.channel, table.target] }),
    index('echo_delivery_targets_user_idx').on(table.userId, table.tenantId),
  ],
);

/**
 * What is to leave the server, and what became of it. It names what it tells of and holds no words of a user: the message
 * is made when it is sent.
 */
export const deliveries = pgTable(
  'echo_deliveries',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    tenantId: tenantId(),
    /** Of whom it tells; null: of nobody. */
    userId: text('user_id'),
    /** The same however often it is sent, so that a receiver knows it again. */
    deliveryId: uuid('delivery_id').notNull(),
    channel: text('channel').notNull(),
    target: text('target').notNull(),
    /** SHA-256 of what it is about: of what has the same, each waits for the one before it. */
    orderKey: bytes('order_key').notNull(),
    /** What it tells of, such as interaction.added. */
    kind: text('kind').notNull(),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
    status: text('status', { enum: DELIVERY_STATUSES }).notNull().default('PENDING'),
    attempts: integer('attempts').notNull().default(0),
    createdAt: instant('created_at').notNull().defaultNow(),
    dueAt: instant('due_at').notNull().defaultNow(),
    lastAttemptAt: instant('last_attempt_at'),
    /** HTTP status of the latest answer. */
    lastStatus: integer('last_status'),
    lastError: text('last_error'),
    settledAt: instant('settled_at'),
    /** When somebody set it going again, or gave it up, by hand. */
    retriedAt: instant('retried_at'),
    discardedAt: instant('discarded_at'),
  },
  (table) => [
    unique('echo_deliveries_delivery_id_key').on(table.deliveryId),
    foreignKey({
      name: 'echo_deliveries_target_fk',
      columns: [table.channel, table.target],
      foreignColumns: [deliveryTargets.channel, deliveryTargets.target],
    }).onDelete('cascade'),
    index('echo_deliveries_order_idx')
      .on(table.channel, table.target, table.orderKey, table.id)
      .where(sql`${table.status} = 'PENDING'`),
    index('echo_deliveries_due_idx')
      .on(table.channel, table.target, table.dueAt)
      .where(sql`${table.status} = 'PENDING'`),
    index('echo_deliveries_list_idx').on(table.channel, table.target, table.id),
    index('echo_deliveries_dead_idx')
      .on(table.channel, table.target, table.id)
      .where(sql`${table.status} = 'DEAD'`),
    index('echo_deliveries_user_idx').on(table.userId, table.tenantId),
    index('echo_deliveries_settled_idx').on(table.settledAt),
    check(
      'echo_deliveries_status_check',
      sql`${table.status} in ('PENDING', 'DELIVERED', 'DEAD', 'DISCARDED')`,
    ),
  ],
);

export type DeliveryRow = typeof deliveries.$inferSelect;
export type TargetRow = typeof deliveryTargets.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: deliveries,
    owner: { user: deliveries.userId },
    erasure: { rows: 'delete', counted: 'deliveries', left: 'deliveries' },
    exported: { not: 'they name what is exported itself' },
    audited: [
      {
        on: 'UPDATE',
        action: 'delivery.retry',
        trigger: { target: deliveries.deliveryId, owner: deliveries.userId, of: [deliveries.retriedAt] },
      },
      {
        on: 'UPDATE',
        action: 'delivery.discard',
        trigger: { target: deliveries.deliveryId, owner: deliveries.userId, of: [deliveries.discardedAt] },
      },
    ],
    kept: { days: KEPT_DAYS, past: deliveries.settledAt },
  },
  {
    table: deliveryTargets,
    owner: { user: deliveryTargets.userId },
    erasure: { rows: 'delete', left: 'deliveries' },
    exported: { not: 'they belong to what is exported itself' },
    audited: { not: 'what they belong to is' },
    kept: 'until they are deleted',
  },
];
