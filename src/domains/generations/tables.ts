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

export type GenerationRow = typeof generations.$inferSelect;
export type RatingRow = typeof ratings.$inferSelect;

const exported = {
  not: 'the pictures are files of this server, which an export does not hold; `generations` lists how they were made',
};
export const duties: readonly Duty[] = [
  {
    table: ratings,
    owner: { user: ratings.userId },
    erasure: { rows: 'delete', left: 'generations' },
    exported,
    audited: { not: 'a user says what they think of a picture of their own' },
    kept: 'until they are deleted',
  },
  {
    table: generations,
    owner: { user: generations.userId },
    erasure: { rows: 'delete', counted: 'generations', left: 'generations' },
    exported,
    audited: { not: 'its task says what happened' },
    kept: 'until they are deleted',
  },
];
