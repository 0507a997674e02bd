import { sql } from 'drizzle-orm';
import { bigint, check, doublePrecision, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Levels that a tenant may set for questions whose callers leave it to the server. */
export const TENANT_LEVELS = ['quick', 'standard', 'expert'] as const;
export type TenantLevel = (typeof TENANT_LEVELS)[number];

/** Tenants of which the operator said something; there may be others, of which nothing is said. */
export const tenants = pgTable(
  'echo_tenants',
  {
    tenantId: text('tenant_id').primaryKey(),
    name: text('name').notNull(),
    /** Null: it is not suspended. */
    suspendedAt: instant('suspended_at'),
    suspendedReason: text('suspended_reason'),
    /** What a day of UTC may hold, of all users together; null: anything. */
    turnsPerDay: integer('turns_per_day'),
    tasksPerDay: integer('tasks_per_day'),
    /** In the unit of `LLM_PRICES`. */
    modelCostPerDay: doublePrecision('model_cost_per_day'),
    /** What may be stored; null: anything. */
    storageBytes: bigint('storage_bytes', { mode: 'number' }),
    /** Instead of what the settings of the server say; null: as they say. */
    briefsPerDay: integer('briefs_per_day'),
    intelligenceLevel: text('intelligence_level').$type<TenantLevel>(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    check(
      'echo_tenants_suspended_check',
      sql`num_nulls(${table.suspendedAt}, ${table.suspendedReason}) in (0, 2)`,
    ),
    check(
      'echo_tenants_quotas_check',
      sql`least(${table.turnsPerDay}, ${table.tasksPerDay}, ${table.modelCostPerDay}, ${table.storageBytes}, ${table.briefsPerDay}) >= 0`,
    ),
    check('echo_tenants_level_check', sql`${table.intelligenceLevel} in ('quick', 'standard', 'expert')`),
  ],
);

export type TenantRow = typeof tenants.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: tenants,
    owner: 'tenant',
    erasure: { rows: 'keep', why: 'they are the operator’s, about a tenant as a whole' },
    exported: { not: 'they are what the operator decided, on this server' },
    // In the log of the operator's tenant: it is the operator who does it.
    audited: [
      { on: 'INSERT', action: 'tenant.create' },
      { on: 'UPDATE', action: 'tenant.update' },
      { on: 'UPDATE', action: 'tenant.suspend' },
      { on: 'UPDATE', action: 'tenant.resume' },
    ],
    kept: 'until they are deleted',
  },
];
