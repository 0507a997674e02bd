import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import { QuotaExceeded } from '../../errors.ts';

/** What a day may hold; days are those of UTC. */
export interface BriefLimits {
  /** Briefs of one user. */
  readonly perDay: number;
  /** What the attempts of a tenant may cost together, in the unit of `LLM_PRICES`; null: anything. */
  readonly costPerDay: number | null;
}

/** One new brief of a user at a time: two that are allowed alone may be one too many together. */
export async function lockBriefs(client: PoolClient, { tenantId, userId }: Owner): Promise<void> {
  await client.query({
    name: 'lock_briefs',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['briefs', tenantId, userId])],
  });
}

/** @throws QuotaExceeded where the day has no room for another brief of the user, or what it may cost is spent */
export async function checkQuota(
  client: PoolClient,
  owner: Owner,
  { perDay, costPerDay }: BriefLimits,
): Promise<void> {
  const { rows } = await client.query<{ count: number; own: number | null; resets: Date }>({
    name: 'count_briefs_of_day',
    text: `select count(*)::int as count, (select n.briefs_per_day from echo_tenants n where n.tenant_id = $2) as own,
             date_trunc('day', now(), 'UTC') + interval '1 day' as resets
           from briefs where user_id = $1 and tenant_id = $2 and created_at >= date_trunc('day', now(), 'UTC')`,
    values: [owner.userId, owner.tenantId],
  });
  const { count, own, resets } = onlyRow({ rows });
  const most = own ?? perDay;
  if (count >= most)
    throw new QuotaExceeded(
      'text',
      `a user may submit ${most} briefs a day (${own === null ? 'BRIEFS_PER_DAY' : 'briefsPerDay of the tenant'}), and there are ${count} today`,
      resets,
    );
  if (costPerDay !== null && (await spentToday({ pool: client }, owner.tenantId)) >= costPerDay)
    throw new QuotaExceeded('text', spent(costPerDay), resets);
}

/** What a tenant's briefs cost today, as far as it is known. */
export async function spentToday(
  { pool }: Pick<Database, 'pool'> | { readonly pool: PoolClient },
  tenantId: string,
): Promise<number> {
  const { rows } = await pool.query<{ cost: number }>({
    name: 'cost_of_briefs_of_day',
    text: `select coalesce(sum(coalesce(writing_cost, 0) + coalesce(judging_cost, 0)), 0)::float8 as cost
           from brief_attempts where tenant_id = $1 and written_at >= date_trunc('day', now(), 'UTC')`,
    values: [tenantId],
  });
  return onlyRow({ rows }).cost;
}

/** In words, of a limit that is reached. */
export function spent(costPerDay: number): string {
  return `briefs may cost ${costPerDay} a day (BRIEFS_COST_PER_DAY), and that is spent`;
}
