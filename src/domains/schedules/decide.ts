import type { PoolClient } from 'pg';
import { mapRow, type RawRow } from '../../db/statements.ts';
import type { Job } from '../../jobs/job.ts';
import type { Recurrence } from '../../jobs/recurrence.ts';
import { SERVER_OWNER } from '../tasks/scope.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { enqueueTask } from '../tasks/tasks.ts';
import { MAX_AT_ONCE, type Outcome, outcomesOf } from './outcomes.ts';
import { type ScheduleRow, schedules } from './tables.ts';

/** Slots of one schedule that are kept. */
export const MAX_KEPT = 1_000;
/** A schedule that is decided further ahead of the clock than this was decided by a clock that was wrong. */
const MAX_AHEAD_MS = 300_000;
/** What is looked back at after that. */
const LOOK_BACK_MS = 60_000;

/** What deciding came to. */
export interface Decided {
  readonly decidedUntil: Date;
  /** What was new of the slots. */
  readonly outcomes: readonly Outcome[];
  /** The task that was made. */
  readonly task: TaskRow | null;
  /** Slots that wait for the end of that task, or of another one. */
  readonly waiting: number;
}

/** When slots are decided, and by whom. */
export interface Moment {
  readonly now: Date;
  /** From when on this server was there to make tasks. */
  readonly since: Date;
}

/** One schedule, which nobody else decides before the end of the transaction. @returns null: there is none */
export async function lockSchedule(client: PoolClient, name: string): Promise<ScheduleRow | null> {
  const { rows } = await client.query<RawRow>({
    name: 'lock_schedule',
    text: 'select * from task_schedules where name = $1 for update',
    values: [name],
  });
  return rows[0] ? mapRow(schedules, rows[0]) : null;
}

/**
 * Decides all slots of a schedule that are over and not decided, and makes the task of the next one that waits, if none is
 * unfinished; all of it in the transaction that holds the lock of the schedule.
 */
export async function decideSlots(
  client: PoolClient,
  schedule: ScheduleRow,
  job: Job,
  recurrence: Recurrence,
  { now, since }: Moment,
): Promise<Decided> {
  const { name, missed, paused, decidedUntil } = schedule;
  const isAhead = decidedUntil.getTime() - now.getTime() > MAX_AHEAD_MS;
  const from = isAhead ? new Date(now.getTime() - LOOK_BACK_MS) : decidedUntil;
  const { slots, hasEarlier } = recurrence.between(from, now, MAX_AT_ONCE + 1);
  const waiting = await slotsWaiting(client, name);
  const unfinished = slots.length > 0 || waiting > 0 ? await unfinishedTask(client, name) : null;
  const decided = outcomesOf(slots, { missed, paused, now, since, unfinished, waiting, hasEarlier });
  const outcomes = decided.length > 0 ? await writeSlots(client, name, decided) : [];
  const until = slots.at(-1) ?? (isAhead ? now : decidedUntil);
  if (until.getTime() !== decidedUntil.getTime()) await moveOn(client, name, until);
  const planned = waiting + outcomes.filter(({ state }) => state === 'PLANNED').length;
  const task = planned > 0 && unfinished === null && !paused ? await makeNextTask(client, name, job) : null;
  if (outcomes.length > 0) await pruneSlots(client, name);
  return { decidedUntil: until, outcomes, task, waiting: planned - (task ? 1 : 0) };
}

/** A task of a schedule that is unfinished, whether a slot or somebody made it. @returns its id, or null */
export async function unfinishedTask(client: PoolClient, name: string): Promise<string | null> {
  const { rows } = await client.query<{ taskId: string }>({
    name: 'unfinished_task_of_schedule',
    text: `select task_id as "taskId" from autonomous_tasks
           where created_by = $1 and tenant_id = $2 and user_id is null and status = 'PENDING'
             and queue_owner = $2 || chr(10)
           union all
           select task_id from autonomous_tasks
           where created_by = $1 and tenant_id = $2 and user_id is null and status = 'RUNNING'
           limit 1`,
    values: [name, SERVER_OWNER.tenantId],
  });
  return rows[0]?.taskId ?? null;
}

/** Makes a task of a schedule, of the server itself, in the transaction of `client`. */
export function makeScheduledTask(client: PoolClient, name: string, job: Job): Promise<TaskRow> {
  return enqueueTask(client, job, { type: job.name, owner: SERVER_OWNER, createdBy: name });
}

/** Deletes the oldest slots of a schedule beyond those that are kept. */
export async function pruneSlots(client: Pick<PoolClient, 'query'>, name: string): Promise<number> {
  const { rowCount } = await client.query({
    name: 'prune_slots',
    text: `delete from schedule_slots where schedule = $1 and state <> 'PLANNED' and slot_at <= (
             select slot_at from schedule_slots where schedule = $1 order by slot_at desc offset $2 limit 1)`,
    values: [name, MAX_KEPT],
  });
  return rowCount ?? 0;
}

/** Slots that wait are given up, when nothing of the schedule is to be made up any more. */
export async function skipWaiting(client: PoolClient, name: string, note: string): Promise<void> {
  await client.query({
    name: 'skip_waiting_slots',
    text: `update schedule_slots set state = 'SKIPPED', note = $2, decided_at = now()
           where schedule = $1 and state = 'PLANNED'`,
    values: [name, note],
  });
}

async function slotsWaiting(client: PoolClient, name: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>({
    name: 'waiting_slots',
    text: `select count(*)::int as count from schedule_slots where schedule = $1 and state = 'PLANNED'`,
    values: [name],
  });
  return rows[0]?.count ?? 0;
}

/** @returns those that were not decided before */
async function writeSlots(
  client: PoolClient,
  name: string,
  outcomes: readonly Outcome[],
): Promise<readonly Outcome[]> {
  const { rows } = await client.query<{ slotAt: Date }>({
    name: 'insert_slots',
    text: `insert into schedule_slots (schedule, slot_at, state, note)
           select $1, s.slot_at, s.state, s.note
           from unnest($2::timestamptz[], $3::text[], $4::text[]) s(slot_at, state, note)
           on conflict (schedule, slot_at) do nothing returning slot_at as "slotAt"`,
    values: [
      name,
      outcomes.map(({ slotAt }) => slotAt),
      outcomes.map(({ state }) => state),
      outcomes.map(({ note }) => note),
    ],
  });
  const written = new Set(rows.map(({ slotAt }) => slotAt.getTime()));
  return outcomes.filter(({ slotAt }) => written.has(slotAt.getTime()));
}

async function moveOn(client: PoolClient, name: string, until: Date): Promise<void> {
  await client.query({
    name: 'move_schedule_on',
    text: 'update task_schedules set decided_until = $2 where name = $1',
    values: [name, until],
  });
}

/** Gives the oldest slot that waits its task. */
async function makeNextTask(client: PoolClient, name: string, job: Job): Promise<TaskRow> {
  const task = await makeScheduledTask(client, name, job);
  await client.query({
    name: 'run_slot',
    text: `update schedule_slots set state = 'RUN', task = $2, decided_at = now()
           where schedule = $1 and slot_at = (
             select min(slot_at) from schedule_slots where schedule = $1 and state = 'PLANNED')`,
    values: [name, task.id],
  });
  return task;
}
