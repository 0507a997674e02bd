import { z } from 'zod';
import { cleanupConversations } from '../domains/conversations/conversations.ts';
import { latestEpisodes } from '../domains/conversations/views.ts';
import { rateInteraction } from '../domains/interactions/interactions.ts';
import { historyOf, latestConversations } from '../domains/interactions/views.ts';
import { NotFound } from '../errors.ts';
import { ownerFor, requireAdmin, scopeOf } from '../ground/ownership.ts';
import {
  anyObject,
  body,
  decimal,
  decimalOf,
  decimalOrNull,
  exactlyWithin,
  now,
  ofUser,
  optionalText,
  second,
  secondOf,
  text,
  user_id,
  wholeWithin,
} from './formats.ts';
import { CLEARING, defineRow, READING, type Row, WRITING } from './row.ts';

/** Turns of one conversation that the older endpoint gives at most: the latest ones. */
const MAX_HISTORY = 1_000;
const MAX_CONVERSATIONS = 100;
const USUAL_CONVERSATIONS = 10;

const Turn = z
  .object({
    query: z.string(),
    response: z.string(),
    model_used: z.string(),
    processing_time: decimal,
    timestamp: second,
    intent: z.string().nullable(),
    confidence: decimal.nullable(),
    finish_reason: z.string().optional(),
    cost: decimal.optional(),
    escalation_path: z.array(z.string()),
    requires_clarification: z.boolean(),
    clarifying_questions: z.array(z.string()),
    metadata: anyObject,
  })
  .meta({ id: 'Turn', description: 'What was said and answered.' });

const Conversation = z
  .object({
    conversation_id: z.string(),
    created_at: second,
    last_intent: z.string().nullable(),
    interaction_count: z.int(),
    last_query: z.string().nullable(),
  })
  .meta({ id: 'Conversation', description: 'A thread of one user.' });

const Episode = z
  .object({
    episode_id: z.string(),
    last_mode: z.string().nullable(),
    created_at: second,
    updated_at: second,
  })
  .meta({ id: 'Episode', description: 'A conversation that a user and an episode name.' });

const limit = wholeWithin(1, MAX_CONVERSATIONS);

/** What was said before, by threads. */
export const conversationRows: readonly Row[] = [
  defineRow({
    method: 'GET',
    at: ['/api/echo/conversation/{id}'],
    group: 'Conversations',
    summary: 'The turns of a conversation, oldest first; of an unknown one, none',
    toll: READING,
    path: z.object({ id: z.string() }),
    query: ofUser,
    gives: z
      .object({ conversation_id: z.string(), history: z.array(Turn).max(MAX_HISTORY), timestamp: second })
      .meta({ id: 'ConversationHistory', description: 'The latest turns of a conversation.' }),
    run: async ({ services, principal, path: { id }, query }) => {
      const turns = await historyOf(services, ownerFor(principal, query.user_id), id, MAX_HISTORY);
      return { conversation_id: id, history: turns.map(shown), timestamp: now() };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/conversations'],
    group: 'Conversations',
    summary: 'The threads of a user, the one with the latest turn first',
    toll: READING,
    query: ofUser.extend({ limit: limit.default(USUAL_CONVERSATIONS) }),
    gives: z
      .object({ conversations: z.array(Conversation), timestamp: second })
      .meta({ id: 'Conversations', description: 'Threads.' }),
    run: async ({ services, principal, query }) => {
      const owner = ownerFor(principal, query.user_id);
      const conversations = await latestConversations(services, owner, query.limit);
      return {
        conversations: conversations.map(({ conversation, latestTurn }) => ({
          conversation_id: conversation.conversationId,
          created_at: secondOf(conversation.createdAt),
          last_intent: conversation.intentHistory.at(-1) ?? null,
          interaction_count: conversation.nextSequence - 1 - conversation.deletedTurns,
          last_query: latestTurn?.query ?? null,
        })),
        timestamp: now(),
      };
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/history'],
    group: 'Episodes',
    summary: 'The episodes of a user, the one with the latest turn first',
    toll: READING,
    query: ofUser.extend({ limit: limit.optional() }),
    body: body({ user_id, limit: exactlyWithin(1, MAX_CONVERSATIONS).nullish() }),
    isBodyOptional: true,
    gives: z
      .object({ success: z.literal(true), user_id: z.string(), history: z.array(Episode) })
      .meta({ id: 'Episodes', description: 'Episodes.' }),
    run: async ({ services, principal, query, body: asked }) => {
      const owner = ownerFor(principal, query.user_id ?? asked.user_id);
      const most = query.limit ?? asked.limit ?? USUAL_CONVERSATIONS;
      const episodes = await latestEpisodes(services.db, owner, most);
      return {
        success: true as const,
        user_id: owner.userId,
        history: episodes.map((episode) => ({
          episode_id: episode.episodeId,
          last_mode: episode.lastMode,
          created_at: secondOf(episode.createdAt),
          updated_at: secondOf(episode.lastInteraction),
        })),
      };
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/feedback'],
    group: 'Episodes',
    summary: 'Rates an answer; a later rating replaces an earlier one',
    toll: WRITING,
    body: body({
      message_id: text.describe('The turn_id of an answer.'),
      rating: z.number({ error: 'must be a number from -1 to 1' }).describe('-1 to 1.'),
      comment: optionalText.describe('At most 500 characters.'),
    }),
    gives: z.object({ success: z.literal(true) }).meta({ id: 'Rated', description: 'It is stored.' }),
    run: async ({ services, principal, body: asked }) => {
      const { message_id: turnId, rating, comment } = asked;
      // The older service's ids were numbers: one of those is a turn that is not here, and no mistake of form.
      if (!z.guid().safeParse(turnId).success) throw new NotFound('message_id', 'there is no such turn');
      await rateInteraction(services, scopeOf(principal), { turnId, rating, comment });
      return { success: true as const };
    },
  }),
  defineRow({
    method: 'POST',
    at: ['/cleanup'],
    group: 'Episodes',
    fieldNames: { olderThanDays: 'days_old' },
    summary: 'Deletes the conversations of the tenant without a turn in so many days; for admins',
    toll: CLEARING,
    query: z.object({
      days_old: z.coerce
        .number({ error: 'must be a number' })
        .optional()
        .describe('Absent: the setting CLEANUP_DAYS_OLD.'),
    }),
    gives: z
      .object({ success: z.literal(true), deleted_count: z.int(), days_old: z.number() })
      .meta({ id: 'CleanedUp', description: 'What was deleted.' }),
    run: async ({ services, principal, query }) => {
      requireAdmin(principal);
      const days = query.days_old ?? services.config.cleanupDaysOld;
      const options = { olderThanDays: days, dryRun: false };
      const { deletedConversations } = await cleanupConversations(services, principal.tenantId, options);
      return { success: true as const, deleted_count: deletedConversations, days_old: days };
    },
  }),
];

function shown(turn: Awaited<ReturnType<typeof historyOf>>[number]): z.output<typeof Turn> {
  return {
    query: turn.query,
    response: turn.response,
    model_used: turn.modelUsed,
    processing_time: decimalOf(turn.processingTime),
    timestamp: secondOf(turn.timestamp),
    intent: turn.intent,
    confidence: decimalOrNull(turn.confidence),
    ...(turn.finishReason && { finish_reason: turn.finishReason }),
    ...(turn.cost !== null && { cost: decimalOf(Number(turn.cost)) }),
    escalation_path: [...turn.escalationPath],
    requires_clarification: turn.requiresClarification,
    clarifying_questions: [...turn.clarifyingQuestions],
    metadata: turn.metadata as z.output<typeof anyObject>,
  };
}
