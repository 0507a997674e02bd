import type { Calendar } from './calendar.ts';
import type { Found } from './expressions.ts';
import type { TimeLanguage } from './language.ts';
import { DAY, PARTS, type Stretch, WIDE } from './stretches.ts';

/** A time of the day, in minutes from midnight. */
export interface Clock {
  readonly from: number;
  readonly to: number;
  /** Half a day may be added: it was not said which half of the day is meant. */
  readonly isOpen: boolean;
  /** It is no exact minute, so what is close to it fits as well. */
  readonly isPoint: boolean;
  readonly needsDay: boolean;
}

const HALF_DAY = 720;
/** Minutes that "at 3 pm" may be off, and those that are still near. */
const OFF = 30;
const NEAR_OFF = 90;
/** More than a night, which is the longest part of a day. */
const LONGEST_DAY = DAY;

/** What an expression names of the day; null for hours that do not exist. */
export function clockOf(
  groups: Record<string, string | undefined>,
  language: TimeLanguage,
  lead: Found['lead'],
  needsDay: boolean,
): Clock | null {
  const part = language.parts[groups.part ?? ''];
  if (part) {
    const [from, to] = PARTS[part];
    return { from, to, isOpen: false, isPoint: false, needsDay };
  }
  const isSaid = groups.am !== undefined || groups.pm !== undefined;
  const minutesOf = (hour: number, minute: number) => {
    const isValid = minute < 60 && (isSaid ? hour >= 1 && hour <= 12 : hour <= 24);
    if (!isValid) return null;
    return isSaid ? ((hour % 12) + (groups.pm === undefined ? 0 : 12)) * 60 + minute : hour * 60 + minute;
  };
  const at =
    groups.noon !== undefined
      ? HALF_DAY
      : groups.midnight !== undefined
        ? DAY
        : minutesOf(Number(groups.hour), Number(groups.minute ?? 0));
  if (at === null) return null;
  const isOpen = !isSaid && groups.hour !== undefined && at <= HALF_DAY;
  if (groups.lastHour !== undefined) {
    const last = minutesOf(Number(groups.lastHour), 0);
    // "From 11 to 2 pm" begins in the morning.
    const from = last !== null && at > last ? at - HALF_DAY : at;
    return last === null || from < 0 ? null : { from, to: last, isOpen, isPoint: false, needsDay };
  }
  if (lead === 'since') return { from: at, to: DAY, isOpen, isPoint: false, needsDay };
  if (lead === 'before') return { from: 0, to: at, isOpen: false, isPoint: false, needsDay };
  return { from: at - OFF, to: at + OFF, isOpen, isPoint: true, needsDay };
}

/** "yesterday at 3 pm": the days that were named, narrowed to their hours. Without a day, the latest that has come. */
export function withClocks(found: readonly Found[], calendar: Calendar): Found[] {
  const clock = found.find((each) => each.clock);
  const days = found.filter((each) => !each.clock);
  if (!clock?.clock) return days;
  if (days.length === 0)
    return clock.clock.needsDay ? [] : [{ ...clock, stretches: latest(clock.clock, calendar) }];
  const exact = (each: Stretch) => !each.isNear && each.to - each.from <= LONGEST_DAY;
  const of = days.find((each) => each.stretches.some(exact));
  if (!of) return days;
  const hours = clock.clock;
  const narrowed = of.stretches.filter(exact).flatMap((day) => hoursOfDay(hours, day));
  return [
    ...days.map((each) => (each === of ? { ...of, stretches: narrowed } : each)),
    { ...clock, stretches: [] },
  ];
}

function latest(clock: Clock, { today, minute }: Calendar): Stretch[] {
  const of = (day: number) => ({ from: day * DAY, to: (day + 1) * DAY, weight: 1 });
  const hasCome = today * DAY + clock.from <= minute;
  return hoursOfDay({ ...clock, isOpen: false }, of(hasCome ? today : today - 1));
}

function hoursOfDay(clock: Clock, day: Stretch): Stretch[] {
  const midnight = Math.floor(day.from / DAY) * DAY;
  const middle = (clock.from + clock.to) / 2;
  const added = [0, ...(clock.isOpen ? [HALF_DAY] : []), DAY].find((more) => {
    const at = midnight + middle + more;
    return at >= day.from && at < day.to;
  });
  const start = midnight + (added ?? 0);
  const exact = {
    from: start + clock.from,
    to: start + clock.to,
    weight: day.weight,
    isPeaked: clock.isPoint,
  };
  if (!clock.isPoint) return [exact];
  const near = {
    from: exact.from + OFF - NEAR_OFF,
    to: exact.to - OFF + NEAR_OFF,
    weight: WIDE * day.weight,
  };
  return [exact, { ...near, isNear: true }];
}
