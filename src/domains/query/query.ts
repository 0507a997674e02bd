import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { ModelLevel } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import type { ModelRouter } from '../../models/router.ts';
import type { CharacterDirectory } from '../characters/directory.ts';
import { conversationOfEpisode, conversationsById } from '../conversations/reads.ts';
import { IdempotencyKeyReused, NotFound } from '../errors.ts';
import * as input from '../input.ts';
import { interactionsByTurnId } from '../interactions/reads.ts';
import type { Durability, TurnStore } from '../interactions/store.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import {
  type AnswerMode,
  conversationIdOf,
  payloadHashOf,
  type Turn,
  timeOrderedUuid,
  turnIdOf,
} from '../interactions/turn.ts';
import type { MemoryHit } from '../memory/memory.ts';
import { answerQuery, type QueryAnswer } from './answer.ts';
import { gatherContext } from './gather.ts';
import type { Intent } from './intents.ts';

export const ANSWER_MODES = ['plain_english', 'founder_takeaway', 'engineer_angle'] as const;
export const REQUEST_TYPES = ['conversation', 'system_command', 'collaboration'] as const;
export const LEVELS = ['auto', 'quick', 'standard', 'expert'] as const;

const ProcessQuery = z.object({
  query: input
    .text(input.MAX_QUERY_LENGTH)
    .refine((text) => text.trim() !== '', { error: 'must not be only white space' }),
  conversationId: input.conversationId.nullish(),
  idempotencyKey: input.idempotencyKey.nullish(),
  episodeId: input.text(255).nullish(),
  mode: z.enum(ANSWER_MODES).nullish(),
  intelligenceLevel: z.enum(LEVELS).default('auto'),
  requestType: z.enum(REQUEST_TYPES).default('conversation'),
  context: input.jsonObject.nullish(),
});

export type ProcessQueryInput = z.input<typeof ProcessQuery>;
export type AcceptedQuery = z.output<typeof ProcessQuery> & {
  readonly owner: Owner;
  readonly turnId: string;
  readonly conversationId: string;
  /** The mode asked for, else the conversation's last one. */
  readonly effectiveMode: AnswerMode | null;
};

export interface ProcessedQuery {
  readonly interaction: InteractionRow;
  readonly durability: Durability;
  /** The turn had been stored by an earlier attempt with the same idempotency key. */
  readonly replayed: boolean;
  /** What went into the answer; empty for a replay. */
  readonly memories: readonly MemoryHit[];
}

/** Told of each step as it happens. What it throws is not caught. */
export interface QueryObserver {
  accepted?(query: { turnId: string; conversationId: string }): void;
  intent?(intent: Intent, confidence: number): void;
  memories?(memories: readonly MemoryHit[]): void;
  delta?(text: string): void;
  /** The text sent so far is void: another model starts over. */
  restart?(): void;
}

export interface QueryServices {
  readonly db: Database;
  readonly log: Logger;
  readonly store: TurnStore;
  readonly models: ModelRouter;
  readonly characters: CharacterDirectory;
  readonly inFlight: Map<string, Promise<ProcessedQuery>>;
  readonly config: {
    readonly maxContextMessages: number;
    readonly contextTokenBudget: number;
    readonly languageModels: { readonly levels: Partial<Record<ModelLevel, string>> } | null;
  };
}

/**
 * Answers a query in context and stores the turn: the main job.
 *
 * The turn is stored whether or not the caller still listens; an attempt with an idempotency key that is already
 * known returns the stored turn instead of a second one.
 *
 * @throws InvalidInput, NotFound (a conversation of somebody else), IdempotencyKeyReused
 */
export async function processQuery(
  services: QueryServices,
  owner: Owner,
  given: ProcessQueryInput,
  observer: QueryObserver = {},
): Promise<ProcessedQuery> {
  const accepted = await accept(services, owner, input.parseInput(ProcessQuery, given));
  const { turnId, conversationId, idempotencyKey } = accepted;
  observer.accepted?.({ turnId, conversationId });
  if (!idempotencyKey) return answerAndStore(services, accepted, observer);

  const running = services.inFlight.get(turnId);
  if (running) return sameQuery({ ...(await running), replayed: true }, accepted);
  const [stored] = await interactionsByTurnId(services.db, owner, [turnId]);
  if (stored)
    return sameQuery(
      { interaction: stored, durability: 'COMMITTED', replayed: true, memories: [] },
      accepted,
    );
  const answering = answerAndStore(services, accepted, observer);
  services.inFlight.set(turnId, answering);
  try {
    return await answering;
  } finally {
    services.inFlight.delete(turnId);
  }
}

async function accept(
  services: QueryServices,
  owner: Owner,
  query: z.output<typeof ProcessQuery>,
): Promise<AcceptedQuery> {
  const { db } = services;
  let conversationId = query.conversationId ?? null;
  if (!conversationId && query.episodeId) {
    const known = await conversationOfEpisode(db, owner, query.episodeId);
    conversationId = known?.conversationId ?? conversationIdOf(owner, query.episodeId);
  }
  const named = conversationId !== null;
  conversationId ??= randomUUID();
  const [conversation] = named
    ? await conversationsById(db, { tenantId: owner.tenantId, userId: null }, [conversationId])
    : [null];
  if (conversation && conversation.userId !== owner.userId) {
    throw new NotFound(
      'conversationId',
      `there is no conversation "${conversationId}" of this user, and the name is taken`,
    );
  }
  const turnId = query.idempotencyKey
    ? turnIdOf(owner, conversationId, query.idempotencyKey)
    : timeOrderedUuid(new Date());
  return {
    ...query,
    owner,
    turnId,
    conversationId,
    effectiveMode: query.mode ?? conversation?.lastMode ?? null,
  };
}

async function answerAndStore(
  services: QueryServices,
  query: AcceptedQuery,
  observer: QueryObserver,
): Promise<ProcessedQuery> {
  const started = performance.now();
  const at = new Date();
  const gathered = await gatherContext(services, query);
  observer.intent?.(gathered.classification.intent, gathered.classification.confidence);
  observer.memories?.(gathered.memories);
  const answering = performance.now();
  const answer = await answerQuery(services, query, gathered, observer);
  const ended = performance.now();
  const stepTimings = { ...gathered.timings, answer: ended - answering, total: ended - started };
  const turn = toTurn(query, answer, {
    at,
    stepTimings,
    processingTimeMs: ended - started,
    characterIds: gathered.characters.map(({ id }) => id),
  });
  const saved = await services.store.save([turn]);
  const [applied] = saved.turns;
  if (!applied) throw new Error('the store returned no turn');
  return {
    interaction: applied.row,
    durability: saved.durability,
    replayed: applied.replayed,
    memories: gathered.memories,
  };
}

function toTurn(
  query: AcceptedQuery,
  answer: QueryAnswer,
  run: { at: Date; stepTimings: Record<string, number>; processingTimeMs: number; characterIds: number[] },
): Turn {
  return {
    ...query.owner,
    turnId: query.turnId,
    conversationId: query.conversationId,
    episodeId: query.episodeId ?? null,
    mode: query.mode ?? null,
    query: query.query,
    response: answer.text,
    speaker: null,
    responder: null,
    modelUsed: answer.modelUsed,
    intelligenceLevel: answer.level,
    processingTimeMs: run.processingTimeMs,
    escalationPath: answer.escalationPath,
    intent: answer.classification.intent,
    confidence: answer.classification.confidence,
    requiresClarification: answer.classification.requiresClarification,
    clarifyingQuestions: answer.classification.clarifyingQuestions,
    timestamp: run.at.toISOString(),
    sessionId: null,
    metadata: {
      request_type: query.requestType,
      ...(answer.classification.prompt ? { prompt: answer.classification.prompt } : {}),
      ...(query.context ? { context: query.context } : {}),
    },
    status: answer.status,
    idempotencyKey: query.idempotencyKey ?? null,
    payloadHash: payloadHashOf(payloadOf(query)),
    stepTimings: run.stepTimings,
    tokensIn: answer.tokensIn,
    tokensOut: answer.tokensOut,
    characterIds: run.characterIds,
    context: query.context ?? null,
  };
}

function sameQuery(processed: ProcessedQuery, query: AcceptedQuery): ProcessedQuery {
  if (processed.interaction.payloadHash.toString('hex') === payloadHashOf(payloadOf(query))) return processed;
  throw new IdempotencyKeyReused('idempotencyKey');
}

/** What makes a retry the same request. */
function payloadOf({ query, mode, intelligenceLevel, requestType, context, episodeId }: AcceptedQuery) {
  return {
    query,
    mode: mode ?? null,
    intelligenceLevel,
    requestType,
    context: context ?? null,
    episodeId: episodeId ?? null,
  };
}
