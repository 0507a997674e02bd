import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { DeliveryRef } from '../deliveries/graphql.ts';
import { type ChannelStanding, listAlertChannels } from './channels.ts';
import { testAlertChannel } from './trial.ts';
import type { WayName } from './ways.ts';

const AlertChannelKindEnum = builder.enumType('AlertChannelKind', {
  description: 'How a channel reaches whoever looks after the server.',
  values: {
    TELEGRAM: { value: 'telegram', description: 'A bot writes into a chat.' },
    EMAIL: { value: 'email', description: 'Mail, by SMTP.' },
    WEBHOOK: { value: 'webhook', description: 'A program is posted JSON, signed if it has a secret.' },
    LOG: { value: 'log', description: 'The log of the server, which has every alert.' },
  } satisfies Record<string, { value: WayName; description: string }>,
});

const AlertChannelRef = builder.objectRef<ChannelStanding>('AlertChannel').implement({
  description: 'A way to whoever looks after the server, as the settings of the server have it.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, by which it is tried.' }),
    kind: t.field({
      type: AlertChannelKindEnum,
      description: 'How it reaches them.',
      resolve: ({ name }) => name,
    }),
    position: t.exposeInt('position', {
      nullable: true,
      description:
        'Its place among those that are told, from 1: the first is told of an alert, the next where that is away, or nobody acknowledges. Null: it is not told one by one (the log has all, others are left out by ALERT_CHANNELS).',
    }),
    waiting: t.exposeInt('waiting', { description: 'Messages that wait to be sent.' }),
    lastDeliveredAt: t.expose('lastDeliveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last took a message of the outbox; null: never yet.',
    }),
    pausedUntil: t.expose('pausedUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Until when it is left alone, since it did not answer or asked for it; null: it is not.',
    }),
    lastFailedAt: t.expose('lastFailedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last failed, within the last 30 days; null: it did not.',
    }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'Why it failed then; null: it did not.',
    }),
  }),
});

builder.queryField('alertChannels', (t) =>
  t.field({
    authScopes: { permission: 'METRICS' },
    type: [AlertChannelRef],
    description: 'The channels of alerts, in the order in which they are told; the log last.',
    // A few, each with what stands in one row.
    complexity: { field: 1, multiplier: 4 },
    resolve: (_root, _args, { services }) => listAlertChannels(services),
  }),
);

const TestChannelSuccess = builder
  .objectRef<{ delivery: typeof DeliveryRef.$inferType }>('TestChannelSuccess')
  .implement({
    description: 'A message was sent; `delivery` says what became of it.',
    fields: (t) => ({
      delivery: t.expose('delivery', {
        type: DeliveryRef,
        description: 'The message: DELIVERED, or DISCARDED with the reason.',
      }),
    }),
  });

builder.mutationField('testAlertChannel', (t) =>
  t.field({
    type: builder.errorUnion('TestChannelResult', {
      description: 'What became of the test, or one of the failures that a caller may expect.',
      types: [TestChannelSuccess, InvalidInput, NotFound],
      resolveType: () => 'TestChannelSuccess',
    }),
    description:
      'Looks at how a channel of alerts is set up, and sends a message through it, once, also while it is paused. Only for admins of the tenant that runs the server.',
    args: { name: t.arg.string({ required: true, description: 'Its name, such as telegram.' }) },
    resolve: async (_root, { name }, { services, principal }) => ({
      delivery: await testAlertChannel(services, principal, name),
    }),
  }),
);
