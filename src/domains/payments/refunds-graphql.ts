import { builder } from '../../graphql/builder.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import type { RefundReason, RefundRow, RefundState } from './invoice-tables.ts';
import { refundById } from './reads.ts';
import { IN_MINOR, idOf, STRIPE_ID } from './shown-graphql.ts';

const RefundStateEnum = builder.enumType('PaymentRefundState', {
  description: 'How a refund stands.',
  values: {
    WAITING: { description: 'A second admin is to say yes.' },
    REJECTED: { description: 'They said no.' },
    REQUESTED: { description: 'It is being asked for at Stripe.' },
    SENT: { description: 'Stripe has it; the bank does not yet.' },
    SUCCEEDED: { description: 'The money went back.' },
    FAILED: { description: 'It did not go back; `failure` says why.' },
    CANCELLED: { description: 'It was taken back at Stripe.' },
  } satisfies Record<RefundState, { description: string }>,
});
export const RefundReasonEnum = builder.enumType('PaymentRefundReason', {
  description: 'Why money goes back.',
  values: {
    DUPLICATE: { description: 'It was paid twice.' },
    FRAUDULENT: { description: 'Somebody else paid with their card.' },
    REQUESTED_BY_CUSTOMER: { description: 'The customer wants it.' },
  } satisfies Record<RefundReason, { description: string }>,
});

export const RefundRef = builder.objectRef<RefundRow>('PaymentRefund').implement({
  description: 'Money of a paid invoice that goes back.',
  fields: (t) => ({
    refundId: t.exposeID('refundId', { complexity: 0, description: 'By which it is decided of.' }),
    currency: t.exposeString('currency', { complexity: 0, description: 'ISO 4217.' }),
    amount: t.exposeInt('amount', { complexity: 0, description: `How much, ${IN_MINOR}.` }),
    reason: t.expose('reason', {
      type: RefundReasonEnum,
      complexity: 0,
      nullable: true,
      description: 'Why; null: not said.',
    }),
    state: t.expose('state', { type: RefundStateEnum, complexity: 0, description: 'How it stands.' }),
    stripeId: t.exposeString('stripeId', { complexity: 0, nullable: true, description: STRIPE_ID }),
    taskId: t.exposeID('taskId', {
      complexity: 0,
      nullable: true,
      description: 'What asks Stripe for it; null: nothing does yet.',
    }),
    failureCode: t.exposeString('failureCode', {
      complexity: 0,
      nullable: true,
      description: 'Why it failed, for programs; null: it did not.',
    }),
    failure: t.exposeString('failure', {
      complexity: 0,
      nullable: true,
      description: 'The same for people, in the words of Stripe; null: none.',
    }),
    requestedBy: t.exposeString('requestedBy', { complexity: 0, description: 'The admin who asked for it.' }),
    decidedBy: t.exposeString('decidedBy', {
      complexity: 0,
      nullable: true,
      description: 'The other admin who said yes or no; null: nobody did, or had to.',
    }),
    decidedAt: t.expose('decidedAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'When; null: never.',
    }),
    note: t.exposeString('note', {
      complexity: 0,
      nullable: true,
      description: 'What they said of it; null: nothing.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      complexity: 0,
      description: 'When it was asked for.',
    }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'When its end was known; null: not yet.',
    }),
  }),
});

builder.queryFields((t) => ({
  paymentRefund: t.field({
    type: RefundRef,
    nullable: true,
    description: 'One refund of the tenant; null: there is none. Only for admins.',
    args: { refundId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { refundId }, { services, principal }) => {
      requireAdmin(principal);
      return refundById(services.db, principal.tenantId, idOf(refundId, 'refundId'));
    },
  }),
}));
