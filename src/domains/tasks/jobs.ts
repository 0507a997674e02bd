import { z } from 'zod';
import { defineJob } from '../../jobs/job.ts';

/** Shows that tasks are made, taken and ended. */
export const heartbeat = defineJob({
  name: 'heartbeat',
  description: 'Does nothing but come through, by which one sees that background work is done.',
  payload: z.strictObject({}),
  timeoutSeconds: 60,
  schedule: { cron: '0 * * * *', timeZone: 'UTC', missed: 'SKIP' },
  run: async (_services: unknown, _payload, { taskId, attempt }) => ({
    taskId,
    attempt,
    at: new Date().toISOString(),
  }),
});
