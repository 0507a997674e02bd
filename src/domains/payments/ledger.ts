import type { PoolClient } from 'pg';
import type { LedgerKind } from './ledger-tables.ts';
import type { Reader } from './reads.ts';

/** A booking of Stripe that is ours. Amounts in the smallest unit. */
export interface Booking {
  readonly kind: LedgerKind;
  readonly occurredAt: Date;
  readonly currency: string;
  /** Below 0: it went out. */
  readonly amount: number;
  readonly fee: number;
  /** Of the row of its invoice. */
  readonly invoice: number;
  readonly refund: number | null;
  readonly dispute: number | null;
  readonly stripeId: string;
  readonly sourceId: string;
}

/** Writes a booking down, once, however often it is told. That it was missing, which a reconciliation of an earlier day may have found, is over. */
export async function book(client: PoolClient, tenantId: string, booking: Booking): Promise<void> {
  const { rowCount } = await client.query<object>({
    name: 'book_payment',
    text: `insert into payment_ledger (tenant_id, client_id, kind, occurred_at, day, currency, amount, fee, invoice, refund, dispute,
             stripe_id, source_id)
           select $1, i.client_id, $2, $3::timestamptz, ($3::timestamptz at time zone 'UTC')::date, $4, $5, $6, i.id, $7, $8, $9, $10
           from payment_invoices i where i.id = $11 and i.tenant_id = $1
           on conflict (stripe_id) do nothing`,
    values: [
      ...[tenantId, booking.kind, booking.occurredAt, booking.currency, booking.amount, booking.fee],
      ...[booking.refund, booking.dispute, booking.stripeId, booking.sourceId, booking.invoice],
    ],
  });
  if (rowCount === 1)
    await client.query<object>({
      name: 'resolve_booked_payment_difference',
      text: `update payment_differences set resolved_at = now(), note = 'it is booked now'
             where kind in ('MISSING_HERE', 'DOUBLED') and stripe_id = $1 and resolved_at is null`,
      values: [booking.stripeId],
    });
}

/** What a day brought in one currency, from one client. Amounts in the smallest unit. */
export interface DayOfRevenue {
  /** YYYY-MM-DD, in UTC. */
  readonly day: string;
  readonly currency: string;
  /** Null: of invoices without a client. */
  readonly clientId: string | null;
  /** What was paid. */
  readonly gross: number;
  /** What went back, above 0; refunds that failed are taken off. */
  readonly refunded: number;
  /** What banks took back, above 0; what came again after a dispute was won is taken off. */
  readonly disputed: number;
  /** What Stripe kept, also for disputes. */
  readonly fees: number;
  /** What is left: `gross` less `refunded`, `disputed` and `fees`. */
  readonly net: number;
}

/**
 * The revenue of a tenant by day, currency and client, as Stripe booked it; days without any are left out.
 *
 * @param from,to days as YYYY-MM-DD, both included
 */
export async function revenueByDay(
  { pool }: Reader,
  tenantId: string,
  from: string,
  to: string,
): Promise<DayOfRevenue[]> {
  const { rows } = await pool.query<DayOfRevenue>({
    name: 'payment_revenue_by_day',
    text: `select day::text as day, currency, client_id as "clientId",
             coalesce(sum(amount) filter (where kind = 'PAYMENT'), 0)::float8 as gross,
             coalesce(-sum(amount) filter (where kind in ('REFUND', 'REFUND_FAILURE')), 0)::float8 as refunded,
             coalesce(-sum(amount) filter (where kind in ('DISPUTE', 'DISPUTE_REVERSAL')), 0)::float8 as disputed,
             sum(fee)::float8 as fees, sum(amount - fee)::float8 as net
           from payment_ledger where tenant_id = $1 and day between $2::date and $3::date
           group by day, currency, client_id order by day, currency, client_id nulls first`,
    values: [tenantId, from, to],
  });
  return rows;
}
