import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, serial, text, unique, uuid } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';
import { parties } from '../partners/tables.ts';
import { ledger } from '../payments/ledger-tables.ts';

/**
 * How a report stands.
 *
 * - `DRAFT`: it is made anew when somebody asks
 * - `WAITING`: one admin said yes, and a second one is to; it changes no more
 * - `APPROVED`: it is final
 * - `REJECTED`: it is made anew when somebody asks
 */
export const PAYOUT_STATES = ['DRAFT', 'WAITING', 'APPROVED', 'REJECTED'] as const;
export type PayoutState = (typeof PAYOUT_STATES)[number];

/** What a partner gets for a month in one currency. No money moves by it. Amounts in the smallest unit. */
export const payoutReports = pgTable(
  'payout_reports',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    payoutId: uuid('payout_id').notNull(),
    partner: integer('partner')
      .notNull()
      .references(() => parties.id),
    /** YYYY-MM, in UTC. */
    month: text('month').notNull(),
    currency: text('currency').notNull(),
    /** Hundredths of a per cent. */
    rate: integer('rate').notNull(),
    /** The sum of its entries: what clients paid less what went back. */
    base: bigint('base', { mode: 'number' }).notNull(),
    /** What was paid too lately to be in it. */
    held: bigint('held', { mode: 'number' }).notNull(),
    /** The sum of the shares of its entries. */
    amount: bigint('amount', { mode: 'number' }).notNull(),
    state: text('state').$type<PayoutState>().notNull().default('DRAFT'),
    madeAt: instant('made_at').notNull().defaultNow(),
    confirmedBy: text('confirmed_by'),
    confirmedAt: instant('confirmed_at'),
    approvedBy: text('approved_by'),
    approvedAt: instant('approved_at'),
    rejectedBy: text('rejected_by'),
    rejectedAt: instant('rejected_at'),
  },
  (table) => [
    unique('payout_reports_payout_id_key').on(table.payoutId),
    unique('payout_reports_month_key').on(table.tenantId, table.partner, table.month, table.currency),
    check(
      'payout_reports_state_check',
      sql`${table.state} in ('DRAFT', 'WAITING', 'APPROVED', 'REJECTED') and (${table.state} = 'APPROVED') = (${table.approvedAt} is not null)`,
    ),
  ],
);

/** A booking that a report counts; each is in one report at most. */
export const payoutEntries = pgTable(
  'payout_entries',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    report: integer('report')
      .notNull()
      .references(() => payoutReports.id, { onDelete: 'cascade' }),
    ledger: integer('ledger')
      .notNull()
      .references(() => ledger.id),
    clientId: text('client_id').notNull(),
    /** Below 0: it went back. */
    amount: bigint('amount', { mode: 'number' }).notNull(),
    share: bigint('share', { mode: 'number' }).notNull(),
  },
  (table) => [
    unique('payout_entries_ledger_key').on(table.ledger),
    index('payout_entries_report_idx').on(table.report, table.id),
  ],
);

export type PayoutRow = typeof payoutReports.$inferSelect;

const BOOKS = 'they are books of account, and name partners and clients by their ids only';

export const duties: readonly Duty[] = [
  {
    table: payoutReports,
    owner: 'tenant',
    erasure: {
      rows: 'keep',
      why: BOOKS,
      names: [payoutReports.confirmedBy, payoutReports.approvedBy, payoutReports.rejectedBy],
    },
    exported: { not: 'they are the operator’s books' },
    audited: [
      {
        on: 'UPDATE',
        action: 'payout.confirm',
        trigger: { target: payoutReports.payoutId, of: [payoutReports.confirmedAt] },
      },
      {
        on: 'UPDATE',
        action: 'payout.approve',
        trigger: { target: payoutReports.payoutId, of: [payoutReports.approvedAt] },
      },
      {
        on: 'UPDATE',
        action: 'payout.reject',
        trigger: { target: payoutReports.payoutId, of: [payoutReports.rejectedAt] },
      },
    ],
    kept: 'until they are deleted',
  },
  {
    table: payoutEntries,
    owner: 'tenant',
    erasure: { rows: 'keep', why: BOOKS },
    exported: { not: 'they are the operator’s books' },
    audited: { not: 'that their report is approved is' },
    kept: 'until they are deleted',
  },
];
