import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { endable, follow, RESUME_AFTER, type SubscriptionArguments } from '../../ground/subscriptions.ts';
import { InteractionRef, loadInteraction } from './graphql.ts';
import type { InteractionRow } from './tables.ts';
import { onceAvailable } from './views.ts';

interface ToldInteraction {
  readonly cursor: string;
  readonly at: Date;
  readonly interaction: InteractionRow;
}

/** A subscription to what events tell of turns. */
function defineTold(told: {
  readonly name: string;
  readonly type: string;
  readonly kind: 'interaction_added' | 'interaction_answered';
  readonly description: string;
  readonly of: Readonly<Record<'event' | 'at' | 'interaction', string>>;
}) {
  const type = builder.objectRef<ToldInteraction>(told.type).implement({
    description: told.of.event,
    fields: (t) => ({
      cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
      at: t.expose('at', { type: 'DateTime', description: told.of.at }),
      interaction: t.expose('interaction', { type: InteractionRef, description: told.of.interaction }),
    }),
  });
  builder.subscriptionField(told.name, (t) =>
    t.field({
      type,
      description: told.description,
      args: {
        conversationId: t.arg.string({
          description: 'Only of this thread; of the caller, if no user is named.',
        }),
        userId: t.arg.string({ description: 'Only of this user, for those who may act for others.' }),
        after: t.arg.id({ description: RESUME_AFTER }),
      },
      subscribe: (_root, args, ctx) => endable((signal) => toldInteractions(ctx, told.kind, args, signal)),
      resolve: (event) => event,
    }),
  );
}

defineTold({
  ...{ name: 'interactionAdded', type: 'InteractionAdded', kind: 'interaction_added' },
  description:
    'Turns as they are stored, by any door; for those who may act for others, of all users of the tenant.',
  of: { event: 'A turn was stored.', at: 'When it was stored.', interaction: 'The turn.' },
});

defineTold({
  ...{ name: 'interactionAnswered', type: 'InteractionAnswered', kind: 'interaction_answered' },
  description:
    'Answers to turns that were interrupted, which `interactionAdded` told of without one; for those who may act for others, of all users of the tenant.',
  of: {
    event: 'A turn that was interrupted got its answer after all.',
    at: 'When the answer was stored.',
    interaction: 'The turn, with its answer.',
  },
});

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
