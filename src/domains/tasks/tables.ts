import { sql } from 'drizzle-orm';
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';
import { goals } from '../goals/tables.ts';

export const TASK_STATUSES = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** A unit of background work with priority, status, retries and a result. The row is the truth: workers only move it. */
export const autonomousTasks = pgTable(
  'autonomous_tasks',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    /** Null: the server's own. */
    userId: text('user_id'),
    /** A user, or what of the server made it, such as a schedule. */
    createdBy: text('created_by').notNull().default('(unknown)'),
    taskId: text('task_id').notNull(),
    /** The goal that it is done for, of the same user. */
    goal: integer('goal').references(() => goals.id, { onDelete: 'set null' }),
    taskType: text('task_type'),
    name: text('name').notNull(),
    description: text('description'),
    /** Place in the list of priorities, from 0. */
    priority: integer('priority').notNull().default(1),
    status: text('status', { enum: TASK_STATUSES }).notNull().default('PENDING'),
    payload: jsonb('payload'),
    scheduledFor: instant('scheduled_for'),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** When its latest attempt began. */
    startedAt: instant('started_at'),
    completedAt: instant('completed_at'),
    result: jsonb('result'),
    /** Of its latest attempt. */
    error: text('error'),
    /** Attempts that followed a failure, since it was made or tried again by hand. */
    retryCount: integer('retry_count').notNull().default(0),
    maxRetries: integer('max_retries').notNull().default(3),
    /** Seconds. */
    timeout: integer('timeout').notNull().default(300),
    /** When it may begin: what it was scheduled for, or the end of the pause before a retry. */
    dueAt: instant('due_at').notNull().defaultNow(),
    /** Number of its latest attempt: with the worker's name the token without which nobody writes to a running task. */
    attempt: integer('attempt').notNull().default(0),
    /** Attempts in a row whose worker was not heard of again. */
    lostCount: integer('lost_count').notNull().default(0),
    worker: text('worker'),
    /** Beyond, the worker counts as gone. */
    leaseUntil: instant('lease_until'),
    cancelRequestedAt: instant('cancel_requested_at'),
    /** When somebody tried it again by hand; cancellations of before no longer count. */
    retriedAt: instant('retried_at'),
    progressDone: integer('progress_done'),
    progressTotal: integer('progress_total'),
    progressNote: text('progress_note'),
    idempotencyKey: text('idempotency_key'),
    /** SHA-256 of what was asked for under the key. */
    requestHash: bytes('request_hash'),
    /** Among whom workers are shared. */
    queueOwner: text('queue_owner')
      .notNull()
      .generatedAlwaysAs(sql`tenant_id || chr(10) || coalesce(user_id, '')`),
  },
  (table) => [
    uniqueIndex('autonomous_tasks_task_id_key').on(table.taskId),
    uniqueIndex('autonomous_tasks_idempotency_key').on(table.queueOwner, table.idempotencyKey),
    index('autonomous_tasks_goal_idx').on(table.goal).where(sql`goal is not null`),
    index('autonomous_tasks_list_idx').on(table.tenantId, table.userId, table.id),
    index('autonomous_tasks_queue_idx')
      .on(table.queueOwner, table.priority, table.dueAt, table.id)
      .where(sql`status = 'PENDING'`),
    index('autonomous_tasks_due_idx').on(table.dueAt).where(sql`status = 'PENDING'`),
    index('autonomous_tasks_running_idx').on(table.leaseUntil).where(sql`status = 'RUNNING'`),
    index('autonomous_tasks_served_idx').on(table.queueOwner, table.startedAt),
    check(
      'autonomous_tasks_status_check',
      sql`${table.status} in ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')`,
    ),
    check('autonomous_tasks_priority_check', sql`${table.priority} between 0 and 3`),
  ],
);

/** Every time that a worker took a task. */
export const taskAttempts = pgTable(
  'task_attempts',
  {
    task: integer('task')
      .notNull()
      .references(() => autonomousTasks.id, { onDelete: 'cascade' }),
    /** From 1. */
    number: integer('number').notNull(),
    startedAt: instant('started_at').notNull().defaultNow(),
    endedAt: instant('ended_at'),
    worker: text('worker').notNull(),
    error: text('error'),
  },
  (table) => [primaryKey({ columns: [table.task, table.number] })],
);

/** What a task has done: each step once, with what it returned, committed together with the step's effect. */
export const taskSteps = pgTable(
  'task_steps',
  {
    task: integer('task')
      .notNull()
      .references(() => autonomousTasks.id, { onDelete: 'cascade' }),
    step: text('step').notNull(),
    attempt: integer('attempt').notNull(),
    result: jsonb('result'),
    doneAt: instant('done_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.task, table.step] })],
);

export type TaskRow = typeof autonomousTasks.$inferSelect;
export type AttemptRow = typeof taskAttempts.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: autonomousTasks,
    owner: { user: autonomousTasks.userId },
    erasure: {
      rows: 'delete',
      counted: 'tasks',
      left: 'tasks',
      names: [autonomousTasks.createdBy],
    },
    exported: { lines: 'task' },
    audited: [
      {
        on: 'INSERT',
        action: 'task.create',
        trigger: { target: autonomousTasks.taskId, owner: autonomousTasks.userId },
      },
      {
        on: 'UPDATE',
        action: 'task.cancel',
        trigger: {
          target: autonomousTasks.taskId,
          owner: autonomousTasks.userId,
          of: [autonomousTasks.cancelRequestedAt],
        },
      },
      {
        on: 'UPDATE',
        action: 'task.retry',
        trigger: {
          target: autonomousTasks.taskId,
          owner: autonomousTasks.userId,
          of: [autonomousTasks.retriedAt],
        },
      },
    ],
    // A task of a goal is a part of how far that has come.
    kept: {
      setting: 'TASKS_RETENTION_DAYS',
      past: autonomousTasks.completedAt,
      unless: autonomousTasks.goal,
    },
  },
  {
    table: taskAttempts,
    owner: { parent: autonomousTasks.id, through: taskAttempts.task },
    erasure: { rows: 'delete', left: 'tasks' },
    exported: { not: 'they are part of their task' },
    audited: { not: 'workers write them' },
    kept: { until: 'their task is deleted' },
  },
  {
    table: taskSteps,
    owner: { parent: autonomousTasks.id, through: taskSteps.task },
    erasure: { rows: 'delete', left: 'tasks' },
    exported: { not: 'they are part of their task' },
    audited: { not: 'workers write them' },
    kept: { until: 'their task is deleted' },
  },
];
