import { z } from 'zod';
import { defineJob } from '../../jobs/job.ts';
import type { BackupServices } from './backups.ts';
import { BACKUP_ID, Note } from './format.ts';

/** Of large databases. */
const timeoutSeconds = 43_200;

/** With what it needs of packages: a server that makes no backup does without. */
const loaded = () => import('./backups.ts');

/** A backup of everything, every night and when somebody asks. */
export const backup = defineJob({
  name: 'backup',
  description:
    'Makes a backup of the whole database and of what the journal holds, verifies it by restoring it into a database of its own, and removes those that BACKUP_KEEP no longer keeps.',
  payload: z.strictObject({
    note: Note.nullable().default(null).describe('For people; it can be read beside the backup.'),
    verify: z
      .boolean({ error: 'must be true or false' })
      .default(true)
      .describe('Restore it, to see that this can be done.'),
  }),
  timeoutSeconds,
  retry: { limit: 3, delaySeconds: 60, maxDelaySeconds: 1_800 },
  mayCreate: 'OPERATOR',
  schedule: { cron: '20 2 * * *', timeZone: 'UTC', missed: 'RUN_ONCE' },
  run: async (services: BackupServices, given, task) => (await loaded()).makeBackup(services, given, task),
});

/** The same look at a backup that was made before. */
export const verifyBackups = defineJob({
  name: 'verify_backup',
  description:
    'Restores a backup into a database of its own, and compares rows, bytes and hash chains with what was backed up.',
  payload: z.strictObject({
    backupId: z.string().regex(BACKUP_ID, { error: 'must be the id of a backup' }).describe('Which one.'),
  }),
  timeoutSeconds,
  mayCreate: 'OPERATOR',
  run: async (services: BackupServices, { backupId }, task) =>
    (await loaded()).verifyBackup(services, backupId, task),
});
