import type { GraphQLResolveInfo } from 'graphql';
import { InvalidInput } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import {
  askedPage,
  type CursorFormat,
  connect,
  numberCursor,
  timeCursor,
} from '../../graphql/connections.ts';
import { fieldBelow, selectsOnly } from '../../graphql/selection.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { ConversationRef, readConversationsWith } from '../conversations/graphql.ts';
import { InteractionRef, InteractionStatusEnum } from './graphql.ts';
import type { TurnColumns } from './reads.ts';
import type { InteractionRow } from './tables.ts';
import { threadPage, turnsReadAhead } from './threads.ts';
import { conversationTurns, type ListedTurn, positionOfTurn, type TurnPosition, userTurns } from './views.ts';

const InteractionConnection = builder.connectionObject(
  { type: InteractionRef, name: 'InteractionConnection' },
  { name: 'InteractionEdge' },
);

/** Fields for which what was said is enough; for any other, whole rows are read. */
const OF_SAID: ReadonlySet<string> = new Set([
  ...[
    '__typename',
    'id',
    'turnId',
    'conversationId',
    'conversation',
    'userId',
    'sequence',
    'query',
    'response',
  ],
  ...['speaker', 'responder', 'modelUsed', 'timestamp', 'status'],
]);

/** What must be read of the turns that are shown below a field. */
export const columnsFor = (info: GraphQLResolveInfo): TurnColumns =>
  selectsOnly(info, 'Interaction', OF_SAID) ? 'said' : 'all';

const bySequence = numberCursor<InteractionRow>((turn) => turn.sequence);

builder.objectFields(ConversationRef, (t) => ({
  interactions: t.connection(
    {
      type: InteractionRef,
      description: 'The turns, oldest first.',
      resolve: (conversation, args, { loader, services }, info) =>
        connect(
          args,
          bySequence,
          async (page) => {
            const columns = columnsFor(info);
            const ahead = turnsReadAhead(conversation, page, columns);
            if (ahead) return ahead;
            return loader({
              name: `interactions of conversations ${columns} ${page.after} ${page.before} ${page.limit} ${page.inverted}`,
              load: (keys: readonly (typeof ConversationRef.$inferType)[]) =>
                conversationTurns(services, keys, page, columns),
              key: conversation,
              id: ({ id }) => id,
            });
          },
          info,
        ),
    },
    InteractionConnection,
  ),
}));

readConversationsWith(({ services }, info, { owner, values }) => {
  const below = fieldBelow(info, 'Conversation', 'interactions');
  if (!below || columnsFor(below.info) !== 'said') return null;
  try {
    return threadPage(services, owner, values, askedPage(below.args, bySequence, below.info));
  } catch (error) {
    // Its resolver says so, of each conversation.
    if (error instanceof InvalidInput) return null;
    throw error;
  }
});

const InteractionFilter = builder.inputType('InteractionFilter', {
  description: 'Which turns; all conditions must hold.',
  fields: (t) => ({
    conversationId: t.string({ description: 'Only of this thread.' }),
    intent: t.string({ description: 'Only with this intent.' }),
    since: t.field({ type: 'DateTime', description: 'Only at or after this instant.' }),
    until: t.field({ type: 'DateTime', description: 'Only at or before this instant.' }),
    text: t.string({
      description:
        'Words that must all occur in what was said on either side, in any form of theirs, as memorySearch knows words; a text of nothing but words like "the" finds nothing.',
    }),
    status: t.field({ type: InteractionStatusEnum, description: 'Only with this status.' }),
    character: t.string({ description: 'Only turns that name this character, by the full name.' }),
    includeArchived: t.boolean({
      defaultValue: false,
      description: 'Also turns in the archive; see `archiveInteractions`.',
    }),
    userId: t.string({ description: 'Another user, for those who may act for others; absent: the caller.' }),
  }),
});

const stored = timeCursor<ListedTurn>(positionOfTurn);
/** Turns that wait for the database say that, and in which order, behind the rest. */
const byTime: CursorFormat<ListedTurn, TurnPosition> = {
  encode: (turn) => [stored.encode(turn), ...(positionOfTurn(turn).waits ?? [])].join('.'),
  decode: (cursor) => {
    const [, place = '', entry, index] = /^([^.]+\.[^.]+)(?:\.(\d{1,15})\.(\d{1,4}))?$/.exec(cursor) ?? [];
    const position = stored.decode(place);
    return position && { ...position, waits: entry ? [Number(entry), Number(index)] : null };
  },
};

builder.queryFields((t) => ({
  interactions: t.connection(
    {
      type: InteractionRef,
      description: 'Turns of one user, newest first; those in the archive only where the filter says so.',
      args: { filter: t.arg({ type: InteractionFilter, description: 'Which turns.' }) },
      resolve: (_root, args, { services, principal }, info) => {
        const { userId, ...conditions } = args.filter ?? {};
        const owner = ownerFor(principal, userId, 'filter.userId');
        const includeArchived = conditions.includeArchived ?? false;
        return connect(
          args,
          byTime,
          (page) => userTurns(services, owner, { ...conditions, includeArchived }, page, columnsFor(info)),
          info,
        );
      },
    },
    InteractionConnection,
  ),
}));
