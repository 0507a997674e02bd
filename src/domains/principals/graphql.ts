import { mayActForOthers, type Principal } from '../../access/principals.ts';
import { builder } from '../../graphql/builder.ts';

const RoleEnum = builder.enumType('Role', {
  description: 'What a principal may do.',
  values: {
    USER: { description: 'Their own memory.' },
    ANALYST: { description: 'Also figures of the server.' },
    ADMIN: { description: 'Everything within the tenant.' },
    SERVICE: { description: 'Acts for users.' },
  } as const,
});

const PrincipalRef = builder.objectRef<Principal>('Principal').implement({
  description: 'Who is calling.',
  fields: (t) => ({
    userId: t.exposeString('userId', { description: 'The user that the caller is.' }),
    tenantId: t.exposeString('tenantId', { description: 'The tenant that the caller belongs to.' }),
    roles: t.field({
      type: [RoleEnum],
      description: 'What the caller may do.',
      resolve: (principal) => [...principal.roles],
    }),
    mayActForOthers: t.boolean({
      description: 'Whether the caller may name another user in an input.',
      resolve: mayActForOthers,
    }),
  }),
});

builder.queryField('me', (t) =>
  t.field({
    type: PrincipalRef,
    description: 'Who is calling.',
    resolve: (_root, _args, { principal }) => principal,
  }),
);
