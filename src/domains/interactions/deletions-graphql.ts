import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { scopeOf } from '../../ground/ownership.ts';
import { deleteInteraction } from './deletions.ts';

const DeleteInteractionSuccess = builder.objectRef<{ turnId: string }>('DeleteInteractionSuccess').implement({
  description: 'The turn is gone.',
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id that it had, for a cache of the client.',
      resolve: ({ turnId }) => ({ type: 'Interaction', id: turnId }),
    }),
    turnId: t.exposeID('turnId', { description: 'The id that it had.' }),
  }),
});

builder.mutationField('deleteInteraction', (t) =>
  t.field({
    type: DeleteInteractionSuccess,
    description:
      'Deletes one turn for good, also one that is being answered. Its place in the conversation stays empty; a retry with its key is refused.',
    errors: { types: [InvalidInput, NotFound] },
    args: { turnId: t.arg.id({ required: true, description: 'The turn.' }) },
    resolve: async (_root, { turnId }, { services, principal }) => ({
      turnId: await deleteInteraction(services, scopeOf(principal), turnId),
    }),
  }),
);
