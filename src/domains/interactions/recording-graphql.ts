import {
  IdempotencyKeyReused,
  InteractionDeleted,
  InvalidInput,
  NotFound,
  QuotaExceeded,
} from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { ownerFor, scopeOf } from '../../ground/ownership.ts';
import { DurabilityEnum, InteractionRef } from './graphql.ts';
import { type RecordedTurns, rateInteraction, recordTurns } from './interactions.ts';
import type { InteractionRow } from './tables.ts';

const TurnInput = builder.inputType('TurnInput', {
  description: 'A turn that another assistant produced.',
  fields: (t) => ({
    query: t.string({ required: true, description: 'What was said, 1 to 32,000 characters.' }),
    response: t.string({
      description: 'What was answered, at most 200,000 characters; absent or empty: nobody answered.',
    }),
    speaker: t.string({ description: 'Who said it, if not the user; at most 100 characters.' }),
    responder: t.string({ description: 'Who answered, if not the assistant; at most 100 characters.' }),
    timestamp: t.field({ type: 'DateTime', description: 'When; default now.' }),
    sessionId: t.string({ description: 'Utterances of one sitting share it; at most 255 characters.' }),
    modelUsed: t.string({ description: 'The model that answered, at most 100 characters.' }),
    processingTimeMs: t.float({ description: 'Milliseconds that the answer took.' }),
    intent: t.string({ description: 'At most 50 characters.' }),
    metadata: t.field({ type: 'JSON', description: 'A JSON object of at most 64 KiB.' }),
    idempotencyKey: t.string({
      description:
        'Names this turn within its conversation, 1 to 255 ASCII characters: a retry stores it once.',
    }),
  }),
});

const RecordTurnsInput = builder.inputType('RecordTurnsInput', {
  description: 'Turns of one conversation.',
  fields: (t) => ({
    conversationId: t.string({
      required: true,
      description: 'The thread, 1 to 100 characters; made if it does not exist.',
    }),
    userId: t.string({ description: 'Another user, for those who may act for others; absent: the caller.' }),
    title: t.string({
      description:
        'What the thread is called for people, at most 200 characters; taken only where it never had a title.',
    }),
    turns: t.field({ type: [TurnInput], required: true, description: '1 to 500 turns, in their order.' }),
  }),
});

const RecordTurnsSuccess = builder.objectRef<RecordedTurns>('RecordTurnsSuccess').implement({
  description: 'All turns are stored.',
  fields: (t) => ({
    interactions: t.field({
      type: [InteractionRef],
      description: 'The stored turns, in the order given.',
      resolve: (saved) => saved.turns.map((turn) => turn.row),
    }),
    durability: t.field({
      type: DurabilityEnum,
      description: 'How they are kept.',
      resolve: (saved) => saved.durability,
    }),
    replayed: t.int({
      description:
        'How many of them had been stored before; of turns that are JOURNALED, those that are known to have been.',
      resolve: (saved) => saved.turns.filter((turn) => turn.replayed).length,
    }),
    uncertain: t.exposeInt('uncertain', {
      description:
        'Of turns that are JOURNALED: how many may have been stored before, because the database did not tell. 0 where it did.',
    }),
  }),
});

const RateInteractionInput = builder.inputType('RateInteractionInput', {
  description: 'What the user thought of an answer.',
  fields: (t) => ({
    turnId: t.id({ required: true, description: 'The turn.' }),
    rating: t.float({ required: true, description: '-1 (bad) to 1 (good).' }),
    comment: t.string({ description: 'At most 500 characters.' }),
  }),
});

const RateInteractionSuccess = builder
  .objectRef<{ interaction: InteractionRow }>('RateInteractionSuccess')
  .implement({
    description: 'The rating is stored.',
    fields: (t) => ({
      interaction: t.expose('interaction', { type: InteractionRef, description: 'The rated turn.' }),
    }),
  });

builder.mutationFields((t) => ({
  recordTurns: t.field({
    type: RecordTurnsSuccess,
    description:
      'Stores 1 to 500 turns that another assistant produced; all or nothing; idempotent by their keys.',
    errors: { types: [InvalidInput, NotFound, IdempotencyKeyReused, InteractionDeleted, QuotaExceeded] },
    args: { input: t.arg({ type: RecordTurnsInput, required: true, description: 'The turns.' }) },
    resolve: (_root, { input: { userId, conversationId, title, turns } }, { services, principal }) =>
      recordTurns(services, ownerFor(principal, userId), {
        conversationId,
        title,
        turns: turns.map(asRecordedTurn),
      }),
  }),
  rateInteraction: t.field({
    type: RateInteractionSuccess,
    description: 'Rates an answer; a later rating replaces an earlier one.',
    errors: { types: [InvalidInput, NotFound] },
    args: { input: t.arg({ type: RateInteractionInput, required: true, description: 'The rating.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      interaction: await rateInteraction(services, scopeOf(principal), input),
    }),
  }),
}));

function asRecordedTurn({ metadata, ...turn }: typeof TurnInput.$inferInput) {
  return { ...turn, metadata: metadata as Record<string, unknown> | null | undefined };
}
