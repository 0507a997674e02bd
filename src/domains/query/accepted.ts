import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { Patience } from '../../db/patience.ts';
import * as input from '../../ground/input.ts';
import { conversationOfEpisode } from '../conversations/reads.ts';
import {
  type AnswerMode,
  conversationIdOf,
  payloadHashOf,
  timeOrderedUuid,
  turnIdOf,
} from '../interactions/turn.ts';
import { timeZone } from '../settings/settings.ts';
import { placeOf } from './place.ts';

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
  intelligenceLevel: z
    .enum(LEVELS, { error: `must be one of ${LEVELS.join(', ')}` })
    .nullish()
    .transform((level) => level ?? 'auto'),
  requestType: z
    .enum(REQUEST_TYPES)
    .nullish()
    .transform((type) => type ?? 'conversation'),
  context: input.jsonObject.nullish(),
  /** In which days are counted; absent: the user's. A retry may name another: it is no part of the request. */
  timeZone: timeZone.nullish(),
});

export type ProcessQueryInput = z.input<typeof ProcessQuery>;
export type AcceptedQuery = Omit<z.output<typeof ProcessQuery>, 'timeZone'> & {
  readonly owner: Owner;
  readonly turnId: string;
  readonly conversationId: string;
  /** The mode asked for, else the conversation's last one. */
  readonly effectiveMode: AnswerMode | null;
  /** Names of the characters who answer in the conversation. */
  readonly characters: readonly string[];
  /** With which of the greetings of the first of them it begins. */
  readonly greeting: number;
  /** In which days are counted: the one asked for, else the user's; null: nobody has looked yet. */
  readonly timeZone: string | null;
  /** What its conversation is like could not be read in time. */
  readonly isPlaceMissed: boolean;
};

/** Finds the place of a query: its conversation, and its id. @throws InvalidInput */
export async function accept(
  services: {
    readonly db: Database;
    readonly availability: Patience;
    readonly config: { readonly defaultTimeZone: string };
  },
  owner: Owner,
  given: ProcessQueryInput,
): Promise<AcceptedQuery> {
  const { db, availability, config } = services;
  const query = input.parseInput(ProcessQuery, given);
  const missedBefore = availability.missed;
  let conversationId = query.conversationId ?? null;
  if (!conversationId && query.episodeId) {
    const { episodeId } = query;
    const known = await availability.tolerate(() => conversationOfEpisode(db, owner, episodeId), null);
    conversationId = known?.conversationId ?? conversationIdOf(owner, query.episodeId);
  }
  // A retry knows no conversation either, so the key alone must lead to the same one.
  if (!conversationId && query.idempotencyKey) conversationId = turnIdOf(owner, '', query.idempotencyKey);
  const named = conversationId !== null;
  conversationId ??= randomUUID();
  const id = conversationId;
  const place = named ? await availability.tolerate(() => placeOf(db, owner, id), null) : null;
  const turnId = query.idempotencyKey
    ? turnIdOf(owner, conversationId, query.idempotencyKey)
    : timeOrderedUuid(new Date());
  return {
    ...query,
    owner,
    turnId,
    conversationId,
    effectiveMode: query.mode ?? place?.lastMode ?? null,
    characters: place?.characters ?? [],
    greeting: place?.greeting ?? 0,
    isPlaceMissed: availability.missed > missedBefore,
    timeZone: query.timeZone ?? (place && (place.timeZone ?? config.defaultTimeZone)),
  };
}

/** Names what makes a retry the same request. */
export function payloadHashOfQuery(query: AcceptedQuery): string {
  return payloadHashOf(payloadOf(query));
}

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
