import { z } from 'zod';
import { cancelTask } from '../domains/tasks/changes.ts';
import { createTask, priorityOf } from '../domains/tasks/tasks.ts';
import { findTask, queueFigures } from '../domains/tasks/views.ts';
import { jsonObject, writtenInstant } from '../ground/input.ts';
import {
  body,
  decimal,
  decimalOrNull,
  now,
  optionalText,
  optionalWhole,
  second,
  secondOf,
  secondOrNull,
  text,
} from './formats.ts';
import { defineRow, READING, type Row, WRITING } from './row.ts';

/** Those of the older service, whose types all took minutes; what GraphQL leaves out, each type of task says for itself. */
const DEFAULT_RETRIES = 3;
const DEFAULT_TIMEOUT_S = 300;
/** What the older service did not know takes up to hours: it would be cut off again and again. */
const LONG_S = 900;
const timeoutOf = (job: { readonly timeoutSeconds: number } | undefined) =>
  job && job.timeoutSeconds > LONG_S ? job.timeoutSeconds : DEFAULT_TIMEOUT_S;

const Order = body({
  name: optionalText,
  task_type: text.describe('What is to be done; GraphQL lists what there is (`taskTypes`).'),
  description: optionalText,
  priority: optionalText.describe('LOW, NORMAL, HIGH or CRITICAL; absent: NORMAL.'),
  payload: jsonObject.nullish(),
  scheduled_for: writtenInstant.nullish().describe('ISO 8601; absent: now.'),
  max_retries: optionalWhole.describe(`Absent: ${DEFAULT_RETRIES}.`),
  timeout: z
    .int({ error: 'must be a whole number of seconds' })
    .nullish()
    .describe(
      `Seconds; absent: ${DEFAULT_TIMEOUT_S}, or that of the type where it is made for more than ${LONG_S}.`,
    ),
});

const taskFields = {
  id: z.string(),
  name: z.string().nullable(),
  description: z.string().nullable(),
  task_type: z.string().nullable(),
  priority: z.string(),
  status: z.string(),
  payload: z.unknown(),
  result: z.unknown(),
  error: z.string().nullable(),
  created_at: second,
  scheduled_for: second.nullable(),
  started_at: second.nullable(),
  completed_at: second.nullable(),
  retry_count: z.int(),
  max_retries: z.int(),
  timeout: z.int(),
};
const Task = z.object(taskFields).meta({ id: 'Task', description: 'Something done in the background.' });

const Queue = z
  .object({
    status: z.enum(['running', 'stopped']),
    statistics: z.object({
      total: z.int(),
      pending: z.int(),
      running: z.int(),
      completed: z.int(),
      failed: z.int(),
      cancelled: z.int(),
      by_type: z.record(z.string(), z.int()),
      oldest_waiting_seconds: decimal.nullable(),
      ended_last_hour: z.int(),
      workers: z.int(),
      workers_busy: z.int(),
    }),
    timestamp: second,
  })
  .meta({ id: 'Queue', description: 'Figures of tasks.' });

const ofTask = z.object({ id: z.string() });

/** Work in the background. */
export const taskRows: readonly Row[] = [
  defineRow({
    method: 'POST',
    at: ['/api/echo/tasks/create'],
    group: 'Tasks and goals',
    summary: 'Lets the server do something in the background',
    toll: WRITING,
    body: Order,
    fieldNames: { type: 'task_type', timeoutSeconds: 'timeout' },
    gives: z
      .object({ id: z.string(), name: z.string().nullable(), status: z.string(), created_at: second })
      .meta({ id: 'CreatedTask', description: 'It will be done.' }),
    run: async ({ services, principal, body: order }) => {
      const task = await createTask(services, principal, {
        type: order.task_type,
        name: order.name,
        description: order.description,
        // Which there are, the verb says.
        priority: (order.priority ?? 'NORMAL') as 'NORMAL',
        payload: order.payload,
        scheduledFor: order.scheduled_for,
        maxRetries: order.max_retries ?? DEFAULT_RETRIES,
        timeoutSeconds: order.timeout ?? timeoutOf(services.tasks.jobs.get(order.task_type)),
      });
      const { taskId, name, status, createdAt } = task;
      return { id: taskId, name, status, created_at: secondOf(createdAt) };
    },
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/tasks/queue'],
    group: 'Tasks and goals',
    summary: 'Figures of the caller’s tasks',
    toll: READING,
    gives: Queue,
    run: async ({ services, principal }) => queue(await queueFigures(services, principal)),
  }),
  defineRow({
    method: 'GET',
    at: ['/api/echo/tasks/{id}'],
    group: 'Tasks and goals',
    summary: 'One task',
    toll: READING,
    path: ofTask,
    gives: Task,
    run: async ({ services, principal, path }) => shown(await findTask(services, principal, path.id)),
  }),
  defineRow({
    method: 'DELETE',
    at: ['/api/echo/tasks/{id}'],
    group: 'Tasks and goals',
    summary: 'Cancels a task',
    toll: WRITING,
    path: ofTask,
    gives: z
      .object({ ...taskFields, stopped_in_time: z.boolean() })
      .meta({ id: 'CancelledTask', description: 'The task, and whether its work has ended already.' }),
    run: async ({ services, principal, path }) => {
      const { task, stoppedInTime } = await cancelTask(services, principal, path.id);
      return { ...shown(task), stopped_in_time: stoppedInTime };
    },
  }),
];

function queue(figures: Awaited<ReturnType<typeof queueFigures>>): z.output<typeof Queue> {
  const { stats, isRunning, workers, running } = figures;
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
      oldest_waiting_seconds: decimalOrNull(stats.oldestWaitingSeconds),
      ended_last_hour: stats.endedLastHour,
      workers,
      workers_busy: running,
    },
    timestamp: now(),
  };
}

function shown(task: Awaited<ReturnType<typeof findTask>>): z.output<typeof Task> {
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
    created_at: secondOf(task.createdAt),
    scheduled_for: secondOrNull(task.scheduledFor),
    started_at: secondOrNull(task.startedAt),
    completed_at: secondOrNull(task.completedAt),
    retry_count: task.retryCount,
    max_retries: task.maxRetries,
    timeout: task.timeout,
  };
}
