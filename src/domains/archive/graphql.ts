import { builder } from '../../graphql/builder.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { MAX_MONTHS } from './archive.ts';
import { requestArchive, requestRestore } from './requests.ts';

const WHOSE = 'Another user, for those who may act for others; absent: the caller';

builder.mutationFields((t) => ({
  archiveInteractions: t.field({
    type: CreateTaskResult,
    description:
      'Puts turns of more than some months ago into the archive, in the background: the caller’s own, or, for an admin who names no user, those of the whole tenant. A turn is as old as what happened to it last: that it was said, stored (imported, for example) or restored. Pinned conversations stay. Lists and searches then leave these turns out unless `includeArchived` is set; by their ids, in their conversations, in exports and for retries they are there as before, and questions are answered from them, too. The result of the task says how many there are.',
    args: {
      olderThanMonths: t.arg.int({ required: true, description: `Months, 1 to ${MAX_MONTHS}.` }),
      dryRun: t.arg.boolean({ defaultValue: false, description: 'Only count.' }),
      userId: t.arg.string({ description: `${WHOSE}, and for an admin all users of the tenant.` }),
    },
    resolve: async (_root, { olderThanMonths, dryRun, userId }, { services, principal }) => ({
      task: await requestArchive(services, principal, { olderThanMonths, dryRun: dryRun ?? false, userId }),
    }),
  }),
  restoreArchived: t.field({
    type: CreateTaskResult,
    description:
      'Brings the turns of a conversation back from the archive, in the background. Their age counts from then on, so that the next archiving does not take them again.',
    args: {
      conversationId: t.arg.string({ required: true, description: 'The name of the thread.' }),
      userId: t.arg.string({ description: `${WHOSE}.` }),
    },
    resolve: async (_root, { conversationId, userId }, { services, principal }) => ({
      task: await requestRestore(services, principal, { conversationId, userId }),
    }),
  }),
}));
