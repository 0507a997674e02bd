import type Stripe from 'stripe';
import { LOCAL_PRINCIPAL } from '../../access/principals.ts';
import { INVOICE_STATUS, REFUND_STATUS } from './following.ts';
import type { DifferenceKind, LedgerRow } from './ledger-tables.ts';
import { written } from './minor-units.ts';
import { OWN } from './working.ts';

/** What differs, before it is stored. */
export interface Difference {
  readonly tenantId: string;
  readonly kind: DifferenceKind;
  /** At Stripe. */
  readonly stripeId: string;
  /** Our invoice or refund; null: there is none. */
  readonly ourId: string | null;
  readonly ours: string | null;
  readonly theirs: string | null;
  readonly currency: string | null;
}

/** One of our invoices or refunds, as far as it is compared. */
export interface OurMovement {
  readonly tenantId: string;
  readonly ourId: string;
  readonly stripeId: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly state: string;
}

/** One of Stripe's; a status of null is not compared. */
export interface TheirMovement {
  readonly stripeId: string;
  /** Which of ours it says that it is; null: none. */
  readonly ourId: string | null;
  readonly tenantId: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly state: string | null;
}

/** Bookings that come from payments, refunds and disputes. Payouts, and what Stripe takes for itself, are none. */
const COMPARED: ReadonlySet<string> = new Set([
  ...[
    'charge',
    'payment',
    'refund',
    'payment_refund',
    'payment_failure_refund',
    'refund_failure',
    'adjustment',
  ],
]);

export function isCompared({
  type,
  reporting_category: category,
}: Pick<Stripe.BalanceTransaction, 'type' | 'reporting_category'>): boolean {
  return COMPARED.has(type) || category === 'dispute' || category === 'dispute_reversal';
}

/** Our ledger beside Stripe's bookings of the same time. */
export function compareBookings(
  ours: readonly LedgerRow[],
  theirs: readonly Stripe.BalanceTransaction[],
): Difference[] {
  const here = new Map(ours.map((row) => [row.stripeId, row]));
  const there = new Map(theirs.map((each) => [each.id, each]));
  const found: Difference[] = [];
  const sources = new Set<string>();
  // The first of two that are of one thing is the right one.
  for (const each of [...theirs].sort(
    (one, other) => one.created - other.created || (one.id < other.id ? -1 : 1),
  )) {
    const row = here.get(each.id);
    const said = { ...blank(row?.tenantId ?? null, each.id), currency: each.currency.toUpperCase() };
    const theirWords = bookingInWords(each);
    const source = `${each.type} ${typeof each.source === 'string' ? each.source : (each.source?.id ?? each.id)}`;
    // A dispute takes money, gives it back, and may take it again: none of these is another one twice.
    const isDouble = each.type !== 'adjustment' && sources.has(source);
    sources.add(source);
    if (!row) found.push({ ...said, kind: isDouble ? 'DOUBLED' : 'MISSING_HERE', theirs: theirWords });
    else found.push(...moneyDiffers(said, row, { ...each, currency: each.currency.toUpperCase() }));
  }
  for (const row of ours)
    if (!there.has(row.stripeId))
      found.push({
        ...blank(row.tenantId, row.stripeId),
        ...{
          kind: 'MISSING_THERE',
          ours: `${row.kind} ${written(row.amount, row.currency)}`,
          currency: row.currency,
        },
      });
  return found;
}

/** Our invoices or refunds beside those of Stripe that say that they are ours. */
export function compareMovements(
  ours: readonly OurMovement[],
  theirs: readonly TheirMovement[],
): Difference[] {
  const here = new Map(ours.map((row) => [row.ourId, row]));
  const there = new Map(theirs.map((each) => [each.stripeId, each]));
  const found: Difference[] = [];
  for (const each of theirs) {
    if (each.ourId === null) continue;
    const row = here.get(each.ourId);
    const said = {
      ...blank(row?.tenantId ?? each.tenantId, each.stripeId),
      ourId: each.ourId,
      currency: each.currency,
    };
    const theirWords = movementInWords(each);
    if (!row) found.push({ ...said, kind: 'MISSING_HERE', theirs: theirWords });
    else if (row.stripeId !== null && row.stripeId !== each.stripeId)
      found.push({ ...said, kind: 'DOUBLED', ours: row.stripeId, theirs: theirWords });
    else {
      found.push(...moneyDiffers(said, row, each));
      if (each.state !== null && each.state !== row.state)
        found.push({ ...said, kind: 'STATUS', ours: row.state, theirs: each.state });
    }
  }
  for (const row of ours)
    if (row.stripeId !== null && !there.has(row.stripeId))
      found.push({
        ...blank(row.tenantId, row.stripeId),
        ...{ kind: 'MISSING_THERE', ourId: row.ourId, ours: movementInWords(row), currency: row.currency },
      });
  return found;
}

export function theirInvoice({ id, metadata, total, currency, status }: Stripe.Invoice): TheirMovement {
  return {
    ...{ stripeId: id, ourId: metadata?.[OWN.invoice] ?? null, tenantId: metadata?.[OWN.tenant] ?? null },
    ...{ amount: total, currency: currency.toUpperCase(), state: INVOICE_STATUS[status ?? ''] ?? null },
  };
}

export function theirRefund({ id, metadata, amount, currency, status }: Stripe.Refund): TheirMovement {
  return {
    ...{ stripeId: id, ourId: metadata?.[OWN.refund] ?? null, tenantId: metadata?.[OWN.tenant] ?? null },
    ...{ amount, currency: currency.toUpperCase(), state: REFUND_STATUS[status ?? ''] ?? null },
  };
}

interface Money {
  readonly amount: number;
  readonly currency: string;
  readonly fee?: number;
}

function moneyDiffers(said: Omit<Difference, 'kind'>, ours: Money, theirs: Money): Difference[] {
  if (ours.currency !== theirs.currency)
    return [{ ...said, kind: 'CURRENCY', ours: moneyInWords(ours), theirs: moneyInWords(theirs) }];
  if (ours.amount === theirs.amount && (ours.fee ?? 0) === (theirs.fee ?? 0)) return [];
  return [{ ...said, kind: 'AMOUNT', ours: moneyInWords(ours), theirs: moneyInWords(theirs) }];
}

function blank(tenantId: string | null, stripeId: string): Omit<Difference, 'kind'> {
  // Money that says of no tenant that it is theirs is shown to the operator's own.
  return {
    tenantId: tenantId ?? LOCAL_PRINCIPAL.tenantId,
    stripeId,
    ourId: null,
    ours: null,
    theirs: null,
    currency: null,
  };
}

function moneyInWords({ amount, currency, fee }: Money): string {
  return `${written(amount, currency)}${fee === undefined ? '' : `, fee ${written(fee, currency)}`}`;
}

function bookingInWords({ type, amount, currency, source }: Stripe.BalanceTransaction): string {
  const of = typeof source === 'string' ? source : (source?.id ?? 'nothing');
  return `${type} ${written(amount, currency.toUpperCase())} of ${of}`;
}

function movementInWords({
  state,
  amount,
  currency,
}: {
  state: string | null;
  amount: number;
  currency: string;
}) {
  return `${state ?? 'draft'} ${written(amount, currency)}`;
}
