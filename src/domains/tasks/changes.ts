import type { PoolClient } from 'pg';
import type { Owner, Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { Forbidden, InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { isOperators, OPERATOR_TENANT } from '../../ground/ownership.ts';
import type { Job } from '../../jobs/job.ts';
import { tellTask } from './claims.ts';
import { tasksByTaskId } from './reads.ts';
import { IN_SCOPE, isAdmin, parseTaskId, scopeValues, taskScopeOf } from './scope.ts';
import { autonomousTasks, type TaskRow } from './tables.ts';
import { mayMake, type TaskServices } from './tasks.ts';

/** Milliseconds that a cancellation waits for its task to stop. */
const STOP_WAIT_MS = 12_000;
const LOOK_MS = 250;

export interface CancelledTask {
  readonly task: TaskRow;
  /** Whether it did no more than it had done when it was cancelled and its job noticed. */
  readonly stoppedInTime: boolean;
}

/**
 * Cancels a task that waits, or tells one that runs to stop and waits for it, on whichever server it runs.
 *
 * @throws InvalidInput for one that is over; NotFound
 */
export async function cancelTask(
  services: TaskServices,
  principal: Principal,
  taskId: string,
): Promise<CancelledTask> {
  const { db, events, tasks } = services;
  const row = await changeTask(db, principal, taskId, {
    name: 'cancel_task',
    set: `cancel_requested_at = greatest(clock_timestamp(), t.retried_at),
          status = case when t.status = 'PENDING' then 'CANCELLED' else t.status end,
          completed_at = case when t.status = 'PENDING' then now() end`,
    from: ['PENDING', 'RUNNING'],
    problem: 'only a task that waits or runs can be cancelled',
  });
  events.wake();
  const task = row.status === 'RUNNING' ? await stopped(db, tasks, principal, row) : row;
  return { task, stoppedInTime: task.status === 'CANCELLED' && task.error === null };
}

/**
 * Takes tasks of some types from whoever is at them, or waits for them, in the transaction of `client`: from its commit on
 * none of their attempts writes anything. Their jobs notice it within seconds.
 */
export async function takeAway(client: PoolClient, owner: Owner, types: readonly string[]): Promise<void> {
  const { rows } = await client.query<RawRow>({
    name: 'take_tasks_away',
    text: `update autonomous_tasks set status = 'CANCELLED', cancel_requested_at = clock_timestamp(), completed_at = now(),
             worker = null, lease_until = null
           where user_id = $1 and tenant_id = $2 and task_type = any($3) and status in ('PENDING', 'RUNNING') returning *`,
    values: [owner.userId, owner.tenantId, types],
  });
  for (const raw of rows) await tellTask(client, mapRow(autonomousTasks, raw));
}

/** The task when it has stopped, or as it is when the wait is over. */
async function stopped(
  db: Database,
  tasks: TaskServices['tasks'],
  principal: Principal,
  row: TaskRow,
): Promise<TaskRow> {
  const deadline = Date.now() + STOP_WAIT_MS;
  await tasks.cancel(row.id);
  for (;;) {
    const [now] = await tasksByTaskId(db, taskScopeOf(principal), [row.taskId]);
    // Erased meanwhile: what was last seen of it is all there is to say.
    if (now?.status !== 'RUNNING' || now.attempt !== row.attempt || Date.now() > deadline) return now ?? row;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * Lets a task that failed or was cancelled run again, with all its retries. What its steps have done stays done.
 *
 * @throws InvalidInput for one that waits, runs, or was completed; NotFound; Forbidden (also of what the server does for all)
 */
export async function retryTask(
  services: TaskServices,
  principal: Principal,
  taskId: string,
): Promise<TaskRow> {
  const { db, events, tasks } = services;
  await requireMayMake(services, principal, taskId);
  const row = await changeTask(db, principal, taskId, {
    name: 'retry_task',
    set: `retried_at = greatest(clock_timestamp(), t.cancel_requested_at + interval '1 ms'), status = 'PENDING',
          due_at = now(), completed_at = null, error = null, result = null, retry_count = 0, lost_count = 0,
          progress_done = null, progress_total = null, progress_note = null`,
    from: ['FAILED', 'CANCELLED'],
    problem: 'only a task that failed or was cancelled can be tried again',
  });
  events.wake();
  tasks.wake();
  return row;
}

/**
 * Whose a task is does not say that they could make it now: they were an admin then, or it comes from an export, which may say
 * anything. What a type is that this server does not know, another server may. The server's own tasks come from nowhere else.
 *
 * @throws Forbidden; InvalidInput, where its job refuses what the task says
 */
async function requireMayMake(
  { db, tasks }: TaskServices,
  principal: Principal,
  taskId: string,
): Promise<void> {
  const [known] = await tasksByTaskId(db, taskScopeOf(principal), [parseTaskId(taskId)]);
  if (!known || known.userId === null) return;
  const job = tasks.jobs.get(known.taskType ?? '');
  const may = job ? mayMake(principal, job) || job.isForOwner : isAdmin(principal) && isOperators(principal);
  if (!may)
    throw new Forbidden(`taskId: only ${makersOf(job)} may try a task of the type ${known.taskType} again`);
  if (job?.check) await job.check(input.parseInput(job.payload, known.payload ?? {}, 'payload'));
}

function makersOf(job: Job | undefined): string {
  if (job?.mayCreate === 'SERVER') return 'the server itself';
  return job?.mayCreate === 'ADMIN' ? 'an admin' : `an admin of the tenant "${OPERATOR_TENANT}"`;
}

/** What the server does for all tenants is seen by their admins, and left alone. @throws Forbidden */
function requireMayChange(principal: Principal, { userId, payload }: TaskRow): void {
  const isTenants = (payload as { tenantId?: unknown } | null)?.tenantId === principal.tenantId;
  if (userId === null && !isTenants && !isOperators(principal))
    throw new Forbidden(
      `taskId: what the server does for all is changed by admins of the tenant "${OPERATOR_TENANT}" only`,
    );
}

async function changeTask(
  db: Database,
  principal: Principal,
  taskId: string,
  change: {
    readonly name: string;
    readonly set: string;
    readonly from: readonly TaskRow['status'][];
    readonly problem: string;
  },
): Promise<TaskRow> {
  const id = parseTaskId(taskId);
  const scope = taskScopeOf(principal);
  const [seen] = await tasksByTaskId(db, scope, [id]);
  if (seen) requireMayChange(principal, seen);
  return db.transaction(async (client) => {
    const { rows } = await client.query<RawRow>({
      name: change.name,
      text: `update autonomous_tasks t set ${change.set}
             where t.task_id = $4 and t.status = any($5) and ${IN_SCOPE} returning t.*`,
      values: [...scopeValues(scope), id, change.from],
    });
    if (rows[0]) {
      const row = mapRow(autonomousTasks, rows[0]);
      await tellTask(client, row);
      return row;
    }
    const [known] = await tasksByTaskId(db, scope, [id]);
    if (!known) throw new NotFound('taskId', 'there is no such task');
    throw new InvalidInput('taskId', `the task is ${known.status}; ${change.problem}`);
  });
}
