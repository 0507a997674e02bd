import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { tokensIn } from '../domains/query/context.ts';
import {
  createTask,
  MAX_DAYS_AHEAD,
  MAX_DESCRIPTION_LENGTH,
  MAX_NAME_LENGTH,
  priorityOf,
  taskTypesFor,
} from '../domains/tasks/tasks.ts';
import { findTask, TASK_STATUSES, type TaskRow } from '../domains/tasks/views.ts';
import { Forbidden } from '../errors.ts';
import { jsonObject } from '../ground/input.ts';
import { PRIORITIES } from '../jobs/job.ts';
import * as argument from './arguments.ts';
import { defineTool, type ToolCall } from './tool.ts';

const MAX_WAIT_SECONDS = 30;
const LOOK_MS = 250;

const Task = z.object({
  taskId: z.string(),
  userId: z.string().nullable().describe('Whose it is; null: the server’s own.'),
  type: z.string(),
  name: z.string(),
  priority: z.enum(PRIORITIES),
  status: z.enum(TASK_STATUSES),
  isOver: z.boolean().describe('Whether nothing more happens.'),
  progress: z
    .object({ done: z.int(), total: z.int().nullable(), note: z.string().nullable() })
    .nullable()
    .describe('How far it is; null: not told.'),
  result: z.unknown().describe('What came of it; null: nothing yet, or too long for this answer.'),
  resultIsLeftOut: z.boolean().describe('Whether the result is longer than maxTokens.'),
  error: z.string().nullable(),
  createdAt: z.string(),
  scheduledFor: z.string().nullable(),
  startedAt: z.string().nullable(),
  completedAt: z.string().nullable(),
});

export const createTaskTool = defineTool({
  name: 'create_task',
  title: 'Start a background task',
  description: (services, principal) =>
    [
      'Lets the server do something in the background and returns at once with a taskId; ask task_status how it goes. Types:',
      ...taskTypesFor(services, principal).map(
        ({ name, description, payload }) => `- ${name}: ${description} Payload: ${payloadWords(payload)}`,
      ),
    ].join('\n'),
  effect: 'adds',
  isIdempotent: false,
  input: argument.argumentsOf({
    type: argument.text(100, 'Which kind of work; one of those in the description of this tool.'),
    payload: jsonObject.optional().meta({ type: 'object', description: 'What the type needs to know.' }),
    name: argument.text(MAX_NAME_LENGTH, 'What it is called for people; absent: as its type.').optional(),
    description: argument.text(MAX_DESCRIPTION_LENGTH, 'More, for people.').optional(),
    priority: argument
      .oneOf(PRIORITIES, 'Before which others it is taken; absent: as its type says.')
      .optional(),
    scheduledFor: argument
      .instant(`When it may begin, within ${MAX_DAYS_AHEAD} days; absent: now.`)
      .optional(),
    idempotencyKey: argument.idempotencyKey.optional(),
  }),
  output: Task,
  run: async (call, given) => {
    if (call.owner.userId !== call.principal.userId)
      throw new Forbidden('userId: a task is its caller’s own');
    return shownTask(await createTask(call.services, call.principal, given), TASK_TOKENS);
  },
});

const TASK_TOKENS = 4_000;

export const taskStatus = defineTool({
  name: 'task_status',
  title: 'Ask how a task is going',
  description:
    'Says how far a background task is, and what came of it. With waitSeconds it waits for the end, so that you need not ask again and again.',
  effect: 'reads',
  isIdempotent: true,
  input: argument.argumentsOf({
    taskId: argument.id('the task, as create_task gave it'),
    waitSeconds: argument.whole(0, MAX_WAIT_SECONDS, 0, 'How long to wait for its end at most.'),
    maxTokens: argument.maxTokens,
  }),
  output: Task,
  run: async (call, { taskId, waitSeconds, maxTokens }) =>
    shownTask(await ended(call, taskId, waitSeconds * 1_000), maxTokens),
});

/** The task when it is over, or as it is when the wait is. */
async function ended(call: ToolCall, taskId: string, waitMs: number): Promise<TaskRow> {
  const deadline = Date.now() + waitMs;
  let told = '';
  for (let look = 1; ; look++) {
    const task = await findTask(call.services, call.principal, taskId);
    if (isOver(task) || Date.now() >= deadline || call.signal.aborted) return task;
    const { progressDone, progressTotal, progressNote, status } = task;
    const state = JSON.stringify([status, progressDone, progressTotal, progressNote]);
    // It must rise with every message, whatever the task counts.
    if (state !== told)
      await call.progress(
        look,
        null,
        progressNote ?? `${status}, ${progressDone ?? 0} of ${progressTotal ?? 'unknown'}`,
      );
    told = state;
    await setTimeout(LOOK_MS, undefined, { signal: call.signal, ref: false }).catch(() => undefined);
  }
}

function isOver({ status }: TaskRow): boolean {
  return status !== 'PENDING' && status !== 'RUNNING';
}

function shownTask(task: TaskRow, maxTokens: number): z.output<typeof Task> {
  const { taskId, userId, name, status, error, progressDone, progressTotal, progressNote } = task;
  const resultIsLeftOut = task.result !== null && tokensIn(JSON.stringify(task.result)) > maxTokens;
  return {
    ...{ taskId, userId, name, status, error, resultIsLeftOut },
    type: task.taskType ?? '(unknown)',
    priority: priorityOf(task),
    isOver: isOver(task),
    progress: progressDone === null ? null : { done: progressDone, total: progressTotal, note: progressNote },
    result: resultIsLeftOut ? null : task.result,
    createdAt: task.createdAt.toISOString(),
    scheduledFor: task.scheduledFor?.toISOString() ?? null,
    startedAt: task.startedAt?.toISOString() ?? null,
    completedAt: task.completedAt?.toISOString() ?? null,
  };
}

/** The form of a payload, short. */
function payloadWords(payload: z.ZodType): string {
  const { $schema: _, ...schema } = z.toJSONSchema(payload, { io: 'input', unrepresentable: 'any' });
  return JSON.stringify(schema);
}
