import type { ActivityNotes } from '../../ground/activity.ts';
import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import type { Job } from '../../jobs/job.ts';
import { declaredIn } from './declared.ts';
import { Ticker } from './ticker.ts';

interface ScheduleParts {
  readonly schedules: Ticker;
}

declare module '../../graphql/context.ts' {
  interface Services extends ScheduleParts {}
}

/**
 * Who makes the tasks of schedules; begins with `schedules.start` when the server listens.
 *
 * @throws ScheduleRefused for a job whose schedule cannot be
 */
export function openSchedules(
  {
    config,
    ...parts
  }: Ports & {
    readonly activity: ActivityNotes;
    readonly tasks: { readonly jobs: ReadonlyMap<string, Job>; wake(): void };
  },
  closing: ClosingStack,
): ScheduleParts {
  const { db, availability, events, keepers, activity, tasks, now } = parts;
  const schedules = new Ticker({
    ...{ db, availability, events, keepers, activity, tasks, now },
    declared: declaredIn(tasks.jobs.values()),
    isOn: config.taskWorkers > 0,
  });
  closing.defer(() => schedules.stop());
  return { schedules };
}
