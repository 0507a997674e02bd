import { builder } from '../../graphql/builder.ts';
import { connect } from '../../graphql/connections.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { customerById, customerPage, type SeenCustomer } from './reads.ts';
import { byNumber, idOf } from './shown-graphql.ts';
import type { CustomerState } from './tables.ts';

const CustomerStateEnum = builder.enumType('PaymentCustomerState', {
  description: 'How Stripe knows a customer.',
  values: {
    PENDING: { description: 'Not yet.' },
    ACTIVE: { description: 'By an id.' },
    FORGOTTEN: { description: 'No more: who it was is erased.' },
  } satisfies Record<CustomerState, { description: string }>,
});
export const CustomerRef = builder.objectRef<SeenCustomer>('PaymentCustomer').implement({
  description: 'Who is billed.',
  fields: (t) => ({
    customerId: t.exposeID('customerId', { complexity: 0, description: 'By which invoices name it.' }),
    name: t.exposeString('name', {
      complexity: 0,
      nullable: true,
      description: 'What they are called; null: it was erased.',
    }),
    email: t.exposeString('email', {
      complexity: 0,
      nullable: true,
      description: 'Where invoices are sent; null: nowhere.',
    }),
    userId: t.exposeString('userId', {
      complexity: 0,
      nullable: true,
      description: 'The user of this server that it is; null: none.',
    }),
    clientId: t.exposeString('clientId', {
      complexity: 0,
      nullable: true,
      description: 'The client whose money it is; null: none was said.',
    }),
    stripeId: t.exposeString('stripeId', {
      complexity: 0,
      nullable: true,
      description: 'Its id at Stripe; null: it has none.',
    }),
    state: t.expose('state', { type: CustomerStateEnum, complexity: 0, description: 'How Stripe knows it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', complexity: 0, description: 'When it was made.' }),
  }),
});

const byAge = byNumber<SeenCustomer>();

builder.queryFields((t) => ({
  paymentCustomers: t.connection(
    {
      type: CustomerRef,
      description: 'Who is billed by the tenant, the latest first. Only for admins.',
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        return connect(args, byAge, (page) => customerPage(services.db, principal.tenantId, page));
      },
    },
    { name: 'PaymentCustomerConnection' },
    { name: 'PaymentCustomerEdge' },
  ),
  paymentCustomer: t.field({
    type: CustomerRef,
    nullable: true,
    description: 'One of them; null: there is none. Only for admins.',
    args: { customerId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { customerId }, { services, principal }) => {
      requireAdmin(principal);
      return customerById(services.db, principal.tenantId, idOf(customerId, 'customerId'));
    },
  }),
}));
