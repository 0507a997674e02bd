import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { Forbidden, InvalidInput, NotFound, ScheduleBusy } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { requireOperator } from '../../ground/ownership.ts';
import { isAdmin } from '../tasks/scope.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { decideSlots, lockSchedule, makeScheduledTask, skipWaiting, unfinishedTask } from './decide.ts';
import { noteSlots } from './notes.ts';
import { allSchedules } from './reads.ts';
import type { ScheduleRow } from './tables.ts';
import type { Ticker } from './ticker.ts';

export interface ScheduleServices {
  readonly db: Database;
  readonly events: { wake(): void };
  readonly tasks: { wake(): void };
  readonly activity: Parameters<typeof noteSlots>[0];
  readonly schedules: Ticker;
}

/** All schedules, also those that only another version has. @throws Forbidden: they are the server's, as their tasks are */
export function listSchedules(
  { db }: Pick<ScheduleServices, 'db'>,
  principal: Principal,
): Promise<ScheduleRow[]> {
  if (!isAdmin(principal))
    throw new Forbidden('schedules: only an admin may see what the server does for itself');
  return allSchedules(db);
}

/**
 * Pauses a schedule, or lets it go on. Slots up to now are decided before; those that come while it is paused are skipped
 * and not made up, as are those that wait to be made up when it is paused.
 *
 * @throws Forbidden, NotFound
 */
export async function setSchedulePaused(
  services: ScheduleServices,
  principal: Principal,
  { name, paused }: { readonly name: string; readonly paused: boolean },
): Promise<ScheduleRow> {
  requireOperator(principal);
  const { db, schedules, events, tasks, activity } = services;
  const { row, decided } = await db.transaction(async (client) => {
    const before = await lockSchedule(client, parseName(name));
    if (!before) throw noSuch(name);
    const job = schedules.declared.get(name)?.job;
    const recurrence = schedules.recurrences.of(before);
    const decided =
      job && recurrence ? await decideSlots(client, before, job, recurrence, schedules.moment) : null;
    if (before.paused !== paused)
      await client.query({
        name: 'pause_schedule',
        text: `with changed as (update task_schedules set paused = $2 where name = $1 returning name, paused)
               select echo_audit($3, null, 'schedule.pause', name, 'OK', jsonb_build_object('paused', paused),
                 echo_audit_teller()) from changed`,
        values: [name, paused, principal.tenantId],
      });
    if (paused) await skipWaiting(client, name, 'the schedule was paused before it could be made up');
    return { row: (await lockSchedule(client, name)) ?? before, decided };
  });
  if (decided) noteSlots(activity, name, decided.outcomes);
  if (decided?.task) {
    events.wake();
    tasks.wake();
  }
  return row;
}

/**
 * Makes a task of a schedule now, beside its slots; also while it is paused.
 *
 * @throws Forbidden, NotFound; ScheduleBusy while one of its tasks is unfinished; InvalidInput if no job of this version
 *   has the schedule
 */
export async function triggerSchedule(
  { db, events, tasks, schedules }: ScheduleServices,
  principal: Principal,
  name: string,
): Promise<TaskRow> {
  requireOperator(principal);
  const task = await db.transaction(async (client) => {
    if (!(await lockSchedule(client, parseName(name)))) throw noSuch(name);
    const job = schedules.declared.get(name)?.job;
    if (!job)
      throw new InvalidInput('name', 'no job of this version of the server has this schedule any more');
    const unfinished = await unfinishedTask(client, name);
    if (unfinished !== null) throw new ScheduleBusy('name', unfinished);
    const made = await makeScheduledTask(client, name, job);
    await client.query({
      name: 'audit_trigger_of_schedule',
      text: `select echo_audit($1, null, 'schedule.trigger', $2, 'OK', jsonb_build_object('taskId', $3::text), echo_audit_teller())`,
      values: [principal.tenantId, name, made.taskId],
    });
    return made;
  });
  events.wake();
  tasks.wake();
  return task;
}

function parseName(name: string): string {
  return input.parseInput(input.text(100), name, 'name');
}

function noSuch(name: string): NotFound {
  return new NotFound('name', `there is no schedule "${name.slice(0, 100)}"`);
}
