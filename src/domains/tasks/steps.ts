import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import type { Claim } from './claims.ts';
import { TaskLost } from './errors.ts';
import { storedJson } from './stored-json.ts';

const MAX_NAME = 200;
/** Bytes of what a step returned, as JSON. */
const MAX_RESULT = 65_536;

/**
 * Does a step of a task once. The note that it is done is the last thing in the effect's transaction, and is taken only
 * while the attempt holds the task: whoever takes over has to wait for this lock, and an attempt that lost the task
 * meanwhile takes its effect back.
 *
 * @throws TaskLost, ResultRefused, and whatever the effect throws
 */
export async function doOnce<T>(
  db: Database,
  claim: Claim,
  step: string,
  effect: (client: PoolClient) => Promise<T>,
): Promise<T> {
  if (step === '' || step.length > MAX_NAME)
    throw new Error(`the name of a step must have 1 to ${MAX_NAME} characters, has ${step.length}`);
  const known = await stepDone<T>(db.pool, claim, step);
  if (known) return known.result;
  const done = await db
    .transaction(async (client) => {
      const result = await effect(client);
      const json = storedJson(result, `what the step "${step}" returned`, MAX_RESULT);
      await noteProgress(client, claim);
      const { rowCount } = await client.query({
        name: 'note_task_step',
        text: `insert into task_steps (task, step, attempt, result)
               select id, $4, attempt, $5::jsonb from autonomous_tasks
               where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $6 for share
               on conflict (task, step) do nothing`,
        values: [claim.id, claim.attempt, claim.worker, step, json, claim.tenantId],
      });
      if (rowCount === 0) throw new NotNoted();
      return { result: JSON.parse(json) as T };
    })
    .catch((error: unknown) => {
      if (error instanceof NotNoted) return null;
      throw error;
    });
  if (done) return done.result;
  // Taken back: the step was done by a call beside this one, or the task is lost.
  const meanwhile = await stepDone<T>(db.pool, claim, step);
  if (meanwhile && (await isHeld(db, claim))) return meanwhile.result;
  throw new TaskLost();
}

/**
 * Writes something in a transaction that is committed only while the attempt holds the task.
 *
 * @param isProgress no attempt will have to write it again
 * @throws TaskLost, and whatever the effect throws
 */
export async function writeWhileHeld<T>(
  db: Database,
  claim: Claim,
  effect: (client: PoolClient) => Promise<T>,
  isProgress: boolean,
): Promise<T> {
  return db.transaction(async (client) => {
    const result = await effect(client);
    if (isProgress) await noteProgress(client, claim);
    // Last, so that this lock, which puts the next sign of life off, is held for a moment only.
    const { rowCount } = await client.query({
      name: 'task_held_to_commit',
      text: `select from autonomous_tasks
             where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $4 for share`,
      values: [claim.id, claim.attempt, claim.worker, claim.tenantId],
    });
    if (rowCount === 0) throw new TaskLost();
    return result;
  });
}

/**
 * The task comes further, so it is not what ended the workers before. Ahead of the lock that others share, or two that
 * share it would wait for each other.
 */
async function noteProgress(client: PoolClient, claim: Claim): Promise<void> {
  if (!claim.isBehindLost) return;
  await client.query({
    name: 'task_came_further',
    text: `update autonomous_tasks set lost_count = 0
           where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $4 and lost_count > 0`,
    values: [claim.id, claim.attempt, claim.worker, claim.tenantId],
  });
}

class NotNoted extends Error {}

async function stepDone<T>(
  pool: Database['pool'],
  { id, tenantId }: Claim,
  step: string,
): Promise<{ result: T } | null> {
  const { rows } = await pool.query<{ result: T }>({
    name: 'task_step',
    text: `select s.result from task_steps s join autonomous_tasks t on t.id = s.task
           where s.task = $1 and s.step = $2 and t.tenant_id = $3`,
    values: [id, step, tenantId],
  });
  return rows[0] ?? null;
}

async function isHeld({ pool }: Database, { id, tenantId, attempt, worker }: Claim): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'task_held',
    text: `select from autonomous_tasks
           where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $4`,
    values: [id, attempt, worker, tenantId],
  });
  return rowCount === 1;
}
