import type { Database } from '../../db/client.ts';
import { mapRow, type Page, type RawRow } from '../../db/statements.ts';
import { SERVER_OWNER } from '../tasks/scope.ts';
import { type ScheduleRow, type SlotState, schedules } from './tables.ts';

/** A slot as it is shown. */
export interface ShownSlot {
  readonly slotAt: Date;
  readonly state: SlotState;
  readonly note: string | null;
  readonly taskId: string | null;
}

/** All schedules that any version has declared, by name. */
export async function allSchedules(db: Database): Promise<ScheduleRow[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'schedules',
    text: 'select * from task_schedules order by name',
  });
  return rows.map((raw) => mapRow(schedules, raw));
}

/** Schedules by name, in the order of the names; null where there is none. */
export async function schedulesByName(
  db: Database,
  names: readonly string[],
): Promise<(ScheduleRow | null)[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'schedules_by_name',
    text: 'select * from task_schedules where name = any($1)',
    values: [names],
  });
  const byName = new Map(rows.map((raw) => [raw.name, mapRow(schedules, raw)]));
  return names.map((name) => byName.get(name) ?? null);
}

const SLOT = 's.slot_at as "slotAt", s.state, s.note, t.task_id as "taskId"';
const TASK = `left join autonomous_tasks t on t.id = s.task and t.tenant_id = '${SERVER_OWNER.tenantId}' and t.user_id is null`;

/** The latest slot of each schedule that is decided; null where there was none yet. */
export async function lastSlots(db: Database, names: readonly string[]): Promise<(ShownSlot | null)[]> {
  const { rows } = await db.pool.query<ShownSlot & { name: string }>({
    name: 'last_slots',
    text: `select s.schedule as name, ${SLOT} from unnest($1::text[]) n(name)
           cross join lateral (
             select * from schedule_slots where schedule = n.name and state <> 'PLANNED' order by slot_at desc limit 1) s
           ${TASK}`,
    values: [names],
  });
  const byName = new Map(rows.map(({ name, ...slot }) => [name, slot]));
  return names.map((name) => byName.get(name) ?? null);
}

/** The slots that made tasks, in the order of the tasks' keys; null where none did, or it is no longer kept. */
export async function slotsOfTasks(db: Database, tasks: readonly number[]): Promise<(Date | null)[]> {
  const { rows } = await db.pool.query<{ task: number; slotAt: Date }>({
    name: 'slots_of_tasks',
    text: 'select task, slot_at as "slotAt" from schedule_slots where task = any($1)',
    values: [tasks],
  });
  const byTask = new Map(rows.map(({ task, slotAt }) => [task, slotAt]));
  return tasks.map((task) => byTask.get(task) ?? null);
}

/** Slots of one schedule, latest first. @param planned the one that comes next; null: none does */
export async function slotPage(
  db: Database,
  name: string,
  planned: Date | null,
  page: Page<Date>,
): Promise<ShownSlot[]> {
  const direction = page.inverted ? 'asc' : 'desc';
  const { rows } = await db.pool.query<ShownSlot>({
    name: `slot_page_${direction}`,
    text: `select ${SLOT} from schedule_slots s ${TASK}
           where s.schedule = $1 and ($2::timestamptz is null or s.slot_at < $2)
             and ($3::timestamptz is null or s.slot_at > $3)
           order by s.slot_at ${direction} limit $4`,
    values: [name, page.after, page.before, page.limit],
  });
  if (
    !planned ||
    !isWithin(planned, page) ||
    rows.some(({ slotAt }) => slotAt.getTime() === planned.getTime())
  )
    return rows;
  // A clock that was set back may have left later ones.
  const all = [...rows, { slotAt: planned, state: 'PLANNED' as const, note: null, taskId: null }];
  const order = page.inverted ? 1 : -1;
  return all.sort((a, b) => order * (a.slotAt.getTime() - b.slotAt.getTime())).slice(0, page.limit);
}

function isWithin(slotAt: Date, { after, before }: Page<Date>): boolean {
  return (after === null || slotAt < after) && (before === null || slotAt > before);
}
