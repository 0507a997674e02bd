import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  serial,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

export const REPAIR_TYPES = ['service_restart', 'disk_cleanup', 'log_rotation', 'process_kill'] as const;
export type RepairType = (typeof REPAIR_TYPES)[number];

/** STARTED: it is under way, or nobody came back from it. UNKNOWN: whether it was done, nobody knows. */
export const REPAIR_OUTCOMES = ['STARTED', 'SUCCEEDED', 'FAILED', 'REFUSED', 'UNKNOWN'] as const;
export type RepairOutcome = (typeof REPAIR_OUTCOMES)[number];

/** What was seen, by name; null: unknown. */
export type Figures = Readonly<Record<string, unknown>>;

/** Every repair, every dry run of one, and every one that was refused. The row is there before anything is done. */
export const repairActions = pgTable(
  'repair_actions',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    actionId: uuid('action_id').notNull().unique(),
    actionType: text('action_type', { enum: REPAIR_TYPES }).notNull(),
    target: text('target').notNull(),
    dryRun: boolean('dry_run').notNull(),
    outcome: text('outcome', { enum: REPAIR_OUTCOMES }).notNull(),
    /** Null: it is under way, or unknown. */
    success: boolean('success').generatedAlwaysAs(
      sql`case when outcome = 'SUCCEEDED' then true when outcome in ('FAILED', 'REFUSED') then false end`,
    ),
    /** Why it failed, was refused, or is unknown. */
    problem: text('problem'),
    beforeMetrics: jsonb('before_metrics').$type<Figures>(),
    afterMetrics: jsonb('after_metrics').$type<Figures>(),
    requestedBy: text('requested_by').notNull(),
    /** The task that it is a part of, and which attempt at it. */
    taskId: text('task_id').notNull(),
    attempt: integer('attempt').notNull(),
    /** Name of the machine. */
    host: text('host').notNull(),
    startedAt: instant('started_at').notNull().defaultNow(),
    endedAt: instant('ended_at'),
  },
  (table) => [
    index('repair_actions_list_idx').on(table.tenantId, table.id),
    index('repair_actions_target_idx').on(table.actionType, table.target, table.startedAt),
    index('repair_actions_task_idx').on(table.taskId),
    check(
      'repair_actions_type_check',
      sql`${table.actionType} in ('service_restart', 'disk_cleanup', 'log_rotation', 'process_kill')`,
    ),
    check(
      'repair_actions_outcome_check',
      sql`${table.outcome} in ('STARTED', 'SUCCEEDED', 'FAILED', 'REFUSED', 'UNKNOWN')`,
    ),
  ],
);

/** When each target was repaired last, by the clock of the database: whoever repairs one takes its row first. */
export const restartCooldowns = pgTable(
  'restart_cooldowns',
  {
    actionType: text('action_type', { enum: REPAIR_TYPES }).notNull(),
    /** A unit, a folder, a log file, or a process name. */
    serviceName: text('service_name').notNull(),
    lastRestart: instant('last_restart').notNull(),
  },
  (table) => [primaryKey({ columns: [table.actionType, table.serviceName] })],
);

export type RepairRow = typeof repairActions.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: repairActions,
    owner: 'tenant',
    erasure: {
      rows: 'keep',
      why: 'they say what was done to the machine',
      names: [repairActions.requestedBy],
    },
    exported: { not: 'they are of the machine, and for those who run it' },
    audited: [
      { on: 'INSERT', action: 'repair.begin', trigger: { target: repairActions.actionId } },
      {
        on: 'UPDATE',
        action: 'repair.end',
        trigger: { target: repairActions.actionId, of: [repairActions.outcome] },
      },
    ],
    kept: { setting: 'AUDIT_RETENTION_DAYS', past: repairActions.startedAt, inOrderOf: repairActions.id },
  },
  {
    table: restartCooldowns,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they name targets of the operator’s, and no user' },
    exported: { not: 'they are of the machine' },
    audited: { not: 'the repairs are' },
    kept: { days: 30, past: restartCooldowns.lastRestart },
  },
];
