import { sql } from 'drizzle-orm';
import {
  check,
  index,
  integer,
  numeric,
  pgTable,
  primaryKey,
  serial,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** What one task of learning did with the turns of one user; there is none where no turn waited. */
export const learningRuns = pgTable(
  'learning_history',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    runId: uuid('run_id').notNull().unique(),
    /** The task, of one user or of all. */
    taskId: uuid('task_id').notNull(),
    startedAt: instant('started_at').notNull().defaultNow(),
    /** Null: it is under way, or was cut off. */
    endedAt: instant('ended_at'),
    turnsSeen: integer('turns_seen').notNull().default(0),
    /** Facts that were not known. */
    added: integer('added').notNull().default(0),
    /** Facts that were said once more. */
    merged: integer('merged').notNull().default(0),
    superseded: integer('superseded').notNull().default(0),
    /** Statements that were not taken; why, say the refusals. */
    refused: integer('refused').notNull().default(0),
    /** Requests to the model that gave nothing that could be used; rules learned from these turns. */
    failedBatches: integer('failed_batches').notNull().default(0),
    /** Null: only rules learned. */
    modelUsed: text('model_used'),
    /** As far as the provider counted. */
    tokensIn: integer('tokens_in'),
    tokensOut: integer('tokens_out'),
    /** In the currency of the configured prices; null where no price is known. */
    cost: numeric('cost', { precision: 12, scale: 6 }),
    /** When articles of it were put into the outbox; null: they were not, as where no Knowledge Base is configured. */
    toldAt: instant('told_at'),
  },
  (table) => [
    uniqueIndex('learning_history_task_key').on(table.taskId, table.userId, table.tenantId),
    index('learning_history_user_idx').on(table.userId, table.tenantId, table.id),
    index('learning_history_untold_idx').on(table.id).where(sql`${table.toldAt} is null`),
  ],
);

/** Statements that a run did not take, and why; never what they said. */
export const learningRefusals = pgTable(
  'learning_refusals',
  {
    run: integer('run')
      .notNull()
      .references(() => learningRuns.id, { onDelete: 'cascade' }),
    turnId: uuid('turn_id').notNull(),
    /** Which side of the turn; empty: that is not known. */
    field: text('field', { enum: ['query', 'response', ''] }).notNull(),
    /** In words of the server's own. */
    reason: text('reason').notNull(),
    count: integer('count').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.run, table.turnId, table.reason, table.field] }),
    check('learning_refusals_count_check', sql`${table.count} > 0`),
  ],
);

export type LearningRunRow = typeof learningRuns.$inferSelect;
export type LearningRefusalRow = typeof learningRefusals.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: learningRuns,
    owner: { user: learningRuns.userId },
    erasure: { rows: 'delete', left: 'facts' },
    exported: { not: 'they say what the server did; what it learned is exported as facts and their changes' },
    audited: { not: 'they are themselves the record of what was learned, and by which task' },
    kept: {
      setting: 'TASKS_RETENTION_DAYS',
      past: learningRuns.startedAt,
      inOrderOf: learningRuns.id,
    },
  },
  {
    table: learningRefusals,
    owner: { parent: learningRuns.id, through: learningRefusals.run },
    erasure: { rows: 'delete', left: 'facts' },
    exported: { not: 'they are part of their run' },
    audited: { not: 'the run is' },
    kept: { until: 'their run is deleted' },
  },
];
