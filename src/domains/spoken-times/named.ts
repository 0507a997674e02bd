import type { Calendar } from './calendar.ts';
import { holidayNamed as holidayStretches } from './holidays.ts';
import type { Named } from './language.ts';
import * as stretches from './stretches.ts';
import * as yearParts from './year-parts.ts';

// What rules read of an expression; `beforeLast`, `last` and `this` are groups of their patterns.

type Read = (calendar: Calendar, named: Named) => readonly stretches.Stretch[];

const which = (named: Named) =>
  (['beforeLast', 'last', 'this'] as const).find((group) => named.has(group)) ?? null;

export const dayAt =
  (distance: number, part?: stretches.DayPart): Read =>
  (calendar, named) =>
    stretches.dayAt(calendar, distance, part ?? named.part);
export const ago: Read = (calendar, { count, unit, spread }) => stretches.ago(calendar, count, unit, spread);
export const upToNow: Read = (calendar, { count, unit }) => stretches.upToNow(calendar, count, unit);
export const unitOf: Read = (calendar, named) => stretches.unitOf(calendar, named.unit, which(named));
export const weekdayNamed: Read = (calendar, named) =>
  stretches.weekdayOf(calendar, named.weekday, which(named), named.part);
export const weekdayOfLastWeek: Read = (calendar, { weekday, part }) =>
  stretches.weekdayOfWeek(calendar, weekday, 'last', part);
/** "last week on Tuesday"; "the week" alone is this one. */
export const weekdayOfWeek: Read = (calendar, named) =>
  stretches.weekdayOfWeek(calendar, named.weekday, which(named), named.part);
export const weekendOf: Read = (calendar, named) => stretches.weekendOf(calendar, which(named));
export const monthNamed: Read = (calendar, named) =>
  stretches.monthNamed(calendar, named.month, named.year, which(named));
export const dateNamed: Read = (calendar, named) => stretches.dateNamed(calendar, named);
export const dayOfMonth: Read = (calendar, { day }) => stretches.dayOfMonth(calendar, day);
export const yearNamed: Read = (_calendar, { year }) => (year === null ? [] : stretches.yearNamed(year));
export const seasonNamed: Read = (calendar, named) =>
  stretches.seasonNamed(calendar, named.season, named.year, which(named));
export const holidayNamed: Read = (calendar, named) =>
  holidayStretches(calendar, named.holiday, named.year, which(named));
/** Whichever of month, season and holiday was named. */
export const whichOf: Read = (calendar, named) =>
  (named.has('month') ? monthNamed : named.has('season') ? seasonNamed : holidayNamed)(calendar, named);
export const halfAgo: Read = (calendar, { unit }) => stretches.halvesAgo(calendar, 1, unit);
export const oneHalfMoreAgo: Read = (calendar, { count, unit }) =>
  stretches.halvesAgo(calendar, 2 * count + 1, unit);
export const fortnightsAgo: Read = (calendar, { count }) => stretches.ago(calendar, 2 * count, 'week');
export const recently: Read = (calendar) => yearParts.recently(calendar);
/** "the third of May", "le trois mai". */
export const dateInWords: Read = (calendar, named) => {
  const day = named.has('nth') ? named.nth : named.count;
  if (day < 1) return [];
  return stretches.dateNamed(calendar, { year: named.year, month: named.month, day });
};
export const weekOfMonth: Read = (calendar, named) => yearParts.weekOfMonth(calendar, named);
export const weekendOfMonth: Read = (calendar, named) => yearParts.weekendOfMonth(calendar, named);
export const daysAtEnd: Read = (calendar, named) => yearParts.daysAtEnd(calendar, named, named.has('early'));
/** "early October", "the end of 2025". */
export const thirdOf: Read = (calendar, named) => {
  const third = named.has('early') ? 0 : named.has('middle') ? 1 : 2;
  if (named.has('month')) return yearParts.thirdOfMonth(calendar, named, third);
  return named.year === null ? [] : yearParts.thirdOfYear(named.year, third);
};
export const quarterNamed: Read = (calendar, named) =>
  yearParts.quarterNamed(calendar, named.has('quarter') ? named.quarter : named.nth, named.year);
export const weekNamed: Read = (calendar, named) => yearParts.weekNamed(calendar, named.week, named.year);
export const decadeNamed: Read = (calendar, { decade }) => yearParts.decadeNamed(calendar, decade);
