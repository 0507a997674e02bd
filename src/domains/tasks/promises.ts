import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { type Asker, type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import { taskOutlook } from './claims.ts';
import type { TaskRunner } from './runner.ts';

interface Parts {
  readonly db: Database;
  readonly availability: Availability;
  readonly tasks: Pick<TaskRunner, 'state' | 'jobs'>;
  readonly tenants: { suspended(): Promise<readonly string[]> };
}

const WAIT: Bound = { of: 'time that a task which is due has waited', limit: 300, unit: 'seconds' };
const ABANDONED: Bound = { of: 'jobs that did not stop when they were told to', limit: 3, unit: 'rounds' };

const tasksWaiting = defineAlert<string>({
  name: 'tasks_waiting',
  severity: 'WARNING',
  words: 'Background tasks wait longer than they should, or jobs do not stop when they are told to.',
  message: (detail) => detail,
});

export const backgroundTasks = definePromise<Parts>({
  name: 'tasks',
  words: 'What is to be done in the background is begun soon after it is due.',
  bounds: [WAIT, ABANDONED],
  check: checkTasks,
  alert: tasksWaiting,
  figures: [
    {
      name: 'echo_tasks_running',
      words: 'Tasks that this server runs now',
      read: ({ tasks: { state } }) => state.running,
    },
    {
      name: 'echo_task_wait_seconds',
      words:
        'How long the task that has been due longest had waited at the last look; absent before the first',
      read: ({ tasks: { state } }) => state.waitedSeconds,
    },
  ],
});

async function checkTasks({ db, availability, tasks, tenants }: Parts, asker: Asker): Promise<Standing> {
  const { isRunning, workers, running, abandoned, waitedSeconds } = tasks.state;
  // The watch, which asks every second, takes what the latest look for tasks has seen.
  const waited =
    asker === 'watch'
      ? waitedSeconds
      : await availability.tolerate(() => waitedNow(db, tasks, tenants), null);
  const problems: string[] = [];
  if (waited === null) problems.push('what waits is unknown without the database');
  else if (waited > WAIT.limit) problems.push(`a task that is due has waited ${Math.round(waited)} s`);
  if (abandoned >= ABANDONED.limit) problems.push(`${abandoned} jobs did not stop when they were told to`);
  const words = isRunning ? `${running} of ${workers} workers are busy` : 'this server runs none';
  return {
    status: problems.length > 0 ? 'DEGRADED' : 'HEALTHY',
    latencyMs: null,
    detail: [...problems, words].join('; '),
  };
}

/** Tasks of suspended tenants wait for as long as that is so. */
async function waitedNow(
  db: Database,
  { jobs }: Pick<TaskRunner, 'jobs'>,
  tenants: Parts['tenants'],
): Promise<number> {
  const { dueInMs } = await taskOutlook(db, [...jobs.keys()], await tenants.suspended());
  return dueInMs === null ? 0 : Math.max(0, -dueInMs / 1_000);
}
