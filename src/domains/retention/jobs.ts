import { z } from 'zod';
import { defineJob } from '../../jobs/job.ts';
import { type RetentionServices, retain } from './retention.ts';

/** What has been kept for as long as the settings say goes, every night. */
export const retention = defineJob({
  name: 'retention',
  description:
    'Deletes what has been kept for as long as the settings say: events, finished tasks, the audit log, discarded entries of the journal and other rows; puts old turns into the archive if ARCHIVE_AFTER_MONTHS is set. Never deletes a turn.',
  payload: z.strictObject({
    dryRun: z.boolean({ error: 'must be true or false' }).default(false).describe('Only count.'),
  }),
  priority: 'LOW',
  timeoutSeconds: 14_400,
  mayCreate: 'OPERATOR',
  schedule: { cron: '15 3 * * *', timeZone: 'UTC', missed: 'RUN_ONCE' },
  run: (services: RetentionServices, { dryRun }, task) => retain(services, dryRun, task),
});
