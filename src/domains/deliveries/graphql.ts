import { z } from 'zod';
import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { type CursorFormat, connect } from '../../graphql/connections.ts';
import * as input from '../../ground/input.ts';
import { MAX_ATTEMPTS, MAX_AWAY_DAYS } from './claims.ts';
import { discardDelivery, retryDelivery, targetScopeOf } from './deliveries.ts';
import { deliveryPage } from './reads.ts';
import { type DeliveryRow, type DeliveryStatus, KEPT_DAYS } from './tables.ts';

export const DeliveryStatusEnum = builder.enumType('DeliveryStatus', {
  description: 'How far something is that leaves the server.',
  values: {
    PENDING: { description: 'It waits to be sent, for the first time or again.' },
    DELIVERED: { description: 'The receiver took it.' },
    DEAD: {
      description: `It was given up: the receiver refused it ${MAX_ATTEMPTS} times, or was away for ${MAX_AWAY_DAYS} days. \`retryDelivery\` sends it again.`,
    },
    DISCARDED: {
      description: 'It is not sent: by hand, as what it told of was deleted, or as a test that failed.',
    },
  } satisfies Record<DeliveryStatus, { description: string }>,
});

export const DeliveryRef = builder.objectRef<DeliveryRow>('Delivery').implement({
  description: `Something that leaves the server, and what became of it. Kept for ${KEPT_DAYS} days when it is over. It holds no words of a user: a message is made when it is sent.`,
  fields: (t) => ({
    deliveryId: t.exposeID('deliveryId', {
      description: 'Its id, which the receiver sees as `webhook-id`: the same with each attempt.',
    }),
    channel: t.exposeString('channel', { description: 'Which way it goes, such as webhook.' }),
    kind: t.exposeString('kind', { description: 'What it tells of, such as interaction.added.' }),
    status: t.expose('status', { type: DeliveryStatusEnum, description: 'How far it is.' }),
    attempts: t.exposeInt('attempts', { description: 'How often it was sent since somebody let it begin.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was put into the outbox.' }),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When it is sent next, at the earliest: not before what comes before it, nor while its receiver is away or the webhook is paused. Null: it is over.',
      resolve: ({ status, dueAt }) => (status === 'PENDING' ? dueAt : null),
    }),
    lastAttemptAt: t.expose('lastAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was sent last; null: never yet.',
    }),
    lastStatus: t.exposeInt('lastStatus', {
      nullable: true,
      description: 'HTTP status of the latest answer; null: there was none.',
    }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'Why the latest attempt failed, or why it is not sent; null: it did not.',
    }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was delivered or given up; null: it waits.',
    }),
  }),
});

export const DeliveryConnection = builder.connectionObject(
  { type: DeliveryRef, name: 'DeliveryConnection' },
  { name: 'DeliveryEdge' },
);

const LARGEST = Number.MAX_SAFE_INTEGER;

/** The newest first; ids grow beyond what other lists' cursors hold. */
export const newestDelivery: CursorFormat<DeliveryRow, number> = {
  encode: ({ id }) => String(id),
  decode: (cursor) => (/^\d{1,16}$/.test(cursor) && Number(cursor) <= LARGEST ? Number(cursor) : null),
};

const DeliveryFilter = builder.inputType('DeliveryFilter', {
  description: 'Which deliveries; all conditions must hold.',
  fields: (t) => ({
    status: t.field({ type: DeliveryStatusEnum, description: 'Only those that are so far.' }),
    channel: t.string({ description: 'Only those that go this way, such as webhook.' }),
  }),
});

const Conditions = z.object({ channel: input.text(100).nullish() });

builder.queryField('deliveries', (t) =>
  t.connection(
    {
      type: DeliveryRef,
      description:
        'What leaves the server, newest first: to the caller’s own webhooks; for admins, also to those of the tenant and to what the operator configured. With the status DEAD: what was given up.',
      args: { filter: t.arg({ type: DeliveryFilter, description: 'Which of them.' }) },
      resolve: (_root, { filter, ...args }, { services, principal }) => {
        const { channel } = input.parseInput(Conditions, filter ?? {}, 'filter');
        const conditions = { status: filter?.status, channel };
        return connect(args, newestDelivery, (page) =>
          deliveryPage(services.db, targetScopeOf(principal), conditions, page),
        );
      },
    },
    DeliveryConnection,
  ),
);

const DeliverySuccess = builder.objectRef<{ delivery: DeliveryRow }>('DeliverySuccess').implement({
  description: 'It was changed.',
  fields: (t) => ({
    delivery: t.expose('delivery', { type: DeliveryRef, description: 'As it is now.' }),
  }),
});

const DeliveryResult = builder.errorUnion('DeliveryResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [DeliverySuccess, InvalidInput, NotFound],
  resolveType: () => 'DeliverySuccess',
});

builder.mutationFields((t) => ({
  retryDelivery: t.field({
    type: DeliveryResult,
    description:
      'Sends something again that was given up, with all its attempts; behind what is about the same and waits already only if that came before it.',
    args: { deliveryId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: async (_root, { deliveryId }, { services, principal }) => ({
      delivery: await retryDelivery(services, principal, String(deliveryId)),
    }),
  }),
  discardDelivery: t.field({
    type: DeliveryResult,
    description: 'Gives up something that waits, or that is dead; what waits behind it goes on.',
    args: { deliveryId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: async (_root, { deliveryId }, { services, principal }) => ({
      delivery: await discardDelivery(services, principal, String(deliveryId)),
    }),
  }),
}));
