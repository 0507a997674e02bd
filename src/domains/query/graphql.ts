import {
  IdempotencyKeyReused,
  InteractionDeleted,
  InvalidInput,
  NotFound,
  QuotaExceeded,
} from '../../errors.ts';
import { builder, HEAVY } from '../../graphql/builder.ts';
import { selectsOnly } from '../../graphql/selection.ts';
import { ownerFor, scopeOf } from '../../ground/ownership.ts';
import { AnswerModeEnum, ConversationRef, loadConversation } from '../conversations/graphql.ts';
import { DurabilityEnum, IntelligenceLevelEnum, InteractionRef } from '../interactions/graphql.ts';
import { MemoryHitRef } from '../memory/graphql.ts';
import type { ProcessQueryInput } from './accepted.ts';
import { type CancelledQuery, cancelQuery } from './cancel.ts';
import { type ProcessedQuery, processQuery } from './query.ts';
import { intentModelIn, loreIn, type TurnLore } from './turn.ts';

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

export const ProcessQueryInputRef = builder.inputType('ProcessQueryInput', {
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

builder.objectField(InteractionRef, 'intentModel', (t) =>
  t.string({
    nullable: true,
    description: 'The model that decided `intent`, of `LLM_INTENT_MODEL`; null: rules did, or nobody.',
    resolve: ({ metadata }) => intentModelIn(metadata),
  }),
);

/** Of a database that did not take the turn in time nothing is waited for again. */
const CONVERSATION_MS = 200;

export const ProcessQuerySuccess = builder.objectRef<ProcessedQuery>('ProcessQuerySuccess').implement({
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
    degraded: t.exposeBoolean('degraded', {
      description:
        'Whether a part of what is remembered could not be read in time, so that the answer may lack it. False for a replay.',
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
