import { builder } from '../../graphql/builder.ts';
import { PersistenceStatusRef } from '../persistence/graphql.ts';
import { type VectorCoverage, vectorCoverage } from './coverage.ts';
import type { ReconcilerStats } from './reconciler.ts';

const ReconcilerStatus = builder.objectRef<ReconcilerStats>('ReconcilerStatus').implement({
  description: 'What comparing turns and vectors has found since the server started.',
  fields: (t) => ({
    passes: t.exposeInt('passes', { description: 'Whole passes over both sides.' }),
    lastPassAt: t.expose('lastPassAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last whole pass ended; null before.',
    }),
    missing: t.exposeInt('missing', { description: 'Turns whose vector was gone.' }),
    stale: t.exposeInt('stale', { description: 'Turns whose vector was of another content or model.' }),
    wrongOwner: t.exposeInt('wrongOwner', { description: "Vectors that bore somebody else's name." }),
    orphan: t.exposeInt('orphan', { description: 'Vectors without a turn.' }),
    repaired: t.exposeInt('repaired', {
      description: 'Of all these, how many were repaired or queued to be.',
    }),
    copied: t.exposeInt('copied', {
      description:
        'Turns whose vector another server on the same database had and this one did not: it was made here, too. While that is much of what is compared, the check `vectors` of `health` says so.',
    }),
  }),
});

const VectorStatus = builder.objectRef<VectorCoverage>('VectorStatus').implement({
  description: 'How much of what is stored is in vector memory.',
  fields: (t) => ({
    stored: t.exposeInt('stored', { description: 'Turns stored.' }),
    embedded: t.exposeInt('embedded', { description: 'Turns that have their vector.' }),
    pending: t.exposeInt('pending', { description: 'Turns that wait for it.' }),
    failed: t.exposeInt('failed', { description: 'Turns whose vector was refused, to be tried again.' }),
    coverage: t.float({
      description: 'Embedded ÷ stored, 0 to 1; 1 without turns.',
      resolve: (v) => (v.stored === 0 ? 1 : v.embedded / v.stored),
    }),
    lagSeconds: t.float({
      description: 'How long the oldest turn without a vector has waited; 0 if none waits.',
      resolve: (v) => v.oldestPendingSeconds,
    }),
    model: t.string({
      description: 'The embedding model.',
      resolve: (_v, _args, { services }) => services.embedder.name,
    }),
    earlierModels: t.stringList({
      description:
        'Models that were used before and whose vectors still serve searches, with their dimensions: while there are any, a change of model is under way, `coverage` is how far it is, and whoever configures such a model again takes it back at once. Empty also while the vector store does not answer.',
      resolve: async (_v, _args, { services }) => {
        const models = await services.vectors.earlierModels().catch(() => []);
        return models.map(({ name, dimensions }) => `${name} (${dimensions})`);
      },
    }),
    storeUp: t.boolean({
      description: 'Whether the vector store answers.',
      resolve: (_v, _args, { services }) => services.vectorWorker.stats().store.state === 'up',
    }),
    reconciler: t.field({
      type: ReconcilerStatus,
      description: 'Repairs of the vector store.',
      resolve: (_v, _args, { services }) => services.reconciler.stats(),
    }),
  }),
});

builder.objectFields(PersistenceStatusRef, (t) => ({
  vectors: t.field({
    type: VectorStatus,
    description: 'Vector coverage and lag.',
    resolve: ({ scope }, _args, { services: { db, shared } }) =>
      shared.of(['vector coverage', scope], () => vectorCoverage(db, scope)),
  }),
}));
