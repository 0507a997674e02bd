import { z } from 'zod';
import { LEVELS, REQUEST_TYPES } from '../domains/query/accepted.ts';
import { processQuery } from '../domains/query/query.ts';
import { InvalidInput } from '../errors.ts';
import { jsonObject, parseInput } from '../ground/input.ts';
import { ownerFor } from '../ground/ownership.ts';
import { readJson } from '../http/body.ts';
import type { RestRequest } from './request.ts';

const Body = z.object(
  {
    query: z.string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'must be text') }),
    context: jsonObject.nullish(),
    intelligence_level: z.enum(LEVELS, { error: `must be one of ${LEVELS.join(', ')}` }).nullish(),
    user_id: z.string({ error: 'must be text' }).nullish(),
    conversation_id: z.string({ error: 'must be text' }).nullish(),
    request_type: z.enum(REQUEST_TYPES, { error: `must be one of ${REQUEST_TYPES.join(', ')}` }).nullish(),
  },
  { error: 'the body must be a JSON object' },
);

/** POST /api/echo/query and /chat: answers a query and stores the turn. */
export async function postQuery({ services, principal, request }: RestRequest) {
  const body = parseInput(Body, await readJson(request));
  const key = request.headers['idempotency-key'];
  if (Array.isArray(key)) throw new InvalidInput('Idempotency-Key', 'must be given once');
  const { interaction } = await processQuery(services, ownerFor(principal, body.user_id), {
    query: body.query,
    context: body.context,
    intelligenceLevel: body.intelligence_level ?? 'auto',
    conversationId: body.conversation_id,
    requestType: body.request_type ?? 'conversation',
    idempotencyKey: key,
  });
  return {
    response: interaction.response,
    model_used: interaction.modelUsed,
    intelligence_level: interaction.intelligenceLevel,
    processing_time: interaction.processingTime,
    escalation_path: interaction.escalationPath,
    requires_clarification: interaction.requiresClarification,
    clarifying_questions: interaction.clarifyingQuestions,
    conversation_id: interaction.conversationId,
    intent: interaction.intent,
    confidence: interaction.confidence,
    turn_id: interaction.turnId,
    // Not of the older service: only where a model answered.
    ...(interaction.finishReason && { finish_reason: interaction.finishReason }),
    ...(interaction.cost !== null && { cost: Number(interaction.cost) }),
  };
}
