import { z } from 'zod';
import { cancelTask } from '../domains/tasks/changes.ts';
import { createTask, priorityOf } from '../domains/tasks/tasks.ts';
import { findTask, queueFigures } from '../domains/tasks/views.ts';
import { jsonObject, parseInput, writtenInstant } from '../ground/input.ts';
import { readJson } from '../http/body.ts';
import type { RestRequest } from './request.ts';

const Body = z.object(
  {
    name: z.string({ error: 'must be text' }).nullish(),
    task_type: z.string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'must be text') }),
    description: z.string({ error: 'must be text' }).nullish(),
    /** Which there are, the verb says. */
    priority: z.string({ error: 'must be text' }).nullish(),
    payload: jsonObject.nullish(),
    scheduled_for: writtenInstant.nullish(),
    max_retries: z.int({ error: 'must be a whole number' }).nullish(),
    timeout: z.int({ error: 'must be a whole number of seconds' }).nullish(),
  },
  { error: 'the body must be a JSON object' },
);

/** POST /api/echo/tasks/create: lets the server do something in the background. */
export async function postTask({ services, principal, request }: RestRequest) {
  const body = parseInput(Body, await readJson(request));
  const task = await createTask(services, principal, {
    type: body.task_type,
    name: body.name,
    description: body.description,
    priority: body.priority as 'LOW' | null | undefined,
    payload: body.payload,
    scheduledFor: body.scheduled_for,
    maxRetries: body.max_retries,
    timeoutSeconds: body.timeout,
  });
  return { id: task.taskId, name: task.name, status: task.status, created_at: task.createdAt.toISOString() };
}

/** GET /api/echo/tasks/{id} */
export async function getTask({ services, principal, parameter }: RestRequest) {
  return shown(await findTask(services, principal, parameter));
}

/** DELETE /api/echo/tasks/{id}: cancels it. */
export async function deleteTask({ services, principal, parameter }: RestRequest) {
  const { task, stoppedInTime } = await cancelTask(services, principal, parameter);
  return { ...shown(task), stopped_in_time: stoppedInTime };
}

/** GET /api/echo/tasks/queue: figures of the caller's tasks. */
export async function getQueue({ services, principal }: RestRequest) {
  const { stats, isRunning, workers, running } = await queueFigures(services, principal);
  const counts = Object.fromEntries(stats.byStatus.map(({ status, count }) => [status, count]));
  const types = [...new Set(stats.byType.map(({ type }) => type))];
  return {
    status: isRunning ? 'running' : 'stopped',
    statistics: {
      total: stats.byStatus.reduce((sum, { count }) => sum + count, 0),
      pending: counts.PENDING ?? 0,
      running: counts.RUNNING ?? 0,
      completed: counts.COMPLETED ?? 0,
      failed: counts.FAILED ?? 0,
      cancelled: counts.CANCELLED ?? 0,
      by_type: Object.fromEntries(
        types.map((type) => [
          type,
          stats.byType.filter((each) => each.type === type).reduce((sum, { count }) => sum + count, 0),
        ]),
      ),
      oldest_waiting_seconds: stats.oldestWaitingSeconds,
      ended_last_hour: stats.endedLastHour,
      workers,
      workers_busy: running,
    },
    timestamp: new Date().toISOString(),
  };
}

function shown(task: Awaited<ReturnType<typeof findTask>>) {
  return {
    id: task.taskId,
    name: task.name,
    description: task.description,
    task_type: task.taskType,
    priority: priorityOf(task),
    status: task.status,
    payload: task.payload,
    result: task.result,
    error: task.error,
    created_at: task.createdAt.toISOString(),
    scheduled_for: task.scheduledFor?.toISOString() ?? null,
    started_at: task.startedAt?.toISOString() ?? null,
    completed_at: task.completedAt?.toISOString() ?? null,
    retry_count: task.retryCount,
    max_retries: task.maxRetries,
    timeout: task.timeout,
  };
}
