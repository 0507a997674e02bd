import { z } from 'zod';
import { currentActor } from '../../access/caller.ts';
import { newTurn, type Turn } from '../interactions/turn.ts';
import { type AcceptedQuery, payloadHashOfQuery } from './accepted.ts';
import type { QueryAnswer } from './answer.ts';

/** An entry of a character's lore that a turn was told, and why. */
export interface TurnLore {
  readonly character: string;
  readonly entry: string;
  readonly reason: string;
}

/** Under which name the metadata of a turn have its lore. */
const LORE = 'lore';
/** And the model that said what it asks for. */
const INTENT_MODEL = 'intent_model';
/** Entries that a turn keeps. */
const MAX_TOLD = 50;

/** The lore that a turn was told; what is of another form is somebody's own. */
export function loreIn(metadata: Readonly<Record<string, unknown>>): TurnLore[] {
  const told = z.array(TurnLoreForm).safeParse(metadata[LORE]);
  return told.success ? told.data : [];
}

/** The model that decided the intent of a turn; null: none did. */
export function intentModelIn(metadata: Readonly<Record<string, unknown>>): string | null {
  const name = metadata[INTENT_MODEL];
  return typeof name === 'string' ? name : null;
}

const TurnLoreForm = z.object({ character: z.string(), entry: z.string(), reason: z.string() });

/** The turn as it is when its query has been accepted. */
export function unanswered(query: AcceptedQuery): Turn {
  const now = new Date().toISOString();
  return newTurn({
    ...query.owner,
    turnId: query.turnId,
    conversationId: query.conversationId,
    episodeId: query.episodeId ?? null,
    mode: query.mode ?? null,
    query: query.query,
    timestamp: now,
    acceptedAt: now,
    metadata: metadataOf(query),
    status: 'PROCESSING',
    idempotencyKey: query.idempotencyKey ?? null,
    payloadHash: payloadHashOfQuery(query),
    context: query.context ?? null,
    actor: currentActor(),
  });
}

function metadataOf({ requestType, context }: AcceptedQuery) {
  return { request_type: requestType, ...(context ? { context } : {}) };
}

/** What an answer adds to it. */
export function answered(query: AcceptedQuery, answer: QueryAnswer) {
  const { intent, confidence, requiresClarification, clarifyingQuestions, prompt, model } =
    answer.classification;
  return {
    response: answer.text,
    modelUsed: answer.modelUsed,
    intelligenceLevel: answer.level,
    escalationPath: answer.escalationPath,
    intent,
    confidence,
    requiresClarification,
    clarifyingQuestions,
    metadata: {
      ...metadataOf(query),
      ...(prompt ? { prompt } : {}),
      ...(model !== null && { [INTENT_MODEL]: model }),
      ...(answer.lore && answer.lore.length > 0 && { [LORE]: answer.lore.slice(0, MAX_TOLD) }),
    },
    status: answer.status,
    ...(answer.responder !== undefined && { responder: answer.responder }),
    tokensIn: answer.tokensIn,
    tokensOut: answer.tokensOut,
    ...(answer.finishReason && { finishReason: answer.finishReason }),
    ...(answer.cost !== undefined && { cost: answer.cost }),
  };
}
