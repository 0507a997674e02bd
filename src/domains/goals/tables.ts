import { sql } from 'drizzle-orm';
import { type AnyPgColumn, check, index, integer, pgTable, serial, text, unique } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** What a user wants to reach; it may be a part of another goal. */
export const goals = pgTable(
  'autonomous_goals',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    goalId: text('goal_id').notNull(),
    description: text('description').notNull(),
    /** Place in the list of priorities, from 0. */
    priority: integer('priority').notNull().default(1),
    status: text('status', { enum: ['PROPOSED', 'ACTIVE', 'BLOCKED', 'ACHIEVED', 'ABANDONED'] })
      .notNull()
      .default('PROPOSED'),
    deadline: instant('deadline'),
    /** The goal that it is a part of, of the same user. */
    parent: integer('parent').references((): AnyPgColumn => goals.id, { onDelete: 'cascade' }),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    // Restored goals keep their ids, so these are their user's own.
    unique('autonomous_goals_goal_id_key').on(table.goalId, table.tenantId, table.userId),
    index('autonomous_goals_user_idx').on(table.userId, table.tenantId, table.id),
    index('autonomous_goals_parent_idx').on(table.parent),
    check('autonomous_goals_priority_check', sql`${table.priority} between 0 and 3`),
    check(
      'autonomous_goals_status_check',
      sql`${table.status} in ('PROPOSED', 'ACTIVE', 'BLOCKED', 'ACHIEVED', 'ABANDONED')`,
    ),
  ],
);

/** Every change of a goal's status. */
export const goalMoves = pgTable(
  'autonomous_goal_moves',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    goal: integer('goal')
      .notNull()
      .references(() => goals.id, { onDelete: 'cascade' }),
    /** Null: it was made. */
    fromStatus: text('from_status'),
    toStatus: text('to_status').notNull(),
    movedAt: instant('moved_at').notNull().defaultNow(),
    movedBy: text('moved_by').notNull(),
  },
  (table) => [
    index('autonomous_goal_moves_goal_idx').on(table.goal, table.id),
    index('autonomous_goal_moves_user_idx').on(table.userId, table.tenantId),
  ],
);

export type GoalRow = typeof goals.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: goals,
    owner: { user: goals.userId },
    erasure: { rows: 'delete', counted: 'goals', left: 'goals' },
    exported: { lines: 'goal' },
    audited: [
      { on: 'INSERT', action: 'goal.create', trigger: { target: goals.goalId, owner: goals.userId } },
      { on: 'UPDATE', action: 'goal.update', trigger: { target: goals.goalId, owner: goals.userId } },
      { on: 'DELETE', action: 'goal.erase', trigger: { target: goals.goalId, owner: goals.userId } },
    ],
    kept: 'until they are deleted',
  },
  {
    table: goalMoves,
    owner: { user: goalMoves.userId },
    erasure: { rows: 'delete', left: 'goals', names: [goalMoves.movedBy] },
    exported: { lines: 'goal' },
    audited: { not: 'the change of the goal is' },
    kept: 'until they are deleted',
  },
];
