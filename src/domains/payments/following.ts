import type { PoolClient } from 'pg';
import type Stripe from 'stripe';
import { mapRow, type RawRow } from '../../db/statements.ts';
import type { RunningTask } from '../../jobs/job.ts';
import {
  type InvoiceRow,
  type InvoiceState,
  invoices,
  type RefundRow,
  type RefundState,
  refunds,
} from './invoice-tables.ts';
import { book } from './ledger.ts';
import { clientOf, OWN, type WorkParts } from './working.ts';

/** What of a running task is needed to write after Stripe. */
export type Follower = Pick<RunningTask, 'signal' | 'write'>;

/** The id of what Stripe names, or gives whole. */
export const idOf = (value: string | { readonly id: string } | null | undefined) =>
  typeof value === 'string' ? value : (value?.id ?? null);

/** How an invoice stands where Stripe says this of it. A draft says nothing. */
export const INVOICE_STATUS: Readonly<Record<string, InvoiceState>> = {
  open: 'OPEN',
  paid: 'PAID',
  void: 'VOID',
  uncollectible: 'UNCOLLECTIBLE',
};
export const REFUND_STATUS: Readonly<Record<string, RefundState>> = {
  pending: 'SENT',
  requires_action: 'SENT',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  canceled: 'CANCELLED',
};

/**
 * Only forward, in this order, as Stripe goes: what was looked up before, and is written after what was looked up later, is passed
 * over. Where nothing of Stripe is known yet, it may come anywhere.
 */
const INVOICE_ORDER = "'{REQUESTED,FAILED,OPEN,UNCOLLECTIBLE,PAID,VOID}'::text[]";
const REFUND_ORDER = "'{REQUESTED,SENT,SUCCEEDED,CANCELLED,FAILED}'::text[]";
const isForward = (order: string) =>
  `(stripe_id is null or array_position(${order}, state) <= array_position(${order}, $3))`;

/**
 * Looks an invoice up at Stripe and writes down how it stands, and what was paid. Always as it is now, so that the order in which
 * one is told does not matter.
 *
 * @returns false where it is none of ours
 */
export async function followInvoice(parts: WorkParts, stripeId: string, task: Follower): Promise<boolean> {
  const stripe = clientOf(parts, task);
  const found = await asked(parts, () => stripe.invoices.retrieve(stripeId, { expand: ['payments'] }));
  if (!found) return false;
  const row = await ownInvoice(parts, found);
  if (!row) return false;
  const state = INVOICE_STATUS[found.status ?? ''];
  // Paid in part, in another currency, or of another sum than ours: the reconciliation tells it.
  if (!state || found.total !== row.amount || found.currency.toUpperCase() !== row.currency) return true;
  const intent = state === 'PAID' ? await intentOf(parts, found, task) : null;
  const payment = intent === null ? null : await paymentOf(parts, intent, task);
  const at = found.status_transitions;
  await task.write(async (client) => {
    await client.query<object>({
      name: 'follow_payment_invoice',
      text: `update payment_invoices set state = $3, number = coalesce($4, number), payment_intent = coalesce($5, payment_intent),
               finalized_at = coalesce(finalized_at, to_timestamp($6)), paid_at = to_timestamp($7), voided_at = to_timestamp($8),
               failure_code = case when $3 = 'OPEN' then failure_code end, failure = case when $3 = 'OPEN' then failure end,
               stripe_id = $9
             where id = $1 and tenant_id = $2 and state not in ('WAITING', 'REJECTED') and ${isForward(INVOICE_ORDER)}`,
      values: [
        ...[row.id, row.tenantId, state, found.number ?? null, intent],
        ...[at.finalized_at, at.paid_at, at.voided_at, found.id],
      ],
    });
    if (payment) await bookPayment(client, row, payment);
  });
  return true;
}

/** The same of a refund. */
export async function followRefund(parts: WorkParts, stripeId: string, task: Follower): Promise<boolean> {
  const stripe = clientOf(parts, task);
  const expand = ['balance_transaction', 'failure_balance_transaction'];
  const found = await asked(parts, () => stripe.refunds.retrieve(stripeId, { expand }));
  if (!found) return false;
  const row = await ownRefund(parts, found);
  if (!row) return false;
  const state = REFUND_STATUS[found.status ?? ''];
  if (!state) return true;
  await task.write(async (client) => {
    await client.query<object>({
      name: 'follow_payment_refund',
      text: `update payment_refunds set state = $3, stripe_id = $4, failure_code = $5,
               settled_at = case when $3 in ('SUCCEEDED', 'FAILED', 'CANCELLED') then coalesce(settled_at, now()) end
             where id = $1 and tenant_id = $2 and state not in ('WAITING', 'REJECTED') and ${isForward(REFUND_ORDER)}`,
      values: [row.id, row.tenantId, state, found.id, found.failure_reason ?? null],
    });
    await bookRefund(client, row, found.balance_transaction, 'REFUND', found.id);
    await bookRefund(client, row, found.failure_balance_transaction, 'REFUND_FAILURE', found.id);
  });
  return true;
}

/** @returns null where Stripe has nothing of this id @throws ServiceUnavailable */
export async function asked<T>({ stripe }: WorkParts, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (stripe.isMissing(error)) return null;
    throw stripe.asTrouble(error);
  }
}

/** Ours is what names one of our rows, and is the one that this row knows. */
async function ownInvoice({ db }: WorkParts, found: Stripe.Invoice): Promise<InvoiceRow | null> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'own_payment_invoice',
    text: `select * from payment_invoices where tenant_id = $1 and invoice_id = $2 and coalesce(stripe_id, $3) = $3`,
    values: [found.metadata?.[OWN.tenant] ?? '', found.metadata?.[OWN.invoice] ?? '', found.id],
  });
  return rows[0] ? mapRow(invoices, rows[0]) : null;
}

async function ownRefund({ db }: WorkParts, found: Stripe.Refund): Promise<RefundRow | null> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'own_payment_refund',
    text: `select * from payment_refunds where tenant_id = $1 and refund_id = $2 and coalesce(stripe_id, $3) = $3`,
    values: [found.metadata?.[OWN.tenant] ?? '', found.metadata?.[OWN.refund] ?? '', found.id],
  });
  return rows[0] ? mapRow(refunds, rows[0]) : null;
}

/** By what it was paid; null: not through Stripe. */
async function intentOf(parts: WorkParts, invoice: Stripe.Invoice, task: Follower): Promise<string | null> {
  const listed =
    invoice.payments?.data ??
    (
      await asked(parts, () =>
        clientOf(parts, task).invoicePayments.list({ invoice: invoice.id, status: 'paid' }),
      )
    )?.data;
  const paid = listed?.find(({ status }) => status === 'paid');
  return idOf(paid?.payment.payment_intent);
}

interface Payment {
  readonly charge: string;
  readonly booked: Stripe.BalanceTransaction;
}

/** How Stripe booked it; null: it has not yet. */
async function paymentOf(parts: WorkParts, intent: string, task: Follower): Promise<Payment | null> {
  const expand = ['latest_charge.balance_transaction'];
  const found = await asked(parts, () => clientOf(parts, task).paymentIntents.retrieve(intent, { expand }));
  const charge = found?.latest_charge;
  if (!charge || typeof charge === 'string') return null;
  const booked = charge.balance_transaction;
  return booked && typeof booked !== 'string' ? { charge: charge.id, booked } : null;
}

function bookPayment(client: PoolClient, row: InvoiceRow, { charge, booked }: Payment): Promise<void> {
  return book(client, row.tenantId, {
    ...{
      kind: 'PAYMENT',
      invoice: row.id,
      refund: null,
      dispute: null,
      stripeId: booked.id,
      sourceId: charge,
    },
    ...bookingOf(booked),
  });
}

async function bookRefund(
  client: PoolClient,
  row: RefundRow,
  booked: Stripe.Refund['balance_transaction'] | undefined,
  kind: 'REFUND' | 'REFUND_FAILURE',
  sourceId: string,
): Promise<void> {
  if (!booked || typeof booked === 'string') return;
  await book(client, row.tenantId, {
    ...{ kind, invoice: row.invoice, refund: row.id, dispute: null, stripeId: booked.id, sourceId },
    ...bookingOf(booked),
  });
}

export function bookingOf({ created, currency, amount, fee }: Stripe.BalanceTransaction) {
  return { occurredAt: new Date(created * 1_000), currency: currency.toUpperCase(), amount, fee };
}
