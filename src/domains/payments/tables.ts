import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, serial, text, unique } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** How Stripe knows a customer: not yet, by an id, or no more, since who it was is erased. */
export const CUSTOMER_STATES = ['PENDING', 'ACTIVE', 'FORGOTTEN'] as const;
export type CustomerState = (typeof CUSTOMER_STATES)[number];

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

/** A column that names one of them. */
export const customerOf = () =>
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

export type CustomerRow = typeof customers.$inferSelect;
export type PersonRow = typeof people.$inferSelect;

/** Why rows of the books stay when a user is erased. */
export const BOOKS =
  'they are books of account, which name nobody: who a customer is stands in payment_people, and goes';

const kept = { kept: 'until they are deleted' } as const;
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
    table: records,
    owner: { user: records.userId },
    erasure: { rows: 'delete', counted: 'paymentRecords', left: 'paymentRecords' },
    exported: { lines: 'payment_customer' },
    audited: { not: 'they are a part of an export, whose restoring is told' },
    ...kept,
  },
];
