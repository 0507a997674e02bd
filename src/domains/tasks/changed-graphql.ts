import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { endable, follow, RESUME_AFTER, type SubscriptionArguments } from '../../ground/subscriptions.ts';
import { AutonomousTaskRef, loadTask, TaskStatusEnum } from './graphql.ts';
import { parseTaskId } from './scope.ts';
import type { TaskRow, TaskStatus } from './tables.ts';
import { taskOnceAvailable } from './views.ts';

interface ChangedTask {
  readonly cursor: string;
  readonly at: Date;
  readonly status: TaskStatus;
  readonly task: TaskRow;
}

const TaskChanged = builder.objectRef<ChangedTask>('TaskChanged').implement({
  description: 'A task came to another state, or further.',
  fields: (t) => ({
    cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    status: t.field({
      type: TaskStatusEnum,
      description: 'How far it was then.',
      resolve: ({ status }) => status,
    }),
    task: t.expose('task', { type: AutonomousTaskRef, description: 'The task as it is now.' }),
  }),
});

builder.subscriptionField('taskChanged', (t) =>
  t.field({
    type: TaskChanged,
    description:
      'Tasks as they are made, begin, go on and end, on any server: the caller’s own; for admins, those of the tenant and of the server itself.',
    args: {
      taskId: t.arg.id({ description: 'Only this one.' }),
      after: t.arg.id({
        description: RESUME_AFTER,
      }),
    },
    subscribe: (_root, { taskId, after }, ctx) => {
      const only = taskId == null ? null : parseTaskId(String(taskId));
      return endable((signal) => changedTasks(ctx, only, { after }, signal));
    },
    resolve: (changed) => changed,
  }),
);

async function* changedTasks(
  ctx: Context,
  only: string | null,
  args: SubscriptionArguments,
  signal: AbortSignal,
): AsyncGenerator<ChangedTask> {
  const { services, principal, onOverflow, pace } = ctx;
  for await (const event of follow(services.events, principal, 'task_changed', args, {
    signal,
    pace,
    onOverflow,
  })) {
    const { taskId, status } = event.payload as { taskId: string; status: TaskStatus };
    if (only !== null && taskId !== only) continue;
    // Events of the server go to all: whoever may not see its tasks finds none.
    const task = await taskOnceAvailable(services, () => loadTask(ctx, taskId), signal);
    if (task) yield { cursor: event.cursor, at: event.at, status, task };
  }
}
