import { builder } from '../../graphql/builder.ts';
import { connect } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { noCustomer } from './customers.ts';
import { CustomerRef } from './customers-graphql.ts';
import type { Collection, InvoiceItem, InvoiceRow, InvoiceState } from './invoice-tables.ts';
import * as limits from './limits.ts';
import { customerById, customersOf, invoiceById, invoicePage, refundsOf } from './reads.ts';
import { RefundRef } from './refunds-graphql.ts';
import { byNumber, IN_MINOR, idOf, STRIPE_ID } from './shown-graphql.ts';

const InvoiceStateEnum = builder.enumType('PaymentInvoiceState', {
  description: 'How an invoice stands.',
  values: {
    WAITING: { description: 'A second admin is to say yes.' },
    REJECTED: { description: 'They said no.' },
    REQUESTED: { description: 'It is being made at Stripe.' },
    FAILED: { description: 'Stripe refused it; nothing is owed. `failure` says why.' },
    OPEN: { description: 'It is owed; `failure` says why the last charge was declined.' },
    PAID: { description: 'It was paid.' },
    VOID: { description: 'It is owed no more.' },
    UNCOLLECTIBLE: { description: 'It was given up.' },
  } satisfies Record<InvoiceState, { description: string }>,
});
export const CollectionEnum = builder.enumType('PaymentCollection', {
  description: 'How an invoice is to be paid.',
  values: {
    CHARGE: { description: 'By the way of payment that Stripe has of the customer, at once.' },
    SEND: { description: 'By the customer, whom Stripe sends it by mail.' },
  } satisfies Record<Collection, { description: string }>,
});
const ItemRef = builder.objectRef<InvoiceItem>('PaymentItem').implement({
  description: 'A line of an invoice.',
  fields: (t) => ({
    description: t.exposeString('description', { complexity: 0, description: 'What for.' }),
    amount: t.exposeInt('amount', { complexity: 0, description: `How much, ${IN_MINOR}.` }),
  }),
});

const loadCustomer = ({ loader, services }: Context, { tenantId, customer }: InvoiceRow) =>
  loader({
    name: `customers of ${tenantId}`,
    load: (ids: readonly number[]) => customersOf(services.db, tenantId, ids),
    key: customer,
  });

export const InvoiceRef = builder.objectRef<InvoiceRow>('PaymentInvoice').implement({
  description: 'Money that somebody is asked for.',
  fields: (t) => ({
    invoiceId: t.exposeID('invoiceId', { complexity: 0, description: 'By which it is named.' }),
    customer: t.field({
      type: CustomerRef,
      nullable: true,
      description: 'Who is billed.',
      resolve: (invoice, _args, context) => loadCustomer(context, invoice),
    }),
    currency: t.exposeString('currency', { complexity: 0, description: 'ISO 4217.' }),
    amount: t.exposeInt('amount', { complexity: 0, description: `The sum of its lines, ${IN_MINOR}.` }),
    items: t.field({
      type: [ItemRef],
      complexity: 0,
      description: `Its lines, at most ${limits.MAX_ITEMS}.`,
      resolve: ({ items }) => [...items],
    }),
    description: t.exposeString('description', {
      complexity: 0,
      nullable: true,
      description: 'What stands on it; null: nothing more.',
    }),
    collection: t.expose('collection', {
      type: CollectionEnum,
      complexity: 0,
      description: 'How it is to be paid.',
    }),
    daysUntilDue: t.exposeInt('daysUntilDue', {
      complexity: 0,
      nullable: true,
      description: 'Within how many days; null: at once.',
    }),
    state: t.expose('state', { type: InvoiceStateEnum, complexity: 0, description: 'How it stands.' }),
  }),
});

/** What became of it. */
builder.objectFields(InvoiceRef, (t) => ({
  number: t.exposeString('number', {
    complexity: 0,
    nullable: true,
    description: 'Its number on paper; null: none yet.',
  }),
  stripeId: t.exposeString('stripeId', { complexity: 0, nullable: true, description: STRIPE_ID }),
  taskId: t.exposeID('taskId', {
    complexity: 0,
    nullable: true,
    description: 'What does something about it at Stripe, or did last; null: nothing yet.',
  }),
  charges: t.exposeInt('charges', { complexity: 0, description: 'How often it was charged.' }),
  failureCode: t.exposeString('failureCode', {
    complexity: 0,
    nullable: true,
    description: 'Why it failed, or the last charge was declined, for programs; null: it was not.',
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
  refunds: t.field({
    type: [RefundRef],
    description: `What of it goes back, the first first; at most ${limits.MAX_REFUNDS}.`,
    complexity: { field: 1, multiplier: 2 },
    resolve: ({ tenantId, id }, _args, { loader, services }) =>
      loader({
        name: `refunds of ${tenantId}`,
        load: (ids: readonly number[]) => refundsOf(services.db, tenantId, ids),
        key: id,
      }),
  }),
  createdAt: t.expose('createdAt', {
    type: 'DateTime',
    complexity: 0,
    description: 'When it was asked for.',
  }),
  finalizedAt: t.expose('finalizedAt', {
    type: 'DateTime',
    complexity: 0,
    nullable: true,
    description: 'From when on it is owed; null: it is not.',
  }),
  paidAt: t.expose('paidAt', {
    type: 'DateTime',
    complexity: 0,
    nullable: true,
    description: 'When it was paid; null: it was not.',
  }),
  voidedAt: t.expose('voidedAt', {
    type: 'DateTime',
    complexity: 0,
    nullable: true,
    description: 'When it was made void; null: it was not.',
  }),
}));

const byAge = byNumber<InvoiceRow>();

builder.queryFields((t) => ({
  paymentInvoices: t.connection(
    {
      type: InvoiceRef,
      description: 'The tenant’s invoices, the latest first. Only for admins.',
      args: {
        state: t.arg({ type: InvoiceStateEnum, description: 'Only those that stand so.' }),
        customerId: t.arg.id({ description: 'Only those of this customer.' }),
      },
      resolve: async (_root, args, { services, principal }) => {
        requireAdmin(principal);
        const { tenantId } = principal;
        const wanted = args.customerId == null ? null : idOf(args.customerId, 'customerId');
        const customer = wanted === null ? null : await customerById(services.db, tenantId, wanted);
        if (wanted !== null && !customer) throw noCustomer(wanted, 'customerId');
        const filter = { state: args.state ?? null, customer: customer?.id ?? null };
        return connect(args, byAge, (page) => invoicePage(services.db, tenantId, filter, page));
      },
    },
    { name: 'PaymentInvoiceConnection' },
    { name: 'PaymentInvoiceEdge' },
  ),
  paymentInvoice: t.field({
    type: InvoiceRef,
    nullable: true,
    description: 'One invoice of the tenant; null: there is none. Only for admins.',
    args: { invoiceId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { invoiceId }, { services, principal }) => {
      requireAdmin(principal);
      return invoiceById(services.db, principal.tenantId, idOf(invoiceId, 'invoiceId'));
    },
  }),
}));
