import { CursorExpired, InvalidInput, NotFound, UrlForbidden } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { scopeOf } from '../../ground/ownership.ts';
import {
  DeliveryConnection,
  DeliveryRef,
  DeliveryStatusEnum,
  newestDelivery,
} from '../deliveries/graphql.ts';
import { webhookPage } from './reads.ts';
import { deliveriesToWebhook, figuresOfWebhooks } from './shown.ts';
import { MAX_WAITING } from './spreader.ts';
import type { WebhookEvent, WebhookRow, WebhookState } from './tables.ts';
import { testWebhook } from './trial.ts';
import {
  createWebhook,
  cursorOf,
  deleteWebhook,
  findWebhook,
  MAX_DESCRIPTION,
  MAX_URL,
  MAX_WEBHOOKS,
  type ShownWebhook,
  updateWebhook,
} from './webhooks.ts';

const WebhookEventEnum = builder.enumType('WebhookEvent', {
  description: 'What a webhook can be told of.',
  values: {
    INTERACTION_ADDED: {
      value: 'interaction_added',
      description: 'A turn was stored (`interaction.added`), in order of its conversation.',
    },
    INTERACTION_ANSWERED: {
      value: 'interaction_answered',
      description:
        'A turn that was interrupted, and told of without an answer, got it after all (`interaction.answered`), in order of its conversation.',
    },
    FACT_CHANGED: {
      value: 'fact_changed',
      description: 'A fact was learned, entered or changed (`fact.changed`), in order of its user.',
    },
    TASK_CHANGED: {
      value: 'task_changed',
      description: 'A task was made, began, came further or ended (`task.changed`), in order of the task.',
    },
    ALERT: {
      value: 'alert',
      description:
        'A danger to a promise began or ended (`alert.raised`, `alert.cleared`); needs the permission METRICS. It comes when the database has it: what must be heard while that is away goes to ALERT_WEBHOOK_URL.',
    },
  } satisfies Record<string, { value: WebhookEvent; description: string }>,
});

const WebhookStateEnum = builder.enumType('WebhookState', {
  description: 'Whether a webhook is told of anything.',
  values: {
    ACTIVE: { description: 'It is told.' },
    PAUSED: { description: 'By hand. Events wait for it as long as they are kept (EVENTS_RETENTION_DAYS).' },
    SUSPENDED: {
      description:
        'By the server (`problem` says why), until somebody sets `paused: false` with `updateWebhook`. Events wait as for a paused one.',
    },
  } satisfies Record<WebhookState, { description: string }>,
});

const figuresOf = ({ loader, services, principal }: Context, webhook: WebhookRow) =>
  loader({
    name: 'figures of a webhook',
    load: (numbers: readonly number[]) => figuresOfWebhooks(services.db, principal.tenantId, numbers),
    key: webhook.id,
  });

const WebhookRef = builder.objectRef<WebhookRow>('Webhook').implement({
  description:
    'An address that is told what happens, signed as Standard Webhooks has it; see docs/webhooks.md.',
  fields: (t) => ({
    webhookId: t.exposeID('webhookId', { description: 'Its id.' }),
    userId: t.exposeString('userId', { description: 'Whose it is.' }),
    url: t.exposeString('url', { description: 'Where messages are posted.' }),
    description: t.exposeString('description', { nullable: true, description: 'For people.' }),
    events: t.field({
      type: [WebhookEventEnum],
      description: 'What it is told of.',
      resolve: ({ events }) => events,
    }),
    ofTenant: t.exposeBoolean('ofTenant', {
      description: 'Whether it is told of all users of the tenant, and not only of its own user.',
    }),
    state: t.expose('state', { type: WebhookStateEnum, description: 'Whether it is told of anything.' }),
    problem: t.exposeString('problem', { nullable: true, description: 'Why the server suspended it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    cursor: t.id({
      description:
        'The place in the order of all events up to which it was told, or what is to be told is in the outbox; it goes on after that.',
      resolve: cursorOf,
    }),
    waiting: t.int({
      description: `Messages in the outbox for it. Beyond ${MAX_WAITING.toLocaleString('en-US')}, events wait in their log.`,
      resolve: async (webhook, _args, context) => (await figuresOf(context, webhook)).waiting,
    }),
    dead: t.int({
      description: 'Messages that were given up.',
      resolve: async (webhook, _args, context) => (await figuresOf(context, webhook)).dead,
    }),
    lastDeliveredAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When its receiver took something last; null: never yet.',
      resolve: async (webhook, _args, context) => (await figuresOf(context, webhook)).lastDeliveredAt,
    }),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When its receiver, which could not be reached, is tried again; null: it is not waited for.',
      resolve: async (webhook, _args, context) => (await figuresOf(context, webhook)).blockedUntil,
    }),
    deliveries: t.connection(
      {
        type: DeliveryRef,
        description: 'Messages to it, newest first.',
        args: { status: t.arg({ type: DeliveryStatusEnum, description: 'Only those that are so far.' }) },
        // One statement for each webhook.
        complexity: { field: 10, multiplier: 2 },
        resolve: (webhook, args, { services, principal }) =>
          connect(args, newestDelivery, (page) =>
            deliveriesToWebhook(services.db, principal, webhook, args.status, page),
          ),
      },
      DeliveryConnection,
    ),
  }),
});

const newestFirst = numberCursor<WebhookRow>(({ id }) => id);

builder.queryFields((t) => ({
  webhooks: t.connection(
    {
      type: WebhookRef,
      description:
        'Webhooks of the caller, the one that was made last first; for who may act for others: of all of the tenant.',
      resolve: (_root, args, { services, principal }) =>
        connect(args, newestFirst, (page) => webhookPage(services.db, scopeOf(principal), page)),
    },
    { name: 'WebhookConnection' },
    { name: 'WebhookEdge' },
  ),
  webhook: t.field({
    type: WebhookRef,
    nullable: true,
    description: 'One webhook; null if it does not exist for this caller.',
    args: { webhookId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { webhookId }, { services, principal }) =>
      findWebhook(services, principal, String(webhookId)).catch((error: unknown) => {
        if (error instanceof NotFound) return null;
        throw error;
      }),
  }),
}));

const ofUrl = `http:// or https://, at most ${MAX_URL.toLocaleString('en-US')} characters, without user name or password. Only public addresses on port 80, 443, 8080 or 8443, unless OUTBOUND_ALLOW has them.`;
const ofDescription = `For people, 1 to ${MAX_DESCRIPTION} characters.`;

const WebhookInput = builder.inputType('WebhookInput', {
  description: `A new webhook. A user has at most ${MAX_WEBHOOKS}.`,
  fields: (t) => ({
    url: t.string({ required: true, description: `Where messages are posted: ${ofUrl}` }),
    events: t.field({
      type: [WebhookEventEnum],
      required: true,
      description: 'What it is told of, at least one.',
    }),
    description: t.string({ description: ofDescription }),
    ofTenant: t.boolean({
      description:
        'True: of all users of the tenant, for those who may act for others; else of the caller only.',
    }),
    after: t.id({
      description:
        'Begin after this cursor of an event, with all that has happened since; absent: from now on. Refused with CURSOR_EXPIRED where what follows it is no longer kept.',
    }),
  }),
});

const WebhookChanges = builder.inputType('WebhookChanges', {
  description: 'What to change of a webhook; what is absent stays as it is.',
  fields: (t) => ({
    url: t.string({ description: `Where messages are posted: ${ofUrl}` }),
    events: t.field({ type: [WebhookEventEnum], description: 'What it is told of, at least one.' }),
    description: t.string({ description: `${ofDescription} Null: none.` }),
    paused: t.boolean({
      description:
        'True: it is told of nothing for now. False: it goes on where it was, also after the server suspended it.',
    }),
    after: t.id({ description: 'Go back, or ahead, to this cursor of an event.' }),
    rotateSecret: t.boolean({ description: 'True: a new secret, from the next message on.' }),
  }),
});

const WebhookSuccess = builder.objectRef<ShownWebhook>('WebhookSuccess').implement({
  description: 'It is done.',
  fields: (t) => ({
    webhook: t.expose('webhook', { type: WebhookRef, description: 'The webhook.' }),
    secret: t.exposeString('secret', {
      nullable: true,
      description:
        'With which its receiver checks signatures (`whsec_…`), where it is new: nobody is shown it again. Null: it is not new.',
    }),
  }),
});

const WebhookResult = builder.errorUnion('WebhookResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [WebhookSuccess, InvalidInput, NotFound, UrlForbidden, CursorExpired],
  resolveType: () => 'WebhookSuccess',
});

const TestWebhookSuccess = builder
  .objectRef<{ delivery: typeof DeliveryRef.$inferType }>('TestWebhookSuccess')
  .implement({
    description: 'The message was sent.',
    fields: (t) => ({
      delivery: t.expose('delivery', {
        type: DeliveryRef,
        description: 'What became of it: DELIVERED, or DISCARDED with `lastError`.',
      }),
    }),
  });

const TestWebhookResult = builder.errorUnion('TestWebhookResult', {
  description: 'The success of this operation, or one of the failures that a caller may expect.',
  types: [TestWebhookSuccess, InvalidInput, NotFound],
  resolveType: () => 'TestWebhookSuccess',
});

builder.mutationFields((t) => ({
  createWebhook: t.field({
    type: WebhookResult,
    description: 'Tells an address what happens from now on, or since a cursor.',
    args: { input: t.arg({ type: WebhookInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, { input }, { services, principal }) =>
      createWebhook(services, principal, input as never),
  }),
  updateWebhook: t.field({
    type: WebhookResult,
    description:
      'Changes, pauses or lets go on a webhook, or sets it back; what waits for it is tried at once.',
    args: {
      webhookId: t.arg.id({ required: true, description: 'Its id.' }),
      input: t.arg({ type: WebhookChanges, required: true, description: 'The changes.' }),
    },
    resolve: (_root, { webhookId, input }, { services, principal }) =>
      updateWebhook(services, principal, String(webhookId), input as never),
  }),
  deleteWebhook: t.field({
    type: WebhookResult,
    description:
      'Tells an address of nothing any more. What waits for it, and what was noted of it, is forgotten.',
    args: { webhookId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: async (_root, { webhookId }, { services, principal }) => ({
      webhook: await deleteWebhook(services, principal, String(webhookId)),
      secret: null,
    }),
  }),
  testWebhook: t.field({
    type: TestWebhookResult,
    description:
      'Sends a message of the type webhook.test to a webhook now, whatever waits for it, and waits for the answer.',
    args: { webhookId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: async (_root, { webhookId }, { services, principal }) => ({
      delivery: await testWebhook(services, principal, String(webhookId)),
    }),
  }),
}));
