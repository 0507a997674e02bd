import {
  IdempotencyKeyReused,
  InvalidInput,
  NotConfigured,
  NotFound,
  QuotaExceeded,
  ScheduleBusy,
} from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { type CancelledTask, cancelTask, retryTask } from './changes.ts';
import { AutonomousTaskRef, TaskPriorityEnum } from './graphql.ts';
import type { TaskRow } from './tables.ts';
import {
  createTask,
  MAX_DAYS_AHEAD,
  MAX_DESCRIPTION_LENGTH,
  MAX_NAME_LENGTH,
  MAX_RETRIES,
  MAX_TIMEOUT_SECONDS,
} from './tasks.ts';

const CreateTaskInput = builder.inputType('CreateTaskInput', {
  description: 'A task of the caller’s. What is absent is as its type has it.',
  fields: (t) => ({
    type: t.string({ required: true, description: 'One of `taskTypes`.' }),
    name: t.string({
      description: `What it is called for people, 1 to ${MAX_NAME_LENGTH} characters; absent: its type.`,
    }),
    description: t.string({ description: `More, for people, at most ${MAX_DESCRIPTION_LENGTH} characters.` }),
    payload: t.field({
      type: 'JSON',
      description: 'An object in the form of its type (`payloadSchema`), at most 65,536 bytes.',
    }),
    priority: t.field({ type: TaskPriorityEnum, description: 'Before which others it is taken.' }),
    scheduledFor: t.field({
      type: 'DateTime',
      description: `When it should begin, within the next ${MAX_DAYS_AHEAD} days; absent: as soon as it can.`,
    }),
    maxRetries: t.int({ description: `Attempts after the first one, 0 to ${MAX_RETRIES}.` }),
    timeoutSeconds: t.int({ description: `Seconds that one attempt may take, 1 to ${MAX_TIMEOUT_SECONDS}.` }),
    goalId: t.id({ description: 'The goal of the same user that it is done for.' }),
    idempotencyKey: t.string({
      description:
        'Names the task among those of its user, 1 to 255 printable ASCII characters: sent again with the same content, it gives the task that was made first.',
    }),
  }),
});

export const CreateTaskSuccess = builder.objectRef<{ task: TaskRow }>('CreateTaskSuccess').implement({
  description: 'The task is stored, and begins when it is due and a worker is free.',
  fields: (t) => ({ task: t.expose('task', { type: AutonomousTaskRef, description: 'The task.' }) }),
});

const CancelTaskSuccess = builder.objectRef<CancelledTask>('CancelTaskSuccess').implement({
  description: 'The task was told to stop.',
  fields: (t) => ({
    task: t.expose('task', {
      type: AutonomousTaskRef,
      description: 'The task as it is now; COMPLETED, if it came to its end before it noticed.',
    }),
    stoppedInTime: t.exposeBoolean('stoppedInTime', {
      description: 'Whether it stopped before it was done, and did so when it was told to.',
    }),
  }),
});

const RetryTaskSuccess = builder.objectRef<{ task: TaskRow }>('RetryTaskSuccess').implement({
  description: 'The task waits for a worker again.',
  fields: (t) => ({ task: t.expose('task', { type: AutonomousTaskRef, description: 'The task.' }) }),
});

/** The type of every mutation that makes a task; what it throws of these errors becomes one of its members. */
export const CreateTaskResult = builder.errorUnion('CreateTaskResult', {
  description: 'The success of making a task, or one of the failures that a caller may expect.',
  types: [
    CreateTaskSuccess,
    InvalidInput,
    IdempotencyKeyReused,
    NotFound,
    NotConfigured,
    ScheduleBusy,
    QuotaExceeded,
  ],
  resolveType: () => 'CreateTaskSuccess',
});

builder.mutationFields((t) => ({
  createTask: t.field({
    type: CreateTaskResult,
    description: 'Lets the server do something in the background.',
    args: { input: t.arg({ type: CreateTaskInput, required: true, description: 'The task.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      task: await createTask(services, principal, {
        ...input,
        goalId: input.goalId == null ? null : String(input.goalId),
      }),
    }),
  }),
  cancelTask: t.field({
    type: CancelTaskSuccess,
    description:
      'Cancels a task that waits; tells one that runs to stop, on whichever server, and waits some seconds for it.',
    errors: { types: [InvalidInput, NotFound] },
    args: { taskId: t.arg.id({ required: true, description: 'The id of the task.' }) },
    resolve: (_root, { taskId }, { services, principal }) => cancelTask(services, principal, String(taskId)),
  }),
  retryTask: t.field({
    type: RetryTaskSuccess,
    description:
      'Lets a task that failed or was cancelled run again, with all its retries. Steps that it has done stay done.',
    errors: { types: [InvalidInput, NotFound] },
    args: { taskId: t.arg.id({ required: true, description: 'The id of the task.' }) },
    resolve: async (_root, { taskId }, { services, principal }) => ({
      task: await retryTask(services, principal, String(taskId)),
    }),
  }),
}));
