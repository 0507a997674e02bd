import { currentActor } from '../../access/caller.ts';
import { newTurn, type Turn } from '../interactions/turn.ts';
import { type AcceptedQuery, payloadHashOfQuery } from './accepted.ts';
import type { QueryAnswer } from './answer.ts';

/** The turn as it is when its query has been accepted. */
export function unanswered(query: AcceptedQuery): Turn {
  return newTurn({
    ...query.owner,
    turnId: query.turnId,
    conversationId: query.conversationId,
    episodeId: query.episodeId ?? null,
    mode: query.mode ?? null,
    query: query.query,
    timestamp: new Date().toISOString(),
    metadata: { request_type: query.requestType, ...(query.context ? { context: query.context } : {}) },
    status: 'PROCESSING',
    idempotencyKey: query.idempotencyKey ?? null,
    payloadHash: payloadHashOfQuery(query),
    context: query.context ?? null,
    actor: currentActor(),
  });
}

/** What an answer adds to it. */
export function answered(query: AcceptedQuery, answer: QueryAnswer) {
  const { intent, confidence, requiresClarification, clarifyingQuestions, prompt } = answer.classification;
  return {
    response: answer.text,
    modelUsed: answer.modelUsed,
    intelligenceLevel: answer.level,
    escalationPath: answer.escalationPath,
    intent,
    confidence,
    requiresClarification,
    clarifyingQuestions,
    metadata: { ...unanswered(query).metadata, ...(prompt ? { prompt } : {}) },
    status: answer.status,
    tokensIn: answer.tokensIn,
    tokensOut: answer.tokensOut,
    ...(answer.finishReason && { finishReason: answer.finishReason }),
    ...(answer.cost !== undefined && { cost: answer.cost }),
  };
}
