import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { scopeOf } from '../../ground/ownership.ts';
import { CharacterRef, loadCharacter } from '../characters/graphql.ts';
import { ConversationRef, loadConversation } from '../conversations/graphql.ts';
import { parseTurnId } from './interactions.ts';
import { MAX_CHARACTERS } from './shape.ts';
import type { FINISH_REASONS, INTERACTION_STATUSES, InteractionRow, VECTOR_STATES } from './tables.ts';
import { findInteractions } from './views.ts';

export const IntelligenceLevelEnum = builder.enumType('IntelligenceLevel', {
  description: 'How much a model is asked to think.',
  values: {
    AUTO: {
      value: 'auto',
      description:
        'The server scores the complexity of the query and chooses. Never the level of a stored turn.',
    },
    QUICK: { value: 'quick', description: 'The fastest model.' },
    STANDARD: { value: 'standard', description: 'The model for most queries.' },
    EXPERT: { value: 'expert', description: 'The strongest model.' },
    SECURITY: {
      value: 'security',
      description: 'Refused by policy; only of stored turns, never to be asked for.',
    },
  } as const,
});

export const InteractionStatusEnum = builder.enumType('InteractionStatus', {
  description: 'How far a turn came.',
  values: {
    PROCESSING: { description: 'Accepted; the answer is being made.' },
    ANSWERED: { description: 'Answered and stored.' },
    INTERRUPTED: {
      description:
        'Accepted and not answered: the server stopped, results of tools are awaited, or, through `/v1`, a client cut the answer off or the model refused: what was written is the response then. Asking again answers it.',
    },
    FAILED: {
      description:
        'No configured model answered; the response says why, or has the words in which the last one refused to.',
    },
    RECORDED: { description: 'An utterance that another assistant recorded and nobody answered.' },
  } satisfies Record<(typeof INTERACTION_STATUSES)[number], { description: string }>,
});

const FinishReasonEnum = builder.enumType('FinishReason', {
  description: 'How the answer of a model ended. Whatever it is, what was written by then is kept.',
  values: {
    STOP: { value: 'stop', description: 'The model had no more to say.' },
    LENGTH: { value: 'length', description: 'Cut at the limit of tokens or characters.' },
    CONTENT_FILTER: {
      value: 'content_filter',
      description:
        'Cut by the filter of the provider, or a refusal that the provider marks as one; where nothing else was said, the turn has FAILED (through `/v1`: is INTERRUPTED).',
    },
    TIMEOUT: {
      value: 'timeout',
      description: 'Cut, because it was still being written when its time was over.',
    },
    CANCELLED: { value: 'cancelled', description: 'Cut by `cancelQuery`.' },
    OTHER: { value: 'other', description: 'The provider did not say, or said something else.' },
  } as const satisfies Record<string, { value: (typeof FINISH_REASONS)[number]; description: string }>,
});

const VectorStateEnum = builder.enumType('VectorState', {
  description: 'Whether a turn is in vector memory.',
  values: {
    PENDING: { description: 'Waits for its vector, or is being embedded.' },
    LEASED: { description: 'Is being embedded, by a server of an earlier version.' },
    EMBEDDED: { description: 'Its vector is stored.' },
    FAILED: { description: 'Embedding failed for now; it is tried again.' },
  } satisfies Record<(typeof VECTOR_STATES)[number], { description: string }>,
});

export const DurabilityEnum = builder.enumType('Durability', {
  description: 'How an acknowledged turn is kept.',
  values: {
    COMMITTED: { description: 'In the database.' },
    JOURNALED: { description: 'On local disk, until the database has taken it.' },
  } as const,
});

export const InteractionRef = builder.objectRef<InteractionRow>('Interaction');

builder.node(InteractionRef, {
  description: 'One turn: a query and its response.',
  id: { resolve: (turn) => turn.turnId },
  loadMany: (ids, { services, principal }) =>
    findInteractions(
      services,
      scopeOf(principal),
      ids.map((id) => parseTurnId(id, 'id')),
    ),
  fields: (t) => ({
    turnId: t.exposeID('turnId', { description: 'The id of the turn (a UUID).' }),
    conversationId: t.exposeString('conversationId', { description: 'The thread that it belongs to.' }),
    userId: t.exposeString('userId', { description: 'Whose turn it is.' }),
    sequence: t.int({
      nullable: true,
      description:
        'Position in its conversation, from 1; only a deleted turn leaves a gap. Null while only the journal has the turn.',
      resolve: (turn) => turn.sequence || null,
    }),
    query: t.exposeString('query', { description: 'What was said.' }),
    response: t.string({
      nullable: true,
      description: 'What was answered; null if nobody answered.',
      resolve: (turn) => turn.response || null,
    }),
    speaker: t.exposeString('speaker', { nullable: true, description: 'Who said it; null: the user.' }),
    responder: t.exposeString('responder', {
      nullable: true,
      description: 'Who answered; null: the assistant.',
    }),
    modelUsed: t.exposeString('modelUsed', {
      description: 'The model that answered, or the part of the server that did.',
    }),
    intelligenceLevel: t.field({
      type: IntelligenceLevelEnum,
      nullable: true,
      description: 'The level that was used; null for recorded turns.',
      resolve: (turn) => turn.intelligenceLevel as 'quick' | null,
    }),
    processingTimeMs: t.float({
      description: 'Milliseconds from the query to its answer.',
      resolve: (turn) => turn.processingTime * 1000,
    }),
    escalationPath: t.exposeStringList('escalationPath', {
      description: 'What was asked for an answer, in order, and how it failed.',
    }),
    intent: t.exposeString('intent', {
      nullable: true,
      description: 'What the query asks for; null where it was not classified.',
    }),
    confidence: t.exposeFloat('confidence', {
      nullable: true,
      description: 'Confidence of the intent, 0 to 1.',
    }),
    requiresClarification: t.exposeBoolean('requiresClarification', {
      description: 'Whether the server asks back.',
    }),
    clarifyingQuestions: t.exposeStringList('clarifyingQuestions', { description: 'What it asks back.' }),
    timestamp: t.expose('timestamp', { type: 'DateTime', description: 'When it was said.' }),
    sessionId: t.exposeString('sessionId', {
      nullable: true,
      description: 'The sitting that it belongs to.',
    }),
    metadata: t.expose('metadata', { type: 'JSON', description: 'What else was given with the turn.' }),
    status: t.field({
      type: InteractionStatusEnum,
      description: 'How far it came.',
      resolve: (turn) => turn.status,
    }),
    vectorState: t.field({
      type: VectorStateEnum,
      description: 'Whether it is in vector memory.',
      resolve: (turn) => turn.vectorState,
    }),
    character: t.field({
      type: CharacterRef,
      nullable: true,
      description:
        'The character that the query names first of all, or else its response; null if none, or if it is another user’s own.',
      resolve: (turn, _args, ctx) =>
        turn.characterId === null ? null : loadCharacter(ctx, turn.characterId),
    }),
    characters: t.field({
      type: [CharacterRef],
      description: `All characters that it names on either side, \`character\` first, at most ${MAX_CHARACTERS}; of turns of earlier versions only that one. Other users’ own are left out.`,
      resolve: async (turn, _args, ctx) => {
        const named = turn.characterIds ?? (turn.characterId === null ? [] : [turn.characterId]);
        const characters = await Promise.all(named.map((id) => loadCharacter(ctx, id)));
        return characters.flatMap((character) => character ?? []);
      },
    }),
    conversation: t.field({
      type: ConversationRef,
      nullable: true,
      description: 'The thread that it belongs to.',
      resolve: (turn, _args, ctx) => loadConversation(ctx, turn),
    }),
  }),
});

builder.objectFields(InteractionRef, (t) => ({
  stepTimings: t.expose('stepTimings', {
    type: 'JSON',
    nullable: true,
    description:
      'Milliseconds by step of the query flow (`queue`, as part of `answer`: waiting for a turn with the model); null for recorded turns.',
  }),
  tokensIn: t.exposeInt('tokensIn', {
    nullable: true,
    description: 'Tokens of the prompt, as the provider counted them.',
  }),
  tokensOut: t.exposeInt('tokensOut', {
    nullable: true,
    description: 'Tokens of the answer, as the provider counted them.',
  }),
  finishReason: t.field({
    type: FinishReasonEnum,
    nullable: true,
    description:
      'How the answer of the model ended, and so whether it is whole; null where no model wrote it, and of turns of earlier versions.',
    resolve: (turn) => turn.finishReason,
  }),
  cost: t.float({
    nullable: true,
    description:
      'What the answer cost by the prices of `LLM_PRICES`, in their currency, to the millionth; null where no price is known or the provider did not count its tokens. Attempts before it that failed are not in it.',
    resolve: (turn) => (turn.cost === null ? null : Number(turn.cost)),
  }),
  archivedAt: t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'When it went into the archive, where lists and searches leave it out unless they are asked; null: it is not there.',
    resolve: (turn) => turn.archivedAt,
  }),
  rating: t.exposeFloat('rating', {
    nullable: true,
    description: 'What the user thought of the answer, -1 to 1.',
  }),
  ratingComment: t.exposeString('ratingComment', {
    nullable: true,
    description: 'What the user said about the answer.',
  }),
}));

builder.queryFields((t) => ({
  interaction: t.field({
    type: InteractionRef,
    nullable: true,
    description: 'One turn by its id; null if it does not exist for this caller.',
    args: { turnId: t.arg.id({ required: true, description: 'The id of the turn.' }) },
    resolve: (_root, { turnId }, ctx) => loadInteraction(ctx, parseTurnId(turnId)),
  }),
}));

/** One turn as this caller may see it; null if there is none. */
export function loadInteraction({ loader, services, principal }: Context, turnId: string) {
  const load = (ids: readonly string[]) => findInteractions(services, scopeOf(principal), ids);
  return loader({ name: 'interaction', load, key: turnId });
}
