import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  smallint,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** SQL: how many turns the conversations that are read have, as they count themselves. */
export const COUNTED_TURNS = 'coalesce(sum(next_sequence - 1 - deleted_turns), 0)';

/** A thread of turns of one user, whose name is its user's own; one row per conversation. */
export const conversations = pgTable(
  'echo_conversations',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    conversationId: varchar('conversation_id', { length: 100 }).notNull(),
    userId: varchar('user_id', { length: 100 }).notNull().default('default'),
    episodeId: varchar('episode_id', { length: 255 }),
    lastMode: text('last_mode', { enum: ['plain_english', 'founder_takeaway', 'engineer_angle'] }),
    createdAt: instant('created_at').notNull().defaultNow(),
    lastInteraction: instant('last_interaction').notNull().defaultNow(),
    /** Intents of the latest turns, oldest first, at most 50. */
    intentHistory: jsonb('intent_history').$type<string[]>().notNull().default([]),
    context: jsonb('context').$type<Record<string, unknown>>().notNull().default({}),
    /** Null: it never had one. Empty: its user took it away, and no import gives it another. */
    title: varchar('title', { length: 200 }),
    pinned: boolean('pinned').notNull().default(false),
    /** Names of the characters who answer in it; empty: the assistant does. */
    characters: text('characters').array().notNull().default(sql`'{}'::text[]`),
    /** With which of the greetings of the first of them it begins, from 0. */
    greeting: smallint('greeting').notNull().default(0),
    /** The sequence number that the next turn gets. */
    nextSequence: integer('next_sequence').notNull().default(1),
    /** Chain hash of the newest turn; null while there is none. */
    chainHash: bytes('chain_hash'),
    /** Turns that were deleted one by one; their numbers stay unused. */
    deletedTurns: integer('deleted_turns').notNull().default(0),
  },
  (table) => [
    uniqueIndex('echo_conversations_conversation_id_key').on(
      table.conversationId,
      table.tenantId,
      table.userId,
    ),
    index('echo_conversations_episode_idx').on(table.userId, table.tenantId, table.episodeId),
    index('echo_conversations_recent_idx').on(table.userId, table.tenantId, table.lastInteraction, table.id),
    check(
      'echo_conversations_mode_check',
      sql`${table.lastMode} in ('plain_english', 'founder_takeaway', 'engineer_angle')`,
    ),
  ],
);

/**
 * Turns that were deleted: so that no late retry brings one back, and, while its conversation is there, that its gap
 * in the chain of hashes is known for a deletion. A conversation that was deleted leaves a mark of its own (`conversationMarkOf`),
 * by which its turns are known that another server had accepted and not stored.
 */
export const deletedTurns = pgTable(
  'echo_deleted_turns',
  {
    turnId: uuid('turn_id').notNull(),
    tenantId: tenantId(),
    /** SHA-256 of tenant and user: whose it was stays unsaid when they have been erased. */
    subject: bytes('subject').notNull(),
    /** Its place, as long as the conversation around it is there; null otherwise. */
    conversationId: varchar('conversation_id', { length: 100 }),
    sequence: integer('sequence'),
    chainHash: bytes('chain_hash'),
    /** With its user: no copy of it is taken back, whoever brings it. */
    isErased: boolean('is_erased').notNull().default(false),
    deletedAt: instant('deleted_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.turnId, table.subject] }),
    index('echo_deleted_turns_place_idx').on(table.subject, table.conversationId, table.sequence),
  ],
);

export type ConversationRow = typeof conversations.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: conversations,
    owner: { user: conversations.userId },
    erasure: { rows: { verb: 'eraseConversations' }, counted: 'conversations', left: 'conversations' },
    exported: { lines: 'conversation' },
    audited: [
      {
        on: 'UPDATE',
        action: 'conversation.update',
        trigger: {
          target: conversations.conversationId,
          owner: conversations.userId,
          of: [conversations.title, conversations.pinned],
        },
      },
      {
        on: 'DELETE',
        action: 'conversation.delete',
        trigger: { target: conversations.conversationId, owner: conversations.userId },
      },
    ],
    kept: 'until they are deleted',
  },
  {
    table: deletedTurns,
    owner: { subject: deletedTurns.subject },
    erasure: { rows: 'keep', why: 'by them a copy of a turn is known again; they say no name' },
    exported: { lines: 'deleted' },
    audited: { not: 'the deletion that leaves one is' },
    kept: 'until they are deleted',
  },
];
