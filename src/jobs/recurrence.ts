import { Cron } from 'croner';
import type { JobSchedule } from './job.ts';

/** When a schedule has its slots. */
export interface Recurrence {
  /** The first slot after an instant; null: there is none any more. */
  next(after: Date): Date | null;
  /** The latest slots after one instant and up to another, oldest first, at most so many. */
  between(after: Date, until: Date, most: number): Slots;
}

export interface Slots {
  readonly slots: readonly Date[];
  /** There are earlier ones, beyond the most. */
  readonly hasEarlier: boolean;
}

/** What a job says of its schedule cannot be; the message names the job and what is wrong. */
export class ScheduleRefused extends Error {
  override readonly name = 'ScheduleRefused';
}

const FIELDS = ['minute', 'hour', 'day of the month', 'month', 'day of the week'];
const SECOND_MS = 1_000;

/**
 * Reads a cron of five fields in the time of a zone. Where it names hours and minutes, each time that it names comes once a
 * day: one that the clock leaves out comes at the end of the gap, one that occurs twice comes the first time. Where minutes
 * or hours are every one, or every so many (`*`, a step), slots follow real time: all that exist, repeated hours twice.
 *
 * @param name names the schedule in the message
 * @throws ScheduleRefused for what is no cron, comes more often than once a minute or never, or is in no IANA time zone
 */
export function recurrenceOf(name: string, { cron, timeZone }: Omit<JobSchedule, 'missed'>): Recurrence {
  const refuse = (problem: string) => new ScheduleRefused(`the schedule of the job "${name}": ${problem}`);
  const count = cron.trim().split(/\s+/).length;
  if (count === FIELDS.length + 1)
    throw refuse(
      `its cron "${cron}" has six fields; seconds are not taken, once a minute is the most (${FIELDS.join(', ')})`,
    );
  if (count !== FIELDS.length) throw refuse(`its cron "${cron}" must have five fields: ${FIELDS.join(', ')}`);
  if (!isZone(timeZone)) throw refuse(`its time zone "${timeZone}" is no IANA name, such as Europe/Berlin`);
  const parsed = parse(cron, timeZone, refuse);
  const recurrence = recurrenceOfCron(parsed);
  if (!recurrence.next(new Date())) throw refuse(`its cron "${cron}" never comes`);
  return recurrence;
}

function parse(cron: string, timezone: string, refuse: (problem: string) => Error): Cron {
  try {
    return new Cron(cron, { timezone, paused: true, mode: '5-part', fixedTimeRule: 'no-wildcard' });
  } catch (error) {
    throw refuse(`its cron "${cron}" cannot be read: ${(error as Error).message}`);
  }
}

function recurrenceOfCron(cron: Cron): Recurrence {
  const next = (after: Date) => cron.nextRun(after);
  return {
    next,
    between: (after, until, most) => {
      const slots: Date[] = [];
      for (let slot = next(after); slot && slot <= until; slot = next(slot)) {
        slots.push(slot);
        if (slots.length > most) return latest(cron, until, most);
      }
      return { slots, hasEarlier: false };
    },
  };
}

/** Found backwards, since there may be very many. */
function latest(cron: Cron, until: Date, most: number): Slots {
  // It counts in whole seconds, and leaves out the one that it is given.
  const behind = new Date(Math.floor(until.getTime() / SECOND_MS) * SECOND_MS + SECOND_MS);
  return { slots: cron.previousRuns(most, behind).reverse(), hasEarlier: true };
}

/** Offsets are no zones: they know no summer time, and are not what somebody means who names a place. */
function isZone(timeZone: string): boolean {
  if (!/^[A-Za-z]/.test(timeZone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}
