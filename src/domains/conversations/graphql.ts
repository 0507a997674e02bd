import type { GraphQLResolveInfo } from 'graphql';
import type { Owner, Principal } from '../../access/principals.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor, timeCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { selectsOnly } from '../../graphql/selection.ts';
import { MAX_TITLE_LENGTH, parseInput, text } from '../../ground/input.ts';
import { ownerFor, scopeOf } from '../../ground/ownership.ts';
import { updateConversation } from './changes.ts';
import { deleteConversation } from './conversations.ts';
import {
  type ConversationColumns,
  type ConversationName,
  type ConversationPageValues,
  conversationsByName,
  conversationsWhere,
  creationPageValues,
  latestPageValues,
} from './reads.ts';
import type { ConversationRow } from './tables.ts';
import { conversationsTitled } from './titles.ts';

export const AnswerModeEnum = builder.enumType('AnswerMode', {
  description: 'How an answer is phrased.',
  values: {
    PLAIN_ENGLISH: { value: 'plain_english', description: 'Without jargon.' },
    FOUNDER_TAKEAWAY: {
      value: 'founder_takeaway',
      description: 'The takeaway first, then what to do about it.',
    },
    ENGINEER_ANGLE: { value: 'engineer_angle', description: 'Precise and technical, with the trade-offs.' },
  } as const,
});

export const ConversationRef = builder.objectRef<ConversationRow>('Conversation');

const idOf = ({ userId, conversationId }: ConversationName) => `${userId}\0${conversationId}`;

builder.node(ConversationRef, {
  description: 'A thread of turns of one user.',
  id: { resolve: (conversation) => idOf(conversation) },
  loadMany: (ids, { services, principal }) =>
    conversationsByName(
      services.db,
      principal.tenantId,
      ids.map((id) => visibleName(principal, id)),
    ),
  fields: (t) => ({
    conversationId: t.exposeString('conversationId', {
      description: 'The name of the thread, at most 100 characters.',
    }),
    userId: t.exposeString('userId', { description: 'Whose thread it is.' }),
    episodeId: t.exposeString('episodeId', {
      nullable: true,
      description:
        'The episode that names this thread together with its user; null for a thread without one.',
    }),
    lastMode: t.field({
      type: AnswerModeEnum,
      nullable: true,
      description: 'The answer mode that was asked for last; null if never.',
      resolve: (c) => c.lastMode,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the first turn was stored.' }),
    lastInteraction: t.expose('lastInteraction', {
      type: 'DateTime',
      description: 'Time of the latest turn; one that is dated ahead counts as of when it was stored.',
    }),
    title: t.string({
      nullable: true,
      description: 'What it is called for people; null without a title.',
      resolve: (c) => c.title || null,
    }),
    pinned: t.exposeBoolean('pinned', { description: 'Whether its user keeps it at hand.' }),
    intentHistory: t.exposeStringList('intentHistory', {
      description: 'Intents of the latest turns, oldest first, at most 50.',
    }),
    context: t.expose('context', {
      type: 'JSON',
      description: 'What clients gave as context, merged over all turns.',
    }),
    interactionCount: t.int({
      description: 'Number of turns stored.',
      resolve: (c) => c.nextSequence - 1 - c.deletedTurns,
    }),
  }),
});

const ConversationOrderEnum = builder.enumType('ConversationOrder', {
  description: 'In which order conversations come.',
  values: {
    LATEST: {
      value: 'latest',
      description:
        'The one with the latest turn first. It moves while it is read: one that gets a turn meanwhile comes to the front.',
    },
    CREATED: {
      value: 'created',
      description:
        'The one that was stored first comes first. Places never change, so a walk through all pages sees each that was there when it began and is not deleted; new ones come at its end.',
    },
  } as const,
});

/** Fields for which what a list says is enough; for any other, whole rows are read. */
const LISTED: ReadonlySet<string> = new Set([
  ...['__typename', 'id', 'conversationId', 'userId', 'title', 'pinned', 'createdAt', 'lastInteraction'],
  ...['interactionCount', 'interactions'],
]);

const columnsFor = (info: GraphQLResolveInfo): ConversationColumns =>
  selectsOnly(info, 'Conversation', LISTED) ? 'listed' : 'all';

/** Reads a page of conversations as lists need them, together with something of each; null where that is not asked for. */
type ReadAhead = (
  context: Context,
  info: GraphQLResolveInfo,
  asked: { readonly owner: Owner; readonly values: ConversationPageValues },
) => Promise<ConversationRow[]> | null;
let readAhead: ReadAhead = () => null;

/** For the domain whose objects hang on conversations: one statement reads both. */
export function readConversationsWith(read: ReadAhead): void {
  readAhead = read;
}

const WHOSE = 'Whose it is, for those who may act for others; absent: the caller’s own.';
const searched = { episodeId: text(255).nullish(), search: text(1_000).nullish() };
const byLatest = timeCursor<ConversationRow>((row) => ({ at: row.lastInteraction, id: row.id }));
const byCreation = numberCursor<ConversationRow>((row) => row.id);

builder.queryFields((t) => ({
  conversation: t.field({
    type: ConversationRef,
    nullable: true,
    description: 'One conversation by its name; null if it does not exist for this caller.',
    args: {
      conversationId: t.arg.string({ required: true, description: 'The name of the thread.' }),
      userId: t.arg.string({ description: WHOSE }),
    },
    resolve: (_root, { conversationId, userId }, ctx) =>
      loadConversation(ctx, { ...ownerFor(ctx.principal, userId), conversationId }),
  }),
  conversations: t.connection(
    {
      type: ConversationRef,
      description:
        'Conversations of one user, the one with the latest turn first; `orderBy: CREATED` for whoever walks through all of them.',
      args: {
        userId: t.arg.string({
          description: 'Another user, for those who may act for others; absent: the caller.',
        }),
        episodeId: t.arg.string({ description: 'Only those of this episode.' }),
        pinned: t.arg.boolean({ description: 'Only those that are pinned, or (false) that are not.' }),
        search: t.arg.string({
          description: 'Words that the title must all have, in any form of theirs; at most 1,000 characters.',
        }),
        orderBy: t.arg({
          type: ConversationOrderEnum,
          defaultValue: 'latest',
          description: 'The order; cursors of one order are not taken by the other.',
        }),
      },
      resolve: async (_root, args, context, info) => {
        const { db } = context.services;
        const columns = columnsFor(info);
        const owner = ownerFor(context.principal, args.userId);
        const episode = parseInput(searched.episodeId, args.episodeId, 'episodeId');
        const search = parseInput(searched.search, args.search, 'search');
        const ids = search == null ? null : await conversationsTitled(db, owner, search);
        const conditions = { episodeId: episode, pinned: args.pinned, ids };
        const read = (ends: Readonly<Record<string, unknown>>) => {
          const values = { ...conditions, ...ends };
          const ahead = columns === 'listed' ? readAhead(context, info, { owner, values }) : null;
          return ahead ?? conversationsWhere(db, owner, values, columns);
        };
        return args.orderBy === 'created'
          ? connect(args, byCreation, (page) => read(creationPageValues(page)), info)
          : connect(args, byLatest, (page) => read(latestPageValues(page)), info);
      },
    },
    { name: 'ConversationConnection' },
    { name: 'ConversationEdge' },
  ),
}));

const DeleteConversationSuccess = builder
  .objectRef<ConversationName & { deletedInteractions: number }>('DeleteConversationSuccess')
  .implement({
    description: 'The conversation is gone.',
    fields: (t) => ({
      id: t.globalID({
        description: 'The global id that it had, for a cache of the client.',
        resolve: (deleted) => ({ type: 'Conversation', id: idOf(deleted) }),
      }),
      conversationId: t.exposeString('conversationId', { description: 'Its name.' }),
      deletedInteractions: t.exposeInt('deletedInteractions', {
        description: 'Number of turns that went with it.',
      }),
    }),
  });

export const UpdateConversationSuccess = builder
  .objectRef<{ conversation: ConversationRow }>('UpdateConversationSuccess')
  .implement({
    description: 'The changes are stored.',
    fields: (t) => ({
      conversation: t.expose('conversation', { type: ConversationRef, description: 'The changed thread.' }),
    }),
  });

const ConversationChangesInput = builder.inputType('ConversationChanges', {
  description: 'What to change of a conversation; what is absent stays as it is.',
  fields: (t) => ({
    title: t.string({
      description: `What it is called for people, 1 to ${MAX_TITLE_LENGTH} characters; null takes the title away.`,
    }),
    pinned: t.boolean({ description: 'Whether its user keeps it at hand.' }),
  }),
});

builder.mutationFields((t) => ({
  deleteConversation: t.field({
    type: DeleteConversationSuccess,
    description: 'Deletes a conversation with all its turns, for good.',
    errors: { types: [InvalidInput, NotFound] },
    args: {
      conversationId: t.arg.string({ required: true, description: 'The name of the thread.' }),
      userId: t.arg.string({ description: WHOSE }),
    },
    resolve: async (_root, { conversationId, userId }, { services, principal }) => {
      const owner = ownerFor(principal, userId);
      const deletedInteractions = await deleteConversation(services, owner, conversationId);
      return { userId: owner.userId, conversationId, deletedInteractions };
    },
  }),
  updateConversation: t.field({
    type: UpdateConversationSuccess,
    description: 'Gives a conversation another title, or pins it. Its name stays.',
    errors: { types: [InvalidInput, NotFound] },
    args: {
      conversationId: t.arg.string({ required: true, description: 'The name of the thread.' }),
      input: t.arg({ type: ConversationChangesInput, required: true, description: 'The changes.' }),
      userId: t.arg.string({ description: WHOSE }),
    },
    resolve: async (_root, { conversationId, input, userId }, { services, principal }) => ({
      conversation: await updateConversation(services, ownerFor(principal, userId), {
        conversationId,
        title: input.title,
        // GraphQL lets null through.
        pinned: input.pinned as boolean | undefined,
      }),
    }),
  }),
}));

/**
 * A conversation by its name through the operation's batch, or null.
 *
 * @param name of one whose user the caller may act for
 */
export function loadConversation(
  { loader, services, principal }: Context,
  { userId, conversationId }: ConversationName,
) {
  const load = (names: readonly ConversationName[]) =>
    conversationsByName(services.db, principal.tenantId, names);
  return loader({ name: 'conversation', load, key: { userId, conversationId } });
}

/** What a global id names: those of an older version told no user, and name the caller's own. */
function visibleName(principal: Principal, id: string): ConversationName {
  const end = id.indexOf('\0');
  if (end < 0) return { userId: principal.userId, conversationId: id };
  const { userId } = scopeOf(principal);
  const named = id.slice(0, end);
  // NUL is in no name: nothing is found.
  return { userId: userId === null || userId === named ? named : '\0', conversationId: id.slice(end + 1) };
}
