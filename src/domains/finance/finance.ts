import { z } from 'zod';
import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import * as input from '../../ground/input.ts';
import { requireOperator } from '../../ground/ownership.ts';
import { type DayOfRevenue, revenueByDay } from '../payments/ledger.ts';
import { visibleTenant } from '../tenants/tenants.ts';
import { beginOfDays, daysOfTenant } from '../tenants/usage.ts';

export interface FinanceServices {
  readonly db: Database;
}

/** What somebody asks for: a tenant, and how many of the last days. */
export interface AskedDays {
  readonly tenantId?: string | null | undefined;
  readonly days?: number | null | undefined;
}

export const MAX_DAYS = 90;
const DAY_MS = 86_400_000;
const daysError = { error: `must be a whole number from 1 to ${MAX_DAYS}` };
const Days = z.int(daysError).min(1, daysError).max(MAX_DAYS, daysError);

/** What models cost on one day of UTC, or a tenant. */
interface Cost {
  /** In the unit of `LLM_PRICES`; null: of nothing that they did it is known. */
  readonly modelCost: number | null;
  /** Calls of models of which nobody knows what they cost. */
  readonly unknownCosts: number;
}

/** What came in, in the smallest unit of the currency. */
export type Revenue = Pick<DayOfRevenue, 'currency' | 'gross' | 'refunded' | 'disputed' | 'fees' | 'net'>;

export interface DayOfFinance extends Cost {
  readonly day: string;
  readonly revenue: readonly DayOfRevenue[];
}

export interface ClientFinance extends Revenue {
  /** Null: of invoices without a client. */
  readonly clientId: string | null;
}

export interface TenantFinance extends Cost {
  readonly tenantId: string;
  readonly revenue: readonly Revenue[];
}

/** What each of the last days cost a tenant and brought it, oldest first. @throws Forbidden, InvalidInput */
export async function financeByDay(
  { db }: FinanceServices,
  principal: Principal,
  given: AskedDays,
): Promise<DayOfFinance[]> {
  const tenantId = visibleTenant(principal, given.tenantId);
  const days = await daysOfTenant(db, tenantId, dayCount(given.days));
  const rows = await revenueByDay(db, tenantId, days[0]?.day ?? '', days.at(-1)?.day ?? '');
  const revenue = Map.groupBy(rows, ({ day }) => day);
  return days.map(({ day, cost, unknownCosts }) => ({
    ...{ day, modelCost: cost, unknownCosts },
    revenue: revenue.get(day) ?? [],
  }));
}

/** What the last days brought a tenant, by client and currency. @throws Forbidden, InvalidInput */
export async function financeByClient(
  { db }: FinanceServices,
  principal: Principal,
  given: AskedDays,
): Promise<ClientFinance[]> {
  const tenantId = visibleTenant(principal, given.tenantId);
  const rows = await revenueByDay(db, tenantId, dayBack(dayCount(given.days) - 1), dayBack(0));
  const byClient = Map.groupBy(rows, ({ clientId, currency }) => JSON.stringify([clientId, currency]));
  return [...byClient]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]) => each.reduce<ClientFinance | null>(added, null))
    .filter((each) => each !== null);
}

function added(sum: ClientFinance | null, more: DayOfRevenue): ClientFinance {
  const { clientId, currency } = more;
  return {
    ...{ clientId, currency, gross: (sum?.gross ?? 0) + more.gross },
    refunded: (sum?.refunded ?? 0) + more.refunded,
    disputed: (sum?.disputed ?? 0) + more.disputed,
    fees: (sum?.fees ?? 0) + more.fees,
    net: (sum?.net ?? 0) + more.net,
  };
}

const SINCE = beginOfDays('$1');

/** What the last days cost and brought each tenant for which there is something, by id. @throws Forbidden, InvalidInput */
export async function financeByTenant(
  { db }: FinanceServices,
  principal: Principal,
  given: number | null | undefined,
): Promise<TenantFinance[]> {
  requireOperator(principal);
  const { rows } = await db.pool.query<TenantFinance>({
    name: 'finance_by_tenant',
    text: `with calls as (
             select tenant_id, cost from echo_unified_interactions
             where created_at >= ${SINCE} and timestamp >= ${SINCE} and finish_reason is not null
             union all
             select tenant_id, writing_cost from brief_attempts where written_at >= ${SINCE} and model is not null
             union all
             select tenant_id, judging_cost from brief_attempts where written_at >= ${SINCE} and judgings > 0
           ), costs as (
             select tenant_id, sum(cost)::float8 as cost, count(*) filter (where cost is null)::int as unknown
             from calls group by tenant_id
           ), sums as (
             select l.tenant_id, l.currency, coalesce(sum(l.amount) filter (where l.kind = 'PAYMENT'), 0)::float8 as gross,
               coalesce(-sum(l.amount) filter (where l.kind in ('REFUND', 'REFUND_FAILURE')), 0)::float8 as refunded,
               coalesce(-sum(l.amount) filter (where l.kind in ('DISPUTE', 'DISPUTE_REVERSAL')), 0)::float8 as disputed,
               sum(l.fee)::float8 as fees, sum(l.amount - l.fee)::float8 as net
             from payment_ledger l where l.day >= (${SINCE} at time zone 'UTC')::date group by 1, 2
           ), revenue as (
             select tenant_id, json_agg(json_build_object('currency', currency, 'gross', gross, 'refunded', refunded,
               'disputed', disputed,               'fees', fees, 'net', net) order by currency) as list from sums group by tenant_id
           )
           select tenant_id as "tenantId", costs.cost as "modelCost", coalesce(costs.unknown, 0) as "unknownCosts",
             coalesce(revenue.list, '[]') as revenue
           from costs full join revenue using (tenant_id) order by tenant_id`,
    values: [dayCount(given)],
  });
  return rows;
}

/** @throws InvalidInput */
function dayCount(given: number | null | undefined): number {
  return input.parseInput(Days, given ?? 30, 'days');
}

/** The day of UTC so many days ago. */
export function dayBack(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}
