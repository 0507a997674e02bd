import type { PoolClient } from 'pg';
import type { Owner, Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { mapRow, nameOfShape, type Page, type RawRow, shapeOf } from '../../db/statements.ts';
import { autonomousTasks, type TaskRow } from '../tasks/tables.ts';
import type { GoalStatus } from './status.ts';
import { type GoalRow, goals } from './tables.ts';

type Reader = Pick<Database, 'pool'>;

/** Which goals; all conditions must hold. */
export interface GoalConditions {
  readonly status?: GoalStatus | null | undefined;
  readonly priority?: number | null | undefined;
  /** Only parts of this one. */
  readonly parent?: number | null | undefined;
  /** Only those that are no part of another. */
  readonly isTop?: true | undefined;
}

const CONDITIONS: Record<keyof GoalConditions, (place: string) => string> = {
  status: (place) => `status = ${place}`,
  priority: (place) => `priority = ${place}`,
  parent: (place) => `parent = ${place}`,
  isTop: (place) => `parent is null and ${place}`,
};

/** A user's goals, the one that was made last first. */
export async function goalPage(
  { pool }: Reader,
  owner: Owner,
  conditions: GoalConditions,
  page: Page<number>,
): Promise<GoalRow[]> {
  const values: unknown[] = [
    owner.userId,
    owner.tenantId,
    page.after ?? 2_147_483_647,
    page.before ?? 0,
    page.limit,
  ];
  const names = (Object.keys(CONDITIONS) as (keyof GoalConditions)[]).filter(
    (name) => conditions[name] != null,
  );
  const also = names.map((name) => `and ${CONDITIONS[name](`$${values.push(conditions[name])}`)}`).join(' ');
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: nameOfShape(replicable('goal_page'), shapeOf({ ...conditions, direction: page.inverted || null })),
    text: `select * from autonomous_goals where user_id = $1 and tenant_id = $2 and id < $3 and id > $4 ${also}
           order by id ${direction} limit $5`,
    values,
  });
  return rows.map((row) => mapRow(goals, row));
}

/** Goals by their ids, in that order, as far as the scope reaches; null for others. */
export async function goalsById(
  { pool }: Reader,
  { tenantId, userId }: Scope,
  goalIds: readonly string[],
): Promise<(GoalRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('goals_by_id'),
    text: `select distinct on (goal_id) * from autonomous_goals
           where goal_id = any($1) and tenant_id = $2 and ($3::text is null or user_id = $3) order by goal_id, id`,
    // PostgreSQL would refuse the whole statement for a NUL; no goal has such an id.
    values: [goalIds.filter((id) => !id.includes('\0')), tenantId, userId],
  });
  const byId = new Map(rows.map((raw) => mapRow(goals, raw)).map((row) => [row.goalId, row]));
  return goalIds.map((id) => byId.get(id) ?? null);
}

/** Goals by the numbers of their rows, which came with a goal of the same owner. */
export async function goalsByNumber(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<(GoalRow | null)[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'goals_by_number',
    text: 'select * from autonomous_goals where id = any($1) and tenant_id = $2',
    values: [numbers, tenantId],
  });
  const byNumber = new Map(rows.map((raw) => mapRow(goals, raw)).map((row) => [row.id, row]));
  return numbers.map((number) => byNumber.get(number) ?? null);
}

/** Of each goal its parts, oldest first. */
export async function partsOf(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<GoalRow[][]> {
  const { rows } = await pool.query<RawRow>({
    name: replicable('goal_parts'),
    text: 'select * from autonomous_goals where parent = any($1) and tenant_id = $2 order by id',
    values: [numbers, tenantId],
  });
  const byParent = Map.groupBy(
    rows.map((raw) => mapRow(goals, raw)),
    (row) => row.parent,
  );
  return numbers.map((number) => byParent.get(number) ?? []);
}

/** A change of status. */
export interface GoalMove {
  readonly from: GoalStatus | null;
  readonly to: GoalStatus;
  readonly at: Date;
  readonly by: string;
}

/** Moves that are shown of one goal, the latest ones. */
export const MOVES_SHOWN = 100;

/** Of each goal its latest moves, oldest first. */
export async function movesOf(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
): Promise<GoalMove[][]> {
  const { rows } = await pool.query<GoalMove & { goal: number }>({
    name: replicable('goal_moves'),
    text: `select g.id as goal, m.* from unnest($1::int[]) g(id) cross join lateral (
             select m.from_status as "from", m.to_status as "to", m.moved_at as "at", m.moved_by as "by", m.id as number
             from autonomous_goal_moves m where m.goal = g.id and m.tenant_id = $2 order by m.id desc limit ${MOVES_SHOWN}) m
           order by m.number`,
    values: [numbers, tenantId],
  });
  const byGoal = Map.groupBy(rows, (row) => row.goal);
  return numbers.map((number) => byGoal.get(number) ?? []);
}

/** A goal among those that it consists of. */
export interface TreeGoal {
  readonly id: number;
  readonly parent: number | null;
  readonly status: GoalStatus;
  /** Tasks that are done for it, without those that were cancelled. */
  readonly tasks: number;
  /** Of these. */
  readonly completed: number;
}

/** Some goals and all that they consist of. */
export async function treesOf(
  { pool }: { readonly pool: Pick<Database['pool'] | PoolClient, 'query'> },
  tenantId: string,
  numbers: readonly number[],
): Promise<TreeGoal[]> {
  const { rows } = await (pool as Database['pool']).query<TreeGoal>({
    name: replicable('goal_trees'),
    text: `with recursive tree as (
             select id, parent, status from autonomous_goals where id = any($1) and tenant_id = $2
             union select g.id, g.parent, g.status from autonomous_goals g join tree t on g.parent = t.id)
           select tree.id, tree.parent, tree.status, count(t.id)::int as tasks,
             (count(t.id) filter (where t.status = 'COMPLETED'))::int as completed
           from tree left join autonomous_tasks t on t.goal = tree.id and t.status <> 'CANCELLED' group by 1, 2, 3`,
    values: [numbers, tenantId],
  });
  return rows;
}

/** Of each goal a page of the tasks that are done for it, newest first. */
export async function tasksOfGoals(
  { pool }: Reader,
  tenantId: string,
  numbers: readonly number[],
  page: Page<number>,
): Promise<TaskRow[][]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await pool.query<RawRow>({
    name: `tasks_of_goals_${direction}`,
    text: `select t.* from unnest($1::int[]) g(id) cross join lateral (
             select t.* from autonomous_tasks t where t.goal = g.id and t.tenant_id = $2 and t.id < $3 and t.id > $4
             order by t.id ${direction} limit $5) t order by t.id ${direction}`,
    values: [numbers, tenantId, page.after ?? 2_147_483_647, page.before ?? 0, page.limit],
  });
  const byGoal = Map.groupBy(
    rows.map((row) => mapRow(autonomousTasks, row)),
    (row) => row.goal,
  );
  return numbers.map((number) => byGoal.get(number) ?? []);
}
