import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { PRIORITIES } from '../../jobs/job.ts';
import { MAX_RESULT_BYTES } from './attempt.ts';
import { storedJson } from './stored-json.ts';
import { autonomousTasks, TASK_STATUSES } from './tables.ts';
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, MAX_RETRIES, MAX_TIMEOUT_SECONDS } from './tasks.ts';

const date = input.writtenInstant;
const count = z.int().min(0).max(2_147_483_647);

/** What a result may be: anything that is kept of one. */
const result = z.unknown().superRefine((value, context) => {
  try {
    storedJson(value, 'it', MAX_RESULT_BYTES);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const TaskLine = z.object({
  kind: z.literal('task'),
  tenantId: z.string(),
  userId: z.string(),
  taskId: z.guid(),
  type: input.text(100),
  name: input.text(MAX_NAME_LENGTH),
  description: input.text(MAX_DESCRIPTION_LENGTH, 0).nullable(),
  priority: z.enum(PRIORITIES),
  status: z.enum(TASK_STATUSES),
  payload: input.jsonObject,
  result,
  error: input.text(2_000, 0).nullable(),
  createdAt: date,
  scheduledFor: date.nullable(),
  startedAt: date.nullable(),
  completedAt: date.nullable(),
  retryCount: count,
  maxRetries: count.max(MAX_RETRIES),
  timeoutSeconds: count.min(1).max(MAX_TIMEOUT_SECONDS),
  // Exports of an older version have none.
  goalId: z.string().nullable().default(null),
});
type TaskLine = z.output<typeof TaskLine>;

/**
 * A user's tasks, as they were. One that waited or ran comes back cancelled: an old copy sets nothing going, and whoever
 * still wants it tries it again.
 */
export const ownTasks = sectionOfRows<{ readonly db: Database }, TaskLine>({
  kind: 'task',
  schema: TaskLine,
  dated: 'createdAt',
  read: exportedTasks,
  restore: restoreTasks,
});

/** In the order of their ids, which are the same on every server. */
async function exportedTasks(
  { db }: { readonly db: Database },
  { tenantId, userId }: Owner,
  { key }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_tasks',
    text: `select t.*, g.goal_id from autonomous_tasks t left join autonomous_goals g on g.id = t.goal
           where t.user_id = $1 and t.tenant_id = $2 and t.task_id collate "C" > $3 order by t.task_id collate "C" limit $4`,
    values: [userId, tenantId, key, limit],
  });
  return rows.map((raw) => {
    const row = mapRow(autonomousTasks, raw);
    const line: Record<keyof TaskLine, unknown> = {
      kind: 'task',
      ...{ tenantId, userId, taskId: row.taskId, type: row.taskType, name: row.name },
      ...{ description: row.description, priority: PRIORITIES[row.priority], status: row.status },
      ...{ payload: row.payload, result: row.result, error: row.error, createdAt: row.createdAt },
      ...{ scheduledFor: row.scheduledFor, startedAt: row.startedAt, completedAt: row.completedAt },
      ...{ retryCount: row.retryCount, maxRetries: row.maxRetries, timeoutSeconds: row.timeout },
      goalId: raw.goal_id,
    };
    return { line: JSON.stringify(line), after: { key: row.taskId, number: 0 } };
  });
}

async function restoreTasks(client: PoolClient, owner: Owner, lines: readonly TaskLine[]): Promise<number> {
  const rows = lines.map(({ type, timeoutSeconds, priority, status, completedAt, ...line }) => {
    const isOver = status !== 'PENDING' && status !== 'RUNNING';
    return {
      ...line,
      ...{ task_type: type, timeout: timeoutSeconds, priority: PRIORITIES.indexOf(priority) },
      ...{ status: isOver ? status : 'CANCELLED', completed_at: completedAt ?? new Date() },
    };
  });
  const { rowCount } = await client.query({
    name: 'restore_tasks',
    text: `insert into autonomous_tasks (task_id, tenant_id, user_id, created_by, task_type, name, description, priority,
             status, payload, result, error, created_at, scheduled_for, started_at, completed_at, retry_count, max_retries, timeout, goal)
           select "taskId", $2, $3, $3, task_type, name, description, priority, status, payload, result, error,
             "createdAt", "scheduledFor", "startedAt", completed_at, "retryCount", "maxRetries", timeout,
             (select g.id from autonomous_goals g where g.goal_id = "goalId" and g.tenant_id = $2 and g.user_id = $3)
           from json_to_recordset($1) as t("taskId" text, task_type text, name text, description text, priority int,
             status text, payload jsonb, result jsonb, error text, "createdAt" timestamptz, "scheduledFor" timestamptz,
             "startedAt" timestamptz, completed_at timestamptz, "retryCount" int, "maxRetries" int, timeout int, "goalId" text)
           on conflict (task_id) do nothing`,
    values: [JSON.stringify(rows), owner.tenantId, owner.userId],
  });
  return rowCount ?? 0;
}
