import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, serial, text, unique } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';
import { invoices } from './invoice-tables.ts';
import { BOOKS } from './tables.ts';

/**
 * How a dispute stands.
 *
 * - `INQUIRY_…`: the bank asks, and takes no money
 * - `NEEDS_RESPONSE`, `UNDER_REVIEW`: it took the money, and waits for evidence, or looks at it; `APPEAL_…`: the same of an appeal
 * - `WON`: the money comes again; `LOST`: it does not; `PREVENTED`: it was settled before it was one
 * - `OTHER`: what Stripe has begun to say since this version
 */
export const DISPUTE_STATES = [
  'INQUIRY_NEEDS_RESPONSE',
  'INQUIRY_UNDER_REVIEW',
  'INQUIRY_CLOSED',
  'NEEDS_RESPONSE',
  'UNDER_REVIEW',
  'APPEAL_NEEDS_RESPONSE',
  'APPEAL_UNDER_REVIEW',
  'WON',
  'LOST',
  'PREVENTED',
  'OTHER',
] as const;
export type DisputeState = (typeof DISPUTE_STATES)[number];
/** Those that wait for somebody here to send evidence. */
export const UNANSWERED: readonly DisputeState[] = [
  'INQUIRY_NEEDS_RESPONSE',
  'NEEDS_RESPONSE',
  'APPEAL_NEEDS_RESPONSE',
];

/** What a bank says of a payment that whose card it was does not want to have made. */
export const disputes = pgTable(
  'payment_disputes',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    /** Which was paid by it. */
    invoice: integer('invoice')
      .notNull()
      .references(() => invoices.id),
    /** `du_…`, or `dp_…` */
    stripeId: text('stripe_id').notNull(),
    currency: text('currency').notNull(),
    /** What is disputed, in the smallest unit. */
    amount: integer('amount').notNull(),
    /** What of it the bank holds now. */
    taken: integer('taken').notNull(),
    state: text('state', { enum: DISPUTE_STATES }).notNull(),
    /** As Stripe names it. */
    reason: text('reason').notNull(),
    /** Until when evidence is taken; null: none is. */
    dueAt: instant('due_at'),
    openedAt: instant('opened_at').notNull(),
    /** When Stripe was asked how it stands, by the clock of the database. */
    lookedAt: instant('looked_at').notNull(),
  },
  (table) => [
    unique('payment_disputes_stripe_id_key').on(table.stripeId),
    index('payment_disputes_invoice_idx').on(table.invoice, table.id),
    index('payment_disputes_tenant_idx').on(table.tenantId, table.id),
    check(
      'payment_disputes_state_check',
      sql`${table.state} in ('INQUIRY_NEEDS_RESPONSE', 'INQUIRY_UNDER_REVIEW', 'INQUIRY_CLOSED', 'NEEDS_RESPONSE', 'UNDER_REVIEW', 'APPEAL_NEEDS_RESPONSE', 'APPEAL_UNDER_REVIEW', 'WON', 'LOST', 'PREVENTED', 'OTHER')`,
    ),
  ],
);

export type DisputeRow = typeof disputes.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: disputes,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS },
    exported: { lines: 'payment_customer' },
    audited: [
      { on: 'INSERT', action: 'dispute.open' },
      { on: 'UPDATE', action: 'dispute.change' },
    ],
    kept: 'until they are deleted',
  },
];
