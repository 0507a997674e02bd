import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import type { TaskOwner } from '../../jobs/job.ts';
import { IN_SCOPE, isShownTo, scopeValues, type TaskScope } from './scope.ts';
import { type AttemptRow, autonomousTasks, type TaskRow, type TaskStatus, taskAttempts } from './tables.ts';

export interface TaskConditions {
  readonly status?: TaskStatus | null | undefined;
  readonly type?: string | null | undefined;
  /** Its place. */
  readonly priority?: number | null | undefined;
  /** The id of their goal. */
  readonly goalId?: string | null | undefined;
  /** When they were made. */
  readonly since?: Date | null | undefined;
  readonly until?: Date | null | undefined;
  /** Those of the server itself, in place of the tenant's. */
  readonly system: boolean;
}

/** Tasks within a scope, newest first. */
export async function taskPage(
  db: Database,
  scope: TaskScope,
  conditions: TaskConditions,
  page: Page<number>,
): Promise<TaskRow[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { system } = conditions;
  const owner = system
    ? `${isShownTo('$1::text')} and $2::text is null`
    : 't.tenant_id = $1 and t.user_id is not null and ($2::text is null or t.user_id = $2)';
  const { rows } = await db.pool.query<RawRow>({
    name: `task_page_${system ? 'system_' : ''}${direction}`,
    text: `select t.* from autonomous_tasks t
           where ${owner} and t.id < $3 and t.id > $4
             and ($6::text is null or t.status = $6) and ($7::text is null or t.task_type = $7)
             and ($8::int is null or t.priority = $8)
             and ($9::timestamptz is null or t.created_at >= $9) and ($10::timestamptz is null or t.created_at <= $10)
             and ($11::text is null
               or t.goal in (select g.id from autonomous_goals g where g.goal_id = $11 and g.tenant_id = t.tenant_id))
           order by t.id ${direction} limit $5`,
    values: [
      scope.tenantId,
      system ? null : scope.userId,
      page.after ?? 2_147_483_647,
      page.before ?? 0,
      page.limit,
      conditions.status,
      conditions.type,
      conditions.priority,
      conditions.since,
      conditions.until,
      conditions.goalId,
    ],
  });
  return rows.map((raw) => mapRow(autonomousTasks, raw));
}

/** Tasks by id, in the order of the ids; null where there is none within the scope. */
export async function tasksByTaskId(
  db: Database,
  scope: TaskScope,
  taskIds: readonly string[],
): Promise<(TaskRow | null)[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'tasks_by_task_ids',
    text: `select t.* from autonomous_tasks t where t.task_id = any($4) and ${IN_SCOPE}`,
    values: [...scopeValues(scope), taskIds],
  });
  const byId = new Map(rows.map((raw) => [raw.task_id, mapRow(autonomousTasks, raw)]));
  return taskIds.map((taskId) => byId.get(taskId) ?? null);
}

/** Attempts at tasks, oldest first; a list for each task, in the order given. */
export async function attemptsOf(
  db: Database,
  tasks: readonly { readonly id: number; readonly tenantId: string }[],
): Promise<AttemptRow[][]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'task_attempts_of',
    text: `select a.* from task_attempts a join autonomous_tasks t on t.id = a.task
           where a.task = any($1) and t.tenant_id = any($2) order by a.task, a.number`,
    values: [tasks.map(({ id }) => id), [...new Set(tasks.map(({ tenantId }) => tenantId))]],
  });
  const attempts = rows.map((raw) => mapRow(taskAttempts, raw));
  return tasks.map(({ id }) => attempts.filter(({ task }) => task === id));
}

/** Figures of tasks. */
export interface TaskStats {
  readonly byStatus: readonly { readonly status: TaskStatus; readonly count: number }[];
  readonly byType: readonly { readonly type: string; readonly status: TaskStatus; readonly count: number }[];
  /** For how long the task that has been due longest has waited. Null: none waits. */
  readonly oldestWaitingSeconds: number | null;
  /** Tasks that ended within the last hour, however they ended. */
  readonly endedLastHour: number;
}

/** Figures of the tasks within a scope, without those of the server itself. */
export async function taskStats(db: Database, { tenantId, userId }: TaskScope): Promise<TaskStats> {
  const { rows } = await db.pool.query<{
    type: string;
    status: TaskStatus;
    count: number;
    waiting: number | null;
    ended: number;
  }>({
    name: 'task_stats',
    text: `select coalesce(t.task_type, '(unknown)') as type, t.status, count(*)::int as count,
             extract(epoch from now() - min(t.due_at) filter (where t.status = 'PENDING' and t.due_at <= now()))::float8 as waiting,
             count(*) filter (where t.completed_at > now() - interval '1 hour')::int as ended
           from autonomous_tasks t
           where t.tenant_id = $1 and t.user_id is not null and ($2::text is null or t.user_id = $2)
           group by 1, 2 order by 1, 2`,
    values: [tenantId, userId],
  });
  const counts = new Map<TaskStatus, number>();
  for (const { status, count } of rows) counts.set(status, (counts.get(status) ?? 0) + count);
  const waiting = rows.flatMap((row) => (row.waiting === null ? [] : [row.waiting]));
  return {
    byStatus: [...counts].map(([status, count]) => ({ status, count })),
    byType: rows.map(({ type, status, count }) => ({ type, status, count })),
    oldestWaitingSeconds: waiting.length > 0 ? Math.max(...waiting) : null,
    endedLastHour: rows.reduce((sum, { ended }) => sum + ended, 0),
  };
}

/** Tasks of a type that wait or run, of one owner, oldest first. */
export async function unfinishedTasks(
  pool: Pick<Database['pool'], 'query'>,
  { tenantId, userId }: TaskOwner,
  type: string,
): Promise<TaskRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'unfinished_tasks',
    text: `select * from autonomous_tasks where status in ('PENDING', 'RUNNING') and task_type = $3
             and tenant_id = $1 and user_id is not distinct from $2 order by id limit 100`,
    values: [tenantId, userId, type],
  });
  return rows.map((raw) => mapRow(autonomousTasks, raw));
}
