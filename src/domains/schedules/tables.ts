import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';
import { autonomousTasks } from '../tasks/tables.ts';

export const MISSED_POLICIES = ['SKIP', 'RUN_ONCE', 'RUN_ALL'] as const;
export type MissedPolicy = (typeof MISSED_POLICIES)[number];
export const SLOT_STATES = ['PLANNED', 'RUN', 'MISSED', 'SKIPPED'] as const;
export type SlotState = (typeof SLOT_STATES)[number];

/** When jobs run by themselves: what the latest version that started said of each, and how far its slots are decided. */
export const schedules = pgTable(
  'task_schedules',
  {
    /** The name of its job, which made its tasks (`created_by`). */
    name: text('name').primaryKey(),
    taskType: text('task_type').notNull(),
    cron: text('cron').notNull(),
    timeZone: text('time_zone').notNull(),
    missed: text('missed', { enum: MISSED_POLICIES }).notNull(),
    paused: boolean('paused').notNull().default(false),
    /** Slots up to this are decided, each once; at first the moment at which it was declared. */
    decidedUntil: instant('decided_until').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [check('task_schedules_missed_check', sql`${table.missed} in ('SKIP', 'RUN_ONCE', 'RUN_ALL')`)],
);

/** What became of each slot. That there is a row is why no server runs it again. */
export const scheduleSlots = pgTable(
  'schedule_slots',
  {
    schedule: text('schedule')
      .notNull()
      .references(() => schedules.name, { onDelete: 'cascade' }),
    slotAt: instant('slot_at').notNull(),
    /** PLANNED: it was missed, and waits for those before it. */
    state: text('state', { enum: SLOT_STATES }).notNull(),
    /** Why it has no task; null: it has, or had, one. */
    note: text('note'),
    task: integer('task').references(() => autonomousTasks.id, { onDelete: 'set null' }),
    decidedAt: instant('decided_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.schedule, table.slotAt] }),
    index('schedule_slots_task_idx').on(table.task).where(sql`task is not null`),
    check('schedule_slots_state_check', sql`${table.state} in ('PLANNED', 'RUN', 'MISSED', 'SKIPPED')`),
  ],
);

export type ScheduleRow = typeof schedules.$inferSelect;
export type SlotRow = typeof scheduleSlots.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: schedules,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they are the server’s, and name nobody' },
    exported: { not: 'they are of this server' },
    // In the log of the tenant whose admin does it: the rows themselves are no tenant's.
    audited: [
      { on: 'UPDATE', action: 'schedule.pause' },
      { on: 'SELECT', action: 'schedule.trigger' },
    ],
    kept: 'until they are deleted',
  },
  {
    table: scheduleSlots,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they are the server’s, and name nobody' },
    exported: { not: 'they are of this server' },
    audited: { not: 'the clock decides them; who triggers a task is told with the task' },
    kept: { until: 'there are a thousand later ones of the same schedule' },
  },
];
