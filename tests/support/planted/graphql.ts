import { InvalidInput } from '../../../src/errors.ts';
import { builder } from '../../../src/graphql/builder.ts';
import { connect, numberCursor } from '../../../src/graphql/connections.ts';
import { ownerFor } from '../../../src/ground/ownership.ts';
import type { WishRow } from './tables.ts';
import { makeWish, wishPage } from './wishes.ts';

const WishRef = builder.objectRef<WishRow>('Wish').implement({
  description: 'Something that a user wishes for.',
  fields: (t) => ({
    wishId: t.exposeID('wishId', { description: 'Which wish.' }),
    said: t.exposeString('said', { description: 'What is wished for.' }),
    dueAt: t.expose('dueAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it should have come true; null: at any time.',
    }),
  }),
});

const newest = numberCursor<WishRow>(({ id }) => id);

builder.queryField('wishes', (t) =>
  t.connection(
    {
      type: WishRef,
      description: 'The wishes of the caller, the newest first.',
      resolve: (_root, args, { services, principal }) =>
        connect(args, newest, (page) => wishPage(services, ownerFor(principal, null), page)),
    },
    { name: 'WishConnection' },
    { name: 'WishEdge' },
  ),
);

const MakeWishInput = builder.inputType('MakeWishInput', {
  description: 'A wish.',
  fields: (t) => ({
    said: t.string({ required: true, description: 'What is wished for, 1 to 500 characters.' }),
    dueAt: t.field({ type: 'DateTime', description: 'When it should come true; absent: at any time.' }),
  }),
});

const MakeWishSuccess = builder.objectRef<WishRow>('MakeWishSuccess').implement({
  description: 'The wish is kept.',
  fields: (t) => ({
    wish: t.field({ type: WishRef, description: 'The wish.', resolve: (wish) => wish }),
  }),
});

builder.mutationField('makeWish', (t) =>
  t.field({
    type: MakeWishSuccess,
    description: 'Keeps a wish of the caller.',
    errors: { types: [InvalidInput] },
    args: { input: t.arg({ type: MakeWishInput, required: true, description: 'The wish.' }) },
    resolve: (_root, { input }, { services, principal }) =>
      makeWish(services, ownerFor(principal, null), input),
  }),
);
