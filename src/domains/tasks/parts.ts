import type { ActivityNotes } from '../../ground/activity.ts';
import type { Ports } from '../../ground/ports.ts';
import type { Pressure } from '../../ground/pressure.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Job } from '../../jobs/job.ts';
import { type RunnerOptions, TaskRunner } from './runner.ts';
import { nameOfDirectory } from './worker-directory.ts';

interface TaskParts {
  readonly tasks: TaskRunner;
}

declare module '../../graphql/context.ts' {
  interface Services extends TaskParts {}
}

/** Who runs tasks; begins with `tasks.start` when the server listens. @param ports.jobs of every domain */
export function openTasks(
  {
    config,
    db,
    log,
    availability,
    events,
    keepers,
    activity,
    pressure,
    metrics,
    tracing,
    tenants,
    jobs,
  }: Ports & {
    readonly activity: ActivityNotes;
    readonly pressure: Pressure;
    readonly metrics: RunnerOptions['metrics'];
    readonly tenants: RunnerOptions['tenants'];
    readonly jobs: readonly Job[];
  },
  closing: ClosingStack,
): TaskParts {
  const directory = nameOfDirectory(config.dataDirectory);
  const tasks = new TaskRunner({
    ...{
      db,
      log,
      availability,
      events,
      keepers,
      activity,
      pressure,
      metrics,
      tracing,
      tenants,
      jobs,
      directory,
    },
    workers: config.taskWorkers,
  });
  closing.defer(() => tasks.stop());
  return { tasks };
}
