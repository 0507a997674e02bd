import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  serial,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Pictures that were asked for, and what became of them. */
export const generations = pgTable(
  'anime_generation_history',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    generationId: text('generation_id').notNull(),
    taskId: text('task_id').notNull(),
    /** Whom it shows; null: nobody whom the server knows. */
    characterId: integer('character_id'),
    characterName: text('character_name'),
    /** As it was asked for. */
    asked: text('asked').notNull(),
    /** As the workflow gets it. */
    prompt: text('prompt').notNull(),
    negativePrompt: text('negative_prompt').notNull(),
    workflow: text('workflow').notNull(),
    seed: bigint('seed', { mode: 'number' }).notNull(),
    width: integer('width').notNull(),
    height: integer('height').notNull(),
    /** Elements of style in the prompt. */
    elements: jsonb('elements').$type<readonly string[]>().notNull().default([]),
    /** What ratings decided of it; null: nobody asked for that. */
    learned: jsonb('learned').$type<LearnedStyle>(),
    /** By which ComfyUI knows the run of the last attempt; null: there is none to go on with. */
    runId: text('run_id'),
    /** SHA-256 of the pictures' bytes, as media go by. */
    files: jsonb('files').$type<readonly string[]>().notNull().default([]),
    /** Of the last attempt; null: it has not failed. */
    error: text('error'),
    createdAt: instant('created_at').notNull().defaultNow(),
    startedAt: instant('started_at'),
    completedAt: instant('completed_at'),
  },
  (table) => [
    unique('anime_generation_history_generation_id_key').on(table.generationId, table.tenantId, table.userId),
    index('anime_generation_history_user_idx').on(table.userId, table.tenantId, table.id),
    index('anime_generation_history_character_idx').on(
      table.characterId,
      table.tenantId,
      table.userId,
      table.id,
    ),
  ],
);

/** What people say of a generated picture. */
export const ratings = pgTable(
  'anime_qc_feedback',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    generation: integer('generation')
      .notNull()
      .references(() => generations.id, { onDelete: 'cascade' }),
    characterId: integer('character_id'),
    /** Each 0 to 1; null: not said. */
    identity: numeric('identity', { precision: 4, scale: 3, mode: 'number' }),
    style: numeric('style', { precision: 4, scale: 3, mode: 'number' }),
    quality: numeric('quality', { precision: 4, scale: 3, mode: 'number' }),
    comment: text('comment'),
    ratedAt: instant('rated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('anime_qc_feedback_generation_key').on(table.generation),
    index('anime_qc_feedback_user_idx').on(table.userId, table.tenantId),
    index('anime_qc_feedback_character_idx').on(table.characterId, table.tenantId, table.ratedAt),
    check(
      'anime_qc_feedback_scores_check',
      sql`coalesce(${table.identity}, 0) between 0 and 1 and coalesce(${table.style}, 0) between 0 and 1 and coalesce(${table.quality}, 0) between 0 and 1`,
    ),
  ],
);

/** How pictures of a character were rated that have something in common: an element of style, a seed, a setting. */
export const styleLearning = pgTable(
  'anime_echo_style_learning',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    characterId: integer('character_id').notNull(),
    kind: text('kind').$type<StyleKind>().notNull(),
    value: text('value').notNull(),
    ratings: integer('ratings').notNull(),
    /** Of the ratings' means, each 0 to 1. Exact, so that a rating that is taken back leaves nothing. */
    total: numeric('total', { mode: 'number' }).notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('anime_echo_style_learning_value_key').on(
      table.characterId,
      table.tenantId,
      table.userId,
      table.kind,
      table.value,
    ),
    index('anime_echo_style_learning_user_idx').on(table.userId, table.tenantId),
    check(
      'anime_echo_style_learning_check',
      sql`${table.kind} in ('ELEMENT', 'SEED', 'WORKFLOW', 'SIZE') and ${table.ratings} > 0`,
    ),
  ],
);

/** What pictures may have in common. */
export type StyleKind = 'ELEMENT' | 'SEED' | 'WORKFLOW' | 'SIZE';

/** What ratings decided of a picture. */
export interface LearnedStyle {
  /** Elements that were put first, the best first, and those that were left out. */
  readonly added: readonly string[];
  readonly leftOut: readonly string[];
  readonly seed?: number;
  readonly workflow?: string;
  /** As `512x768`. */
  readonly size?: string;
}

export type StyleRow = typeof styleLearning.$inferSelect;
export type GenerationRow = typeof generations.$inferSelect;
export type RatingRow = typeof ratings.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: styleLearning,
    owner: { user: styleLearning.userId },
    erasure: { rows: 'delete', left: 'generations' },
    exported: { not: 'a restore learns it of the ratings again' },
    audited: { not: 'a user says what they think of a picture of their own' },
    kept: 'until they are deleted',
  },
  {
    table: ratings,
    owner: { user: ratings.userId },
    erasure: { rows: 'delete', left: 'generations' },
    exported: { lines: 'generation' },
    audited: { not: 'a user says what they think of a picture of their own' },
    kept: 'until they are deleted',
  },
  {
    table: generations,
    owner: { user: generations.userId },
    erasure: { rows: 'delete', counted: 'generations', left: 'generations' },
    exported: { lines: 'generation' },
    audited: { not: 'its task says what happened' },
    kept: 'until they are deleted',
  },
];
