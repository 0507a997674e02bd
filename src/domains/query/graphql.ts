import {
  IdempotencyKeyReused,
  InteractionDeleted,
  InvalidInput,
  NotFound,
  QuotaExceeded,
} from '../../errors.ts';
import { builder, HEAVY, WRITES } from '../../graphql/builder.ts';
import { selectsOnly } from '../../graphql/selection.ts';
import { ownerFor, scopeOf } from '../../ground/ownership.ts';
import { AnswerModeEnum, ConversationRef, loadConversation } from '../conversations/graphql.ts';
import { DurabilityEnum, IntelligenceLevelEnum, InteractionRef } from '../interactions/graphql.ts';
import { MemoryHitRef } from '../memory/graphql.ts';
import type { ProcessQueryInput } from './accepted.ts';
import { type CancelledQuery, cancelQuery } from './cancel.ts';
import { type ProcessedQuery, processQuery } from './query.ts';
import { type QueryEvent, type QueryStep, streamQuery } from './stream.ts';
import { loreIn, type TurnLore } from './turn.ts';

const RequestTypeEnum = builder.enumType('RequestType', {
  description: 'What kind of request a query is.',
  values: {
    CONVERSATION: { value: 'conversation', description: 'Something said to the assistant.' },
    SYSTEM_COMMAND: { value: 'system_command', description: 'A command; always refused, never executed.' },
    COLLABORATION: {
      value: 'collaboration',
      description: 'Work on something together; answered like a conversation.',
    },
  } as const,
});

const ProcessQueryInputRef = builder.inputType('ProcessQueryInput', {
  description: 'A query, and how to answer it.',
  fields: (t) => ({
    query: t.string({ required: true, description: 'What is asked, 1 to 32,000 characters.' }),
    conversationId: t.string({ description: 'The thread, 1 to 100 characters; made if absent.' }),
    idempotencyKey: t.string({
      description:
        'Names this turn within its conversation, 1 to 255 ASCII characters: a retry stores it once and gets the same answer.',
    }),
    episodeId: t.string({ description: 'With the user, names a conversation; at most 255 characters.' }),
    mode: t.field({
      type: AnswerModeEnum,
      description: 'How to phrase the answer; absent: as last time in this conversation.',
    }),
    intelligenceLevel: t.field({
      type: IntelligenceLevelEnum,
      defaultValue: 'auto',
      description: 'Which model to ask.',
    }),
    requestType: t.field({
      type: RequestTypeEnum,
      defaultValue: 'conversation',
      description: 'What kind of request it is.',
    }),
    context: t.field({
      type: 'JSON',
      description: 'A JSON object of at most 64 KiB; kept with the turn and shown to the model.',
    }),
    timeZone: t.string({
      description:
        'IANA name of the time zone in which "yesterday" and the like are counted; absent: that of the user, see `updateSettings`.',
    }),
    userId: t.string({ description: 'Another user, for those who may act for others; absent: the caller.' }),
  }),
});

const UsedLoreRef = builder.objectRef<TurnLore>('UsedLore').implement({
  description: 'An entry of a character’s lore that a model was told for an answer.',
  fields: (t) => ({
    characterName: t.exposeString('character', {
      complexity: 0,
      description: 'Whose lore it is; the name as it was then.',
    }),
    entry: t.exposeString('entry', { complexity: 0, description: 'The name of the entry.' }),
    reason: t.exposeString('reason', {
      complexity: 0,
      description: 'Why: the key that was said, that it is always told, or the entry that names it.',
    }),
  }),
});

builder.objectField(InteractionRef, 'lore', (t) =>
  t.field({
    type: [UsedLoreRef],
    description:
      'What of characters’ lore a model was told for the answer, in that order, at most 50 entries.',
    resolve: ({ metadata }) => loreIn(metadata),
  }),
);

/** Of a database that did not take the turn in time nothing is waited for again. */
const CONVERSATION_MS = 200;

const ProcessQuerySuccess = builder.objectRef<ProcessedQuery>('ProcessQuerySuccess').implement({
  description: 'The query is answered and the turn is stored.',
  fields: (t) => ({
    interaction: t.expose('interaction', { type: InteractionRef, description: 'The stored turn.' }),
    conversation: t.field({
      type: ConversationRef,
      description:
        'The thread that it belongs to. While the database is away, only what this turn tells of it.',
      resolve: async (processed, _args, ctx) => {
        const load = () => loadConversation(ctx, processed.interaction);
        const { durability } = processed;
        const stored = await (durability === 'COMMITTED'
          ? load()
          : ctx.services.availability.tolerate(load, null, CONVERSATION_MS));
        return stored ?? conversationOf(processed.interaction);
      },
    }),
    durability: t.field({
      type: DurabilityEnum,
      description: 'How the turn is kept.',
      resolve: (processed) => processed.durability,
    }),
    replayed: t.exposeBoolean('replayed', {
      description: 'Whether an earlier attempt with the same key had stored it.',
    }),
    memories: t.field({
      type: [MemoryHitRef],
      description: 'What went into the answer, oldest first: the first is cited as [1]. Empty for a replay.',
      resolve: (processed) => [...processed.memories],
    }),
  }),
});

/** Fields of a memory that show nothing of its turn. */
const OF_NO_TURN: ReadonlySet<string> = new Set(['__typename', 'score', 'tier', 'reasons']);

builder.mutationField('processQuery', (t) =>
  t.field({
    extensions: HEAVY,
    type: ProcessQuerySuccess,
    description: 'Answers a query in context and stores the turn: the main job.',
    errors: { types: [InvalidInput, NotFound, IdempotencyKeyReused, InteractionDeleted, QuotaExceeded] },
    args: { input: t.arg({ type: ProcessQueryInputRef, required: true, description: 'The query.' }) },
    resolve: (_root, { input }, { services, principal }, info) => {
      const { userId, ...query } = input;
      const memoryColumns = selectsOnly(info, 'MemoryHit', OF_NO_TURN) ? 'said' : 'all';
      return processQuery(services, ownerFor(principal, userId), query as ProcessQueryInput, {
        memoryColumns,
      });
    },
  }),
);

const CancelQuerySuccess = builder.objectRef<CancelledQuery>('CancelQuerySuccess').implement({
  description: 'The query is not being answered any more.',
  fields: (t) => ({
    interaction: t.expose('interaction', {
      type: InteractionRef,
      description:
        'The turn as it is stored: with the text so far, or INTERRUPTED where there was none (asking again with its key answers it).',
    }),
    cancelled: t.exposeBoolean('cancelled', {
      description: 'Whether its answer was ended so; false: it had been answered before.',
    }),
  }),
});

builder.mutationField('cancelQuery', (t) =>
  t.field({
    type: CancelQuerySuccess,
    description:
      'Ends the answering of a query: keeps what was said and the text so far. An answered turn stays as it is.',
    errors: { types: [InvalidInput, NotFound] },
    args: {
      turnId: t.arg.id({
        required: true,
        description: 'The turn, as the stream named it when it was accepted.',
      }),
    },
    resolve: (_root, { turnId }, { services, principal }) =>
      cancelQuery(services, scopeOf(principal), turnId),
  }),
);

const QueryEventRef = builder.interfaceRef<QueryEvent>('QueryEvent').implement({
  description: 'A step on the way to an answer.',
  fields: (t) => ({
    type: t.field({ type: QueryEventType(), description: 'Which step.', resolve: (event) => event.type }),
    cursor: t.exposeID('cursor', { description: 'Position in this stream.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
  }),
});

function QueryEventType() {
  return builder.enumType('QueryEventType', {
    description: 'The steps of an answer.',
    values: {
      ACCEPTED: {
        description: 'The query is valid; it will be answered and stored even if the client leaves.',
      },
      INTENT: { description: 'It was classified.' },
      MEMORIES: { description: 'Memories were gathered.' },
      DELTA: { description: 'A piece of the answer.' },
      RESTARTED: {
        description: 'The pieces so far are void: their model failed and another one starts over.',
      },
      COMPLETED: { description: 'The turn is stored; nothing follows.' },
      FAILED: { description: 'The query was refused; nothing is stored and nothing follows.' },
    } satisfies Record<QueryStep['type'], { description: string }>,
  });
}

type EventOf<T extends QueryStep['type']> = QueryEvent & { type: T };

const QueryFailure = builder.objectRef<{ message: string; code: string }>('QueryFailure').implement({
  description: 'Why a query was refused.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What was wrong and what the limit is, for people.' }),
    code: t.exposeString('code', { description: 'Names the kind of failure, for programs.' }),
  }),
});

builder.objectRef<EventOf<'ACCEPTED'>>('QueryAccepted').implement({
  description: 'The query is valid; it will be answered and stored even if the client leaves.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'ACCEPTED',
  fields: (t) => ({
    turnId: t.exposeID('turnId', { description: 'The id that the turn will have.' }),
    conversationId: t.exposeString('conversationId', { description: 'The thread that it belongs to.' }),
  }),
});

builder.objectRef<EventOf<'INTENT'>>('QueryIntent').implement({
  description: 'The query was classified.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'INTENT',
  fields: (t) => ({
    intent: t.exposeString('intent', { description: 'What it asks for.' }),
    confidence: t.exposeFloat('confidence', { description: '0 to 1.' }),
  }),
});

builder.objectRef<EventOf<'MEMORIES'>>('QueryMemories').implement({
  description: 'Memories were gathered.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'MEMORIES',
  fields: (t) => ({
    memories: t.field({
      type: [MemoryHitRef],
      description: 'Oldest first: the first is cited as [1].',
      resolve: (event) => [...event.memories],
    }),
  }),
});

builder.objectRef<EventOf<'DELTA'>>('QueryDelta').implement({
  description:
    'A piece of the answer; the pieces since the start or the last restart, joined, are the response.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'DELTA',
  fields: (t) => ({ text: t.exposeString('text', { description: 'The piece.' }) }),
});

builder.objectRef<EventOf<'RESTARTED'>>('QueryRestarted').implement({
  description: 'The pieces so far are void: their model failed and another one starts over.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'RESTARTED',
});

builder.objectRef<EventOf<'COMPLETED'>>('QueryCompleted').implement({
  description: 'The turn is stored.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'COMPLETED',
  fields: (t) => ({
    result: t.expose('result', {
      type: ProcessQuerySuccess,
      description: 'The same as `processQuery` returns.',
    }),
  }),
});

builder.objectRef<EventOf<'FAILED'>>('QueryFailed').implement({
  description: 'The query was refused; nothing is stored.',
  interfaces: [QueryEventRef],
  isTypeOf: (event) => (event as QueryEvent).type === 'FAILED',
  fields: (t) => ({
    error: t.field({
      type: QueryFailure,
      description: 'Why.',
      // As plain data: an Error that a resolver returns counts as thrown.
      resolve: ({ error: { message, code } }) => ({ message, code }),
    }),
  }),
});

builder.subscriptionField('processQueryStream', (t) =>
  t.field({
    authScopes: { permission: 'WRITE' },
    extensions: { ...HEAVY, ...WRITES },
    type: QueryEventRef,
    description:
      'The same as `processQuery`, step by step, with the answer as it is written. The turn is stored even if the client leaves.',
    args: { input: t.arg({ type: ProcessQueryInputRef, required: true, description: 'The query.' }) },
    subscribe: (_root, { input }, { services, principal }) => {
      const { userId, ...query } = input;
      return streamQuery(services, ownerFor(principal, userId), query as ProcessQueryInput);
    },
    resolve: (event) => event,
  }),
);

/** A conversation as far as one of its turns tells of it. */
function conversationOf(turn: ProcessedQuery['interaction']): typeof ConversationRef.$inferType {
  const { tenantId, userId, conversationId, timestamp, intent } = turn;
  return {
    id: 0,
    tenantId,
    userId,
    conversationId,
    episodeId: null,
    lastMode: null,
    createdAt: timestamp,
    lastInteraction: timestamp,
    intentHistory: intent ? [intent] : [],
    context: {},
    nextSequence: 2,
    chainHash: null,
    title: null,
    pinned: false,
    characters: [],
    greeting: 0,
    deletedTurns: 0,
  };
}
