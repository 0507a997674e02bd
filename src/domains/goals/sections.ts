import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { PRIORITIES } from '../../jobs/job.ts';
import { description, lockGoals } from './goals.ts';
import { checkLimits, checkPlace } from './limits.ts';
import { GOAL_STATUSES } from './status.ts';

/** Moves of one goal that a line may hold. */
const MAX_MOVES = 10_000;
const status = z.enum(GOAL_STATUSES);

/** A goal with its history. */
const GoalLine = z.object({
  kind: z.literal('goal'),
  tenantId: z.string(),
  userId: z.string(),
  goalId: z.guid({ error: 'must be a UUID' }),
  parentId: z.string().nullable(),
  description,
  priority: z.enum(PRIORITIES),
  status,
  deadline: input.writtenInstant.nullable(),
  createdAt: input.writtenInstant,
  updatedAt: input.writtenInstant,
  moves: z
    .array(
      z.object({
        from: status.nullable(),
        to: status,
        at: input.writtenInstant,
        by: input.text(100),
      }),
    )
    .max(MAX_MOVES),
});
type GoalLine = z.output<typeof GoalLine>;

/** A user's goals, each behind the one that it is a part of. One that is there already stays as it is. */
export const goals = sectionOfRows<{ readonly db: Database }, GoalLine>({
  kind: 'goal',
  schema: GoalLine,
  dated: 'updatedAt',
  read: exportedGoals,
  restore: restoreGoals,
});

/** Behind a goal and its level, which the key says; cursors of an earlier version say how many came before. */
async function exportedGoals(
  { db }: { readonly db: Database },
  owner: Owner,
  { key, number }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const isPlaced = /^\d{1,9}$/.test(key);
  const { rows } = await db.pool.query<{ id: number; level: number; line: StoredGoal }>({
    name: 'export_goals',
    text: `with recursive tree as (
             select g.*, null::text as parent_id, 1 as level from autonomous_goals g
             where g.user_id = $1 and g.tenant_id = $2 and g.parent is null
             union all select g.*, t.goal_id, t.level + 1 from autonomous_goals g join tree t on g.parent = t.id),
           page as (select * from tree where (level, id) > ($5, $6) order by level, id offset $3 limit $4)
           select p.id, p.level, json_build_object('goalId', p.goal_id, 'parentId', p.parent_id, 'description', p.description,
             'priority', p.priority, 'status', p.status, 'deadline', p.deadline, 'createdAt', p.created_at, 'updatedAt', p.updated_at,
             'moves', coalesce((select json_agg(json_build_object('from', m.from_status, 'to', m.to_status, 'at', m.moved_at, 'by', m.moved_by) order by m.id)
               from autonomous_goal_moves m where m.goal = p.id), '[]')) as line
           from page p order by p.level, p.id`,
    values: [
      ...[owner.userId, owner.tenantId, isPlaced ? 0 : number, limit],
      ...[isPlaced ? Number(key) : 0, isPlaced ? number : 0],
    ],
  });
  return rows.map(({ id, level, line }) => ({
    line: JSON.stringify(exportedGoal(owner, line)),
    after: { key: String(level), number: id },
  }));
}

/** A goal as the database writes it; instants in the time zone of its session. */
interface StoredGoal extends Record<'goalId' | 'description' | 'status' | 'createdAt' | 'updatedAt', string> {
  readonly parentId: string | null;
  readonly priority: number;
  readonly deadline: string | null;
  readonly moves: readonly { from: string | null; to: string; at: string; by: string }[];
}

function exportedGoal(owner: Owner, goal: StoredGoal) {
  return {
    kind: 'goal',
    tenantId: owner.tenantId,
    userId: owner.userId,
    ...goal,
    priority: PRIORITIES[goal.priority],
    deadline: goal.deadline && new Date(goal.deadline),
    createdAt: new Date(goal.createdAt),
    updatedAt: new Date(goal.updatedAt),
    moves: goal.moves.map((move) => ({ ...move, at: new Date(move.at) })),
  };
}

async function restoreGoals(client: PoolClient, owner: Owner, lines: readonly GoalLine[]): Promise<number> {
  await lockGoals(client, owner);
  let stored = 0;
  for (const line of lines) if (await restoreGoal(client, owner, line)) stored++;
  if (stored > 0) await checkLimits(client, owner, 'lines');
  return stored;
}

/** @returns whether it was not there yet */
async function restoreGoal(client: PoolClient, owner: Owner, line: GoalLine): Promise<boolean> {
  if ((await numberOf(client, owner, line.goalId)) !== null) return false;
  const parent = line.parentId === null ? null : await numberOf(client, owner, line.parentId);
  if (line.parentId !== null && parent === null)
    throw new InvalidInput('lines', `the line of the goal "${line.parentId.slice(0, 100)}" must come first`);
  await checkPlace(client, owner, { goal: null, parent }, 'lines');
  const { rows } = await client.query<{ id: number }>({
    name: 'restore_goal',
    text: `insert into autonomous_goals (tenant_id, user_id, goal_id, description, priority, status, deadline, parent, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id`,
    values: [
      ...[owner.tenantId, owner.userId, line.goalId, line.description],
      ...[PRIORITIES.indexOf(line.priority), line.status, line.deadline, parent],
      ...[line.createdAt, line.updatedAt],
    ],
  });
  await client.query({
    name: 'restore_goal_moves',
    text: `insert into autonomous_goal_moves (tenant_id, user_id, goal, from_status, to_status, moved_at, moved_by)
           select $1, $2, $3, m."from", m."to", m."at", m."by"
           from json_to_recordset($4) as m("from" text, "to" text, "at" timestamptz, "by" text)`,
    values: [owner.tenantId, owner.userId, rows[0]?.id, JSON.stringify(line.moves)],
  });
  return true;
}

async function numberOf(client: PoolClient, owner: Owner, goalId: string): Promise<number | null> {
  const { rows } = await client.query<{ id: number }>({
    name: 'restored_goal',
    text: 'select id from autonomous_goals where goal_id = $1 and tenant_id = $2 and user_id = $3',
    values: [goalId, owner.tenantId, owner.userId],
  });
  return rows[0]?.id ?? null;
}
