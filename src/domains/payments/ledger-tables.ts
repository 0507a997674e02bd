import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  pgTable,
  serial,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';
import { disputes } from './dispute-tables.ts';
import { invoices, refunds } from './invoice-tables.ts';
import { BOOKS } from './tables.ts';

export const LEDGER_KINDS = ['PAYMENT', 'REFUND', 'REFUND_FAILURE', 'DISPUTE', 'DISPUTE_REVERSAL'] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/** The money that moved, as Stripe booked it: one row for each of its balance transactions that is ours. */
export const ledger = pgTable(
  'payment_ledger',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    clientId: text('client_id'),
    kind: text('kind', { enum: LEDGER_KINDS }).notNull(),
    occurredAt: instant('occurred_at').notNull(),
    /** Of `occurredAt`, in UTC. */
    day: date('day', { mode: 'string' }).notNull(),
    /** In which Stripe booked it, which may be another one than the invoice's. */
    currency: text('currency').notNull(),
    /** In the smallest unit; below 0 it went out. */
    amount: bigint('amount', { mode: 'number' }).notNull(),
    fee: bigint('fee', { mode: 'number' }).notNull(),
    invoice: integer('invoice')
      .notNull()
      .references(() => invoices.id),
    /** Null: it is no refund's. */
    refund: integer('refund').references(() => refunds.id),
    /** Null: it is no dispute's. */
    dispute: integer('dispute').references(() => disputes.id),
    /** `txn_…`, of which there is one row. */
    stripeId: text('stripe_id').notNull(),
    /** `ch_…`, `re_…`, `du_…`, or `py_…` and `pyr_…` of what was not paid by a card. */
    sourceId: text('source_id').notNull(),
  },
  (table) => [
    unique('payment_ledger_stripe_id_key').on(table.stripeId),
    index('payment_ledger_day_idx').on(table.tenantId, table.day),
    index('payment_ledger_invoice_idx').on(table.invoice),
    check(
      'payment_ledger_kind_check',
      sql`${table.kind} in ('PAYMENT', 'REFUND', 'REFUND_FAILURE', 'DISPUTE', 'DISPUTE_REVERSAL')`,
    ),
  ],
);

/** What Stripe told, once each, and of what. What it said of that is not kept: it is looked up. */
export const stripeEvents = pgTable(
  'payment_events',
  {
    /** `evt_…` */
    eventId: text('event_id').primaryKey(),
    type: text('type').notNull(),
    /** What it is of; null: nothing that has an id. */
    objectId: text('object_id'),
    /** When Stripe made it. */
    createdAt: instant('created_at').notNull(),
    receivedAt: instant('received_at').notNull().defaultNow(),
    /** True: nobody told it, it was asked for. */
    caughtUp: boolean('caught_up').notNull().default(false),
    taskId: text('task_id'),
  },
  (table) => [index('payment_events_received_idx').on(table.receivedAt)],
);

export const DIFFERENCE_KINDS = [
  'MISSING_THERE',
  'MISSING_HERE',
  'AMOUNT',
  'CURRENCY',
  'STATUS',
  'DOUBLED',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** Where our books and those of Stripe do not say the same. */
export const differences = pgTable(
  'payment_differences',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    differenceId: text('difference_id').notNull(),
    kind: text('kind', { enum: DIFFERENCE_KINDS }).notNull(),
    /** What differs, by its id at Stripe. */
    stripeId: text('stripe_id').notNull(),
    /** Our invoice or refund; null: there is none. */
    ourId: text('our_id'),
    /** What stands here and there, in words. */
    ours: text('ours'),
    theirs: text('theirs'),
    currency: text('currency'),
    foundAt: instant('found_at').notNull().defaultNow(),
    seenAt: instant('seen_at').notNull().defaultNow(),
    resolvedAt: instant('resolved_at'),
    /** Null: it was seen no more. */
    resolvedBy: text('resolved_by'),
    note: text('note'),
  },
  (table) => [
    unique('payment_differences_difference_id_key').on(table.tenantId, table.differenceId),
    uniqueIndex('payment_differences_open_key')
      .on(table.kind, table.stripeId)
      .where(sql`${table.resolvedAt} is null`),
    index('payment_differences_tenant_idx').on(table.tenantId, table.id),
  ],
);

export type LedgerRow = typeof ledger.$inferSelect;
export type DifferenceRow = typeof differences.$inferSelect;

const kept = { kept: 'until they are deleted' } as const;
export const duties: readonly Duty[] = [
  {
    table: ledger,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS },
    exported: { not: 'what it says of a user stands with their invoices and refunds' },
    audited: { not: 'it is written after Stripe, not by anybody here' },
    ...kept,
  },
  {
    table: stripeEvents,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they name objects of Stripe, and nobody' },
    exported: { not: 'they are of this server' },
    audited: { not: 'what they change is looked up at Stripe' },
    // Stripe tells for three days, and lists events for thirty.
    kept: { days: 60, past: stripeEvents.receivedAt },
  },
  {
    table: differences,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS, names: [differences.resolvedBy] },
    exported: { not: 'they are about the books, and not about a user' },
    audited: [{ on: 'UPDATE', action: 'difference.resolve' }],
    ...kept,
  },
];
