import { InvalidInput } from '../../errors.ts';
import { builder, HEAVY } from '../../graphql/builder.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { type Cleanup, cleanupConversations } from './conversations.ts';

const CleanupSuccess = builder.objectRef<Cleanup & { dryRun: boolean }>('CleanupSuccess').implement({
  description: 'Old conversations are gone, or counted.',
  fields: (t) => ({
    deletedConversations: t.exposeInt('deletedConversations', { description: 'Number of conversations.' }),
    deletedInteractions: t.exposeInt('deletedInteractions', { description: 'Number of their turns.' }),
    dryRun: t.exposeBoolean('dryRun', { description: 'Whether they were only counted.' }),
  }),
});

builder.mutationFields((t) => ({
  cleanupConversations: t.field({
    authScopes: { permission: 'ADMIN' },
    extensions: HEAVY,
    type: CleanupSuccess,
    description:
      'Deletes conversations of the whole tenant whose latest turn is older than a number of days; pinned ones stay. For admins.',
    errors: {
      types: [InvalidInput],
      union: {
        name: 'CleanupResult',
        description: 'The success of a cleanup, or a failure that a caller may expect.',
      },
    },
    args: {
      olderThanDays: t.arg.int({ required: true, description: 'Days since the latest turn, 1 to 36,500.' }),
      dryRun: t.arg.boolean({ defaultValue: false, description: 'Only count.' }),
    },
    resolve: async (_root, args, { services, principal }) => {
      requireAdmin(principal);
      const dryRun = args.dryRun ?? false;
      return {
        ...(await cleanupConversations(services, principal.tenantId, {
          olderThanDays: args.olderThanDays,
          dryRun,
        })),
        dryRun,
      };
    },
  }),
}));
