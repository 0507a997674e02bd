import { sql } from 'drizzle-orm';
import { check, index, integer, jsonb, pgTable, serial, text, unique } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';
import { BOOKS, customerOf } from './tables.ts';

/**
 * How an invoice stands.
 *
 * - `WAITING`: a second admin is to say yes; `REJECTED`: they said no
 * - `REQUESTED`: it is being made at Stripe; `FAILED`: Stripe refused it, and nothing is owed
 * - `OPEN`: it is owed; `PAID`, `VOID`, `UNCOLLECTIBLE`: as Stripe has them
 */
export const INVOICE_STATES = [
  'WAITING',
  'REJECTED',
  'REQUESTED',
  'FAILED',
  'OPEN',
  'PAID',
  'VOID',
  'UNCOLLECTIBLE',
] as const;
export type InvoiceState = (typeof INVOICE_STATES)[number];

/** The same of a refund; `SENT`: Stripe has it, and the bank not yet. */
export const REFUND_STATES = [
  'WAITING',
  'REJECTED',
  'REQUESTED',
  'SENT',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
] as const;
export type RefundState = (typeof REFUND_STATES)[number];

/** How an invoice is to be paid: by what Stripe has of the customer, or by the customer, who gets it by mail. */
export const COLLECTIONS = ['CHARGE', 'SEND'] as const;
export type Collection = (typeof COLLECTIONS)[number];

export const REFUND_REASONS = ['DUPLICATE', 'FRAUDULENT', 'REQUESTED_BY_CUSTOMER'] as const;
export type RefundReason = (typeof REFUND_REASONS)[number];

export interface InvoiceItem {
  readonly description: string;
  /** In the smallest unit. */
  readonly amount: number;
}

/** What is asked for, and how it stands. */
export const invoices = pgTable(
  'payment_invoices',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    invoiceId: text('invoice_id').notNull(),
    customer: customerOf(),
    clientId: text('client_id'),
    currency: text('currency').notNull(),
    /** The sum of its items, in the smallest unit. */
    amount: integer('amount').notNull(),
    items: jsonb('items').$type<readonly InvoiceItem[]>().notNull(),
    description: text('description'),
    collection: text('collection', { enum: COLLECTIONS }).notNull(),
    daysUntilDue: integer('days_until_due'),
    state: text('state', { enum: INVOICE_STATES }).notNull(),
    taskId: text('task_id'),
    stripeId: text('stripe_id'),
    number: text('number'),
    /** `pi_…` by which it was paid; null: it was not, or not through Stripe. */
    paymentIntent: text('payment_intent'),
    /** How often it was charged. */
    charges: integer('charges').notNull().default(0),
    /** Why Stripe refused it, or declined the last charge: its code, and its words. */
    failureCode: text('failure_code'),
    failure: text('failure'),
    requestedBy: text('requested_by').notNull(),
    decidedBy: text('decided_by'),
    decidedAt: instant('decided_at'),
    note: text('note'),
    createdAt: instant('created_at').notNull().defaultNow(),
    finalizedAt: instant('finalized_at'),
    paidAt: instant('paid_at'),
    voidedAt: instant('voided_at'),
  },
  (table) => [
    unique('payment_invoices_invoice_id_key').on(table.tenantId, table.invoiceId),
    unique('payment_invoices_stripe_id_key').on(table.stripeId),
    index('payment_invoices_customer_idx').on(table.customer, table.id),
    index('payment_invoices_intent_idx').on(table.paymentIntent),
    index('payment_invoices_day_idx').on(table.tenantId, table.createdAt),
    check('payment_invoices_amount_check', sql`${table.amount} > 0`),
    check(
      'payment_invoices_state_check',
      sql`${table.state} in ('WAITING', 'REJECTED', 'REQUESTED', 'FAILED', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE')`,
    ),
  ],
);

/** What goes back of a paid invoice. */
export const refunds = pgTable(
  'payment_refunds',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    refundId: text('refund_id').notNull(),
    invoice: integer('invoice')
      .notNull()
      .references(() => invoices.id),
    currency: text('currency').notNull(),
    amount: integer('amount').notNull(),
    reason: text('reason', { enum: REFUND_REASONS }),
    state: text('state', { enum: REFUND_STATES }).notNull(),
    taskId: text('task_id'),
    stripeId: text('stripe_id'),
    failureCode: text('failure_code'),
    failure: text('failure'),
    requestedBy: text('requested_by').notNull(),
    decidedBy: text('decided_by'),
    decidedAt: instant('decided_at'),
    note: text('note'),
    createdAt: instant('created_at').notNull().defaultNow(),
    settledAt: instant('settled_at'),
  },
  (table) => [
    unique('payment_refunds_refund_id_key').on(table.tenantId, table.refundId),
    unique('payment_refunds_stripe_id_key').on(table.stripeId),
    index('payment_refunds_invoice_idx').on(table.invoice, table.id),
    index('payment_refunds_day_idx').on(table.tenantId, table.createdAt),
    check('payment_refunds_amount_check', sql`${table.amount} > 0`),
    check(
      'payment_refunds_state_check',
      sql`${table.state} in ('WAITING', 'REJECTED', 'REQUESTED', 'SENT', 'SUCCEEDED', 'FAILED', 'CANCELLED')`,
    ),
  ],
);

export type InvoiceRow = typeof invoices.$inferSelect;
export type RefundRow = typeof refunds.$inferSelect;

const kept = { kept: 'until they are deleted' } as const;
export const duties: readonly Duty[] = [
  {
    table: invoices,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS, names: [invoices.requestedBy, invoices.decidedBy] },
    exported: { lines: 'payment_customer' },
    audited: [
      { on: 'INSERT', action: 'invoice.create' },
      { on: 'UPDATE', action: 'invoice.approve' },
      { on: 'UPDATE', action: 'invoice.reject' },
      { on: 'UPDATE', action: 'invoice.charge' },
      { on: 'UPDATE', action: 'invoice.void' },
    ],
    ...kept,
  },
  {
    table: refunds,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS, names: [refunds.requestedBy, refunds.decidedBy] },
    exported: { lines: 'payment_customer' },
    audited: [
      { on: 'INSERT', action: 'refund.create' },
      { on: 'UPDATE', action: 'refund.approve' },
      { on: 'UPDATE', action: 'refund.reject' },
    ],
    ...kept,
  },
];
