import { type AnyColumn, sql } from 'drizzle-orm';
import {
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  real,
  serial,
  text,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

export const INTERACTION_STATUSES = ['PROCESSING', 'ANSWERED', 'INTERRUPTED', 'FAILED', 'RECORDED'] as const;
/** Few turns stay so: they have an index of their own. */
export const UNANSWERED_STATUSES: readonly string[] = ['PROCESSING', 'INTERRUPTED', 'FAILED'];
/** That a turn stands so, in the words of that index: what asks for it in others reads all turns. */
export const isUnanswered = (status: AnyColumn) =>
  sql`${status} in (${sql.raw(UNANSWERED_STATUSES.map((each) => `'${each}'`).join(', '))})`;
/** How the answer of a model ended; stored as the models say it. */
export const FINISH_REASONS = ['stop', 'length', 'content_filter', 'timeout', 'cancelled', 'other'] as const;
export const VECTOR_STATES = ['PENDING', 'LEASED', 'EMBEDDED', 'FAILED'] as const;
export const LEARNING_STATES = ['PENDING', 'LEASED', 'LEARNED'] as const;

export type InteractionStatus = (typeof INTERACTION_STATUSES)[number];
export type FinishReason = (typeof FINISH_REASONS)[number];
export type VectorState = (typeof VECTOR_STATES)[number];

/**
 * One turn: a query and its response. Content is written once; only its rating and the states of its vector and of learning change later.
 *
 * Turns in the archive lie in a table that inherits from this one (the migration makes it): whatever reads, changes or
 * deletes turns meets them too, and `archived_at is null` leaves their table out.
 */
export const interactions = pgTable(
  'echo_unified_interactions',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    turnId: uuid('turn_id').notNull(),
    conversationId: varchar('conversation_id', { length: 100 }).notNull(),
    /** Position in its conversation, from 1; only a deleted turn leaves a gap. */
    sequence: integer('sequence').notNull(),
    userId: varchar('user_id', { length: 100 }).notNull().default('default'),
    query: text('query').notNull(),
    /** Empty where nobody answered. */
    response: text('response').notNull(),
    speaker: varchar('speaker', { length: 100 }),
    responder: varchar('responder', { length: 100 }),
    modelUsed: varchar('model_used', { length: 100 }).notNull(),
    intelligenceLevel: text('intelligence_level'),
    /** Seconds, as the older service stored it. */
    processingTime: doublePrecision('processing_time').notNull(),
    escalationPath: jsonb('escalation_path').$type<readonly string[]>().notNull().default([]),
    intent: varchar('intent', { length: 50 }),
    confidence: doublePrecision('confidence'),
    requiresClarification: boolean('requires_clarification').notNull().default(false),
    clarifyingQuestions: jsonb('clarifying_questions').$type<readonly string[]>().notNull().default([]),
    timestamp: instant('timestamp').notNull().defaultNow(),
    sessionId: varchar('session_id', { length: 255 }),
    metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),
    status: text('status', { enum: INTERACTION_STATUSES }).notNull().default('ANSWERED'),
    idempotencyKey: varchar('idempotency_key', { length: 255 }),
    payloadHash: bytes('payload_hash').notNull(),
    chainHash: bytes('chain_hash').notNull(),
    /** Over the answer of a turn that was interrupted and answered later; null for all others. */
    completionHash: bytes('completion_hash'),
    /** Milliseconds by step of the query flow. */
    stepTimings: jsonb('step_timings').$type<Record<string, number>>(),
    tokensIn: integer('tokens_in'),
    tokensOut: integer('tokens_out'),
    /** Null where no model wrote the answer, and of turns of earlier versions. */
    finishReason: text('finish_reason', { enum: FINISH_REASONS }),
    /** In the currency of the configured prices; null where no price is known. */
    cost: numeric('cost', { precision: 12, scale: 6 }),
    /** The first of those that it names. */
    characterId: integer('character_id'),
    /** All of them, the first one first; null: a turn of an earlier version, of which only the first is known. */
    characterIds: integer('character_ids').array().$type<readonly number[]>(),
    rating: real('rating'),
    ratingComment: varchar('rating_comment', { length: 500 }),
    vectorState: text('vector_state', { enum: VECTOR_STATES }).notNull().default('PENDING'),
    vectorLeaseToken: uuid('vector_lease_token'),
    /** Of a failed turn: when it is tried again. */
    vectorLeaseUntil: instant('vector_lease_until'),
    vectorAttempts: integer('vector_attempts').notNull().default(0),
    vectorModel: text('vector_model'),
    /** Why it failed last; null otherwise. */
    vectorError: text('vector_error'),
    /** When it was last embedded or put back into the queue; null: never yet. */
    vectorUpdatedAt: instant('vector_updated_at'),
    /** Whether facts were learned from it. */
    learningState: text('learning_state', { enum: LEARNING_STATES }).notNull().default('PENDING'),
    /** The task that learns from it now. */
    learningLeaseToken: uuid('learning_lease_token'),
    learningLeaseUntil: instant('learning_lease_until'),
    /** Since when it has waited to be learned from; of a turn of an earlier version: since this one came. */
    learningSince: instant('learning_since').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** When it went into the archive; null: it is not there. Rows with it lie in `echo_unified_interactions_archive`. */
    archivedAt: instant('archived_at'),
    /** When it came back from the archive, from which on its age counts. */
    restoredAt: instant('restored_at'),
  },
  (table) => [
    uniqueIndex('echo_interactions_turn_id_key').on(table.turnId),
    uniqueIndex('echo_interactions_conversation_sequence_key').on(
      table.conversationId,
      table.tenantId,
      table.userId,
      table.sequence,
    ),
    // What was said before a turn, whenever it was stored.
    index('echo_interactions_conversation_time_idx').on(
      table.conversationId,
      table.tenantId,
      table.userId,
      table.timestamp,
      table.sequence,
    ),
    index('echo_interactions_user_time_idx').on(table.userId, table.tenantId, table.timestamp, table.id),
    index('echo_interactions_character_idx')
      .on(table.userId, table.tenantId, table.characterId, table.id)
      .where(sql`${table.characterId} is not null`),
    // Turns that name several; those of one are in the index above.
    index('echo_interactions_characters_idx')
      .on(table.userId, table.tenantId, table.id)
      .where(sql`cardinality(${table.characterIds}) > 1`),
    // Lists of one intent or of what did not go well, which would else read all turns of a user where there are few.
    index('echo_interactions_intent_idx')
      .on(table.userId, table.tenantId, table.intent, table.timestamp, table.id)
      .where(sql`${table.intent} is not null`),
    index('echo_interactions_unanswered_idx')
      .on(table.userId, table.tenantId, table.status, table.timestamp, table.id)
      .where(isUnanswered(table.status)),
    index('echo_interactions_vector_queue_idx').on(table.id).where(sql`${table.vectorState} <> 'EMBEDDED'`),
    index('echo_interactions_learning_queue_idx')
      .on(table.tenantId, table.userId, table.timestamp, table.id)
      .where(sql`${table.learningState} <> 'LEARNED'`),
    index('echo_interactions_learning_since_idx')
      .on(table.learningSince)
      .where(sql`${table.learningState} <> 'LEARNED'`),
    // Ids and instants grow together, so that it stays tiny: an archiving finds the old ones by it.
    index('echo_interactions_created_idx').using('brin', table.createdAt),
    check(
      'echo_interactions_status_check',
      sql`${table.status} in ('PROCESSING', 'ANSWERED', 'INTERRUPTED', 'FAILED', 'RECORDED')`,
    ),
    check(
      'echo_interactions_vector_check',
      sql`${table.vectorState} in ('PENDING', 'LEASED', 'EMBEDDED', 'FAILED')`,
    ),
    check(
      'echo_interactions_learning_check',
      sql`${table.learningState} in ('PENDING', 'LEASED', 'LEARNED')`,
    ),
    check(
      'echo_interactions_finish_check',
      sql`${table.finishReason} in ('stop', 'length', 'content_filter', 'timeout', 'cancelled', 'other')`,
    ),
    check('echo_interactions_confidence_check', sql`${table.confidence} between 0 and 1`),
    check('echo_interactions_rating_check', sql`${table.rating} between -1 and 1`),
  ],
);

export type InteractionRow = typeof interactions.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: interactions,
    owner: { user: interactions.userId },
    // Each has a vector, a mark that it leaves, and perhaps an entry of the journal.
    erasure: { rows: { verb: 'eraseTurns' }, counted: 'turns', left: 'turns' },
    exported: { lines: 'turn' },
    audited: [
      { on: 'INSERT', action: 'turns.store' },
      { on: 'INSERT', action: 'turns.restore' },
      { on: 'UPDATE', action: 'turns.answer' },
      {
        on: 'UPDATE',
        action: 'interaction.rate',
        trigger: {
          target: interactions.turnId,
          owner: interactions.userId,
          of: [interactions.rating, interactions.ratingComment],
        },
      },
      { on: 'DELETE', action: 'interaction.delete' },
    ],
    kept: 'until they are deleted',
  },
];
