import { sql } from 'drizzle-orm';
import { check, index, integer, jsonb, pgTable, serial, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** A unit of background work with priority, status, retries and a result. */
export const autonomousTasks = pgTable(
  'autonomous_tasks',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    taskId: text('task_id').notNull(),
    taskType: text('task_type'),
    name: text('name').notNull(),
    description: text('description'),
    priority: integer('priority').notNull().default(0),
    status: text('status', { enum: ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] })
      .notNull()
      .default('PENDING'),
    payload: jsonb('payload'),
    scheduledFor: instant('scheduled_for'),
    createdAt: instant('created_at').notNull().defaultNow(),
    startedAt: instant('started_at'),
    completedAt: instant('completed_at'),
    result: jsonb('result'),
    error: text('error'),
    retryCount: integer('retry_count').notNull().default(0),
    maxRetries: integer('max_retries').notNull().default(3),
    /** Seconds. */
    timeout: integer('timeout').notNull().default(300),
  },
  (table) => [
    uniqueIndex('autonomous_tasks_task_id_key').on(table.taskId),
    index('autonomous_tasks_queue_idx').on(table.status, table.priority, table.createdAt),
    check(
      'autonomous_tasks_status_check',
      sql`${table.status} in ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')`,
    ),
  ],
);

export const duties: readonly Duty[] = [
  {
    table: autonomousTasks,
    owner: 'tenant',
    erasure: { rows: 'keep', why: 'they are the tenant’s' },
    exported: { not: 'they are the tenant’s' },
    audited: { not: 'this version writes none' },
    kept: 'until they are deleted',
  },
];
