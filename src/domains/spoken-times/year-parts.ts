import { type Calendar, dayNumber, partsOfDay } from './calendar.ts';
import { DAY, daysFrom, lastYears, monthOf, quarterOf, type Stretch, type Unit, WIDE } from './stretches.ts';

/** Days that "the other day" may be back. */
const RECENT_DAYS = 14;
const YEARS = 10;
/** How well the rest of a month fits a part of it. */
const REST = 0.9;
/** Days after a part of a month in which people tell of it, and how well they fit. */
const TOLD_DAYS = 14;
const TOLD = 0.97;
const DAYS_IN: Partial<Record<Unit, number>> = { day: 1, week: 7 };
/** Counted from Monday. */
const SATURDAY = 5;

interface MonthNamed {
  readonly month: number;
  readonly year: number | null;
}

/** "the other day". */
export function recently({ today }: Calendar): Stretch[] {
  return [daysFrom(today - RECENT_DAYS, RECENT_DAYS)];
}

/** The year that was named, or those in which a day of the year has come. */
function yearsOf(
  calendar: Calendar,
  year: number | null,
  firstDay: (year: number) => number,
): (readonly [year: number, weight: number])[] {
  if (year !== null) return [[year, 1]];
  const { year: now } = partsOfDay(calendar.today);
  return lastYears(firstDay(now) > calendar.today ? now - 1 : now, YEARS);
}

/** Days of a month, then the rest of it. @param daysOf of its length and its first day; from 1, none if reversed */
function daysOfMonth(
  calendar: Calendar,
  { month, year }: MonthNamed,
  daysOf: (length: number, first: number) => readonly [first: number, last: number],
): Stretch[] {
  const daysIn = (each: number) => {
    const start = dayNumber(each, month, 1);
    return daysOf(dayNumber(each, month + 1, 1) - start, start);
  };
  const firstDay = (each: number) => dayNumber(each, month, daysIn(each)[0]);
  return yearsOf(calendar, year, firstDay).flatMap(([each, weight]) => {
    const [first, last] = daysIn(each);
    if (first > last) return [];
    return [
      // No surer than the month: people tell of it later.
      { ...daysFrom(firstDay(each), last - first + 1), weight: WIDE * weight },
      {
        ...daysFrom(firstDay(each) + last - first + 1, TOLD_DAYS),
        weight: TOLD * WIDE * weight,
        isNear: true,
      },
      { ...monthOf(each, month), weight: REST * WIDE * weight, isNear: true },
    ];
  });
}

/** "the first week of October": days 1 to 7; the last week is its last seven days. */
export function weekOfMonth(calendar: Calendar, named: MonthNamed & { nth: number }): Stretch[] {
  const { nth } = named;
  return daysOfMonth(calendar, named, (length) =>
    nth < 0 ? [length - 6, length] : [7 * nth - 6, nth === 0 ? 0 : Math.min(7 * nth, length)],
  );
}

/** "the last two weeks of August", "the first ten days of May". */
export function daysAtEnd(
  calendar: Calendar,
  named: MonthNamed & { count: number; unit: Unit },
  isFirst: boolean,
): Stretch[] {
  const days = named.count * (DAYS_IN[named.unit] ?? 0);
  if (days < 1) return [];
  return daysOfMonth(calendar, named, (length) =>
    isFirst ? [1, Math.min(days, length)] : [Math.max(1, length - days + 1), length],
  );
}

/** "the first weekend of October": that of its nth Saturday; the last one begins within it. */
export function weekendOfMonth(calendar: Calendar, named: MonthNamed & { nth: number }): Stretch[] {
  return daysOfMonth(calendar, named, (length, first) => {
    const saturday = 1 + ((SATURDAY - partsOfDay(first).weekday + 7) % 7);
    const count = Math.floor((length - saturday) / 7) + 1;
    const nth = named.nth < 0 ? count : named.nth;
    return nth < 1 || nth > count ? [1, 0] : [saturday + 7 * (nth - 1), saturday + 7 * (nth - 1) + 1];
  });
}

/** "early October": by thirds. */
export function thirdOfMonth(calendar: Calendar, named: MonthNamed, third: number): Stretch[] {
  return daysOfMonth(calendar, named, (length) => [10 * third + 1, third === 2 ? length : 10 * third + 10]);
}

/** "the end of 2025". */
export function thirdOfYear(year: number, third: number): Stretch[] {
  const from = dayNumber(year, 4 * third, 1);
  return [{ from: from * DAY, to: dayNumber(year, 4 * third + 4, 1) * DAY, weight: WIDE }];
}

/** "in the third quarter", "Q3 2025". @param quarter from 1, -1: the last one */
export function quarterNamed(calendar: Calendar, quarter: number, year: number | null): Stretch[] {
  const number = quarter === -1 ? 4 : quarter;
  if (number < 1 || number > 4) return [];
  return yearsOf(calendar, year, (each) => dayNumber(each, 3 * (number - 1), 1)).map(([each, weight]) => ({
    ...quarterOf(each, number - 1),
    weight: WIDE * weight,
  }));
}

/** "in week 45", "2026-W45": by ISO 8601, so week 1 is that of 4 January. */
export function weekNamed(calendar: Calendar, week: number, year: number | null): Stretch[] {
  const firstMonday = (each: number) => {
    const fourth = dayNumber(each, 0, 4);
    return fourth - partsOfDay(fourth).weekday;
  };
  if (week < 1) return [];
  const monday = (each: number) => firstMonday(each) + 7 * (week - 1);
  return yearsOf(calendar, year, monday).flatMap(([each, weight]) =>
    monday(each) < firstMonday(each + 1) ? [{ ...daysFrom(monday(each), 7), weight }] : [],
  );
}

/** "in the 90s", "in the 2010s". */
export function decadeNamed({ today }: Calendar, decade: number): Stretch[] {
  const { year: now } = partsOfDay(today);
  const century = now - (now % 100);
  const first = decade >= 100 ? decade : century + decade > now ? century - 100 + decade : century + decade;
  return [{ from: dayNumber(first, 0, 1) * DAY, to: dayNumber(first + 10, 0, 1) * DAY, weight: WIDE }];
}
