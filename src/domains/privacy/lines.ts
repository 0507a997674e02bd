import { z } from 'zod';
import * as input from '../input.ts';
import { FINISH_REASONS, INTERACTION_STATUSES } from '../interactions/tables.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 hash in hexadecimal' });
const nullableText = (maximum: number) => input.text(maximum, 0).nullable();
const names = z.array(input.text(1_000, 0)).max(100);

export const ConversationLine = z.object({
  kind: z.literal('conversation'),
  tenantId: z.string(),
  userId: z.string(),
  conversationId: input.conversationId,
  episodeId: nullableText(255),
  lastMode: z.enum(['plain_english', 'founder_takeaway', 'engineer_angle']).nullable(),
  lastInteraction: input.writtenInstant,
  intentHistory: z.array(input.text(50, 0)).max(50),
  context: input.jsonObject,
  chainHash: hash.nullable(),
  // Exports of an older version have neither.
  title: nullableText(input.MAX_TITLE_LENGTH).default(null),
  pinned: z.boolean().default(false),
});

export const TurnLine = z.object({
  kind: z.literal('turn'),
  conversationId: input.conversationId,
  turnId: z.guid({ error: 'must be a UUID' }),
  sequence: z.int().min(1),
  query: input.text(input.MAX_QUERY_LENGTH),
  response: input.text(input.MAX_RESPONSE_LENGTH, 0),
  speaker: nullableText(100),
  responder: nullableText(100),
  modelUsed: input.text(100),
  intelligenceLevel: nullableText(100),
  processingTime: z.number().min(0),
  escalationPath: names,
  intent: nullableText(50),
  confidence: z.number().min(0).max(1).nullable(),
  requiresClarification: z.boolean(),
  clarifyingQuestions: names,
  timestamp: input.writtenInstant,
  sessionId: nullableText(255),
  metadata: input.jsonObject,
  status: z.enum(INTERACTION_STATUSES),
  idempotencyKey: input.idempotencyKey.nullable(),
  stepTimings: z.record(z.string(), z.number()).nullable(),
  tokensIn: z.int().nullable(),
  tokensOut: z.int().nullable(),
  finishReason: z.enum(FINISH_REASONS).nullish(),
  cost: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6})?$/)
    .nullable(),
  character: nullableText(100),
  rating: z.number().min(-1).max(1).nullable(),
  ratingComment: nullableText(500),
  payloadHash: hash,
  chainHash: hash,
  completionHash: hash.nullable(),
});

/** A turn that was deleted out of its conversation: what holds its place in the chain of hashes. */
export const DeletedLine = z.object({
  kind: z.literal('deleted'),
  conversationId: input.conversationId,
  turnId: z.guid({ error: 'must be a UUID' }),
  sequence: z.int().min(1),
  chainHash: hash,
  deletedAt: input.writtenInstant,
});

export type ConversationLine = z.output<typeof ConversationLine>;
export type TurnLine = z.output<typeof TurnLine>;
export type DeletedLine = z.output<typeof DeletedLine>;

/** Lines of one conversation; a page of an export may begin in the middle of one. */
export interface Part {
  readonly conversation: ConversationLine | null;
  readonly conversationId: string;
  readonly turns: { readonly line: number; readonly turn: TurnLine | DeletedLine }[];
}
