import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type Stripe from 'stripe';
import { mapRow, type RawRow } from '../../db/statements.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { catchUp } from './catching-up.ts';
import {
  compareBookings,
  compareMovements,
  type Difference,
  isCompared,
  type OurMovement,
  theirInvoice,
  theirRefund,
} from './comparing.ts';
import { catchUpDisputes } from './disputes.ts';
import { type LedgerRow, ledger } from './ledger-tables.ts';
import { clientOf, type WorkParts } from './working.ts';

const DAY_MS = 86_400_000;
/** So far back events are listed: as long as Stripe keeps them. */
const CATCH_UP_HOURS = 24 * 30;
/** And again, before what differs is looked at once more: as long as one run may take, and an hour. */
const AGAIN_HOURS = 2;
/** Things of Stripe that one run compares; beyond them it says that it saw not all. */
const MOST = 50_000;

/** What a reconciliation came to. */
export interface Reconciled {
  /** Days, in UTC: from the first, up to the second, which is not in it. */
  readonly from: string;
  readonly until: string;
  /** Disputes that were looked up, since our books did not know all of them; null: the key has no right to read any. */
  readonly disputes: number | null;
  /** Bookings, invoices and refunds of Stripe that were compared. */
  readonly compared: number;
  /** False: there were too many for one run. */
  readonly isWhole: boolean;
  /** Differences that are there, and those of them that nobody knew of. */
  readonly differences: number;
  readonly fresh: number;
}

interface Span {
  readonly from: Date;
  readonly until: Date;
}

/**
 * Compares our books with those of Stripe, after what nobody heard is caught up with. What differs is stored; what was stored and
 * is seen no more is resolved.
 *
 * @param until the first day that is not compared
 */
export async function reconcile(
  parts: WorkParts,
  { days, until }: { readonly days: number; readonly until: Date },
  task: RunningTask,
): Promise<Reconciled> {
  const span = { from: new Date(until.getTime() - days * DAY_MS), until };
  await catchUp(parts, CATCH_UP_HOURS, task);
  const disputes = await catchUpDisputes(parts, task);
  const { found, seen, known, isWhole } = await comparedTwice(parts, span, task);
  const fresh = await task.write(async (client) => {
    let count = 0;
    for (const each of found) if (await store(client, each)) count++;
    await client.query<object>({
      name: 'resolve_gone_payment_differences',
      text: `update payment_differences d set resolved_at = now(), note = 'it was seen no more'
             where resolved_at is null and stripe_id = any($1::text[])
               and not exists (select from unnest($2::text[], $3::text[]) as f(kind, stripe_id)
                 where f.kind = d.kind and f.stripe_id = d.stripe_id)`,
      values: [[...seen, ...known], found.map(({ kind }) => kind), found.map(({ stripeId }) => stripeId)],
    });
    return count;
  });
  return {
    ...{ from: span.from.toISOString(), until: until.toISOString(), disputes, compared: seen.length },
    ...{ isWhole, differences: found.length, fresh },
  };
}

interface Compared {
  readonly found: readonly Difference[];
  /** Ids of Stripe, of what is there and of what is here. */
  readonly seen: readonly string[];
  readonly known: readonly string[];
  readonly isWhole: boolean;
}

/** What moves between a look there and a look here differs for a moment: only what differs twice does. */
async function comparedTwice(parts: WorkParts, span: Span, task: RunningTask): Promise<Compared> {
  const first = await compared(parts, span, task);
  if (first.found.length === 0) return first;
  const keyOf = ({ kind, stripeId }: Difference) => `${kind} ${stripeId}`;
  const before = new Set(first.found.map(keyOf));
  await catchUp(parts, AGAIN_HOURS, task);
  const again = await compared(parts, span, task);
  return { ...again, found: again.found.filter((each) => before.has(keyOf(each))) };
}

async function compared(parts: WorkParts, span: Span, task: RunningTask): Promise<Compared> {
  const theirs = await listed(parts, span, task).catch((error: unknown) => {
    throw parts.stripe.asTrouble(error);
  });
  const ours = {
    ledger: await ledgerBeside(parts, span, theirs.bookings),
    invoices: await invoicesBeside(parts, span, theirs.invoices),
    refunds: await refundsBeside(parts, span, theirs.refunds),
  };
  const found = [
    ...compareBookings(ours.ledger, theirs.bookings),
    ...compareMovements(ours.invoices, theirs.invoices.map(theirInvoice)),
    ...compareMovements(ours.refunds, theirs.refunds.map(theirRefund)),
  ].filter(({ kind }) => theirs.isWhole || kind !== 'MISSING_THERE');
  const seen = [...theirs.bookings, ...theirs.invoices, ...theirs.refunds].map(({ id }) => id);
  const known = [...ours.ledger, ...ours.invoices, ...ours.refunds].flatMap(({ stripeId }) => stripeId ?? []);
  // What was not listed is neither missing nor put right.
  return { found, seen, known: theirs.isWhole ? known : [], isWhole: theirs.isWhole };
}

async function listed(parts: WorkParts, { from, until }: Span, task: RunningTask) {
  const stripe = clientOf(parts, task);
  const created = { gte: seconds(from), lt: seconds(until) };
  const asked = { created, limit: 100 };
  const bookings: Stripe.BalanceTransaction[] = [];
  const invoices: Stripe.Invoice[] = [];
  const refunds: Stripe.Refund[] = [];
  let left = MOST;
  for await (const each of stripe.balanceTransactions.list(asked)) {
    if (isCompared(each)) bookings.push(each);
    if (--left === 0) break;
  }
  for await (const each of left > 0 ? stripe.invoices.list(asked) : []) {
    invoices.push(each);
    if (--left === 0) break;
  }
  for await (const each of left > 0 ? stripe.refunds.list(asked) : []) {
    refunds.push(each);
    if (--left === 0) break;
  }
  return { bookings, invoices, refunds, isWhole: left > 0 };
}

const seconds = (at: Date) => Math.floor(at.getTime() / 1_000);

async function ledgerBeside(
  { db }: WorkParts,
  { from, until }: Span,
  theirs: readonly Stripe.BalanceTransaction[],
): Promise<LedgerRow[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'payment_ledger_beside',
    text: `select * from payment_ledger where (occurred_at >= $1 and occurred_at < $2) or stripe_id = any($3::text[])`,
    values: [from, until, theirs.map(({ id }) => id)],
  });
  return rows.map((row) => mapRow(ledger, row));
}

/** Those that Stripe names, and those that were made in the same time: a minute less, as clocks differ. */
async function invoicesBeside({ db }: WorkParts, { from, until }: Span, theirs: readonly Stripe.Invoice[]) {
  const { rows } = await db.pool.query<OurMovement>({
    name: 'payment_invoices_beside',
    text: `select tenant_id as "tenantId", invoice_id as "ourId", stripe_id as "stripeId", amount, currency, state from payment_invoices
           where (stripe_id is not null and finalized_at >= $1::timestamptz + interval '1 minute'
               and finalized_at < $2::timestamptz - interval '1 minute'
               and created_at >= $1::timestamptz + interval '1 minute')
             or invoice_id = any($3::text[])`,
    values: [from, until, theirs.flatMap((each) => theirInvoice(each).ourId ?? [])],
  });
  return rows;
}

async function refundsBeside({ db }: WorkParts, { from, until }: Span, theirs: readonly Stripe.Refund[]) {
  const { rows } = await db.pool.query<OurMovement>({
    name: 'payment_refunds_beside',
    text: `select tenant_id as "tenantId", refund_id as "ourId", stripe_id as "stripeId", amount, currency, state from payment_refunds
           where (stripe_id is not null and state <> 'REQUESTED' and created_at >= $1
               and settled_at < $2::timestamptz - interval '1 minute')
             or refund_id = any($3::text[])`,
    values: [from, until, theirs.flatMap((each) => theirRefund(each).ourId ?? [])],
  });
  return rows;
}

/** @returns whether nobody knew of it: what a person resolved as it is stays so */
async function store(client: PoolClient, each: Difference): Promise<boolean> {
  const { rows } = await client.query<{ isFresh: boolean }>({
    name: 'store_payment_difference',
    text: `insert into payment_differences as d (tenant_id, difference_id, kind, stripe_id, our_id, ours, theirs, currency)
           select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (select from payment_differences k
             where k.kind = $3 and k.stripe_id = $4 and k.resolved_by is not null and k.ours is not distinct from $6
               and k.theirs is not distinct from $7)
           on conflict (kind, stripe_id) where resolved_at is null
             do update set seen_at = now(), ours = excluded.ours, theirs = excluded.theirs
           returning d.difference_id = $2 as "isFresh"`,
    values: [
      ...[each.tenantId, randomUUID(), each.kind, each.stripeId, each.ourId],
      ...[each.ours, each.theirs, each.currency],
    ],
  });
  return rows[0]?.isFresh ?? false;
}
