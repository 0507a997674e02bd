import { InvalidInput, NotFound, StatusMoveRefused } from '../../errors.ts';
import { builder, WHILE_SUSPENDED } from '../../graphql/builder.ts';
import { RegionEnum } from './graphql.ts';
import { closeDataRequest, MAX_AGE_DAYS, noteDataRequest } from './requests.ts';
import { DataRequestRef, KindEnum, OutcomeEnum } from './requests-graphql.ts';
import { MAX_REVIEWED, type Reviewed, reviewAccess } from './reviews.ts';
import type { DataRequestRow } from './tables.ts';

const NewRequestInput = builder.inputType('NoteDataRequestInput', {
  description: 'What somebody asked for who is remembered, by whatever way.',
  fields: (t) => ({
    userId: t.string({ required: true, description: 'Whom it is about; kept as a hash only.' }),
    kind: t.field({ type: KindEnum, required: true, description: 'What they ask for.' }),
    region: t.field({ type: RegionEnum, description: 'By whose law; absent: that of COMPLIANCE_REGION.' }),
    askedAt: t.field({
      type: 'DateTime',
      description: `When it came in, at most ${MAX_AGE_DAYS} days ago; absent: now.`,
    }),
  }),
});

const RequestSuccess = builder.objectRef<{ request: DataRequestRow }>('DataRequestSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ request: t.expose('request', { type: DataRequestRef, description: 'As it is now.' }) }),
});

const ReviewedRef = builder.objectRef<Reviewed>('ReviewedKey').implement({
  description: 'A key that somebody looked at.',
  fields: (t) => ({
    keyId: t.exposeString('keyId', { description: 'Its public part.' }),
    reviewedAt: t.expose('reviewedAt', { type: 'DateTime', description: 'When.' }),
  }),
});

const ReviewSuccess = builder.objectRef<{ reviewed: readonly Reviewed[] }>('ReviewAccessSuccess').implement({
  description: 'That they were looked at is noted.',
  fields: (t) => ({
    reviewed: t.field({
      type: [ReviewedRef],
      description: 'The keys.',
      resolve: ({ reviewed }) => [...reviewed],
    }),
  }),
});

builder.mutationFields((t) => ({
  noteDataRequest: t.field({
    type: RequestSuccess,
    description:
      'Notes a request of a person, so that reports tell until when it is to be answered. For admins.',
    authScopes: { permission: 'ADMIN' },
    extensions: WHILE_SUSPENDED,
    errors: { types: [InvalidInput] },
    args: { input: t.arg({ type: NewRequestInput, required: true, description: 'The request.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      request: await noteDataRequest(services, principal, input),
    }),
  }),
  closeDataRequest: t.field({
    type: RequestSuccess,
    description: 'Says what became of a request of a person; it stays so. For admins.',
    authScopes: { permission: 'ADMIN' },
    extensions: WHILE_SUSPENDED,
    errors: { types: [InvalidInput, NotFound, StatusMoveRefused] },
    args: {
      requestId: t.arg.id({ required: true, description: 'Which.' }),
      outcome: t.arg({ type: OutcomeEnum, required: true, description: 'What became of it.' }),
    },
    resolve: async (_root, { requestId, outcome }, { services, principal }) => ({
      request: await closeDataRequest(services, principal, { requestId: String(requestId), outcome }),
    }),
  }),
  reviewAccess: t.field({
    type: ReviewSuccess,
    description:
      'Notes that somebody looked whether keys should still open what they open; all of them or none. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: {
      keyIds: t.arg.stringList({
        required: true,
        description: `Public parts of keys of the tenant that are not revoked, 1 to ${MAX_REVIEWED}.`,
      }),
    },
    resolve: async (_root, { keyIds }, { services, principal }) => ({
      reviewed: await reviewAccess(services, principal, keyIds),
    }),
  }),
}));
