import { builder, HEAVY } from '../../graphql/builder.ts';
import type { StoredRows } from './storage.ts';
import type { TENANT_LEVELS, TenantRow } from './tables.ts';
import { listTenants, seeTenant } from './tenants.ts';
import { type DayOfTenant, MAX_DAYS, storedBy, usageOf } from './usage.ts';

export const TenantLevelEnum = builder.enumType('TenantLevel', {
  description: 'How much a model is asked to do where a caller leaves it to the server.',
  values: {
    QUICK: { value: 'quick', description: 'The model for short answers.' },
    STANDARD: { value: 'standard', description: 'The usual model.' },
    EXPERT: { value: 'expert', description: 'The model for hard questions.' },
  } as const satisfies Record<Uppercase<(typeof TENANT_LEVELS)[number]>, object>,
});

export const TenantRef = builder.objectRef<TenantRow>('Tenant').implement({
  description: 'A tenant of which the operator of the server said something.',
  fields: (t) => ({
    tenantId: t.exposeString('tenantId', { description: 'Its id, as keys and tokens have it.' }),
    name: t.exposeString('name', { description: 'What it is called.' }),
    suspendedAt: t.expose('suspendedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it may only read; null: it is not suspended.',
    }),
    suspendedReason: t.exposeString('suspendedReason', {
      nullable: true,
      description: 'Why; whoever of the tenant wants to write is told it. Null: it is not suspended.',
    }),
    turnsPerDay: t.exposeInt('turnsPerDay', {
      nullable: true,
      description: 'Turns of all its users that a day of UTC may hold; null: any number.',
    }),
    tasksPerDay: t.exposeInt('tasksPerDay', {
      nullable: true,
      description: 'Tasks that its users may make on a day of UTC; null: any number.',
    }),
    modelCostPerDay: t.exposeFloat('modelCostPerDay', {
      nullable: true,
      description: 'What models may cost on a day of UTC, in the unit of `LLM_PRICES`; null: anything.',
    }),
    storageBytes: t.exposeFloat('storageBytes', {
      nullable: true,
      description: 'Bytes of all that it may store in the database; null: any number.',
    }),
    briefsPerDay: t.exposeInt('briefsPerDay', {
      nullable: true,
      description: 'Briefs that each of its users may submit on a day; null: as `BRIEFS_PER_DAY` says.',
    }),
    intelligenceLevel: t.expose('intelligenceLevel', {
      type: TenantLevelEnum,
      nullable: true,
      description: 'For questions whose callers name none; null: the server chooses for each question.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed last.' }),
  }),
});

const DayRef = builder.objectRef<DayOfTenant>('TenantDay').implement({
  description: 'What a tenant used on one day, by the rows that are there: what was deleted is not in it.',
  fields: (t) => ({
    day: t.exposeString('day', { description: 'The day of UTC, such as 2026-11-29.' }),
    turns: t.exposeInt('turns', { description: 'Turns that were stored.' }),
    tasks: t.exposeInt('tasks', { description: 'Tasks that its users made.' }),
    tokensIn: t.exposeFloat('tokensIn', { description: 'What models read, as their servers counted.' }),
    tokensOut: t.exposeFloat('tokensOut', { description: 'What models wrote, as their servers counted.' }),
    cost: t.exposeFloat('cost', {
      nullable: true,
      description:
        'What models cost, as far as it is known, in the unit of `LLM_PRICES`; null: it is of nothing.',
    }),
    unknownCosts: t.exposeInt('unknownCosts', {
      description: 'Answers, texts and verdicts of models of which nobody knows what they cost.',
    }),
  }),
});

const StoredRef = builder.objectRef<StoredRows>('TenantStorage').implement({
  description: 'What a tenant stores in one table.',
  fields: (t) => ({
    table: t.exposeString('table', { description: 'The table.' }),
    rows: t.exposeInt('rows', { description: 'Its rows of the tenant.' }),
    bytes: t.exposeFloat('bytes', {
      description:
        'Their bytes as they are kept, long texts packed, without indexes and files beside the database.',
    }),
  }),
});

const ofTenant =
  'The tenant; absent: the caller’s. Only admins of the tenant that runs the server see others.';

builder.queryFields((t) => ({
  tenants: t.field({
    type: [TenantRef],
    description:
      'All tenants of which something was said, by id; others may be in use. Only for admins of the tenant that runs the server.',
    authScopes: { permission: 'ADMIN' },
    resolve: (_root, _args, { services, principal }) => listTenants(services, principal),
  }),
  tenant: t.field({
    type: TenantRef,
    nullable: true,
    description: 'What was said of a tenant; null: nothing. For admins.',
    authScopes: { permission: 'ADMIN' },
    args: { tenantId: t.arg.string({ description: ofTenant }) },
    resolve: (_root, { tenantId }, { services, principal }) => seeTenant(services, principal, tenantId),
  }),
  tenantUsage: t.field({
    type: [DayRef],
    description: 'What a tenant used on each of the last days, the oldest first. For admins.',
    authScopes: { permission: 'ADMIN' },
    extensions: HEAVY,
    complexity: (args) => ({ field: 1, multiplier: Math.min(Math.max(args.days ?? 30, 1), MAX_DAYS) }),
    args: {
      tenantId: t.arg.string({ description: ofTenant }),
      days: t.arg.int({ description: `Days, today included: 1 to ${MAX_DAYS}, default 30.` }),
    },
    resolve: (_root, args, { services, principal }) => usageOf(services, principal, args),
  }),
  tenantStorage: t.field({
    type: [StoredRef],
    description:
      'What a tenant stores now, by table; of tables of more than half a gigabyte a sample is read, and the rest taken to be like it. For admins.',
    authScopes: { permission: 'ADMIN' },
    extensions: HEAVY,
    args: { tenantId: t.arg.string({ description: ofTenant }) },
    resolve: (_root, { tenantId }, { services, principal }) => storedBy(services, principal, tenantId),
  }),
}));
