import { InvalidInput, NotFound, StatusMoveRefused } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import { parseInput } from '../../ground/input.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { approvePayout, rejectPayout } from './deciding.ts';
import { makePayoutReports, month as monthForm, partnerId as partnerForm } from './payouts.ts';
import { linesOf, type PayoutLine, payoutPage, type SeenPayout } from './reads.ts';
import type { PayoutState } from './tables.ts';

const StateEnum = builder.enumType('PayoutState', {
  description: 'How a report of what a partner gets stands.',
  values: {
    DRAFT: { description: 'It is made anew when somebody asks.' },
    WAITING: { description: 'One admin approved it, and a second one is to; it changes no more.' },
    APPROVED: { description: 'It is final. Whoever pays does so elsewhere.' },
    REJECTED: { description: 'An admin said no; it may be made anew.' },
  } satisfies Record<PayoutState, { description: string }>,
});

const LineRef = builder.objectRef<PayoutLine>('PayoutLine').implement({
  description: 'What one client brought.',
  fields: (t) => ({
    clientId: t.exposeString('clientId', { complexity: 0, description: 'Which.' }),
    bookings: t.exposeInt('bookings', { complexity: 0, description: 'Payments and refunds that it counts.' }),
    base: t.exposeFloat('base', {
      complexity: 0,
      description: 'What they paid less what went back, in the smallest unit.',
    }),
    amount: t.exposeFloat('amount', {
      complexity: 0,
      description:
        'The partner’s share of it, in the smallest unit of the currency; all lines together are the amount of the report.',
    }),
  }),
});

const at = (description: string) =>
  ({ type: 'DateTime', complexity: 0, nullable: true, description }) as const;

const PayoutRef = builder.objectRef<SeenPayout>('PayoutReport').implement({
  description:
    'What a partner gets for a month in one currency. Amounts are whole numbers of the smallest unit. No money moves by it.',
  fields: (t) => ({
    payoutId: t.exposeID('payoutId', { complexity: 0, description: 'Its id.' }),
    partnerId: t.exposeID('partnerId', { complexity: 0, description: 'Whose.' }),
    month: t.exposeString('month', { complexity: 0, description: 'As 2026-11, in UTC.' }),
    currency: t.exposeString('currency', { complexity: 0, description: 'ISO 4217.' }),
    rate: t.exposeInt('rate', {
      complexity: 0,
      description: 'In basis points (hundredths of a per cent), as they were then.',
    }),
    base: t.exposeFloat('base', {
      complexity: 0,
      description:
        'What their clients paid less what went back, before what Stripe kept. Below 0 where more went back.',
    }),
    held: t.exposeFloat('held', {
      complexity: 0,
      description: 'What was paid within PAYOUT_HOLD_DAYS, and comes into a later report.',
    }),
    amount: t.exposeFloat('amount', {
      complexity: 0,
      description: 'The rate of `base`, without what is less than a smallest unit.',
    }),
    state: t.field({
      type: StateEnum,
      complexity: 0,
      description: 'How it stands.',
      resolve: ({ state }) => state,
    }),
    madeAt: t.expose('madeAt', {
      type: 'DateTime',
      complexity: 0,
      description: 'When its figures were made.',
    }),
    confirmedAt: t.expose('confirmedAt', at('When the first of two admins approved it; null: none did.')),
    approvedAt: t.expose('approvedAt', at('When it became final; null: it is not.')),
    rejectedAt: t.expose('rejectedAt', at('When an admin last said no; null: none did.')),
    lines: t.field({
      type: [LineRef],
      description: 'What each client brought.',
      resolve: ({ id, tenantId }, _args, { loader, services }) =>
        loader({
          name: `payout lines of ${tenantId}`,
          load: (ids) => linesOf(services.db, tenantId, ids),
          key: id,
        }),
    }),
  }),
});

const byNumber = numberCursor<SeenPayout>(({ id }) => id);

builder.queryField('payoutReports', (t) =>
  t.connection(
    {
      type: PayoutRef,
      description:
        'What partners of the caller’s tenant get, the report that was made last first. For admins.',
      authScopes: { permission: 'ADMIN' },
      args: {
        partnerId: t.arg.id({ description: 'Only of this partner.' }),
        month: t.arg.string({ description: 'Only of this month, as 2026-11.' }),
      },
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        const month = args.month == null ? null : parseInput(monthForm, args.month, 'month');
        const partner =
          args.partnerId == null ? null : parseInput(partnerForm, String(args.partnerId), 'partnerId');
        return connect(args, byNumber, (page) =>
          payoutPage(services.db, { tenantId: principal.tenantId, partner, month }, page),
        );
      },
    },
    { name: 'PayoutReportConnection' },
    { name: 'PayoutReportEdge' },
  ),
);

const MakeSuccess = builder.objectRef<{ reports: SeenPayout[] }>('MakePayoutReportsSuccess').implement({
  description: 'The drafts are made.',
  fields: (t) => ({
    reports: t.expose('reports', { type: [PayoutRef], description: 'All reports of the month.' }),
  }),
});
const PayoutSuccess = builder.objectRef<{ report: SeenPayout }>('PayoutReportSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ report: t.expose('report', { type: PayoutRef, description: 'As it is now.' }) }),
});

const errors = { types: [InvalidInput, NotFound, StatusMoveRefused] };

builder.mutationFields((t) => ({
  makePayoutReports: t.field({
    type: MakeSuccess,
    description:
      'Makes the drafts of a month anew; what is approved, or waits for a second admin, stays. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput] },
    args: { month: t.arg.string({ required: true, description: 'As 2026-11; it must be over.' }) },
    resolve: async (_root, { month }, { services, principal }) => ({
      reports: await makePayoutReports(services, principal, month),
    }),
  }),
  approvePayoutReport: t.field({
    type: PayoutSuccess,
    description:
      'Approves a report with the figures of this moment: above PAYOUT_APPROVAL_ABOVE it waits for a second admin then, else it is final. No money moves. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors,
    args: {
      payoutId: t.arg.id({ required: true, description: 'Which.' }),
      amount: t.arg.float({
        required: true,
        description: 'What it comes to, in the smallest unit: it must be what is approved.',
      }),
    },
    resolve: async (_root, { payoutId, amount }, { services, principal }) => ({
      report: await approvePayout(services, principal, { payoutId: String(payoutId), amount }),
    }),
  }),
  rejectPayoutReport: t.field({
    type: PayoutSuccess,
    description: 'Says no to a report that is not final; it may be made anew. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors,
    args: { payoutId: t.arg.id({ required: true, description: 'Which.' }) },
    resolve: async (_root, { payoutId }, { services, principal }) => ({
      report: await rejectPayout(services, principal, String(payoutId)),
    }),
  }),
}));
