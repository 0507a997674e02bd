import { z } from 'zod';
import { cleanupConversations } from '../domains/conversations/conversations.ts';
import { historyOf, latestConversations } from '../domains/interactions/views.ts';
import { parseInput } from '../ground/input.ts';
import { ownerFor, requireAdmin } from '../ground/ownership.ts';
import type { RestRequest } from './request.ts';

/** Turns of one conversation that the older endpoint gives at most: the latest ones. */
const MAX_HISTORY = 1_000;

/** GET /api/echo/conversation/{id}: its turns, oldest first; an unknown one has none. */
export async function getConversation({ services, principal, parameter, search }: RestRequest) {
  const owner = ownerFor(principal, search.get('user_id'));
  const turns = await historyOf(services, owner, parameter, MAX_HISTORY);
  return {
    conversation_id: parameter,
    history: turns.map((turn) => ({
      query: turn.query,
      response: turn.response,
      model_used: turn.modelUsed,
      processing_time: turn.processingTime,
      timestamp: turn.timestamp.toISOString(),
      intent: turn.intent,
      confidence: turn.confidence,
      ...(turn.finishReason && { finish_reason: turn.finishReason }),
      ...(turn.cost !== null && { cost: Number(turn.cost) }),
      escalation_path: turn.escalationPath,
      requires_clarification: turn.requiresClarification,
      clarifying_questions: turn.clarifyingQuestions,
      metadata: turn.metadata,
    })),
    timestamp: new Date().toISOString(),
  };
}

const Limit = z.coerce
  .number({ error: 'must be a number' })
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be from 1 to 100' })
  .max(100, { error: 'must be from 1 to 100' });

/** GET /api/echo/conversations: one user's threads, the one with the latest turn first. */
export async function listConversations({ services, principal, search }: RestRequest) {
  const owner = ownerFor(principal, search.get('user_id'));
  const limit = parseInput(Limit, search.get('limit') ?? 10, 'limit');
  const conversations = await latestConversations(services, owner, limit);
  return {
    conversations: conversations.map(({ conversation, latestTurn }) => ({
      conversation_id: conversation.conversationId,
      created_at: conversation.createdAt.toISOString(),
      last_intent: conversation.intentHistory.at(-1) ?? null,
      interaction_count: conversation.nextSequence - 1 - conversation.deletedTurns,
      last_query: latestTurn?.query ?? null,
    })),
    timestamp: new Date().toISOString(),
  };
}

const Days = z.coerce.number({ error: 'must be a number' });

/** POST /cleanup: deletes the tenant's conversations without a turn in so many days, as `cleanupConversations` does. */
export async function postCleanup({ services, principal, search }: RestRequest) {
  requireAdmin(principal);
  const days = parseInput(Days, search.get('days_old') ?? services.config.cleanupDaysOld, 'days_old');
  const options = { olderThanDays: days, dryRun: false };
  const { deletedConversations } = await cleanupConversations(services, principal.tenantId, options);
  return { success: true, deleted_count: deletedConversations, days_old: days };
}
