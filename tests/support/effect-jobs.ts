import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineJob } from '../../src/jobs/job.ts';

/** Where effects are counted: a table of the test, without any key that would hide a second one. */
export const EFFECTS = 'create table effects (task text, step text, attempt int)';

const retry = { limit: 3, delaySeconds: 0.05, maxDelaySeconds: 0.1 };

/** Writes a row for each of some steps, each once over all attempts. */
export const effects = defineJob({
  name: 'effects',
  description: 'Writes rows.',
  payload: z.strictObject({
    steps: z.int(),
    pauseMs: z.int().default(0),
    failAt: z.int().nullable().default(null),
  }),
  retry,
  run: async (_services: unknown, { steps, pauseMs, failAt }, { taskId, attempt, once, signal }) => {
    const returned: number[] = [];
    for (let step = 1; step <= steps; step++) {
      const number = await once(`step ${step}`, async (client) => {
        await client.query('insert into effects values ($1, $2, $3)', [taskId, `step ${step}`, attempt]);
        return step;
      });
      returned.push(number);
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal });
      if (step === failAt && attempt === 1) throw new Error('thrown after its effects');
    }
    return returned;
  },
});

export const effectJobs = [effects];
