import { sql } from 'drizzle-orm';
import {
  bigserial,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  real,
  serial,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

export const FACT_STATUSES = ['ACTIVE', 'SUPERSEDED', 'RETRACTED'] as const;
export type FactStatus = (typeof FACT_STATUSES)[number];
export const FACT_ORIGINS = ['RULES', 'MODEL', 'PERSON'] as const;
export type FactOrigin = (typeof FACT_ORIGINS)[number];
export const FACT_CATEGORIES = [
  'IDENTITY',
  'PLACE',
  'WORK',
  'RELATION',
  'PREFERENCE',
  'POSSESSION',
  'HEALTH',
  'PLAN',
  'SKILL',
  'EVENT',
  'OTHER',
] as const;
export type FactCategory = (typeof FACT_CATEGORIES)[number];
export const FACT_CHANGE_KINDS = [
  'ADDED',
  'MERGED',
  'SUPERSEDED',
  'REINSTATED',
  'RETRACTED',
  'CORRECTED',
  'UNDONE',
] as const;
export type FactChangeKind = (typeof FACT_CHANGE_KINDS)[number];
/** To which part of a date it is known. */
export const PRECISIONS = ['day', 'month', 'year'] as const;
export type Precision = (typeof PRECISIONS)[number];
/** Who took a fact back: a person, the deletion of all it was said in, or the undoing of what added it. */
export const RETRACTIONS = ['PERSON', 'SOURCES', 'UNDO'] as const;

/**
 * What is known of somebody, each thing once, however often it was said. Its words, dates and confidence are made of its sources
 * (`derive.ts`), so that what a deleted turn said goes with that turn. One without any source says nothing: its words are
 * empty, and its keys are those of no words.
 */
export const learnedFacts = pgTable(
  'echo_learned_facts',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    factId: uuid('fact_id').notNull(),
    /** For people: "user lives in Lisbon". */
    statement: text('statement').notNull(),
    /** Of whom: `user` is the owner of the memory, others by name. */
    subject: text('subject').notNull(),
    /** Such as `lives_in`. */
    predicate: text('predicate').notNull(),
    object: text('object').notNull(),
    category: text('category', { enum: FACT_CATEGORIES }).notNull(),
    /** It is not so: "user does not live in Lisbon". */
    negated: boolean('negated').notNull(),
    /** 0 to 1. */
    confidence: real('confidence').notNull(),
    status: text('status', { enum: FACT_STATUSES }).notNull(),
    origin: text('origin', { enum: FACT_ORIGINS }).notNull(),
    /** When it was true in the world, as far as somebody said so; null: not said, or still. */
    validFrom: instant('valid_from'),
    validUntil: instant('valid_until'),
    /** `validUntil` as it was said; what supersedes the fact may end it sooner. */
    saidUntil: instant('said_until'),
    precision: text('valid_precision', { enum: PRECISIONS }),
    /** When it was said first and last: the order of what follows on what. */
    firstSaidAt: instant('first_said_at').notNull(),
    lastSaidAt: instant('last_said_at').notNull(),
    /** When we knew it, and from when on we knew better. */
    recordedAt: instant('recorded_at').notNull().defaultNow(),
    retiredAt: instant('retired_at'),
    retractedBy: text('retracted_by', { enum: RETRACTIONS }),
    /** Ids of facts of the same user, which exports carry, too. */
    supersededBy: uuid('superseded_by'),
    /** What was said, or entered, in its place: "no, I meant …". */
    correctedBy: uuid('corrected_by'),
    /** SHA-256 of subject, predicate, object and polarity as they are compared: what has the same is the same fact. */
    identityKey: bytes('identity_key').notNull(),
    /** The same without polarity: of what has the same, only the latest holds. */
    polarityKey: bytes('polarity_key').notNull(),
    /**
     * Of subject and predicate, where one can have only one at a time: of those that are not negated, only the latest holds. Null
     * where many can.
     */
    slotKey: bytes('slot_key'),
    /** By what searches and the text filter find it. */
    searchTerms: text('search_terms').array().notNull().default(sql`'{}'::text[]`),
    /** Of whom, as names of characters are compared; empty: of the owner of the memory. */
    subjectKey: text('subject_key').notNull().default(''),
    /** Which version of `terms.ts` made the two. */
    termsVersion: integer('terms_version').notNull().default(0),
  },
  (table) => [
    uniqueIndex('echo_learned_facts_fact_id_key').on(table.factId, table.tenantId, table.userId),
    uniqueIndex('echo_learned_facts_identity_key').on(table.identityKey, table.tenantId, table.userId),
    index('echo_learned_facts_polarity_idx').on(table.polarityKey, table.tenantId, table.userId),
    index('echo_learned_facts_slot_idx')
      .on(table.slotKey, table.tenantId, table.userId)
      .where(sql`${table.slotKey} is not null`),
    index('echo_learned_facts_user_idx').on(table.userId, table.tenantId, table.status, table.id),
    index('echo_learned_facts_superseded_idx')
      .on(table.supersededBy, table.tenantId, table.userId)
      .where(sql`${table.supersededBy} is not null`),
    index('echo_learned_facts_corrected_idx')
      .on(table.correctedBy, table.tenantId, table.userId)
      .where(sql`${table.correctedBy} is not null`),
    // Of each owner's terms, so that what others say costs a search nothing.
    index('echo_learned_facts_keys_idx')
      .using('gin', sql`echo_fact_keys(${table.tenantId}, ${table.userId}, ${table.searchTerms})`)
      .with({ fastupdate: false }),
    index('echo_learned_facts_subject_idx')
      .on(table.subjectKey, table.userId, table.tenantId, table.id)
      .where(sql`${table.subjectKey} <> ''`),
    index('echo_learned_facts_terms_version_idx').on(table.termsVersion),
    check('echo_learned_facts_status_check', sql`${table.status} in ('ACTIVE', 'SUPERSEDED', 'RETRACTED')`),
    check('echo_learned_facts_origin_check', sql`${table.origin} in ('RULES', 'MODEL', 'PERSON')`),
    check('echo_learned_facts_confidence_check', sql`${table.confidence} between 0 and 1`),
  ],
);

/** Where a fact was said: the exact words in a turn, or what is known of a picture, and what they say. */
export const factSources = pgTable(
  'echo_fact_sources',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    sourceId: uuid('source_id').notNull(),
    fact: integer('fact')
      .notNull()
      .references(() => learnedFacts.id, { onDelete: 'cascade' }),
    /** The id of the change that added it. */
    addedBy: uuid('added_by').notNull(),
    /** That change was undone: it counts no more, and is not taken again. */
    withdrawn: boolean('withdrawn').notNull().default(false),
    /** Null: a picture shows it, or a person entered it. */
    turnId: uuid('turn_id'),
    /** Of the content of a picture, as insights of media have it; null: no picture shows it. */
    fileHash: text('file_hash'),
    /** Which side of the turn. */
    field: text('field', { enum: ['query', 'response'] }),
    /** Word for word. */
    quote: text('quote').notNull(),
    /** Of the quote within its text, in Unicode code points. */
    startsAt: integer('starts_at').notNull(),
    endsAt: integer('ends_at').notNull(),
    saidAt: instant('said_at').notNull(),
    origin: text('origin', { enum: FACT_ORIGINS }).notNull(),
    confidence: real('confidence').notNull(),
    /** The fact in the words of this source, of which that of the first one is shown. */
    statement: text('statement').notNull(),
    subject: text('subject').notNull(),
    object: text('object').notNull(),
    category: text('category', { enum: FACT_CATEGORIES }).notNull(),
    validFrom: instant('valid_from'),
    validUntil: instant('valid_until'),
    precision: text('valid_precision', { enum: PRECISIONS }),
    /** The identity of what it says, where that may be less or more than what the fact says; null: that of the fact. */
    formKey: bytes('form_key'),
    /** How exactly it says it: the words of what says most are shown. */
    detail: integer('detail').notNull().default(0),
  },
  (table) => [
    uniqueIndex('echo_fact_sources_source_id_key').on(table.sourceId, table.tenantId, table.userId),
    uniqueIndex('echo_fact_sources_turn_key')
      .on(table.fact, table.turnId, table.field, table.startsAt)
      .where(sql`${table.turnId} is not null`),
    uniqueIndex('echo_fact_sources_media_key')
      .on(table.fact, table.fileHash)
      .where(sql`${table.fileHash} is not null`),
    index('echo_fact_sources_of_media_idx')
      .on(table.fileHash, table.tenantId, table.userId)
      .where(sql`${table.fileHash} is not null`),
    index('echo_fact_sources_of_fact_idx').on(table.fact, table.saidAt, table.id),
    index('echo_fact_sources_form_idx')
      .on(table.formKey, table.tenantId, table.userId)
      .where(sql`${table.formKey} is not null`),
    index('echo_fact_sources_of_turn_idx').on(table.turnId, table.tenantId, table.userId),
    index('echo_fact_sources_added_by_idx').on(table.addedBy),
    index('echo_fact_sources_user_idx').on(table.userId, table.tenantId, table.id),
  ],
);

/** Every change of a fact, with what was before it, so that it can be undone. */
export const factChanges = pgTable(
  'echo_fact_changes',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    changeId: uuid('change_id').notNull(),
    /** Changes that follow from one statement; they are undone together. */
    act: uuid('act').notNull(),
    fact: integer('fact')
      .notNull()
      .references(() => learnedFacts.id, { onDelete: 'cascade' }),
    kind: text('kind', { enum: FACT_CHANGE_KINDS }).notNull(),
    at: instant('at').notNull().defaultNow(),
    /** A user, or the name of what learned it. */
    by: text('by').notNull(),
    runId: uuid('run_id'),
    /** How the fact stood; null: there was no fact. It holds no words. */
    before: jsonb('before').$type<Standing>(),
    /** Made by an undoing or by the deletion of turns: it cannot be undone, nor does it keep anything from being undone. */
    isFinal: boolean('is_final').notNull().default(false),
    undone: boolean('undone').notNull().default(false),
  },
  (table) => [
    uniqueIndex('echo_fact_changes_change_id_key').on(table.changeId, table.tenantId, table.userId),
    index('echo_fact_changes_fact_idx').on(table.fact, table.id),
    index('echo_fact_changes_act_idx').on(table.act),
    index('echo_fact_changes_user_idx').on(table.userId, table.tenantId, table.id),
  ],
);

/** What changes decide about a fact, and an undoing sets back; all else follows from its sources. Instants as in ISO 8601. */
export interface Standing {
  readonly status: FactStatus;
  readonly validUntil: string | null;
  readonly retiredAt: string | null;
  readonly retractedBy: (typeof RETRACTIONS)[number] | null;
  readonly supersededBy: string | null;
  readonly correctedBy: string | null;
}

export type FactRow = typeof learnedFacts.$inferSelect;
export type FactSourceRow = typeof factSources.$inferSelect;
export type FactChangeRow = typeof factChanges.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: learnedFacts,
    owner: { user: learnedFacts.userId },
    erasure: { rows: 'delete', counted: 'facts', left: 'facts' },
    exported: { lines: 'fact' },
    audited: [
      {
        on: 'DELETE',
        action: 'fact.erase',
        trigger: { target: learnedFacts.factId, owner: learnedFacts.userId },
      },
    ],
    kept: 'until they are deleted',
  },
  {
    table: factSources,
    owner: { user: factSources.userId },
    erasure: { rows: 'delete', left: 'facts' },
    exported: { lines: 'fact' },
    audited: { not: 'the change of the fact is a row of its own' },
    kept: 'until they are deleted',
  },
  {
    table: factChanges,
    owner: { user: factChanges.userId },
    erasure: { rows: 'delete', left: 'facts', names: [factChanges.by] },
    exported: { lines: 'factChange' },
    audited: { not: 'it is itself the record of what changed, and by whom' },
    kept: 'until they are deleted',
  },
];
