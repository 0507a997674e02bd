import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineJob, type JobSchedule } from '../../src/jobs/job.ts';

/** Steps of each run. */
export const SLOT_STEPS = 3;

/** A job of each policy, which runs by itself at a minute of every hour, and writes what it did into the table of effects. */
export const slotJobs = (minute: number) =>
  (['SKIP', 'RUN_ONCE', 'RUN_ALL'] as const).map((missed: JobSchedule['missed']) =>
    defineJob({
      name: `slots_${missed.toLowerCase()}`,
      description: 'Writes rows by itself.',
      payload: z.strictObject({}),
      schedule: { cron: `${minute} * * * *`, timeZone: 'UTC', missed },
      run: async (_services: unknown, _payload, { taskId, attempt, once, signal }) => {
        for (let step = 1; step <= SLOT_STEPS; step++) {
          await once(`step ${step}`, async (client) => {
            await client.query('insert into effects values ($1, $2, $3)', [taskId, `step ${step}`, attempt]);
            return step;
          });
          await delay(100, undefined, { signal });
        }
        return null;
      },
    }),
  );
