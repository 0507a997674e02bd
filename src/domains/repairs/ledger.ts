import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { isPassing, judgeDatabaseError } from '../../db/meaning.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { RepairRefused } from './errors.ts';
import type { Repaired } from './repair.ts';
import { type Figures, type RepairRow, type RepairType, repairActions } from './tables.ts';

/** Between two repairs of a target, on whichever server. */
export const COOLDOWN_SECONDS = 300;
/** How long a dry run lets its target be repaired, once. */
export const DRY_RUN_MINUTES = 10;
/** Milliseconds that the end of a repair waits for a database that is away: it may be what was restarted. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 500;

/** Where an action belongs. */
export interface Order {
  readonly type: RepairType;
  readonly target: string;
  readonly dryRun: boolean;
  readonly task: Pick<RunningTask, 'taskId' | 'owner' | 'attempt'>;
}

/** Writes an action, as it is then. @returns its id */
export async function noteAction(
  client: Pick<PoolClient, 'query'>,
  { type, target, dryRun, task }: Order,
  {
    outcome,
    problem,
    before,
  }: { outcome: RepairRow['outcome']; problem: string | null; before: Figures | null },
): Promise<string> {
  const actionId = randomUUID();
  await client.query({
    name: 'note_repair',
    text: `insert into repair_actions (tenant_id, action_id, action_type, target, dry_run, outcome, problem, before_metrics,
             requested_by, task_id, attempt, host, started_at, ended_at)
           values ($1, $2, $3, $4, $5, $6::text, $7, $8::jsonb, $9, $10, $11, $12, clock_timestamp(),
             case when $6::text <> 'STARTED' then clock_timestamp() end)`,
    values: [
      ...[
        task.owner.tenantId,
        actionId,
        type,
        target,
        dryRun,
        outcome,
        problem,
        before && JSON.stringify(before),
      ],
      ...[task.owner.userId ?? '(server)', task.taskId, task.attempt, hostname()],
    ],
  });
  return actionId;
}

/**
 * Takes the target for a repair that follows at once: its cooldown, the dry run that came before, and the row that says
 * that it was begun, all or nothing. Whoever comes at the same time waits for this transaction, and finds the cooldown.
 *
 * @returns the id of the action
 * @throws RepairRefused
 */
export async function beginAction(client: PoolClient, order: Order, before: Figures): Promise<string> {
  const { type, target } = order;
  const { rowCount: taken } = await client.query({
    name: 'take_repair_cooldown',
    text: `insert into restart_cooldowns as c (action_type, service_name, last_restart) values ($1, $2, clock_timestamp())
           on conflict (action_type, service_name) do update set last_restart = clock_timestamp()
           where c.last_restart <= clock_timestamp() - ${COOLDOWN_SECONDS} * interval '1 s'`,
    values: [type, target],
  });
  if (taken === 0) throw new RepairRefused(await cooldownWords(client, order));
  const { rowCount: dryRuns } = await client.query({
    name: 'repair_dry_run',
    text: `select from repair_actions a
           where a.tenant_id = $1 and a.action_type = $2 and a.target = $3 and a.host = $4 and a.dry_run and a.outcome = 'SUCCEEDED'
             and a.started_at > clock_timestamp() - ${DRY_RUN_MINUTES} * interval '1 minute'
             and not exists (select from repair_actions b where b.action_type = $2 and b.target = $3 and b.host = $4
               and not b.dry_run and b.outcome <> 'REFUSED' and b.id > a.id)
           limit 1`,
    values: [order.task.owner.tenantId, type, target, hostname()],
  });
  if (dryRuns === 0)
    throw new RepairRefused(
      `it needs a dry run of the same target on this machine (${hostname()}) within the last ${DRY_RUN_MINUTES} minutes, which no repair has followed yet`,
    );
  return noteAction(client, order, { outcome: 'STARTED', problem: null, before });
}

async function cooldownWords(client: PoolClient, { type, target }: Order): Promise<string> {
  const { rows } = await client.query<{ left: number }>({
    name: 'repair_cooldown_left',
    text: `select ceil(extract(epoch from last_restart - clock_timestamp()) + ${COOLDOWN_SECONDS})::float8 as left
           from restart_cooldowns where action_type = $1 and service_name = $2`,
    values: [type, target],
  });
  return `the target was repaired within the last ${COOLDOWN_SECONDS / 60} minutes; it can be again in ${rows[0]?.left} s`;
}

/**
 * Writes what came of an action that was begun, as soon as the database takes it.
 *
 * @param signal when it is aborted nobody waits any longer
 * @returns false: somebody else has written its end
 */
export async function endAction(
  db: Pick<Database, 'transaction'>,
  { tenantId }: RunningTask['owner'],
  actionId: string,
  { outcome, problem, after }: Repaired,
  signal?: AbortSignal,
): Promise<boolean> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await db.transaction(async (client) => {
        const { rowCount } = await client.query({
          name: 'end_repair',
          text: `update repair_actions set outcome = $3, problem = $4, after_metrics = $5::jsonb, ended_at = clock_timestamp()
                 where action_id = $1 and tenant_id = $2 and outcome = 'STARTED'`,
          values: [actionId, tenantId, outcome, problem, after && JSON.stringify(after)],
        });
        return rowCount === 1;
      });
    } catch (error) {
      const isOver = performance.now() > until || (signal?.aborted ?? true);
      if (isOver || !isPassing(judgeDatabaseError(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }
}

/** What an earlier attempt at the task has begun; null: nothing, or only what was refused. */
export async function earlierAction(
  { pool }: Pick<Database, 'pool'>,
  { taskId, owner }: Pick<RunningTask, 'taskId' | 'owner'>,
): Promise<RepairRow | null> {
  const { rows } = await pool.query<RawRow>({
    name: 'earlier_repair',
    text: `select * from repair_actions where task_id = $1 and tenant_id = $2 and outcome <> 'REFUSED' order by id limit 1`,
    values: [taskId, owner.tenantId],
  });
  return rows[0] ? mapRow(repairActions, rows[0]) : null;
}
