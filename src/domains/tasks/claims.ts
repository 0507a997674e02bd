import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { writeEvent } from '../../events/written.ts';
import { autonomousTasks, type TaskRow } from './tables.ts';

/** A running task in the hands of one worker: the token without which nothing is written to it. */
export interface Claim {
  readonly id: number;
  readonly tenantId: string;
  readonly attempt: number;
  readonly worker: string;
  /** The attempts before it ended with their worker. */
  readonly isBehindLost: boolean;
}

/** What its worker holds of a task that it has taken. */
export function claimOf({ id, tenantId, attempt, lostCount }: TaskRow, worker: string): Claim {
  return { id, tenantId, attempt, worker, isBehindLost: lostCount > 0 };
}

/** Milliseconds after which a worker that says nothing has lost what it holds. */
export const LEASE_MS = 20_000;
/** Attempts in a row that came no further and whose worker was not heard of again: the task itself may be what ends the workers. */
export const MAX_LOST = 10;
/** Tasks of one owner and priority that one claim looks at: others may be taking the first ones. */
const LOOKED_AT = 4;
const LOST_AT_ONCE = 50;

/** A cancellation that came after the last time that somebody tried the task again. */
const IS_CANCELLED = `(cancel_requested_at is not null and (retried_at is null or cancel_requested_at >= retried_at))`;

/** Takes the task that was `chosen`, for the worker $1. */
const TAKE = `), taken as (
    update autonomous_tasks t set status = 'RUNNING', attempt = t.attempt + 1, worker = $1, started_at = now(),
      lease_until = now() + ${LEASE_MS} * interval '1 ms', completed_at = null,
      progress_done = null, progress_total = null, progress_note = null
    from chosen where t.id = chosen.id returning t.*
  ), begun as (
    insert into task_attempts (task, number, worker) select id, attempt, $1 from taken
  )`;

/**
 * Who is next: of those with the fewest running tasks the most urgent task, then who was served longest ago, then the
 * oldest. Owners and their first tasks come by index, so that ten thousand waiting tasks cost as much as ten.
 */
const CLAIM = `
  with recursive owners as (
    (select queue_owner as owner from autonomous_tasks where status = 'PENDING' order by queue_owner limit 1)
    union all
    select (select t.queue_owner from autonomous_tasks t
            where t.status = 'PENDING' and t.queue_owner > owners.owner order by t.queue_owner limit 1)
    from owners where owners.owner is not null
  ), busy as (
    select queue_owner as owner, count(*) as running from autonomous_tasks where status = 'RUNNING' group by 1
  ), waiting as (
    select first.*, coalesce(busy.running, 0) as running,
      (select max(s.started_at) from autonomous_tasks s where s.queue_owner = owners.owner) as served_at
    from owners left join busy on busy.owner = owners.owner
    cross join generate_series($3::int, 3) as level
    cross join lateral (
      select t.id, t.priority, t.due_at from autonomous_tasks t
      where t.status = 'PENDING' and t.queue_owner = owners.owner and t.priority = level
        and t.due_at <= now() + interval '1 ms' and t.task_type = any($2)
      order by t.due_at, t.id limit ${LOOKED_AT}
    ) first
    where owners.owner is not null and (select p.tenant_id from autonomous_tasks p
      where p.status = 'PENDING' and p.queue_owner = owners.owner limit 1) <> all($4::text[])
  ), ranked as (
    select * from waiting order by running, priority desc, served_at nulls first, due_at, id limit 50
  ), chosen as (
    select t.id from ranked r join autonomous_tasks t on t.id = r.id
    where t.status = 'PENDING' and t.due_at <= now() + interval '1 ms'
    order by r.running, r.priority desc, r.served_at nulls first, r.due_at, r.id
    limit 1 for update of t skip locked
  ${TAKE}
  select * from taken`;

/**
 * Takes the task that is next, for one attempt.
 *
 * @param types what this worker can do
 * @param least the least priority that is taken, as its place
 * @param paused tenants whose tasks wait
 * @returns null: nothing waits that is due
 */
export async function claimTask(
  db: Database,
  worker: string,
  types: readonly string[],
  least: number,
  paused: readonly string[],
): Promise<TaskRow | null> {
  return db.transaction(
    async (client) => {
      const { rows } = await client.query<RawRow>({
        name: 'claim_task',
        text: CLAIM,
        values: [worker, types, least, paused],
      });
      if (!rows[0]) return null;
      const row = mapRow(autonomousTasks, rows[0]);
      await tellTask(client, row);
      return row;
    },
    { ownName: true },
  );
}

/** Takes one task that waits, whoever else is before it. @returns null: it does not wait any more */
export async function claimOneTask(
  db: Database,
  worker: string,
  { id, tenantId }: Pick<TaskRow, 'id' | 'tenantId'>,
): Promise<TaskRow | null> {
  return db.transaction(
    async (client) => {
      const { rows } = await client.query<RawRow>({
        name: 'claim_one_task',
        text: `with chosen as (
                 select id from autonomous_tasks
                 where id = $2 and tenant_id = $3 and status = 'PENDING' for update skip locked
               ${TAKE}
               select * from taken`,
        values: [worker, id, tenantId],
      });
      if (!rows[0]) return null;
      const row = mapRow(autonomousTasks, rows[0]);
      await tellTask(client, row);
      return row;
    },
    { ownName: true },
  );
}

/** Tells whoever follows a task that it is in another state, in the transaction of the change. */
export async function tellTask(client: PoolClient, row: TaskRow): Promise<void> {
  const { tenantId, userId, taskId, status } = row;
  await writeEvent(client, { kind: 'task_changed', tenantId, userId, payload: { taskId, status } });
}

/** How an attempt ends. */
export type Ending =
  | { readonly kind: 'COMPLETED'; readonly result: string }
  | { readonly kind: 'FAILED'; readonly error: string }
  /** `error`: it did not stop in time. */
  | { readonly kind: 'CANCELLED'; readonly error: string | null }
  /** It failed, and is tried again. */
  | { readonly kind: 'AGAIN'; readonly error: string; readonly delayMs: number }
  /** Given back, through no fault of its own. */
  | { readonly kind: 'RELEASED'; readonly error: string; readonly delayMs: number }
  /** Its worker was not heard of again. */
  | { readonly kind: 'LOST'; readonly error: string };

const SETTLE = `
  with settled as (
    update autonomous_tasks t set
      status = case when $4 = 'PENDING' and ${IS_CANCELLED} then 'CANCELLED' else $4 end,
      completed_at = case when $4 = 'PENDING' and not ${IS_CANCELLED} then null else now() end,
      result = $5::jsonb,
      error = case when $4 = 'PENDING' and ${IS_CANCELLED} then null else $6 end,
      due_at = case when $4 = 'PENDING' then now() + $7::float8 * interval '1 ms' else due_at end,
      retry_count = retry_count + $8::int,
      lost_count = case $9::int when 0 then 0 when 1 then lost_count + 1 else lost_count end,
      worker = null, lease_until = null
    where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $11 returning *
  ), ended as (
    update task_attempts a set ended_at = now(), error = $10
    from settled where a.task = settled.id and a.number = settled.attempt
  )
  select * from settled`;

/** Ends an attempt, in a transaction. @returns null: it was no longer this worker's, and nothing was changed */
export async function settleTask(client: PoolClient, claim: Claim, ending: Ending): Promise<TaskRow | null> {
  const isOver = ending.kind === 'COMPLETED' || ending.kind === 'FAILED' || ending.kind === 'CANCELLED';
  const error = ending.kind === 'COMPLETED' ? null : ending.error;
  const { rows } = await client.query<RawRow>({
    name: 'settle_task',
    text: SETTLE,
    values: [
      ...[claim.id, claim.attempt, claim.worker, isOver ? ending.kind : 'PENDING'],
      ending.kind === 'COMPLETED' ? ending.result : null,
      error,
      'delayMs' in ending ? ending.delayMs : 0,
      ending.kind === 'AGAIN' ? 1 : 0,
      ending.kind === 'LOST' ? 1 : ending.kind === 'RELEASED' ? 2 : 0,
      ending.kind === 'CANCELLED' ? (error ?? 'it was cancelled') : error,
      claim.tenantId,
    ],
  });
  if (!rows[0]) return null;
  const row = mapRow(autonomousTasks, rows[0]);
  await tellTask(client, row);
  return row;
}

/** What a worker learns of its tasks when it says that it is still at them. */
export interface Beat {
  readonly id: number;
  /** Still this worker's. */
  readonly held: boolean;
  readonly cancelled: boolean;
}

/** Prolongs the leases of a worker's tasks. Those of which nothing is told are gone. */
export async function beatTasks(
  db: Database,
  worker: string,
  claims: readonly Claim[],
): Promise<readonly Beat[]> {
  const { rows } = await db.pool.query<Beat>({
    name: 'beat_tasks',
    // One that is locked is about to be written by its own worker, or to be cancelled: it is prolonged the next time.
    text: `with mine as (
             select t.id from autonomous_tasks t join unnest($2::int[], $3::int[], $4::text[]) c(id, attempt, tenant_id)
               on c.id = t.id and c.attempt = t.attempt and c.tenant_id = t.tenant_id
             where t.status = 'RUNNING' and t.worker = $1 for update of t skip locked
           ), prolonged as (
             update autonomous_tasks t set lease_until = now() + ${LEASE_MS} * interval '1 ms'
             from mine where t.id = mine.id
           )
           select t.id, t.status = 'RUNNING' and t.worker = $1 and t.attempt = c.attempt as held, ${IS_CANCELLED} as cancelled
           from autonomous_tasks t join unnest($2::int[], $3::int[], $4::text[]) c(id, attempt, tenant_id)
             on c.id = t.id and c.tenant_id = t.tenant_id`,
    values: [
      worker,
      claims.map(({ id }) => id),
      claims.map(({ attempt }) => attempt),
      claims.map(({ tenantId }) => tenantId),
    ],
  });
  return rows;
}

/**
 * Ends attempts whose worker has lost its lease.
 *
 * @param directory name of the data directory whose earlier servers are certainly gone; null: only leases count
 * @returns how many were ended
 */
export async function endLostAttempts(db: Database, directory: string | null): Promise<number> {
  return db.transaction(
    async (client) => {
      const { rows } = await client.query<RawRow>({
        name: 'lost_tasks',
        text: `select * from autonomous_tasks where status = 'RUNNING'
               and (lease_until < now() or split_part(worker, ':', 1) = $1)
               order by lease_until limit ${LOST_AT_ONCE} for update skip locked`,
        values: [directory],
      });
      for (const raw of rows) {
        const row = mapRow(autonomousTasks, raw);
        await settleTask(client, claimOf(row, row.worker ?? ''), endingOfLost(row));
      }
      return rows.length;
    },
    { ownName: true },
  );
}

function endingOfLost({ lostCount }: TaskRow): Ending {
  const error = 'its worker was not heard of again';
  if (lostCount + 1 < MAX_LOST) return { kind: 'LOST', error };
  return {
    kind: 'FAILED',
    error: `${error}, ${MAX_LOST} times in a row in which it came no further: the task may be what ends it`,
  };
}

/** What waits, at one look. */
export interface Outlook {
  /** Milliseconds until the next task is due; below zero: for so long one has waited. Null: none waits. */
  readonly dueInMs: number | null;
  /** Milliseconds until the first lease ends. Null: nothing runs. */
  readonly leaseEndsInMs: number | null;
}

/** When there is something to do. @param types what this worker can do @param paused tenants whose tasks wait */
export async function taskOutlook(
  db: Database,
  types: readonly string[],
  paused: readonly string[],
): Promise<Outlook> {
  const { rows } = await db.pool.query<Outlook>({
    name: 'task_outlook',
    text: `select
             (select extract(epoch from min(due_at) - now()) * 1000 from autonomous_tasks
              where status = 'PENDING' and task_type = any($1) and tenant_id <> all($2::text[]))::float8 as "dueInMs",
             (select extract(epoch from min(lease_until) - now()) * 1000 from autonomous_tasks
              where status = 'RUNNING')::float8 as "leaseEndsInMs"`,
    values: [types, paused],
  });
  return rows[0] ?? { dueInMs: null, leaseEndsInMs: null };
}
