import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { TenantLevelEnum, TenantRef } from './graphql.ts';
import type { TenantRow } from './tables.ts';
import {
  createTenant,
  MAX_BYTES,
  MAX_COST,
  MAX_COUNT,
  MAX_ID,
  MAX_NAME,
  MAX_REASON,
  MAX_TENANTS,
  resumeTenant,
  suspendTenant,
  updateTenant,
} from './tenants.ts';

type Fields = Parameters<NonNullable<Parameters<typeof builder.inputType>[1]['fields']>>[0];

/** What both inputs have. */
function limits(t: Fields) {
  return {
    turnsPerDay: t.int({
      description: `Turns of all its users that a day of UTC may hold: 0 to ${MAX_COUNT}; null: any number.`,
    }),
    tasksPerDay: t.int({
      description: `Tasks that its users may make on a day of UTC: 0 to ${MAX_COUNT}; null: any number.`,
    }),
    modelCostPerDay: t.float({
      description: `What models may cost on a day of UTC, in the unit of \`LLM_PRICES\`, which has to be set: 0 to ${MAX_COST}; null: anything.`,
    }),
    storageBytes: t.float({
      description: `Bytes of all that it may store in the database: whole, 0 to ${MAX_BYTES}; null: any number.`,
    }),
    briefsPerDay: t.int({
      description: `Briefs that each of its users may submit on a day: 0 to ${MAX_COUNT}; null: as \`BRIEFS_PER_DAY\` says.`,
    }),
    intelligenceLevel: t.field({
      type: TenantLevelEnum,
      description: 'For questions whose callers name none; null: the server chooses.',
    }),
  };
}

const CreateTenantInput = builder.inputType('CreateTenantInput', {
  description: 'A tenant, as keys and tokens name it.',
  fields: (t) => ({
    tenantId: t.string({
      required: true,
      description: `Its id: 1 to ${MAX_ID} characters, none of them for control. It may have been used before.`,
    }),
    name: t.string({ required: true, description: `What it is called: 1 to ${MAX_NAME} characters.` }),
    ...limits(t),
  }),
});

const UpdateTenantInput = builder.inputType('UpdateTenantInput', {
  description: 'What shall be another in a tenant; what is absent stays as it is.',
  fields: (t) => ({
    tenantId: t.string({ required: true, description: 'Its id.' }),
    name: t.string({ description: `What it is called: 1 to ${MAX_NAME} characters; null: as it is.` }),
    ...limits(t),
  }),
});

const SuspendTenantInput = builder.inputType('SuspendTenantInput', {
  description: 'A tenant that shall only read.',
  fields: (t) => ({
    tenantId: t.string({ required: true, description: 'Its id.' }),
    reason: t.string({
      required: true,
      description: `What callers of the tenant are told: 1 to ${MAX_REASON} characters.`,
    }),
  }),
});

const TenantSuccess = builder.objectRef<{ tenant: TenantRow }>('TenantSuccess').implement({
  description: 'The tenant as it is now.',
  fields: (t) => ({ tenant: t.expose('tenant', { type: TenantRef, description: 'As it is now.' }) }),
});

const operator = 'Only for admins of the tenant that runs the server.';

builder.mutationFields((t) => ({
  createTenant: t.field({
    type: TenantSuccess,
    description: `Says something of a tenant for the first time; at most ${MAX_TENANTS}. ${operator}`,
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput] },
    args: { input: t.arg({ type: CreateTenantInput, required: true, description: 'The tenant.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      tenant: await createTenant(services, principal, input),
    }),
  }),
  updateTenant: t.field({
    type: TenantSuccess,
    description: `Changes what is said of a tenant. Other servers go by it within five seconds. ${operator}`,
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { input: t.arg({ type: UpdateTenantInput, required: true, description: 'What shall change.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      tenant: await updateTenant(services, principal, input),
    }),
  }),
  suspendTenant: t.field({
    type: TenantSuccess,
    description: `From now on the tenant only reads, exports, and erases its users; other servers know within five seconds. Turns that were acknowledged before are stored. ${operator}`,
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { input: t.arg({ type: SuspendTenantInput, required: true, description: 'Which, and why.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      tenant: await suspendTenant(services, principal, input),
    }),
  }),
  resumeTenant: t.field({
    type: TenantSuccess,
    description: `Lets a tenant write again, and its tasks go on. ${operator}`,
    authScopes: { permission: 'ADMIN' },
    errors: { types: [InvalidInput, NotFound] },
    args: { tenantId: t.arg.string({ required: true, description: 'Its id.' }) },
    resolve: async (_root, { tenantId }, { services, principal }) => ({
      tenant: await resumeTenant(services, principal, tenantId),
    }),
  }),
}));
