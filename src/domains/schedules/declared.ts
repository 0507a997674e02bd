import type { PoolClient } from 'pg';
import type { Job, JobSchedule } from '../../jobs/job.ts';
import { type Recurrence, recurrenceOf, ScheduleRefused } from '../../jobs/recurrence.ts';
import { decideSlots, lockSchedule, type Moment } from './decide.ts';
import type { ScheduleRow } from './tables.ts';

/** A job that runs by itself. */
export interface DeclaredSchedule {
  /** Also the name of the schedule. */
  readonly job: Job;
  readonly schedule: JobSchedule;
}

/**
 * The schedules that jobs declare.
 *
 * @throws ScheduleRefused for one that cannot be: its cron, its time zone, or a payload that needs something
 */
export function declaredIn(jobs: Iterable<Job>): ReadonlyMap<string, DeclaredSchedule> {
  const declared = new Map<string, DeclaredSchedule>();
  for (const job of jobs) {
    const { name, schedule } = job;
    if (!schedule) continue;
    recurrenceOf(name, schedule);
    if (!job.payload.safeParse({}).success)
      throw new ScheduleRefused(
        `the schedule of the job "${name}": its tasks need something in their payload, and a schedule gives them nothing`,
      );
    declared.set(name, { job, schedule });
  }
  return declared;
}

/** Reads when the schedule of a row has its slots, once for each cron and zone. Null: this version cannot read it. */
export class Recurrences {
  readonly #known = new Map<string, Recurrence | null>();

  of({ name, cron, timeZone }: Pick<ScheduleRow, 'name' | 'cron' | 'timeZone'>): Recurrence | null {
    const key = `${timeZone}\n${cron}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = readable(() => recurrenceOf(name, { cron, timeZone }));
      this.#known.set(key, known);
    }
    return known;
  }
}

function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ScheduleRefused) return null;
    throw error;
  }
}

/**
 * Writes down what this version says of a schedule. One that is new has no slots before now; where the cron was another,
 * slots up to now are decided by that one, and later ones by the new one.
 */
export async function declareSchedule(
  client: PoolClient,
  { job, schedule }: DeclaredSchedule,
  recurrences: Recurrences,
  moment: Moment,
): Promise<void> {
  const { cron, timeZone, missed } = schedule;
  const { name } = job;
  await client.query({
    name: 'declare_schedule',
    text: `insert into task_schedules (name, task_type, cron, time_zone, missed, decided_until)
           values ($1, $1, $2, $3, $4, $5) on conflict (name) do nothing`,
    values: [name, cron, timeZone, missed, moment.now],
  });
  const known = await lockSchedule(client, name);
  if (!known || (known.cron === cron && known.timeZone === timeZone && known.missed === missed)) return;
  const isSameTime = known.cron === cron && known.timeZone === timeZone;
  const before = recurrences.of(known);
  if (!isSameTime && before) await decideSlots(client, { ...known, missed }, job, before, moment);
  await client.query({
    name: 'change_schedule',
    text: `update task_schedules set cron = $2, time_zone = $3, missed = $4,
             decided_until = case when $5 then decided_until else $6::timestamptz end
           where name = $1`,
    values: [name, cron, timeZone, missed, isSameTime, moment.now],
  });
}
