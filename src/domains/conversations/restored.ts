import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { subjectOf } from '../../ground/ownership.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 hash in hexadecimal' });
const nullableText = (maximum: number) => input.text(maximum, 0).nullable();

/** A conversation as a line of an export. */
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
  characters: z.array(input.text(100)).max(100).default([]),
  greeting: z.int().min(0).max(1_000).default(0),
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

/**
 * Makes a conversation by its line, if it has one and is not there, and locks it.
 *
 * @throws NotFound for one that is not there
 */
export async function beginConversation(
  client: PoolClient,
  owner: Owner,
  { conversation, conversationId }: { conversation: ConversationLine | null; conversationId: string },
): Promise<{ nextSequence: number; chainHash: Buffer | null }> {
  if (conversation)
    await client.query({
      name: 'restore_begin',
      text: `insert into echo_conversations
               (user_id, tenant_id, conversation_id, episode_id, last_mode, last_interaction, intent_history, context,
                title, pinned, characters, greeting)
             values ($1, $2, $3, $4, $5, least($6, now()), $7, $8, $9, $10, $11, $12) on conflict (conversation_id, tenant_id, user_id) do nothing`,
      values: [
        owner.userId,
        owner.tenantId,
        conversationId,
        conversation.episodeId,
        conversation.lastMode,
        conversation.lastInteraction,
        JSON.stringify(conversation.intentHistory),
        JSON.stringify(conversation.context),
        conversation.title,
        conversation.pinned,
        conversation.characters,
        conversation.greeting,
      ],
    });
  const { rows } = await client.query<{ nextSequence: number; chainHash: Buffer | null }>({
    name: 'restore_lock',
    text: `select next_sequence as "nextSequence", chain_hash as "chainHash"
           from echo_conversations where conversation_id = $1 and tenant_id = $2 and user_id = $3 for update`,
    values: [conversationId, owner.tenantId, owner.userId],
  });
  const [held] = rows;
  if (!held) throw new NotFound('lines', `the line of the conversation "${conversationId}" must come first`);
  return held;
}

/**
 * Moves a conversation on behind the last of its lines.
 *
 * @param to.deleted how many more of its turns are deleted
 * @param to.latest when the latest of the turns was said that came back; null: none did
 */
export async function moveConversation(
  client: PoolClient,
  owner: Owner,
  conversationId: string,
  to: { next: number; previous: Buffer | null; deleted: number; latest: Date | null },
): Promise<void> {
  await client.query({
    name: 'restore_conversation',
    text: `update echo_conversations set next_sequence = $4, chain_hash = $5, deleted_turns = deleted_turns + $6,
             last_interaction = greatest(last_interaction, least($7::timestamptz, now()))
           where user_id = $1 and tenant_id = $2 and conversation_id = $3`,
    values: [
      ...[owner.userId, owner.tenantId, conversationId, to.next, to.previous, to.deleted],
      // Without a turn: least and greatest pass over null, and least would leave now.
      to.latest ?? '-infinity',
    ],
  });
}

/** Puts the marks of deleted turns at their places. */
export async function restoreMarks(
  client: PoolClient,
  owner: Owner,
  marks: readonly DeletedLine[],
): Promise<void> {
  if (marks.length === 0) return;
  await client.query({
    name: 'restore_deletion_marks',
    text: `insert into echo_deleted_turns (turn_id, tenant_id, subject, conversation_id, sequence, chain_hash, deleted_at)
           select "turnId", $2, $3::bytea, "conversationId", sequence, decode("chainHash", 'hex'), least("deletedAt", now())
           from json_to_recordset($1) as m("turnId" uuid, "conversationId" text, sequence int, "chainHash" text, "deletedAt" timestamptz)
           on conflict (turn_id, subject) do update set conversation_id = excluded.conversation_id,
             sequence = excluded.sequence, chain_hash = excluded.chain_hash`,
    values: [JSON.stringify(marks), owner.tenantId, subjectOf(owner)],
  });
}

/** Takes away the marks of turns that are there again. */
export async function removeMarks(
  client: PoolClient,
  owner: Owner,
  turnIds: readonly string[],
): Promise<void> {
  if (turnIds.length === 0) return;
  await client.query({
    name: 'restore_without_marks',
    text: 'delete from echo_deleted_turns where turn_id = any($1::uuid[]) and subject = $2 and tenant_id = $3',
    values: [turnIds, subjectOf(owner), owner.tenantId],
  });
}
