import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { OPERATOR_TENANT, requireAdmin, requireOperator } from '../../ground/ownership.ts';
import type { TenantBook } from './book.ts';
import { allTenants } from './reads.ts';
import { TENANT_LEVELS, type TenantRow, tenants } from './tables.ts';

export interface TenantServices {
  readonly db: Database;
  readonly tenants: TenantBook;
  readonly tasks: { wake(): void };
  readonly config: { readonly languageModels: { readonly prices: object } | null };
}

export const MAX_TENANTS = 10_000;
export const MAX_ID = 100;
export const MAX_NAME = 200;
export const MAX_REASON = 500;
export const MAX_COUNT = 2_147_483_647;
export const MAX_BYTES = Number.MAX_SAFE_INTEGER;
export const MAX_COST = 1_000_000;

const id = input.text(MAX_ID).refine((text) => !/\p{Cc}/u.test(text), {
  error: 'must have no control characters',
});
const upTo = (most: number) =>
  z
    .int({ error: `must be a whole number from 0 to ${most}` })
    .min(0, { error: `must be from 0 to ${most}` })
    .max(most, { error: `must be from 0 to ${most}` });
const costError = { error: `must be from 0 to ${MAX_COST}` };

/** What may be said of a tenant; absent: as it is, null: nothing. */
const Limits = z.object({
  turnsPerDay: upTo(MAX_COUNT).nullish(),
  tasksPerDay: upTo(MAX_COUNT).nullish(),
  modelCostPerDay: z.number(costError).min(0, costError).max(MAX_COST, costError).nullish(),
  storageBytes: upTo(MAX_BYTES).nullish(),
  briefsPerDay: upTo(MAX_COUNT).nullish(),
  intelligenceLevel: z.enum(TENANT_LEVELS, { error: `must be one of ${TENANT_LEVELS.join(', ')}` }).nullish(),
});
const NewTenant = Limits.extend({ tenantId: id, name: input.text(MAX_NAME) });
const ChangedTenant = Limits.extend({ tenantId: id, name: input.text(MAX_NAME).nullish() });
const Suspension = z.object({ tenantId: id, reason: input.text(MAX_REASON) });

const LIMITS = {
  turnsPerDay: 'turns_per_day',
  tasksPerDay: 'tasks_per_day',
  modelCostPerDay: 'model_cost_per_day',
  storageBytes: 'storage_bytes',
  briefsPerDay: 'briefs_per_day',
  intelligenceLevel: 'intelligence_level',
} as const satisfies Record<keyof z.output<typeof Limits>, string>;
const LIMIT_NAMES = Object.keys(LIMITS) as (keyof typeof LIMITS)[];

/** All tenants of which something is said, by id. @throws Forbidden */
export async function listTenants({ db }: Pick<TenantServices, 'db'>, principal: Principal) {
  requireOperator(principal);
  return allTenants(db);
}

/**
 * What is said of a tenant; null: nothing.
 *
 * @param given absent: the caller's, which their admins may see
 * @throws Forbidden
 */
export async function seeTenant(
  { tenants: book }: Pick<TenantServices, 'tenants'>,
  principal: Principal,
  given?: string | null,
): Promise<TenantRow | null> {
  return (await book.of(visibleTenant(principal, given))) ?? null;
}

/** @returns its id, where the caller may see it @throws Forbidden, InvalidInput */
export function visibleTenant(principal: Principal, given?: string | null): string {
  requireAdmin(principal);
  if (given == null || given === principal.tenantId) return principal.tenantId;
  requireOperator(principal);
  return input.parseInput(id, given, 'tenantId');
}

/** Says something of a tenant for the first time; it may have been used before. @throws Forbidden, InvalidInput */
export async function createTenant(
  services: TenantServices,
  principal: Principal,
  given: z.input<typeof NewTenant>,
): Promise<TenantRow> {
  requireOperator(principal);
  const wanted = input.parseInput(NewTenant, given);
  checkPriced(services, wanted.modelCostPerDay);
  return change(services, {
    statement: {
      name: 'create_tenant',
      text: `with room as materialized (
               select count(*) < ${MAX_TENANTS} as is from echo_tenants
             ), made as (
               insert into echo_tenants (tenant_id, name, ${LIMIT_NAMES.map((name) => LIMITS[name]).join(', ')})
               select $1, $3, ${LIMIT_NAMES.map((_, place) => `$${place + 4}`).join(', ')} from room where room.is
               on conflict (tenant_id) do nothing returning *
             ), told as materialized (
               select echo_audit($2, null, 'tenant.create', tenant_id, 'OK', jsonb_build_object('tenantId', tenant_id, 'name', name), echo_audit_teller()) from made
             )
             select made.* from made, told`,
      values: [
        wanted.tenantId,
        principal.tenantId,
        wanted.name,
        ...LIMIT_NAMES.map((name) => wanted[name] ?? null),
      ],
    },
    orElse: () =>
      new InvalidInput(
        'tenantId',
        `there is a tenant "${wanted.tenantId}" already, or there are ${MAX_TENANTS}, which is the most`,
      ),
  });
}

/** Changes what is said of a tenant; what is absent stays as it is. @throws Forbidden, InvalidInput, NotFound */
export async function updateTenant(
  services: TenantServices,
  principal: Principal,
  given: z.input<typeof ChangedTenant>,
): Promise<TenantRow> {
  requireOperator(principal);
  const wanted = input.parseInput(ChangedTenant, given);
  checkPriced(services, wanted.modelCostPerDay);
  const changed = LIMIT_NAMES.filter((name) => wanted[name] !== undefined);
  const detail = Object.fromEntries(changed.map((name) => [name, wanted[name]]));
  return change(services, {
    statement: {
      name: 'update_tenant',
      text: `with made as (
               update echo_tenants set name = coalesce($3, name), updated_at = now(),
                 ${LIMIT_NAMES.map((name, place) => `${LIMITS[name]} = case when '${name}' = any($4::text[]) then $${place + 6} else ${LIMITS[name]} end`).join(', ')}
               where tenant_id = $1 returning *
             ), told as materialized (
               select echo_audit($2, null, 'tenant.update', tenant_id, 'OK', jsonb_build_object('tenantId', tenant_id) || $5::jsonb, echo_audit_teller()) from made
             )
             select made.* from made, told`,
      values: [
        ...[wanted.tenantId, principal.tenantId, wanted.name ?? null, changed],
        JSON.stringify({ ...(wanted.name && { name: wanted.name }), ...detail }),
        ...LIMIT_NAMES.map((name) => wanted[name] ?? null),
      ],
    },
    orElse: () => missing(wanted.tenantId),
  });
}

/**
 * From now on the tenant only reads. One that is suspended gets the new reason, and stays suspended since when it was.
 *
 * @throws Forbidden, InvalidInput, NotFound
 */
export async function suspendTenant(
  services: TenantServices,
  principal: Principal,
  given: z.input<typeof Suspension>,
): Promise<TenantRow> {
  requireOperator(principal);
  const { tenantId, reason } = input.parseInput(Suspension, given);
  if (tenantId === OPERATOR_TENANT)
    throw new InvalidInput('tenantId', `"${OPERATOR_TENANT}" runs the server: nobody could resume it`);
  return change(services, {
    statement: {
      name: 'suspend_tenant',
      text: `with made as (
               update echo_tenants set suspended_at = coalesce(suspended_at, now()), suspended_reason = $3, updated_at = now()
               where tenant_id = $1 returning *
             ), told as materialized (
               select echo_audit($2, null, 'tenant.suspend', tenant_id, 'OK', jsonb_build_object('tenantId', tenant_id, 'reason', suspended_reason), echo_audit_teller()) from made
             )
             select made.* from made, told`,
      values: [tenantId, principal.tenantId, reason],
    },
    orElse: () => missing(tenantId),
  });
}

/** The tenant may write again, and its tasks go on. @throws Forbidden, InvalidInput, NotFound */
export async function resumeTenant(
  services: TenantServices,
  principal: Principal,
  given: string,
): Promise<TenantRow> {
  requireOperator(principal);
  const tenantId = input.parseInput(id, given, 'tenantId');
  const row = await change(services, {
    statement: {
      name: 'resume_tenant',
      text: `with made as (
               update echo_tenants set suspended_at = null, suspended_reason = null, updated_at = now()
               where tenant_id = $1 returning *
             ), told as materialized (
               select echo_audit($2, null, 'tenant.resume', tenant_id, 'OK', jsonb_build_object('tenantId', tenant_id), echo_audit_teller()) from made
             )
             select made.* from made, told`,
      values: [tenantId, principal.tenantId],
    },
    orElse: () => missing(tenantId),
  });
  services.tasks.wake();
  return row;
}

async function change(
  { db, tenants: book }: TenantServices,
  {
    statement,
    orElse,
  }: { readonly statement: { name: string; text: string; values: unknown[] }; readonly orElse: () => Error },
): Promise<TenantRow> {
  const { rows } = await db.transaction((client) => client.query<RawRow>(statement));
  if (!rows[0]) throw orElse();
  await book.renew();
  return mapRow(tenants, rows[0]);
}

/** A limit that nothing counts towards would promise what it does not keep. */
function checkPriced({ config }: TenantServices, cost: number | null | undefined): void {
  if (cost == null || Object.keys(config.languageModels?.prices ?? {}).length > 0) return;
  throw new InvalidInput(
    'modelCostPerDay',
    'what models cost is not known: LLM_PRICES has to be set before it can be limited',
  );
}

function missing(tenantId: string): NotFound {
  return new NotFound('tenantId', `there is no tenant "${tenantId}"; createTenant makes one`);
}
