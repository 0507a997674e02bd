import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  jsonb,
  pgTable,
  serial,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** How Stripe knows a customer: not yet, by an id, or no more, since who it was is erased. */
export const CUSTOMER_STATES = ['PENDING', 'ACTIVE', 'FORGOTTEN'] as const;
export type CustomerState = (typeof CUSTOMER_STATES)[number];

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

export const LEDGER_KINDS = ['PAYMENT', 'REFUND', 'REFUND_FAILURE'] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

export interface InvoiceItem {
  readonly description: string;
  /** In the smallest unit. */
  readonly amount: number;
}

/** Who is billed. Who that is stands in `payment_people`, and goes with an erasure. */
export const customers = pgTable(
  'payment_customers',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    customerId: text('customer_id').notNull(),
    /** What the operator calls the client whose money this is; null: none. */
    clientId: text('client_id'),
    /** `cus_…`; null: Stripe does not know it yet, or no more. */
    stripeId: text('stripe_id'),
    state: text('state', { enum: CUSTOMER_STATES }).notNull().default('PENDING'),
    /** Grows with each change of who it is. */
    version: integer('version').notNull().default(1),
    /** The version that Stripe has. */
    sentVersion: integer('sent_version').notNull().default(0),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    unique('payment_customers_customer_id_key').on(table.tenantId, table.customerId),
    unique('payment_customers_stripe_id_key').on(table.stripeId),
    check('payment_customers_state_check', sql`${table.state} in ('PENDING', 'ACTIVE', 'FORGOTTEN')`),
  ],
);

const customerOf = () =>
  integer('customer')
    .notNull()
    .references(() => customers.id);

/** Who a customer is. */
export const people = pgTable(
  'payment_people',
  {
    customer: customerOf().primaryKey(),
    tenantId: tenantId(),
    /** Null: no user of this server. */
    userId: text('user_id'),
    name: text('name').notNull(),
    email: text('email'),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [index('payment_people_user_idx').on(table.userId, table.tenantId)],
);

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
    /** Null: the payment itself. */
    refund: integer('refund').references(() => refunds.id),
    /** `txn_…`, of which there is one row. */
    stripeId: text('stripe_id').notNull(),
    /** `ch_…`, `re_…`, or `py_…` and `pyr_…` of what was not paid by a card. */
    sourceId: text('source_id').notNull(),
  },
  (table) => [
    unique('payment_ledger_stripe_id_key').on(table.stripeId),
    index('payment_ledger_day_idx').on(table.tenantId, table.day),
    index('payment_ledger_invoice_idx').on(table.invoice),
    check('payment_ledger_kind_check', sql`${table.kind} in ('PAYMENT', 'REFUND', 'REFUND_FAILURE')`),
  ],
);

/** What an export of another server said of a user's invoices, so that the next export has it: no books of this one. */
export const records = pgTable(
  'payment_records',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    customerId: text('customer_id').notNull(),
    line: text('line').notNull(),
  },
  (table) => [unique('payment_records_customer_id_key').on(table.userId, table.tenantId, table.customerId)],
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

export type CustomerRow = typeof customers.$inferSelect;
export type PersonRow = typeof people.$inferSelect;
export type InvoiceRow = typeof invoices.$inferSelect;
export type RefundRow = typeof refunds.$inferSelect;
export type LedgerRow = typeof ledger.$inferSelect;
export type DifferenceRow = typeof differences.$inferSelect;

const kept = { kept: 'until they are deleted' } as const;
const BOOKS =
  'they are books of account, which name nobody: who a customer is stands in payment_people, and goes';
export const duties: readonly Duty[] = [
  {
    table: people,
    owner: { user: people.userId },
    erasure: { rows: 'delete', counted: 'paymentDetails', left: 'paymentDetails' },
    exported: { lines: 'payment_customer' },
    audited: [
      { on: 'INSERT', action: 'customer.create' },
      { on: 'UPDATE', action: 'customer.update' },
    ],
    ...kept,
  },
  {
    table: customers,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS, names: [customers.createdBy] },
    exported: { lines: 'payment_customer' },
    audited: { not: 'who they are is' },
    ...kept,
  },
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
  {
    table: ledger,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS },
    exported: { not: 'what it says of a user stands with their invoices and refunds' },
    audited: { not: 'it is written after Stripe, not by anybody here' },
    ...kept,
  },
  {
    table: records,
    owner: { user: records.userId },
    erasure: { rows: 'delete', counted: 'paymentRecords', left: 'paymentRecords' },
    exported: { lines: 'payment_customer' },
    audited: { not: 'they are a part of an export, whose restoring is told' },
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
