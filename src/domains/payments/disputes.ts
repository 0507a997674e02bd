import type { PoolClient } from 'pg';
import type Stripe from 'stripe';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { DisputeState } from './dispute-tables.ts';
import { asked, bookingOf, type Follower, followInvoice, idOf } from './following.ts';
import { lockPayments } from './guard.ts';
import { type InvoiceRow, invoices } from './invoice-tables.ts';
import { book } from './ledger.ts';
import { clientOf, type WorkParts } from './working.ts';

/** Days back that disputes are listed: a bank may ask for months after a payment, and decide for months after that. */
const LISTED_DAYS = 400;
const DAY_S = 86_400;
/** Disputes of one list. */
const PAGE = 100;
/** Disputes that one run looks at. */
const MOST = 50_000;

/** How a dispute stands where Stripe says this of it. */
const DISPUTE_STATUS: Readonly<Record<string, DisputeState>> = {
  warning_needs_response: 'INQUIRY_NEEDS_RESPONSE',
  warning_under_review: 'INQUIRY_UNDER_REVIEW',
  warning_closed: 'INQUIRY_CLOSED',
  needs_response: 'NEEDS_RESPONSE',
  under_review: 'UNDER_REVIEW',
  appeal_needs_response: 'APPEAL_NEEDS_RESPONSE',
  appeal_under_review: 'APPEAL_UNDER_REVIEW',
  won: 'WON',
  lost: 'LOST',
  prevented: 'PREVENTED',
};
const stateOf = ({ status }: Pick<Stripe.Dispute, 'status'>): DisputeState =>
  DISPUTE_STATUS[status] ?? 'OTHER';

/**
 * Looks a dispute up at Stripe, and writes down how it stands and what money it moved. Whose it is says the invoice that was paid,
 * since a dispute says nothing of it.
 *
 * @returns false where it is none of ours @throws ServiceUnavailable
 */
export async function followDispute(parts: WorkParts, stripeId: string, task: Follower): Promise<boolean> {
  const lookedAt = await nowOf(parts);
  const found = await asked(parts, () => clientOf(parts, task).disputes.retrieve(stripeId));
  if (!found) return false;
  const invoice = await disputedInvoice(parts, found, task);
  if (!invoice) return false;
  await task.write(async (client) => {
    // Also so that no refund is asked for beside it, of money that it takes.
    await lockPayments(client, invoice.tenantId);
    const dispute = await store(client, invoice, found, lookedAt);
    for (const booked of found.balance_transactions)
      await book(client, invoice.tenantId, {
        kind: booked.amount < 0 || (booked.amount === 0 && booked.fee > 0) ? 'DISPUTE' : 'DISPUTE_REVERSAL',
        ...{ invoice: invoice.id, refund: null, dispute, stripeId: booked.id, sourceId: found.id },
        ...bookingOf(booked),
      });
  });
  return true;
}

/** By one clock for all servers: of two looks, the one that began later is right. */
async function nowOf({ db }: WorkParts): Promise<Date> {
  const { rows } = await db.pool.query<{ at: Date }>({
    name: 'now_before_a_look',
    text: 'select clock_timestamp() as at',
  });
  return onlyRow({ rows }).at;
}

/** The invoice that was paid by it, also where nobody has told yet that it was; null: none of ours. */
async function disputedInvoice(
  parts: WorkParts,
  found: Stripe.Dispute,
  task: Follower,
): Promise<InvoiceRow | null> {
  const intent = idOf(found.payment_intent);
  if (intent === null) return null;
  const known = await invoiceBy(parts, { intent, stripeId: null });
  if (known) return known;
  const payment = { type: 'payment_intent', payment_intent: intent } as const;
  const paid = await asked(parts, () => clientOf(parts, task).invoicePayments.list({ payment, limit: 1 }));
  const stripeId = idOf(paid?.data[0]?.invoice);
  if (stripeId === null || !(await followInvoice(parts, stripeId, task))) return null;
  return invoiceBy(parts, { intent: null, stripeId });
}

async function invoiceBy(
  { db }: WorkParts,
  { intent, stripeId }: { readonly intent: string | null; readonly stripeId: string | null },
): Promise<InvoiceRow | null> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'disputed_payment_invoice',
    text: 'select * from payment_invoices where payment_intent = $1 or stripe_id = $2 limit 1',
    values: [intent, stripeId],
  });
  return rows[0] ? mapRow(invoices, rows[0]) : null;
}

/** Under the lock of the tenant, so that what was before is what is changed. @returns the number of its row */
async function store(
  client: PoolClient,
  { id: invoice, tenantId }: InvoiceRow,
  found: Stripe.Dispute,
  lookedAt: Date,
): Promise<number> {
  const { rows: known } = await client.query<{ id: number; state: DisputeState }>({
    name: 'payment_dispute_before',
    text: 'select id, state from payment_disputes where stripe_id = $1 and tenant_id = $2',
    values: [found.id, tenantId],
  });
  const [before] = known;
  const state = stateOf(found);
  const { rows } = await client.query<{ id: number }>({
    name: 'store_payment_dispute',
    text: `insert into payment_disputes as d (tenant_id, invoice, stripe_id, currency, amount, taken, state, reason, due_at, opened_at,
             looked_at) values ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9), to_timestamp($10), $11)
           on conflict (stripe_id) do update set currency = excluded.currency, amount = excluded.amount, taken = excluded.taken,
             state = excluded.state, reason = excluded.reason, due_at = excluded.due_at, looked_at = excluded.looked_at
             where d.looked_at <= excluded.looked_at and d.tenant_id = excluded.tenant_id
           returning id`,
    values: [
      ...[tenantId, invoice, found.id, found.currency.toUpperCase(), found.amount, takenBy(found)],
      ...[state, found.reason, found.evidence_details.due_by, found.created, lookedAt],
    ],
  });
  const [stored] = rows;
  if (!stored) return onlyRow({ rows: known }).id;
  if (!before)
    await client.query<object>({
      name: 'tell_payment_dispute',
      text: `select echo_audit($1, null, 'dispute.open', $2, 'OK', jsonb_build_object('currency', $3::text, 'amount', $4::int,
               'state', $5::text), echo_audit_teller())`,
      values: [tenantId, found.id, found.currency.toUpperCase(), found.amount, state],
    });
  else if (before.state !== state)
    await client.query<object>({
      name: 'tell_payment_dispute_change',
      text: `select echo_audit($1, null, 'dispute.change', $2, 'OK', jsonb_build_object('state', $3::text), echo_audit_teller())`,
      values: [tenantId, found.id, state],
    });
  return stored.id;
}

/** What of a payment a bank holds now, in the currency of the payment. */
function takenBy({
  amount,
  currency,
  balance_transactions: bookings,
}: Pick<Stripe.Dispute, 'amount' | 'currency' | 'balance_transactions'>): number {
  const held = -bookings.reduce((sum, booked) => sum + booked.amount, 0);
  if (held <= 0) return 0;
  // Booked in another currency, it is the whole of what is disputed.
  return bookings.every((booked) => booked.currency === currency) ? held : amount;
}

/**
 * Looks up the disputes of which our books do not know all: those that were told to an earlier version, which noted that it heard
 * of them and did nothing, are told by nobody again.
 *
 * @returns how many; null: the key has no right to read disputes
 * @throws ServiceUnavailable
 */
export async function catchUpDisputes(parts: WorkParts, task: RunningTask): Promise<number | null> {
  const since = Math.floor(Date.now() / 1_000) - LISTED_DAYS * DAY_S;
  let page: Stripe.Dispute[] = [];
  let seen = 0;
  let followed = 0;
  const look = async () => {
    for (const stripeId of await behind(parts, page)) {
      await followDispute(parts, stripeId, task);
      followed++;
    }
    page = [];
  };
  try {
    for await (const each of clientOf(parts, task).disputes.list({ created: { gte: since }, limit: PAGE })) {
      page.push(each);
      if (page.length === PAGE) await look();
      if (++seen === MOST) break;
    }
    await look();
    return followed;
  } catch (error) {
    if (parts.stripe.isForbidden(error)) return null;
    throw parts.stripe.asTrouble(error);
  }
}

/** Those of them that are ours, and stand here in another way or with less money. */
async function behind({ db }: WorkParts, theirs: readonly Stripe.Dispute[]): Promise<string[]> {
  const bookings = theirs.flatMap(({ id, balance_transactions: all }) =>
    all.map((booked) => ({ dispute: id, booking: booked.id })),
  );
  const { rows } = await db.pool.query<{ stripeId: string }>({
    name: 'payment_disputes_behind',
    text: `select t.id as "stripeId" from unnest($1::text[], $2::text[], $3::text[]) as t(id, intent, state)
             join payment_invoices i on i.payment_intent = t.intent
             left join payment_disputes d on d.stripe_id = t.id
           where d.state is distinct from t.state
             or exists (select from unnest($4::text[], $5::text[]) as b(dispute, booking) where b.dispute = t.id
               and not exists (select from payment_ledger l where l.stripe_id = b.booking))`,
    values: [
      ...[theirs.map(({ id }) => id), theirs.map((each) => idOf(each.payment_intent)), theirs.map(stateOf)],
      ...[bookings.map(({ dispute }) => dispute), bookings.map(({ booking }) => booking)],
    ],
  });
  return rows.map(({ stripeId }) => stripeId);
}
