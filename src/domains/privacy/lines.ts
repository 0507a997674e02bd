import { z } from 'zod';
import * as input from '../../ground/input.ts';
import type { TurnLine } from '../interactions/rows.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 hash in hexadecimal' });
const nullableText = (maximum: number) => input.text(maximum, 0).nullable();

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
export type DeletedLine = z.output<typeof DeletedLine>;

/** Lines of one conversation; a page of an export may begin in the middle of one. */
export interface Part {
  readonly conversation: ConversationLine | null;
  readonly conversationId: string;
  readonly turns: { readonly line: number; readonly turn: TurnLine | DeletedLine }[];
}
