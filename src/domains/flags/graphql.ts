import type { Owner, Role } from '../../access/principals.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { RoleEnum } from '../principals/graphql.ts';
import type { FlagReason } from './evaluate.ts';
import {
  deleteFlag,
  enabledFor,
  evaluate,
  listFlags,
  MAX_DESCRIPTION,
  MAX_FLAGS,
  MAX_TENANTS,
  MAX_USERS,
  setFlag,
} from './flags.ts';
import type { ShownFlag } from './reads.ts';
import { WHOLE } from './tables.ts';

const FlagUserRef = builder.objectRef<Owner>('FeatureFlagUser').implement({
  description: 'A user for whom a flag is on by name.',
  fields: (t) => ({
    tenantId: t.exposeString('tenantId', { description: 'Their tenant.' }),
    userId: t.exposeString('userId', { description: 'Their id.' }),
  }),
});

const FlagRef = builder.objectRef<ShownFlag>('FeatureFlag').implement({
  description:
    'What is on for some and off for others, on all servers of the database. Users that it names come first, then tenants, then roles; of all others the percentage.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Its name.' }),
    description: t.exposeString('description', { description: 'What it is for.' }),
    enabled: t.exposeBoolean('enabled', { description: 'False: it is off for everybody.' }),
    percentage: t.float({
      description: 'Of those whom it does not name, for how many per cent it is on: 0 to 100.',
      resolve: ({ share }) => (share * 100) / WHOLE,
    }),
    tenants: t.exposeStringList('tenants', { description: 'Tenants for all of whose users it is on.' }),
    roles: t.field({
      type: [RoleEnum],
      description: 'Roles for whose holders it is on.',
      resolve: ({ roles }) => roles as Role[],
    }),
    users: t.field({
      type: [FlagUserRef],
      description: 'Users for whom it is on.',
      resolve: ({ users }) => [...users],
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From then on it is off for everybody; null: never.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was set last.' }),
  }),
});

const FlagReasonEnum = builder.enumType('FeatureFlagReason', {
  description: 'Why a flag is on or off for somebody.',
  values: {
    UNKNOWN: { description: 'Off: there is no such flag.' },
    OFF: { description: 'Off: it is off for everybody.' },
    EXPIRED: { description: 'Off: its time is over.' },
    USER: { description: 'On: it names the user.' },
    TENANT: { description: 'On: it names the tenant.' },
    ROLE: { description: 'On: it names a role of theirs.' },
    WITHIN_SHARE: { description: 'On: they are among the percentage.' },
    OUTSIDE_SHARE: { description: 'Off: they are not among the percentage.' },
  } satisfies Record<FlagReason, { description: string }>,
});

const FlagEvaluationRef = builder
  .objectRef<{ key: string; enabled: boolean; reason: FlagReason }>('FeatureFlagEvaluation')
  .implement({
    description: 'How a flag is for somebody.',
    fields: (t) => ({
      key: t.exposeString('key', { description: 'The name of the flag.' }),
      enabled: t.exposeBoolean('enabled', { description: 'Whether it is on.' }),
      reason: t.field({ type: FlagReasonEnum, description: 'Why.', resolve: ({ reason }) => reason }),
    }),
  });

const FlagSubjectInput = builder.inputType('FeatureFlagSubjectInput', {
  description: 'Somebody for whom an admin looks at a flag.',
  fields: (t) => ({
    tenantId: t.string({ required: true, description: 'Their tenant.' }),
    userId: t.string({ required: true, description: 'Their id.' }),
    roles: t.field({ type: [RoleEnum], required: true, description: 'Their roles.' }),
  }),
});

const FlagUserInput = builder.inputType('FeatureFlagUserInput', {
  description: 'A user for whom a flag is on by name.',
  fields: (t) => ({
    tenantId: t.string({ required: true, description: 'Their tenant, 1 to 100 characters.' }),
    userId: t.string({ required: true, description: 'Their id, 1 to 100 characters.' }),
  }),
});

const SetFlagInput = builder.inputType('SetFeatureFlagInput', {
  description: 'How a flag shall be; what is absent or null stays as it is, but for `expiresAt`.',
  fields: (t) => ({
    key: t.string({
      required: true,
      description: `Its name: 1 to 100 small letters, digits, ., _ or -, a letter first. A new one makes a flag; there are at most ${MAX_FLAGS}.`,
    }),
    description: t.string({ description: `What it is for, at most ${MAX_DESCRIPTION} characters.` }),
    enabled: t.boolean({ description: 'False: off for everybody, as a new one is.' }),
    percentage: t.float({
      description:
        'Of those whom it does not name, for how many per cent it is on: 0 to 100, at most three decimals; 100 in a new one. Who is among them stays so while it grows.',
    }),
    tenants: t.stringList({ description: `All tenants for whom it is on, at most ${MAX_TENANTS}.` }),
    roles: t.field({ type: [RoleEnum], description: 'All roles for whom it is on.' }),
    users: t.field({
      type: [FlagUserInput],
      description: `All users for whom it is on by name, at most ${MAX_USERS}.`,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'From then on it is off for everybody; must lie ahead. Null: never.',
    }),
  }),
});

builder.queryFields((t) => ({
  featureFlags: t.field({
    type: [FlagRef],
    description: 'All flags, by key; only for admins of the tenant that runs the server.',
    resolve: (_root, _args, { services, principal }) => listFlags(services, principal),
  }),
  featureFlag: t.field({
    type: FlagEvaluationRef,
    description:
      'How a flag is for the caller. A change reaches all servers within two seconds; while the database is away, flags stay as they were read last.',
    args: {
      key: t.arg.string({ required: true, description: 'Its name.' }),
      as: t.arg({
        type: FlagSubjectInput,
        description: 'Somebody else, where an admin of the tenant that runs the server asks.',
      }),
    },
    resolve: async (_root, { key, as }, { services, principal }) => ({
      key,
      ...(await evaluate(services, principal, { key, as })),
    }),
  }),
  enabledFeatures: t.stringList({
    description: 'Names of all flags that are on for the caller, in the order of letters.',
    resolve: (_root, _args, { services, principal }) => enabledFor(services, principal),
  }),
}));

const SetFlagSuccess = builder.objectRef<{ flag: ShownFlag }>('SetFeatureFlagSuccess').implement({
  description: 'The flag is set.',
  fields: (t) => ({ flag: t.expose('flag', { type: FlagRef, description: 'As it is now.' }) }),
});

const DeleteFlagSuccess = builder.objectRef<{ key: string }>('DeleteFeatureFlagSuccess').implement({
  description: 'The flag is gone, and off for everybody.',
  fields: (t) => ({ key: t.exposeString('key', { description: 'Its name.' }) }),
});

builder.mutationFields((t) => ({
  setFeatureFlag: t.field({
    type: SetFlagSuccess,
    description: 'Makes or changes a flag; only for admins of the tenant that runs the server.',
    errors: { types: [InvalidInput, NotFound] },
    args: { input: t.arg({ type: SetFlagInput, required: true, description: 'How it shall be.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      flag: await setFlag(services, principal, input),
    }),
  }),
  deleteFeatureFlag: t.field({
    type: DeleteFlagSuccess,
    description: 'Deletes a flag; only for admins of the tenant that runs the server.',
    errors: { types: [InvalidInput, NotFound] },
    args: { key: t.arg.string({ required: true, description: 'Its name.' }) },
    resolve: async (_root, { key }, { services, principal }) => ({
      key: await deleteFlag(services, principal, key),
    }),
  }),
}));
