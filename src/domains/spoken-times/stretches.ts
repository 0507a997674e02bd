import { isDay } from '../../ground/instants.ts';
import { type Calendar, dayNumber, partsOfDay } from './calendar.ts';

/** A stretch of time by the wall clock: from one minute up to, not including, another; see `Calendar`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** How well a turn of it fits, 0 to 1. */
  readonly weight: number;
  /** It is not what was named, but close to it: people name the day of something, and tell of it later. */
  readonly isNear?: boolean;
  /** The nearer to its middle, the better: "three weeks ago" is no exact day. */
  readonly isPeaked?: boolean;
}

export type Unit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';
export type DayPart = 'morning' | 'afternoon' | 'evening' | 'night';
/** Months of the northern hemisphere. */
export type Season = 'spring' | 'summer' | 'autumn' | 'winter';
export type Holiday =
  | 'christmas'
  | 'christmasEve'
  | 'newYear'
  | 'newYearsEve'
  | 'easter'
  | 'goodFriday'
  | 'pentecost'
  | 'epiphany'
  | 'boxingDay'
  | 'halloween'
  | 'thanksgiving'
  | 'valentine';
/** What stands before a name: "last Friday", "this Friday", or none. */
export type Which = 'beforeLast' | 'last' | 'this' | null;

export const DAY = 1_440;
/** The first minute of the year 1, near enough. */
export const BEGINNING = -1_035_000_000;
/** How well the rest of the month fits a day of it, and a month, a season or a year its turns. */
export const WIDE = 0.6;
const NEAR = 0.97;
/** Days that "on 8 May" may be off. */
export const NEAR_DAYS = 3;
/** Years that "on 8 May" may mean, the latest first, and how well the earlier ones fit. */
const YEARS = 10;
const EARLIER_YEAR = 0.95;
export const PARTS: Record<DayPart, readonly [from: number, to: number]> = {
  morning: [240, 720],
  afternoon: [720, 1_080],
  evening: [1_020, DAY],
  night: [1_080, DAY + 360],
};
const SEASON_STARTS: Record<Season, number> = { winter: -1, spring: 2, summer: 5, autumn: 8 };

/** A day by its distance from today, or a part of it. */
export function dayAt(calendar: Calendar, distance: number, part?: DayPart): Stretch[] {
  return [daysFrom(calendar.today + distance, 1, part)];
}

export function daysFrom(day: number, days: number, part?: DayPart): Stretch {
  const [from, to] = part ? PARTS[part] : [0, DAY];
  return { from: day * DAY + from, to: (day + days - 1) * DAY + to, weight: 1 };
}

/** "a week ago", "three months ago". @param spread of "a few": how many may be meant besides */
export function ago(calendar: Calendar, count: number, unit: Unit, spread = 0): Stretch[] {
  const { today, minute } = calendar;
  if (unit === 'minute' || unit === 'hour') {
    const length = unit === 'hour' ? 60 : 1;
    const half = Math.max(length * Math.max(0.5, spread), (count * length) / 4, 2);
    const middle = minute - count * length;
    return [{ from: middle - half, to: Math.min(middle + half, minute + 1), weight: 1, isPeaked: true }];
  }
  if (unit === 'day' && spread === 0) return dayAt(calendar, -count);
  const { year, month, day } = partsOfDay(today);
  const middles = {
    day: today - count,
    week: today - 7 * count,
    month: dayNumber(year, month - count, Math.min(day, 28)),
    quarter: dayNumber(year, month - 3 * count, Math.min(day, 28)),
    year: dayNumber(year - count, month, Math.min(day, 28)),
  };
  const halves = { day: 1, week: 3, month: 15, quarter: 45, year: 183 };
  const lengths = { day: 1, week: 7, month: 30, quarter: 91, year: 365 };
  const half = Math.max(halves[unit], spread * lengths[unit]);
  const middle = middles[unit];
  return [
    { from: (middle - half) * DAY, to: Math.min(middle + half + 1, today) * DAY, weight: 1, isPeaked: true },
  ];
}

/** "half a year ago": one half; "a year and a half ago": three. */
export function halvesAgo(calendar: Calendar, halves: number, unit: Unit): Stretch[] {
  const half: Record<Unit, readonly [count: number, unit: Unit]> = {
    minute: [0.5, 'minute'],
    hour: [30, 'minute'],
    day: [12, 'hour'],
    week: [3.5, 'day'],
    month: [2, 'week'],
    quarter: [6, 'week'],
    year: [6, 'month'],
  };
  const [count, smaller] = half[unit];
  return ago(calendar, Math.round(halves * count), smaller);
}

/** "the last three days", "the past hour": up to now. */
export function upToNow(calendar: Calendar, count: number, unit: Unit): Stretch[] {
  const { today, minute } = calendar;
  const { year, month, day } = partsOfDay(today);
  const from = {
    minute: minute - count,
    hour: minute - count * 60,
    day: (today - count) * DAY,
    week: (today - 7 * count) * DAY,
    month: dayNumber(year, month - count, Math.min(day, 28)) * DAY,
    quarter: dayNumber(year, month - 3 * count, Math.min(day, 28)) * DAY,
    year: dayNumber(year - count, month, Math.min(day, 28)) * DAY,
  };
  return [{ from: from[unit], to: minute + 1, weight: 1 }];
}

/** "last week", "this month": by the calendar; weeks begin on Monday. */
export function unitOf(calendar: Calendar, unit: Unit, which: Which): Stretch[] {
  const { today } = calendar;
  const { year, month, weekday } = partsOfDay(today);
  const back = which === 'beforeLast' ? 2 : which === 'last' ? 1 : 0;
  if (unit === 'week') {
    const monday = today - weekday - 7 * back;
    // On a Monday morning "this week" is hardly over, and the days before are meant as well.
    const near = { from: (today - 7) * DAY, to: (today + 1) * DAY, weight: WIDE, isNear: true };
    return [daysFrom(monday, 7), ...(back === 0 ? [near] : [])];
  }
  if (unit === 'month') return [monthOf(year, month - back)];
  if (unit === 'quarter') return [quarterOf(year, Math.floor(month / 3) - back)];
  if (unit === 'year') return [yearOf(year - back)];
  if (unit === 'day') return dayAt(calendar, -back);
  return upToNow(calendar, 1, unit);
}

/** "on Monday", "last Friday": the latest one before today. @param weekday 0: Monday */
export function weekdayOf(calendar: Calendar, weekday: number, which: Which, part?: DayPart): Stretch[] {
  const { today } = calendar;
  const distance = (partsOfDay(today).weekday - weekday + 7) % 7;
  if (distance === 0 && which === 'this') return dayAt(calendar, 0, part);
  const latest = today - (distance || 7);
  if (which === 'beforeLast') return [daysFrom(latest - 7, 1, part)];
  const near = (day: number) => ({ ...daysFrom(day, 1, part), weight: WIDE, isNear: true });
  return [
    daysFrom(latest, 1, part),
    ...(distance === 0 && which === null ? [near(today)] : []),
    // Some mean that of the week before.
    ...(which === 'last' ? [near(latest - 7)] : []),
  ];
}

/** "Monday last week": a day of a week by the calendar. */
export function weekdayOfWeek({ today }: Calendar, weekday: number, which: Which, part?: DayPart): Stretch[] {
  const weeks = which === 'beforeLast' ? 2 : which === 'last' ? 1 : 0;
  return [daysFrom(today - partsOfDay(today).weekday - 7 * weeks + weekday, 1, part)];
}

/** Saturday and Sunday: the latest that have begun, or the latest that are over. */
export function weekendOf(calendar: Calendar, which: Which): Stretch[] {
  const { today } = calendar;
  const { weekday } = partsOfDay(today);
  const saturday = today - ((weekday + 2) % 7);
  const isNow = weekday >= 5;
  if (which === 'beforeLast') return [daysFrom(saturday - (isNow ? 14 : 7), 2)];
  const latest = daysFrom(which === 'last' && isNow ? saturday - 7 : saturday, 2);
  // While it is the weekend, the one before may be meant as well.
  return isNow && which === null ? [latest, { ...daysFrom(saturday - 7, 2), weight: NEAR }] : [latest];
}

/** The quarter of a year, 0 to 3; below 0 of the years before. */
export function quarterOf(year: number, quarter: number): Stretch {
  return {
    from: dayNumber(year, 3 * quarter, 1) * DAY,
    to: dayNumber(year, 3 * quarter + 3, 1) * DAY,
    weight: 1,
  };
}

export function monthOf(year: number, month: number): Stretch {
  return { from: dayNumber(year, month, 1) * DAY, to: dayNumber(year, month + 1, 1) * DAY, weight: 1 };
}

export function yearOf(year: number): Stretch {
  return { from: dayNumber(year, 0, 1) * DAY, to: dayNumber(year + 1, 0, 1) * DAY, weight: 1 };
}

/** A year by its number. */
export function yearNamed(year: number): Stretch[] {
  return [{ ...yearOf(year), weight: WIDE }];
}

/** "in May", "in May 2023", "last May". */
export function monthNamed(calendar: Calendar, month: number, year: number | null, which: Which): Stretch[] {
  const now = partsOfDay(calendar.today);
  if (year !== null) return [{ ...monthOf(year, month), weight: WIDE }];
  const latest = month < now.month || (month === now.month && !isOver(which)) ? now.year : now.year - 1;
  return latestYears(which === 'this' ? now.year : latest, which).map(([each, weight]) => ({
    ...monthOf(each, month),
    weight: WIDE * weight,
  }));
}

/** "on 8 May", "between 3 and 5 May 2023"; nothing for a day that does not exist. */
export function dateNamed(
  calendar: Calendar,
  { year, month, day, lastDay = day }: { year: number | null; month: number; day: number; lastDay?: number },
): Stretch[] {
  if (year !== null && !isDay(year, month + 1, day)) return [];
  const { year: thisYear } = partsOfDay(calendar.today);
  const latest = dayNumber(thisYear, month, day) > calendar.today ? thisYear - 1 : thisYear;
  const years: (readonly [number, number])[] = year === null ? lastYears(latest, YEARS) : [[year, 1]];
  return years
    .filter(([each]) => isDay(each, month + 1, day) && lastDay >= day && isDay(each, month + 1, lastDay))
    .flatMap(([each, weight]) => {
      const first = dayNumber(each, month, day);
      const days = lastDay - day + 1;
      return [
        { ...daysFrom(first, days), weight },
        { ...daysFrom(first - NEAR_DAYS, days + 2 * NEAR_DAYS), weight: NEAR * weight, isNear: true },
        { ...monthOf(each, month), weight: WIDE * weight, isNear: true },
      ];
    });
}

/** "on the 26th": the latest one that has come. */
export function dayOfMonth(calendar: Calendar, day: number): Stretch[] {
  const { year, month } = partsOfDay(calendar.today);
  for (let back = 0; back < 4; back++) {
    const first = partsOfDay(dayNumber(year, month - back, 1));
    const found = dayNumber(year, month - back, day);
    if (isDay(first.year, first.month + 1, day) && found <= calendar.today) return [daysFrom(found, 1)];
  }
  return [];
}

/** "last spring", "in the summer of 2024": the latest that has begun, or the latest that is over. */
export function seasonNamed(
  calendar: Calendar,
  season: Season,
  year: number | null,
  which: Which,
): Stretch[] {
  const now = partsOfDay(calendar.today);
  const of = (each: number): Stretch => {
    const start = SEASON_STARTS[season];
    return {
      from: dayNumber(each, start, 1) * DAY,
      to: dayNumber(each, start + 3, 1) * DAY,
      weight: WIDE,
    };
  };
  // The winter of a year is the one in which it ends, or the one that begins in it.
  if (year !== null) return season === 'winter' ? [of(year), of(year + 1)] : [of(year)];
  let latest = now.year + 1;
  const isAfter = (each: number) =>
    isOver(which) ? of(each).to > calendar.minute : of(each).from > calendar.minute;
  while (isAfter(latest)) latest--;
  return latestYears(latest, which).map(([each, weight]) => ({
    ...of(each),
    weight: WIDE * weight,
  }));
}

/** The latest of a year's times, and the ones of the years before. */
export function lastYears(latest: number, count: number): (readonly [year: number, weight: number])[] {
  return Array.from({ length: count }, (_, back) => [latest - back, back === 0 ? 1 : EARLIER_YEAR] as const);
}

/** The years that an expression without one may mean, and how well each fits. */
export function latestYears(latest: number, which: Which): (readonly [year: number, weight: number])[] {
  return lastYears(which === 'beforeLast' ? latest - 1 : latest, which === null ? YEARS : 1);
}

function isOver(which: Which): boolean {
  return which === 'last' || which === 'beforeLast';
}
