import { mayActForOthers, type PERMISSIONS, type Principal, type ROLES } from '../../access/principals.ts';
import type { ApiKeyRow } from '../../access/tables.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { requireAdmin } from '../../ground/ownership.ts';
import { createApiKey, revokeApiKey, revokeToken } from './principals.ts';

export const RoleEnum = builder.enumType('Role', {
  description: 'Who a principal is.',
  values: {
    USER: { description: 'Their own memory.' },
    ANALYST: { description: 'Also figures of the server.' },
    ADMIN: { description: 'Everything within the tenant.' },
    SERVICE: { description: 'Acts for users.' },
  } as const satisfies Record<(typeof ROLES)[number], object>,
});

const PermissionEnum = builder.enumType('Permission', {
  description: 'What a credential was made for, as far as its roles allow.',
  values: {
    READ: { description: 'Queries and subscriptions.' },
    WRITE: { description: 'Mutations, and asking a question.' },
    METRICS: { description: 'Figures of the whole server.' },
    INTROSPECT: { description: 'The schema itself.' },
    ADMIN: { description: 'What only admins may do.' },
  } as const satisfies Record<(typeof PERMISSIONS)[number], object>,
});

export const PrincipalRef = builder.objectRef<Principal>('Principal').implement({
  description: 'Who is calling.',
  fields: (t) => ({
    userId: t.exposeString('userId', { description: 'The user that the caller is.' }),
    tenantId: t.exposeString('tenantId', { description: 'The tenant that the caller belongs to.' }),
    roles: t.field({
      type: [RoleEnum],
      description: 'Who the caller is.',
      resolve: (principal) => [...principal.roles],
    }),
    permissions: t.field({
      type: [PermissionEnum],
      description: 'What the caller may do.',
      resolve: (principal) => [...principal.permissions],
    }),
    mayActForOthers: t.boolean({
      description: 'Whether the caller may name another user in an input.',
      resolve: mayActForOthers,
    }),
  }),
});

const ApiKeyRef = builder.objectRef<ApiKeyRow>('ApiKey').implement({
  description: 'A key that a program shows. The secret itself cannot be asked for.',
  fields: (t) => ({
    keyId: t.exposeString('keyId', { description: 'The public part, which follows `echo_`.' }),
    name: t.exposeString('name', { description: 'What it is for.' }),
    userId: t.exposeString('userId', { description: 'Whom it speaks for.' }),
    lastFour: t.exposeString('lastFour', { description: 'The end of the secret, to tell keys apart.' }),
    roles: t.field({ type: [RoleEnum], description: 'Who its holder is.', resolve: (key) => key.roles }),
    permissions: t.field({
      type: [PermissionEnum],
      description: 'What its holder may do.',
      resolve: (key) => key.permissions,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    createdBy: t.exposeString('createdBy', { description: 'The user who made it.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stops to be valid; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null: it was not.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was used last, to the minute; null: never.',
    }),
  }),
});

builder.queryFields((t) => ({
  me: t.field({
    type: PrincipalRef,
    description: 'Who is calling.',
    resolve: (_root, _args, { principal }) => principal,
  }),
  apiKeys: t.field({
    type: [ApiKeyRef],
    description: 'All keys of the tenant, oldest first, revoked ones included. For admins.',
    authScopes: { permission: 'ADMIN' },
    resolve: (_root, _args, { services, principal }) => {
      requireAdmin(principal);
      return services.access.apiKeys.list(principal.tenantId);
    },
  }),
}));

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'What a new key is for.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is for; 1 to 100 characters.' }),
    userId: t.string({ description: 'Whom it speaks for; absent: the caller.' }),
    roles: t.field({ type: [RoleEnum], description: 'Who its holder is; default: USER.' }),
    permissions: t.field({
      type: [PermissionEnum],
      description: 'What it is for; absent: what is usual for its roles.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it stops to be valid; absent: never.' }),
  }),
});

const CreateApiKeySuccess = builder
  .objectRef<{ key: string; row: ApiKeyRow }>('CreateApiKeySuccess')
  .implement({
    description: 'The key was made.',
    fields: (t) => ({
      key: t.exposeString('key', {
        description: 'The key itself. It is shown this once; only a hash of it is kept.',
      }),
      apiKey: t.field({ type: ApiKeyRef, description: 'What is kept.', resolve: ({ row }) => row }),
    }),
  });

const RevokeApiKeySuccess = builder.objectRef<ApiKeyRow>('RevokeApiKeySuccess').implement({
  description: 'The key opens nothing any more.',
  fields: (t) => ({
    apiKey: t.field({ type: ApiKeyRef, description: 'The key.', resolve: (row) => row }),
  }),
});

const RevokeTokenSuccess = builder.objectRef<{ tokenId: string }>('RevokeTokenSuccess').implement({
  description: 'The token is refused from now on.',
  fields: (t) => ({
    tokenId: t.exposeString('tokenId', { description: 'Its claim `jti`.' }),
  }),
});

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeySuccess,
    description: 'Makes an API key. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput] },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The key.' }) },
    resolve: (_root, { input }, { services, principal }) => createApiKey(services, principal, input),
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeySuccess,
    description:
      'Makes an API key worthless, at once on this server and within seconds on others. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [NotFound] },
    args: { keyId: t.arg.string({ required: true, description: 'The public part of the key.' }) },
    resolve: (_root, { keyId }, { services, principal }) => revokeApiKey(services, principal, keyId),
  }),
  revokeToken: t.field({
    type: RevokeTokenSuccess,
    description: 'Refuses a token before it expires. For admins.',
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput] },
    args: {
      tokenId: t.arg.string({ required: true, description: 'Its claim `jti`.' }),
      expiresAt: t.arg({
        type: 'DateTime',
        required: true,
        description: 'Its claim `exp`: until then it has to be remembered.',
      }),
    },
    resolve: (_root, args, { services, principal }) => revokeToken(services, principal, args),
  }),
}));
