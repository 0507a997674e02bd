import { InvalidInput, NotConfigured, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect } from '../../graphql/connections.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { resolveDifference } from './differences.ts';
import type { DifferenceKind, DifferenceRow } from './ledger-tables.ts';
import * as limits from './limits.ts';
import { differencePage } from './reads.ts';
import { byNumber } from './shown-graphql.ts';

const KindEnum = builder.enumType('PaymentDifferenceKind', {
  description: 'In what our books and those of Stripe differ.',
  values: {
    MISSING_THERE: { description: 'It stands here, and Stripe does not have it.' },
    MISSING_HERE: { description: 'Stripe has it, and it does not stand here.' },
    AMOUNT: { description: 'The amount, or the fee.' },
    CURRENCY: { description: 'The currency.' },
    STATUS: { description: 'How it stands.' },
    DOUBLED: { description: 'Stripe has it twice.' },
  } satisfies Record<DifferenceKind, { description: string }>,
});

const DifferenceRef = builder.objectRef<DifferenceRow>('PaymentDifference').implement({
  description: 'Something that our books and those of Stripe do not say alike.',
  fields: (t) => ({
    differenceId: t.exposeID('differenceId', { complexity: 0, description: 'By which it is resolved.' }),
    kind: t.expose('kind', { type: KindEnum, complexity: 0, description: 'In what they differ.' }),
    stripeId: t.exposeString('stripeId', { complexity: 0, description: 'Of what, by its id at Stripe.' }),
    ourId: t.exposeString('ourId', {
      complexity: 0,
      nullable: true,
      description: 'Our invoice or refund; null: none is known.',
    }),
    ours: t.exposeString('ours', {
      complexity: 0,
      nullable: true,
      description: 'What stands here; null: nothing.',
    }),
    theirs: t.exposeString('theirs', {
      complexity: 0,
      nullable: true,
      description: 'What stands there; null: nothing.',
    }),
    currency: t.exposeString('currency', {
      complexity: 0,
      nullable: true,
      description: 'ISO 4217; null: there is none.',
    }),
    foundAt: t.expose('foundAt', { type: 'DateTime', complexity: 0, description: 'When it was seen first.' }),
    seenAt: t.expose('seenAt', { type: 'DateTime', complexity: 0, description: 'When it was seen last.' }),
    resolvedAt: t.expose('resolvedAt', {
      type: 'DateTime',
      complexity: 0,
      nullable: true,
      description: 'When it was resolved; null: it is open.',
    }),
    resolvedBy: t.exposeString('resolvedBy', {
      complexity: 0,
      nullable: true,
      description: 'By whom; null: nobody, it was seen no more.',
    }),
    note: t.exposeString('note', {
      complexity: 0,
      nullable: true,
      description: 'What was done about it; null: nothing yet.',
    }),
  }),
});

const Success = builder.objectRef<{ difference: DifferenceRow }>('PaymentDifferenceSuccess').implement({
  description: 'It is resolved.',
  fields: (t) => ({
    difference: t.expose('difference', { type: DifferenceRef, description: 'As it is now.' }),
  }),
});
const Result = builder.errorUnion('PaymentDifferenceResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [Success, InvalidInput, NotFound, NotConfigured],
  resolveType: () => 'PaymentDifferenceSuccess',
});

const byAge = byNumber<DifferenceRow>();

builder.queryFields((t) => ({
  paymentDifferences: t.connection(
    {
      type: DifferenceRef,
      description: 'Where the tenant’s books and those of Stripe differ, the latest first. Only for admins.',
      args: { open: t.arg.boolean({ description: 'True: only those that nobody has resolved.' }) },
      resolve: (_root, args, { services, principal }) => {
        requireAdmin(principal);
        return connect(args, byAge, (page) =>
          differencePage(services.db, principal.tenantId, args.open ?? false, page),
        );
      },
    },
    { name: 'PaymentDifferenceConnection' },
    { name: 'PaymentDifferenceEdge' },
  ),
}));

builder.mutationFields((t) => ({
  resolvePaymentDifference: t.field({
    type: Result,
    description:
      'Says what was done about a difference; an invoice or a refund is looked up at Stripe once more. Only for admins.',
    args: {
      differenceId: t.arg.id({ required: true, description: 'Which.' }),
      note: t.arg.string({
        required: true,
        description: `What was done, 1 to ${limits.MAX_NOTE.toLocaleString('en-US')} characters.`,
      }),
    },
    resolve: async (_root, { differenceId, note }, { services, principal }) => ({
      difference: await resolveDifference(services, principal, { differenceId: String(differenceId), note }),
    }),
  }),
}));
