import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { endable, follow, RESUME_AFTER, type SubscriptionArguments } from '../../ground/subscriptions.ts';
import { InteractionRef, loadInteraction } from './graphql.ts';
import type { InteractionRow } from './tables.ts';
import { onceAvailable } from './views.ts';

interface AddedInteraction {
  readonly cursor: string;
  readonly at: Date;
  readonly interaction: InteractionRow;
}

const InteractionAdded = builder.objectRef<AddedInteraction>('InteractionAdded').implement({
  description: 'A turn was stored.',
  fields: (t) => ({
    cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was stored.' }),
    interaction: t.expose('interaction', { type: InteractionRef, description: 'The turn.' }),
  }),
});

builder.subscriptionField('interactionAdded', (t) =>
  t.field({
    type: InteractionAdded,
    description:
      'Turns as they are stored, by any door; for those who may act for others, of all users of the tenant.',
    args: {
      conversationId: t.arg.string({
        description: 'Only of this thread; of the caller, if no user is named.',
      }),
      userId: t.arg.string({ description: 'Only of this user, for those who may act for others.' }),
      after: t.arg.id({
        description: RESUME_AFTER,
      }),
    },
    subscribe: (_root, args, ctx) =>
      endable((signal) => toldInteractions(ctx, 'interaction_added', args, signal)),
    resolve: (added) => added,
  }),
);

const InteractionAnswered = builder.objectRef<AddedInteraction>('InteractionAnswered').implement({
  description: 'A turn that was interrupted got its answer after all.',
  fields: (t) => ({
    cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When the answer was stored.' }),
    interaction: t.expose('interaction', { type: InteractionRef, description: 'The turn, with its answer.' }),
  }),
});

builder.subscriptionField('interactionAnswered', (t) =>
  t.field({
    type: InteractionAnswered,
    description:
      'Answers to turns that were interrupted, which `interactionAdded` told of without one; for those who may act for others, of all users of the tenant.',
    args: {
      conversationId: t.arg.string({
        description: 'Only of this thread; of the caller, if no user is named.',
      }),
      userId: t.arg.string({ description: 'Only of this user, for those who may act for others.' }),
      after: t.arg.id({
        description: RESUME_AFTER,
      }),
    },
    subscribe: (_root, args, ctx) =>
      endable((signal) => toldInteractions(ctx, 'interaction_answered', args, signal)),
    resolve: (answered) => answered,
  }),
);

async function* toldInteractions(
  ctx: Context,
  kind: 'interaction_added' | 'interaction_answered',
  args: SubscriptionArguments,
  signal: AbortSignal,
) {
  const { services, principal, onOverflow, pace } = ctx;
  for await (const { turnId, cursor, at } of follow(services.events, principal, kind, args, {
    signal,
    pace,
    onOverflow,
  })) {
    const interaction = turnId && (await onceAvailable(services, () => loadInteraction(ctx, turnId), signal));
    // A turn that was deleted since has nothing left to show.
    if (interaction) yield { cursor, at, interaction };
  }
}
