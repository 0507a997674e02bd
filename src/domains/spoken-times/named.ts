import type { Calendar } from './calendar.ts';
import type { Named } from './language.ts';
import * as stretches from './stretches.ts';

// What rules read of an expression; `last` and `this` are groups of their patterns.

type Read = (calendar: Calendar, named: Named) => readonly stretches.Stretch[];

const which = (named: Named) => (named.has('last') ? 'last' : named.has('this') ? 'this' : null);

export const dayAt =
  (distance: number, part?: stretches.DayPart): Read =>
  (calendar, named) =>
    stretches.dayAt(calendar, distance, part ?? named.part);
export const ago: Read = (calendar, { count, unit, spread }) => stretches.ago(calendar, count, unit, spread);
export const upToNow: Read = (calendar, { count, unit }) => stretches.upToNow(calendar, count, unit);
export const unitOf: Read = (calendar, named) => stretches.unitOf(calendar, named.unit, which(named));
export const weekdayNamed: Read = (calendar, named) =>
  stretches.weekdayOf(calendar, named.weekday, which(named), named.part);
export const weekdayOfLastWeek: Read = (calendar, { weekday }) =>
  stretches.weekdayOfLastWeek(calendar, weekday);
export const weekendOf: Read = (calendar, named) => stretches.weekendOf(calendar, which(named));
export const monthNamed: Read = (calendar, named) =>
  stretches.monthNamed(calendar, named.month, named.year, which(named));
export const dateNamed: Read = (calendar, named) => stretches.dateNamed(calendar, named);
export const dayOfMonth: Read = (calendar, { day }) => stretches.dayOfMonth(calendar, day);
export const yearNamed: Read = (_calendar, { year }) => (year === null ? [] : stretches.yearNamed(year));
export const seasonNamed: Read = (calendar, named) =>
  stretches.seasonNamed(calendar, named.season, named.year, which(named));
export const holidayNamed: Read = (calendar, named) =>
  stretches.holidayNamed(calendar, named.holiday, named.year, which(named));
/** Whichever of month, season and holiday was named. */
export const whichOf: Read = (calendar, named) =>
  (named.has('month') ? monthNamed : named.has('season') ? seasonNamed : holidayNamed)(calendar, named);
