import { builder } from '../../graphql/builder.ts';
import { connect } from '../../graphql/connections.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import type { DisputeRow, DisputeState } from './dispute-tables.ts';
import { InvoiceRef } from './graphql.ts';
import { disputePage, disputesOf, invoicesOf } from './reads.ts';
import { byNumber, IN_MINOR } from './shown-graphql.ts';

const StateEnum = builder.enumType('PaymentDisputeState', {
  description: 'How a dispute stands.',
  values: {
    INQUIRY_NEEDS_RESPONSE: { description: 'The bank asks, and took nothing yet; it waits for evidence.' },
    INQUIRY_UNDER_REVIEW: { description: 'The bank looks at the evidence, and took nothing yet.' },
    INQUIRY_CLOSED: { description: 'The bank asked, and took nothing.' },
    NEEDS_RESPONSE: { description: 'It waits for evidence.' },
    UNDER_REVIEW: { description: 'The bank looks at the evidence.' },
    APPEAL_NEEDS_RESPONSE: { description: 'An appeal waits for evidence.' },
    APPEAL_UNDER_REVIEW: { description: 'The bank looks at an appeal.' },
    WON: { description: 'The money comes again.' },
    LOST: { description: 'The money is gone.' },
    PREVENTED: { description: 'It was settled before it became one.' },
    OTHER: { description: 'Something that Stripe has begun to say since this version: look there.' },
  } satisfies Record<DisputeState, { description: string }>,
});

const DisputeRef = builder.objectRef<DisputeRow>('PaymentDispute').implement({
  description: 'A payment that the customer’s bank takes back, or asks about.',
  fields: (t) => ({
    stripeId: t.exposeID('stripeId', {
      complexity: 0,
      description: 'Its id at Stripe (du_…), where evidence is sent.',
    }),
    invoice: t.field({
      type: InvoiceRef,
      nullable: true,
      description: 'What was paid by it.',
      resolve: ({ tenantId, invoice }, _args, { loader, services }) =>
        loader({
          name: `invoices of ${tenantId}`,
          load: (ids: readonly number[]) => invoicesOf(services.db, tenantId, ids),
          key: invoice,
        }),
    }),
    currency: t.exposeString('currency', { complexity: 0, description: 'ISO 4217.' }),
    amount: t.exposeInt('amount', { complexity: 0, description: `How much of it, ${IN_MINOR}.` }),
    taken: t.exposeInt('taken', {
      complexity: 0,
      description: `What the bank holds of that now, ${IN_MINOR}: it cannot be refunded, too.`,
    }),
    state: t.expose('state', { type: StateEnum, complexity: 0, description: 'How it stands.' }),
    reason: t.exposeString('reason', {
      complexity: 0,
      description: 'What the customer says of it, as Stripe names it, such as `fraudulent`.',
    }),
    dueAt: t.expose('dueAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'Until when evidence is taken; null: none is.',
    }),
    openedAt: t.expose('openedAt', { type: 'DateTime', complexity: 0, description: 'When it began.' }),
    lookedAt: t.expose('lookedAt', {
      type: 'DateTime',
      complexity: 0,
      description: 'When Stripe was asked last how it stands.',
    }),
  }),
});

builder.objectFields(InvoiceRef, (t) => ({
  disputes: t.field({
    type: [DisputeRef],
    description: 'What the customer’s bank takes back of it, or asks about, the first first; mostly none.',
    complexity: { field: 1, multiplier: 2 },
    resolve: ({ tenantId, id }, _args, { loader, services }) =>
      loader({
        name: `disputes of ${tenantId}`,
        load: (ids: readonly number[]) => disputesOf(services.db, tenantId, ids),
        key: id,
      }),
  }),
}));

const byAge = byNumber<DisputeRow>();

builder.queryFields((t) => ({
  paymentDisputes: t.connection(
    {
      type: DisputeRef,
      description:
        'Payments of the tenant that banks take back, or ask about, the latest first. Only for admins.',
      args: { open: t.arg.boolean({ description: 'True: only those that wait for evidence.' }) },
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        return connect(args, byAge, (page) =>
          disputePage(services.db, principal.tenantId, args.open ?? false, page),
        );
      },
    },
    { name: 'PaymentDisputeConnection' },
    { name: 'PaymentDisputeEdge' },
  ),
}));
