import { InvalidInput } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect } from '../../graphql/connections.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { type DayOfRevenue, revenueByDay } from './ledger.ts';
import type { LedgerKind, LedgerRow } from './ledger-tables.ts';
import { ledgerPage } from './reads.ts';
import { byNumber, IN_MINOR } from './shown-graphql.ts';

/** Days of one question. */
const MAX_DAYS = 400;
const DAY_MS = 86_400_000;

const KindEnum = builder.enumType('PaymentLedgerKind', {
  description: 'Why money moved.',
  values: {
    PAYMENT: { description: 'An invoice was paid.' },
    REFUND: { description: 'Money went back.' },
    REFUND_FAILURE: { description: 'It came again, since it could not go back.' },
    DISPUTE: { description: 'A bank took it back.' },
    DISPUTE_REVERSAL: { description: 'It came again, since the dispute was won.' },
  } satisfies Record<LedgerKind, { description: string }>,
});

const EntryRef = builder.objectRef<LedgerRow>('PaymentLedgerEntry').implement({
  description: 'Money that moved, as Stripe booked it.',
  fields: (t) => ({
    kind: t.expose('kind', { type: KindEnum, complexity: 0, description: 'Why.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', complexity: 0, description: 'When.' }),
    clientId: t.exposeString('clientId', {
      complexity: 0,
      nullable: true,
      description: 'The client whose money it is; null: none was said.',
    }),
    currency: t.exposeString('currency', { complexity: 0, description: 'In which it was booked: ISO 4217.' }),
    amount: t.exposeFloat('amount', {
      complexity: 0,
      description: `How much, ${IN_MINOR}; below 0: it went out.`,
    }),
    fee: t.exposeFloat('fee', { complexity: 0, description: `What Stripe kept of it, ${IN_MINOR}.` }),
    stripeId: t.exposeString('stripeId', { complexity: 0, description: 'The balance transaction (txn_…).' }),
    sourceId: t.exposeString('sourceId', { complexity: 0, description: 'The charge, refund or dispute.' }),
  }),
});

export const RevenueRef = builder.objectRef<DayOfRevenue>('PaymentRevenue').implement({
  description: 'What a day brought in one currency, from one client.',
  fields: (t) => ({
    day: t.exposeString('day', { complexity: 0, description: 'YYYY-MM-DD, in UTC.' }),
    currency: t.exposeString('currency', { complexity: 0, description: 'ISO 4217.' }),
    clientId: t.exposeString('clientId', {
      complexity: 0,
      nullable: true,
      description: 'The client; null: none was said.',
    }),
    gross: t.exposeFloat('gross', { complexity: 0, description: `What was paid, ${IN_MINOR}.` }),
    refunded: t.exposeFloat('refunded', { complexity: 0, description: `What went back, ${IN_MINOR}.` }),
    disputed: t.exposeFloat('disputed', {
      complexity: 0,
      description: `What banks took back, less what came again, ${IN_MINOR}.`,
    }),
    fees: t.exposeFloat('fees', { complexity: 0, description: `What Stripe kept, ${IN_MINOR}.` }),
    net: t.exposeFloat('net', { complexity: 0, description: `What is left, ${IN_MINOR}.` }),
  }),
});

const byAge = byNumber<LedgerRow>();

builder.queryFields((t) => ({
  paymentLedger: t.connection(
    {
      type: EntryRef,
      description: 'What Stripe booked for the tenant, the latest first. Only for admins.',
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        return connect(args, byAge, (page) => ledgerPage(services.db, principal.tenantId, page));
      },
    },
    { name: 'PaymentLedgerConnection' },
    { name: 'PaymentLedgerEdge' },
  ),
  paymentRevenue: t.field({
    type: [RevenueRef],
    description: `The tenant’s revenue by day, currency and client; days without any are left out. At most ${MAX_DAYS} days. Only for admins.`,
    complexity: { field: 1, multiplier: 50 },
    args: {
      since: t.arg({ type: 'DateTime', required: true, description: 'The first day, in UTC.' }),
      until: t.arg({ type: 'DateTime', required: true, description: 'The last day, in UTC.' }),
    },
    resolve: (_root, { since, until }, { services, principal }) => {
      requireAdmin(principal);
      const days = (until.getTime() - since.getTime()) / DAY_MS;
      if (days < 0) throw new InvalidInput('until', 'must not be before since');
      if (days > MAX_DAYS) throw new InvalidInput('until', `must be at most ${MAX_DAYS} days after since`);
      return revenueByDay(services.db, principal.tenantId, dayOf(since), dayOf(until));
    },
  }),
}));

const dayOf = (at: Date) => at.toISOString().slice(0, 10);
