import { z } from 'zod';
import { defineJob } from '../../jobs/job.ts';
import { type LearningServices, learnFromTurns } from './learning.ts';

/** The name of the job, by which its tasks and its schedule are found. */
export const LEARN = 'learn';

/** Learns facts from turns, every hour and when somebody asks. */
export const learn = defineJob({
  name: LEARN,
  description:
    'Learns facts from your turns that nothing was learned from yet; each is learned from once. By itself every hour, for all users.',
  payload: z.strictObject({}),
  priority: 'LOW',
  timeoutSeconds: 14_400,
  retry: { limit: 3, delaySeconds: 30, maxDelaySeconds: 600 },
  schedule: { cron: '10 * * * *', timeZone: 'UTC', missed: 'SKIP' },
  run: (services: LearningServices, _payload, task) => learnFromTurns(services, task),
});
