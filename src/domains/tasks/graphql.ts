import { z } from 'zod';
import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import * as input from '../../ground/input.ts';
import { type Job, PRIORITIES, type Priority } from '../../jobs/job.ts';
import { attemptsOf, type TaskStats, taskPage, taskStats, tasksByTaskId } from './reads.ts';
import { parseTaskId, requireSystem, taskScopeOf } from './scope.ts';
import type { AttemptRow, TaskRow, TaskStatus } from './tables.ts';
import { taskTypesFor } from './tasks.ts';

export const TaskStatusEnum = builder.enumType('TaskStatus', {
  description: 'How far a task is.',
  values: {
    PENDING: { description: 'Waits: for its time, for a worker, or for the end of a pause after a failure.' },
    RUNNING: { description: 'A worker is at it.' },
    COMPLETED: { description: 'Done; it has a result.' },
    FAILED: { description: 'Given up after its last attempt; its error says why. `retryTask` begins anew.' },
    CANCELLED: { description: 'Cancelled before it was done. `retryTask` lets it go on.' },
  } satisfies Record<TaskStatus, { description: string }>,
});

export const TaskPriorityEnum = builder.enumType('TaskPriority', {
  description:
    'Which of the tasks that wait is taken first. Users share the workers fairly, whatever the priorities of their tasks.',
  values: {
    LOW: { description: 'When nothing else is to be done.' },
    NORMAL: { description: 'As most.' },
    HIGH: { description: 'Before most.' },
    CRITICAL: { description: 'Before all others; a place among the workers is kept for such tasks.' },
  } satisfies Record<Priority, { description: string }>,
});

const TaskProgressRef = builder
  .objectRef<{ done: number; total: number | null; note: string | null }>('TaskProgress')
  .implement({
    description: 'How far a task is, as it says itself; about once a second at most.',
    fields: (t) => ({
      done: t.exposeInt('done', { description: 'What is done, in whatever the job counts.' }),
      total: t.exposeInt('total', { nullable: true, description: 'What is to be done; null: unknown.' }),
      note: t.exposeString('note', { nullable: true, description: 'More, for people.' }),
    }),
  });

const TaskAttemptRef = builder.objectRef<AttemptRow>('TaskAttempt').implement({
  description: 'One time that a worker took a task.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was taken.' }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended, or was noticed to have ended; null: it runs.',
    }),
    worker: t.exposeString('worker', {
      description: 'Which server took it: a name of its data directory, then one of its process.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'Why it did not come to its end; null: it did, or runs.',
    }),
  }),
});

export const AutonomousTaskRef = builder.objectRef<TaskRow>('AutonomousTask');

builder.node(AutonomousTaskRef, {
  description:
    'A unit of work that the server does by itself. Seen by its user, and by admins of the tenant.',
  id: { resolve: (task) => task.taskId },
  loadMany: (ids, { services, principal }) => tasksByTaskId(services.db, taskScopeOf(principal), ids),
  fields: (t) => ({
    taskId: t.exposeID('taskId', { description: 'The id of the task (a UUID).' }),
    type: t.string({
      description: 'Which kind of work; one of `taskTypes`, or of an older version.',
      resolve: (task) => task.taskType ?? '(unknown)',
    }),
    name: t.exposeString('name', { description: 'What it is called for people.' }),
    description: t.exposeString('description', { nullable: true, description: 'More, for people.' }),
    priority: t.field({
      type: TaskPriorityEnum,
      description: 'Before which others it is taken.',
      resolve: (task) => PRIORITIES[task.priority] ?? 'NORMAL',
    }),
    status: t.field({ type: TaskStatusEnum, description: 'How far it is.', resolve: (task) => task.status }),
    payload: t.expose('payload', {
      type: 'JSON',
      nullable: true,
      description: 'What was given to it, in the form of its type.',
    }),
    result: t.expose('result', {
      type: 'JSON',
      nullable: true,
      description: 'What came of it, in a form of its type; null: it is not completed, or has none.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'Why its latest attempt did not come to its end; null: it did, or there was none.',
    }),
    progress: t.field({
      type: TaskProgressRef,
      nullable: true,
      description: 'How far its latest attempt is, or was; null: it did not say.',
      resolve: ({ progressDone, progressTotal, progressNote }) =>
        progressDone === null ? null : { done: progressDone, total: progressTotal, note: progressNote },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    scheduledFor: t.expose('scheduledFor', {
      type: 'DateTime',
      nullable: true,
      description: 'When it should begin; null: as soon as it can.',
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its latest attempt began; null: none has.',
    }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was completed, given up or cancelled; null: it is not over.',
    }),
    retryCount: t.exposeInt('retryCount', {
      description: 'Attempts that followed a failure, since it was made or last tried again by hand.',
    }),
    maxRetries: t.exposeInt('maxRetries', { description: 'How many of them there may be.' }),
    timeoutSeconds: t.exposeInt('timeout', { description: 'Seconds that one attempt may take.' }),
    createdBy: t.exposeString('createdBy', { description: 'A user, or what of the server made it.' }),
    attempts: t.field({
      type: [TaskAttemptRef],
      description: 'Every time that a worker took it, oldest first.',
      resolve: ({ id, tenantId }, _args, { services, loader }) =>
        loader({
          name: 'task attempts',
          load: (tasks) => attemptsOf(services.db, tasks),
          key: { id, tenantId },
        }),
    }),
  }),
});

const TaskTypeRef = builder.objectRef<Job>('TaskType').implement({
  description: 'A kind of background work.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'By which `createTask` names it.' }),
    description: t.exposeString('description', { description: 'What it does, for people.' }),
    payloadSchema: t.field({
      type: 'JSON',
      description: 'What its payload must be (JSON Schema).',
      resolve: ({ payload }) => z.toJSONSchema(payload, { io: 'input', unrepresentable: 'any' }),
    }),
    maySchedule: t.boolean({
      description: 'Whether a schedule can make such tasks: they need nothing in their payload.',
      resolve: ({ payload }) => payload.safeParse({}).success,
    }),
  }),
});

const TaskStatsRef = builder.objectRef<TaskStats>('TaskStats').implement({
  description: 'Figures of tasks.',
  fields: (t) => ({
    byStatus: t.field({
      type: [
        builder.objectRef<TaskStats['byStatus'][number]>('TaskStatusCount').implement({
          description: 'How many tasks are so far.',
          fields: (f) => ({
            status: f.field({
              type: TaskStatusEnum,
              description: 'How far.',
              resolve: ({ status }) => status,
            }),
            count: f.exposeInt('count', { description: 'How many.' }),
          }),
        }),
      ],
      description: 'By status; those of which there are none are absent.',
      resolve: ({ byStatus }) => [...byStatus],
    }),
    byType: t.field({
      type: [
        builder.objectRef<TaskStats['byType'][number]>('TaskTypeCount').implement({
          description: 'How many tasks of a type are so far.',
          fields: (f) => ({
            type: f.exposeString('type', { description: 'Of which type.' }),
            status: f.field({
              type: TaskStatusEnum,
              description: 'How far.',
              resolve: ({ status }) => status,
            }),
            count: f.exposeInt('count', { description: 'How many.' }),
          }),
        }),
      ],
      description: 'By type and status; what there is none of is absent.',
      resolve: ({ byType }) => [...byType],
    }),
    oldestWaitingSeconds: t.exposeFloat('oldestWaitingSeconds', {
      nullable: true,
      description:
        'For how long the task that has been due longest has waited; null: none that is due waits.',
    }),
    endedLastHour: t.exposeInt('endedLastHour', {
      description: 'Tasks that ended within the last hour, however they ended.',
    }),
  }),
});

const TaskFilter = builder.inputType('TaskFilter', {
  description: 'Which tasks; all conditions must hold.',
  fields: (t) => ({
    status: t.field({ type: TaskStatusEnum, description: 'Only those that are so far.' }),
    type: t.string({ description: 'Only of this type.' }),
    priority: t.field({ type: TaskPriorityEnum, description: 'Only of this priority.' }),
    goalId: t.id({ description: 'Only those that are done for this goal.' }),
    since: t.field({ type: 'DateTime', description: 'Only those that were made then or later.' }),
    until: t.field({ type: 'DateTime', description: 'Only those that were made then or before.' }),
    system: t.boolean({
      defaultValue: false,
      description: 'The tasks of the server itself in place of those of users; only for admins.',
    }),
  }),
});

const Conditions = z.object({
  goalId: input.text(100).nullish(),
  type: input.text(100).nullish(),
  since: input.instant.nullish(),
  until: input.instant.nullish(),
});

export const AutonomousTaskConnection = builder.connectionObject(
  { type: AutonomousTaskRef, name: 'AutonomousTaskConnection' },
  { name: 'AutonomousTaskEdge' },
);

const newest = numberCursor<TaskRow>((task) => task.id);

builder.queryFields((t) => ({
  tasks: t.connection(
    {
      type: AutonomousTaskRef,
      description: 'Tasks of the caller, newest first; for admins those of the tenant.',
      args: { filter: t.arg({ type: TaskFilter, description: 'Which of them; absent: all.' }) },
      resolve: (_root, { filter, ...args }, { services, principal }) => {
        const system = filter?.system ?? false;
        if (system) requireSystem(principal);
        const { type, since, until, goalId } = input.parseInput(Conditions, filter ?? {}, 'filter');
        const { status, priority } = filter ?? {};
        const place = priority ? PRIORITIES.indexOf(priority) : null;
        const conditions = { status, type, since, until, goalId, priority: place, system };
        return connect(args, newest, (page) =>
          taskPage(services.db, taskScopeOf(principal), conditions, page),
        );
      },
    },
    AutonomousTaskConnection,
  ),
  task: t.field({
    type: AutonomousTaskRef,
    nullable: true,
    description: 'One task; null if there is none for this caller.',
    args: { taskId: t.arg.id({ required: true, description: 'The id of the task.' }) },
    resolve: (_root, { taskId }, ctx) => loadTask(ctx, String(taskId)),
  }),
  taskTypes: t.field({
    type: [TaskTypeRef],
    description: 'The kinds of tasks that the caller may make.',
    resolve: (_root, _args, { services, principal }) => taskTypesFor(services, principal),
  }),
  taskStats: t.field({
    type: TaskStatsRef,
    complexity: 100,
    description: 'Figures of the caller’s tasks; for admins of those of the tenant.',
    resolve: (_root, _args, { services: { db, shared }, principal }) => {
      const scope = taskScopeOf(principal);
      return shared.of(['task stats', scope], () => taskStats(db, scope));
    },
  }),
}));

/** A task that the caller may see, through the operation's batch, or null. */
export function loadTask({ loader, services, principal }: Context, taskId: string): Promise<TaskRow | null> {
  const id = parseTaskId(taskId);
  const load = (ids: readonly string[]) => tasksByTaskId(services.db, taskScopeOf(principal), ids);
  return loader({ name: 'task', load, key: id });
}
