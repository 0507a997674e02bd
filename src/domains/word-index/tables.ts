import {
  boolean,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Whose turns are indexed; a short number for each owner, since it is part of every key. */
export const indexOwners = pgTable(
  'echo_index_owners',
  {
    ownerId: integer('owner_id').primaryKey().generatedAlwaysAsIdentity(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    /** The number that the next indexed turn gets: documents count from 0. */
    nextDocument: integer('next_document').notNull().default(0),
    /** Names of those who spoke, in lower case; the first few dozen. */
    speakers: text('speakers').array().notNull().default([]),
  },
  (table) => [uniqueIndex('echo_index_owners_user_key').on(table.userId, table.tenantId)],
);

/** Which turn a document number of an owner stands for. */
export const indexDocuments = pgTable(
  'echo_index_documents',
  {
    ownerId: integer('owner_id').notNull(),
    document: integer('document').notNull(),
    /** May be of a turn that was deleted, until its segment has been made again. */
    interactionId: integer('interaction_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ownerId, table.document] }),
    uniqueIndex('echo_index_documents_interaction_key').on(table.interactionId),
  ],
);

/** Runs of documents that were indexed together, or merged since. */
export const indexSegments = pgTable(
  'echo_index_segments',
  {
    ownerId: integer('owner_id').notNull(),
    /** The first document that it was made for. */
    segment: integer('segment').notNull(),
    documents: integer('documents').notNull(),
    /** Segments of one level are merged; see `levelOf`. */
    level: smallint('level').notNull(),
    /** It was made of several, and their postings are not all joined yet. */
    isJoining: boolean('is_joining').notNull().default(false),
    /** Version of the analysis that its terms are of, the lowest where several were merged. 1: before there were versions. */
    analysis: smallint('analysis').notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.ownerId, table.segment] })],
);

/**
 * Where a term occurs, for one owner and documents that were indexed together; see `postings.ts` for the bytes. A row
 * belongs to the segment that its number lies in: while segments are merged, and for terms that only one of them has,
 * that is not the segment's own number.
 */
export const indexPostings = pgTable(
  'echo_index_postings',
  {
    ownerId: integer('owner_id').notNull(),
    term: text('term').notNull(),
    segment: integer('segment').notNull(),
    /** Number of documents that say the term themselves. */
    saying: integer('saying').notNull(),
    data: bytes('data').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ownerId, table.term, table.segment] }),
    index('echo_index_postings_segment_idx').on(table.ownerId, table.segment),
  ],
);

/** Turns that are not in the postings yet. A turn comes in with the transaction that stores it. */
export const indexQueue = pgTable(
  'echo_index_queue',
  {
    interactionId: integer('interaction_id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    queuedAt: instant('queued_at').notNull().defaultNow(),
    /** Why its words can be in no postings: it waits no longer, and is kept so that one knows. Null: it waits. */
    setAside: text('set_aside'),
  },
  (table) => [index('echo_index_queue_user_idx').on(table.userId, table.tenantId, table.interactionId)],
);

/** Turns that were deleted and whose words may still be in the postings; a trigger of the turns fills it. */
export const indexRemovals = pgTable('echo_index_removals', {
  id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
  tenantId: tenantId(),
  userId: text('user_id').notNull(),
  interactionId: integer('interaction_id').notNull(),
  /** Whose words stood around it; null for removals of an older version. */
  conversationId: text('conversation_id'),
  /** Its place in the conversation: turns behind it hold words of it. Null for removals of an older version. */
  sequence: integer('sequence'),
  /** Who spoke in it, by name; null for removals of an older version. */
  speakers: text('speakers').array(),
  /** A number that the turn had before it was indexed again; null: the turn is gone, whatever its number. */
  document: integer('document'),
});

const MADE_AGAIN = { not: 'it is made again of the turns' };
const OF_THE_SERVER = { not: 'only the server writes it, of turns whose changes are audited' };

export const duties: readonly Duty[] = [
  {
    table: indexQueue,
    owner: { user: indexQueue.userId },
    erasure: { rows: 'delete', left: 'index' },
    exported: MADE_AGAIN,
    audited: OF_THE_SERVER,
    kept: { until: 'the turn has been indexed' },
  },
  {
    table: indexRemovals,
    owner: { user: indexRemovals.userId },
    erasure: { rows: 'delete', left: 'index' },
    exported: MADE_AGAIN,
    audited: OF_THE_SERVER,
    kept: { until: 'the words of the turn have gone' },
  },
  {
    table: indexOwners,
    owner: { user: indexOwners.userId },
    erasure: { rows: 'delete', left: 'index' },
    exported: MADE_AGAIN,
    audited: OF_THE_SERVER,
    kept: 'until they are deleted',
  },
  {
    table: indexDocuments,
    owner: { parent: indexOwners.ownerId, through: indexDocuments.ownerId },
    erasure: { rows: 'delete', left: 'index' },
    exported: MADE_AGAIN,
    audited: OF_THE_SERVER,
    kept: 'until they are deleted',
  },
  {
    table: indexSegments,
    owner: { parent: indexOwners.ownerId, through: indexSegments.ownerId },
    erasure: { rows: 'delete', left: 'index' },
    exported: MADE_AGAIN,
    audited: OF_THE_SERVER,
    kept: 'until they are deleted',
  },
  {
    table: indexPostings,
    owner: { parent: indexOwners.ownerId, through: indexPostings.ownerId },
    erasure: { rows: 'delete', counted: 'indexedTerms', left: 'index' },
    exported: MADE_AGAIN,
    audited: OF_THE_SERVER,
    kept: 'until they are deleted',
  },
];
