import { z } from 'zod';
import { defineJob } from '../../jobs/job.ts';
import { type ArchiveServices, archiveTurns, Months, restoreTurns } from './archive.ts';

const payload = z.strictObject({
  olderThanMonths: Months.optional().describe(
    'Months since a turn was said, stored and last restored; absent: as ARCHIVE_AFTER_MONTHS says, else 6.',
  ),
  dryRun: z.boolean({ error: 'must be true or false' }).default(false).describe('Only count.'),
});
const timeoutSeconds = 3_600;

/** A user's own old turns go into the archive. */
export const archiveInteractions = defineJob({
  name: 'archive_interactions',
  description:
    'Puts your turns of more than some months ago into the archive, where lists and searches leave them out unless they are asked. Nothing is lost: `restore_archived` brings them back.',
  ...{ payload, timeoutSeconds },
  run: (services: ArchiveServices, given, task) => archiveTurns(services, task.owner, given, task),
});

/** The same for all users of a tenant. */
export const archiveTenant = defineJob({
  name: 'archive_tenant',
  description: 'Does what `archive_interactions` does for the turns of all users of the tenant.',
  ...{ payload, timeoutSeconds },
  mayCreate: 'ADMIN',
  run: (services: ArchiveServices, given, task) =>
    archiveTurns(services, { tenantId: task.owner.tenantId, userId: null }, given, task),
});

/** Turns come back from the archive. */
export const restoreArchived = defineJob({
  name: 'restore_archived',
  description: 'Brings the turns of one of your conversations back from the archive.',
  payload: z.strictObject({
    conversationId: z.string().min(1).max(100).describe('The name of the conversation.'),
  }),
  timeoutSeconds,
  run: (_services: unknown, { conversationId }, task) => restoreTurns(conversationId, task),
});
