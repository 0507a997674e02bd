import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { DISPUTE_STATES } from './dispute-tables.ts';
import { COLLECTIONS, INVOICE_STATES, REFUND_REASONS, REFUND_STATES } from './invoice-tables.ts';
import * as limits from './limits.ts';
import { MAX_MINOR } from './money.ts';

const money = z.int().min(1).max(MAX_MINOR);
const unit = z.string().regex(/^[A-Z]{3}$/, { error: 'must be the three capital letters of a currency' });
const instant = input.writtenInstant;
const text = (length: number) => input.text(length, 0).nullable();
/** Invoices that one line of an export takes back. */
const MAX_INVOICES = 10_000;

const RefundPart = z.object({
  refundId: z.guid({ error: 'must be a UUID' }),
  currency: unit,
  amount: money,
  reason: z.enum(REFUND_REASONS).nullable(),
  state: z.enum(REFUND_STATES),
  createdAt: instant,
  settledAt: instant.nullable(),
});
const DisputePart = z.object({
  stripeId: z.string().max(300),
  currency: unit,
  amount: z.int().min(0),
  taken: z.int().min(0),
  state: z.enum(DISPUTE_STATES),
  reason: z.string().max(200),
  openedAt: instant,
});
const InvoicePart = z.object({
  invoiceId: z.guid({ error: 'must be a UUID' }),
  number: text(200),
  currency: unit,
  amount: money,
  items: z.array(z.object({ description: limits.description, amount: money })).max(limits.MAX_ITEMS),
  description: limits.description.nullable(),
  collection: z.enum(COLLECTIONS),
  state: z.enum(INVOICE_STATES),
  createdAt: instant,
  finalizedAt: instant.nullable(),
  paidAt: instant.nullable(),
  voidedAt: instant.nullable(),
  refunds: z.array(RefundPart).max(limits.MAX_REFUNDS),
  // Exports of before disputes were booked have none.
  disputes: z.array(DisputePart).max(limits.MAX_REFUNDS).default([]),
});

/** A customer that a user is, with all that they were billed. */
const CustomerLine = z.object({
  kind: z.literal('payment_customer'),
  tenantId: z.string(),
  userId: z.string(),
  customerId: z.guid({ error: 'must be a UUID' }),
  name: limits.name,
  email: limits.email.nullable(),
  createdAt: instant,
  invoices: z.array(InvoicePart).max(MAX_INVOICES),
});
type CustomerLine = z.output<typeof CustomerLine>;

/** What a user was billed. Taken back, it is a record of the user's: books are made by payments only. */
export const billed = sectionOfRows<{ readonly db: Database }, CustomerLine>({
  kind: 'payment_customer',
  schema: CustomerLine,
  dated: 'createdAt',
  read: exportedCustomers,
  restore: restoreRecords,
});

async function exportedCustomers(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<{ place: number; line: object }>({
    name: 'export_payment_customers',
    text: `select place, line from (
             select c.id * 2 as place, json_build_object('customerId', c.customer_id, 'name', p.name, 'email', p.email,
               'createdAt', c.created_at, 'invoices', coalesce((select json_agg(json_build_object('invoiceId', i.invoice_id,
                   'number', i.number, 'currency', i.currency, 'amount', i.amount, 'items', i.items, 'description', i.description,
                   'collection', i.collection, 'state', i.state, 'createdAt', i.created_at, 'finalizedAt', i.finalized_at,
                   'paidAt', i.paid_at, 'voidedAt', i.voided_at,
                   'refunds', coalesce((select json_agg(json_build_object('refundId', r.refund_id, 'currency', r.currency,
                       'amount', r.amount, 'reason', r.reason, 'state', r.state, 'createdAt', r.created_at,
                       'settledAt', r.settled_at) order by r.id)
                     from payment_refunds r where r.invoice = i.id and r.tenant_id = $2), '[]'),
                   'disputes', coalesce((select json_agg(json_build_object('stripeId', d.stripe_id, 'currency', d.currency,
                       'amount', d.amount, 'taken', d.taken, 'state', d.state, 'reason', d.reason, 'openedAt', d.opened_at) order by d.id)
                     from payment_disputes d where d.invoice = i.id and d.tenant_id = $2), '[]')) order by i.id)
                 from payment_invoices i where i.customer = c.id and i.tenant_id = $2), '[]')) as line
             from payment_customers c join payment_people p on p.customer = c.id
             where p.user_id = $1 and p.tenant_id = $2 and c.tenant_id = $2
             union all
             select id * 2 + 1, line::json from payment_records where user_id = $1 and tenant_id = $2) as lines
           where place > $3 order by place limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  const { tenantId, userId } = owner;
  return rows.map(({ place, line }) => ({
    // Read as a restore would read it, which also writes all instants alike.
    line: JSON.stringify(CustomerLine.parse({ kind: 'payment_customer', tenantId, userId, ...line })),
    after: { key: '', number: place },
  }));
}

async function restoreRecords(
  client: PoolClient,
  owner: Owner,
  lines: readonly CustomerLine[],
): Promise<number> {
  const { rowCount } = await client.query<object>({
    name: 'restore_payment_records',
    text: `insert into payment_records (tenant_id, user_id, customer_id, line)
           select $1, $2, l.id, l.line from unnest($3::text[], $4::text[]) as l(id, line)
           where not exists (select from payment_customers c where c.customer_id = l.id and c.tenant_id = $1)
           on conflict (user_id, tenant_id, customer_id) do nothing`,
    values: [
      ...[owner.tenantId, owner.userId, lines.map(({ customerId }) => customerId)],
      lines.map((line) => JSON.stringify(line)),
    ],
  });
  return rowCount ?? 0;
}
