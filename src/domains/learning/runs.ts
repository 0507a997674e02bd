import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import type { Refusal } from './extraction.ts';
import type { Learned } from './learned.ts';
import type { ModelUse } from './model-use.ts';

/** The run of a task for a user, which its first transaction makes and its later attempts go on with. */
export async function openRun(
  client: PoolClient,
  owner: Owner,
  taskId: string,
): Promise<{ readonly id: number; readonly runId: string }> {
  const found = await client.query<{ id: number; runId: string }>({
    name: 'open_learning_run',
    text: `insert into learning_history (tenant_id, user_id, run_id, task_id) values ($1, $2, $3, $4)
           on conflict (task_id, user_id, tenant_id) do update set ended_at = null returning id, run_id as "runId"`,
    values: [owner.tenantId, owner.userId, randomUUID(), taskId],
  });
  return onlyRow(found);
}

/** Adds what came of some turns, in the transaction that stores it. */
export async function countInRun(
  client: PoolClient,
  owner: Owner,
  run: number,
  { turns, added, merged, superseded, refused }: Learned,
  use: ModelUse | null,
): Promise<void> {
  await client.query({
    name: 'count_learning_run',
    text: `update learning_history set turns_seen = turns_seen + $2, added = added + $3, merged = merged + $4,
             superseded = superseded + $5, refused = refused + $6, failed_batches = failed_batches + $7,
             model_used = coalesce($8, model_used),
             tokens_in = case when $9::int is null then tokens_in else coalesce(tokens_in, 0) + $9 end,
             tokens_out = case when $10::int is null then tokens_out else coalesce(tokens_out, 0) + $10 end,
             cost = case when $11::numeric is null then cost else coalesce(cost, 0) + $11 end
           where id = $1 and tenant_id = $12 and user_id = $13`,
    values: [
      ...[run, turns, added, merged, superseded, refused, use?.failedBatches ?? 0, use?.model ?? null],
      ...[use?.tokensIn ?? null, use?.tokensOut ?? null, use?.cost ?? null, owner.tenantId, owner.userId],
    ],
  });
}

/** Notes what was not taken from a turn. */
export async function refuseInRun(
  client: PoolClient,
  run: number,
  turnId: string,
  refused: readonly Refusal[],
): Promise<void> {
  if (refused.length === 0) return;
  await client.query({
    name: 'refuse_in_learning_run',
    text: `insert into learning_refusals (run, turn_id, field, reason, count)
           select $1, $2, field, reason, sum(count)::int from unnest($3::text[], $4::text[], $5::int[]) as r(field, reason, count)
           group by field, reason
           on conflict (run, turn_id, reason, field) do update set count = learning_refusals.count + excluded.count`,
    values: [
      ...[run, turnId, refused.map(({ field }) => field ?? '')],
      ...[refused.map(({ reason }) => reason), refused.map(({ count }) => count)],
    ],
  });
}

/** Says that a task has come to its end with the turns of a user, if it learned from any. */
export async function endRun({ pool }: Pick<Database, 'pool'>, owner: Owner, taskId: string): Promise<void> {
  await pool.query({
    name: 'end_learning_run',
    text: `update learning_history set ended_at = now()
           where task_id = $3 and tenant_id = $1 and user_id = $2 and ended_at is null`,
    values: [owner.tenantId, owner.userId, taskId],
  });
}

/**
 * Takes the oldest run that is over, found something and was not told of to a Knowledge Base, and notes that it is, in the
 * transaction of `client`. One that was cut off is over with its task. @returns null: there is none
 */
export async function takeUntoldRun(
  client: PoolClient,
): Promise<(Owner & { readonly runId: string }) | null> {
  const { rows } = await client.query<Owner & { readonly runId: string }>({
    name: 'take_untold_learning_run',
    text: `update learning_history set told_at = now() where tenant_id <> '${CANARY_TENANT}' and id = (
             select h.id from learning_history h
             where h.told_at is null and h.added > 0 and h.tenant_id <> '${CANARY_TENANT}' and not exists (
               select from autonomous_tasks t where t.task_id = h.task_id::text and t.status in ('PENDING', 'RUNNING'))
             order by h.id limit 1 for update skip locked)
           returning tenant_id as "tenantId", user_id as "userId", run_id as "runId"`,
  });
  return rows[0] ?? null;
}
