import { sql } from 'drizzle-orm';
import { check, index, integer, numeric, pgTable, serial, text, unique } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/**
 * How a brief stands; until a text is decided of, its task says more.
 *
 * - `OPEN`: it is worked on, or its task ended without a text that could be judged
 * - `PASSED`: the judge found it good
 * - `NEEDS_REVIEW`: a person is to look at it
 * - `APPROVED`, `REJECTED`: a person did
 */
export const BRIEF_STATES = ['OPEN', 'PASSED', 'NEEDS_REVIEW', 'APPROVED', 'REJECTED'] as const;
export type BriefState = (typeof BRIEF_STATES)[number];

/** Why a person is to look at a brief. */
export const REVIEW_REASONS = ['NOT_GOOD_ENOUGH', 'NOT_JUDGED', 'COST_LIMIT', 'EDITED'] as const;
export type ReviewReason = (typeof REVIEW_REASONS)[number];

/** Who wrote a text. */
export const WRITERS = ['MODEL', 'PERSON'] as const;
export type Writer = (typeof WRITERS)[number];

/** Texts that users want to have written. */
export const briefs = pgTable(
  'briefs',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    briefId: text('brief_id').notNull(),
    taskId: text('task_id').notNull(),
    title: text('title'),
    /** What is to be written. */
    text: text('text').notNull(),
    state: text('state').$type<BriefState>().notNull().default('OPEN'),
    reviewReason: text('review_reason').$type<ReviewReason>(),
    /** Number of the attempt whose text it has; null: none yet. */
    chosen: integer('chosen'),
    /** When its user decided of it last, and what they said; null: they did not. */
    decidedAt: instant('decided_at'),
    note: text('note'),
    createdAt: instant('created_at').notNull().defaultNow(),
    completedAt: instant('completed_at'),
  },
  (table) => [
    unique('briefs_brief_id_key').on(table.briefId, table.tenantId, table.userId),
    index('briefs_user_idx').on(table.userId, table.tenantId, table.id),
    index('briefs_user_created_idx').on(table.userId, table.tenantId, table.createdAt),
    check(
      'briefs_state_check',
      sql`${table.state} in ('OPEN', 'PASSED', 'NEEDS_REVIEW', 'APPROVED', 'REJECTED')`,
    ),
  ],
);

const score = (name: string) => integer(name);
const cost = (name: string) => numeric(name, { precision: 12, scale: 6 });

/** Every text of a brief, how it was judged, and what that took. */
export const briefAttempts = pgTable(
  'brief_attempts',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    brief: integer('brief')
      .notNull()
      .references(() => briefs.id, { onDelete: 'cascade' }),
    /** From 1. */
    number: integer('number').notNull(),
    writer: text('writer').$type<Writer>().notNull(),
    output: text('output').notNull(),
    /** How the model's answer ended. */
    finishReason: text('finish_reason'),
    model: text('model'),
    writingTemplate: text('writing_template'),
    writingMs: integer('writing_ms'),
    writingTokensIn: integer('writing_tokens_in'),
    writingTokensOut: integer('writing_tokens_out'),
    /** Null: nobody knows. */
    writingCost: cost('writing_cost'),
    writtenAt: instant('written_at').notNull().defaultNow(),
    judge: text('judge'),
    judgingTemplate: text('judging_template'),
    /** Times that the judge was asked. */
    judgings: integer('judgings').notNull().default(0),
    judgingMs: integer('judging_ms'),
    judgingTokensIn: integer('judging_tokens_in'),
    judgingTokensOut: integer('judging_tokens_out'),
    judgingCost: cost('judging_cost'),
    /** Each 0 to 100; all null: there is no verdict. */
    clarity: score('clarity'),
    accuracy: score('accuracy'),
    completeness: score('completeness'),
    tone: score('tone'),
    critique: text('critique'),
    /** Why there is no verdict. */
    judgingProblem: text('judging_problem'),
    judgedAt: instant('judged_at'),
  },
  (table) => [
    unique('brief_attempts_number_key').on(table.brief, table.number),
    index('brief_attempts_user_idx').on(table.userId, table.tenantId),
    // What a day cost is added up before each call.
    index('brief_attempts_day_idx').on(table.tenantId, table.writtenAt),
    check(
      'brief_attempts_scores_check',
      sql`num_nulls(${table.clarity}, ${table.accuracy}, ${table.completeness}, ${table.tone}) in (0, 4)
        and coalesce(least(${table.clarity}, ${table.accuracy}, ${table.completeness}, ${table.tone}), 0) >= 0
        and coalesce(greatest(${table.clarity}, ${table.accuracy}, ${table.completeness}, ${table.tone}), 0) <= 100`,
    ),
  ],
);

export type BriefRow = typeof briefs.$inferSelect;
export type BriefAttemptRow = typeof briefAttempts.$inferSelect;

const parts = {
  erasure: { rows: 'delete', left: 'briefs' },
  exported: { lines: 'brief' },
  audited: { not: 'a user works on a text of their own' },
  kept: 'until they are deleted',
} as const;
export const duties: readonly Duty[] = [
  { table: briefAttempts, owner: { user: briefAttempts.userId }, ...parts },
  {
    table: briefs,
    owner: { user: briefs.userId },
    ...parts,
    erasure: { rows: 'delete', counted: 'briefs', left: 'briefs' },
  },
];
