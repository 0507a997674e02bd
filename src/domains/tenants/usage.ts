import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import * as input from '../../ground/input.ts';
import { type StoredKind, type StoredRows, storageOf } from './storage.ts';
import { visibleTenant } from './tenants.ts';

export const MAX_DAYS = 90;

/** What a tenant had on one day of UTC. */
export interface DayOfTenant {
  /** Such as `2026-11-29`. */
  readonly day: string;
  /** Turns that were stored, as far as they are there. */
  readonly turns: number;
  /** Tasks of its users that were made, as far as they are there. */
  readonly tasks: number;
  /** Of models, in and out, as far as their servers counted them. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** What models cost, as far as it is known; null: of nothing that they did it is known. */
  readonly cost: number | null;
  /** Calls of models of which nobody knows what they cost. */
  readonly unknownCosts: number;
}

interface UsageServices {
  readonly db: Database;
  readonly storedKinds: readonly StoredKind[];
}

const Days = z
  .int({ error: `must be a whole number from 1 to ${MAX_DAYS}` })
  .min(1, { error: `must be from 1 to ${MAX_DAYS}` })
  .max(MAX_DAYS, { error: `must be from 1 to ${MAX_DAYS}` });

/**
 * What a tenant used on the last days, by its rows: what was deleted is not in it.
 *
 * @returns oldest first, days without anything included
 * @throws Forbidden, InvalidInput
 */
export async function usageOf(
  { db }: Pick<UsageServices, 'db'>,
  principal: Principal,
  given: { readonly tenantId?: string | null | undefined; readonly days?: number | null | undefined },
): Promise<DayOfTenant[]> {
  const tenantId = visibleTenant(principal, given.tenantId);
  const days = input.parseInput(Days, given.days ?? 30, 'days');
  return daysOfTenant(db, tenantId, days);
}

/**
 * SQL: where so many days began, today being the last. Written out in each place: joined to it, all turns would be read for those
 * of a month. @param days the parameter with their number
 */
export const beginOfDays = (days: string) =>
  `(date_trunc('day', now(), 'UTC') - make_interval(days => ${days}::int - 1))`;
const SINCE = beginOfDays('$2');
/** SQL: when a model answered in a turn `i`. One that came back with an export was stored later, and cost nothing then. */
const ANSWERED = 'least(i.created_at, i.timestamp)';

/** What a tenant used on the last days, today included; oldest first. Turns count when they were stored, models when they answered. */
export async function daysOfTenant(
  { pool }: Pick<Database, 'pool'>,
  tenantId: string,
  days: number,
): Promise<DayOfTenant[]> {
  const { rows } = await pool.query<DayOfTenant>({
    name: 'usage_of_tenant',
    text: `with turns as (
             select date_trunc('day', i.created_at, 'UTC') as day, count(*)::int as turns
             from echo_unified_interactions i
             where i.tenant_id = $1 and i.created_at >= ${SINCE} group by 1
           ), answers as (
             select date_trunc('day', ${ANSWERED}, 'UTC') as day,
               sum(i.tokens_in) as tokens_in, sum(i.tokens_out) as tokens_out, sum(i.cost) as cost,
               count(*) filter (where i.cost is null)::int as unknown
             from echo_unified_interactions i
             where i.tenant_id = $1 and i.created_at >= ${SINCE} and i.timestamp >= ${SINCE} and i.finish_reason is not null
             group by 1
           ), attempts as (
             select date_trunc('day', a.written_at, 'UTC') as day,
               sum(coalesce(a.writing_tokens_in, 0) + coalesce(a.judging_tokens_in, 0)) as tokens_in,
               sum(coalesce(a.writing_tokens_out, 0) + coalesce(a.judging_tokens_out, 0)) as tokens_out,
               sum(coalesce(a.writing_cost, a.judging_cost) + case when a.writing_cost is null then 0 else coalesce(a.judging_cost, 0) end) as cost,
               count(*) filter (where a.model is not null and a.writing_cost is null)::int
                 + count(*) filter (where a.judgings > 0 and a.judging_cost is null)::int as unknown
             from brief_attempts a where a.tenant_id = $1 and a.written_at >= ${SINCE} group by 1
           ), tasks as (
             select date_trunc('day', t.created_at, 'UTC') as day, count(*)::int as tasks
             from autonomous_tasks t
             where t.tenant_id = $1 and t.user_id is not null and t.created_at >= ${SINCE} group by 1
           )
           select to_char(day at time zone 'UTC', 'YYYY-MM-DD') as day, coalesce(turns.turns, 0) as turns,
             coalesce(tasks.tasks, 0) as tasks,
             (coalesce(answers.tokens_in, 0) + coalesce(attempts.tokens_in, 0))::float8 as "tokensIn",
             (coalesce(answers.tokens_out, 0) + coalesce(attempts.tokens_out, 0))::float8 as "tokensOut",
             case when answers.cost is null then attempts.cost else answers.cost + coalesce(attempts.cost, 0) end::float8 as cost,
             coalesce(answers.unknown, 0) + coalesce(attempts.unknown, 0) as "unknownCosts"
           from generate_series(0, $2::int - 1) as back
           cross join lateral (select ${SINCE} + make_interval(hours => 24 * back) as day) each
           left join turns using (day) left join answers using (day) left join attempts using (day) left join tasks using (day) order by 1`,
    values: [tenantId, days],
  });
  return rows;
}

/** What a tenant stores now, by table. @throws Forbidden, InvalidInput */
export async function storedBy(
  { db, storedKinds }: UsageServices,
  principal: Principal,
  given?: string | null,
): Promise<StoredRows[]> {
  return storageOf(db, visibleTenant(principal, given), storedKinds);
}
