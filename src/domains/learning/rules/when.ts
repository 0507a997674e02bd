import type { Precision } from '../../facts/tables.ts';
import { type Calendar, dayNumber, partsOfDay } from '../../spoken-times/calendar.ts';
import { readTimes } from '../../spoken-times/spoken-times.ts';
import type { Moment } from './family.ts';
import { NUMBERS } from './words.ts';

const DAY_MINUTES = 1_440;
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const WEEKDAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ');
const SEASONS: Readonly<Record<string, number>> = { spring: 2, summer: 5, autumn: 8, fall: 8, winter: 11 };
const MONTH =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const WEEKDAY = '(mon|tues|wednes|thurs|fri|satur|sun)day';
const TIME_WORD =
  /\b(?:\d{4}|ago|yesterday|today|tonight|last|past|since|this|on|in|mon|tues|wednes|thurs|fri|satur|sun|gestern|letzt\w*|seit|vor|heute|hace|ayer|desde|depuis|hier|dernier\w*|il y a)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day/i;

/** When something happened that is over, by the rules with which memory reads questions; null: it does not say. */
export function whenPast(text: string, from: number, to: number, calendar: Calendar): Moment | null {
  const part = text.slice(from, to);
  if (!TIME_WORD.test(part)) return null;
  // "Dutch since 2015", "in the summer of 2019"; of "for three years" nobody knows when it ended.
  const times = readTimes(part.slice(0, 300), calendar);
  const span = times.spans.find(({ isNear }) => isNear !== true);
  if (!span) return null;
  const length = Math.round((span.until.getTime() - span.since.getTime()) / 60_000 / DAY_MINUTES);
  const end = to;
  if (
    span.isPeaked === true ||
    (length > 1 && length <= 8 && /\bago\b|\bvor\b|\bhace\b|\bil y a\b|\bdepuis\b|\bseit\b/i.test(part))
  ) {
    const middle = new Date((span.since.getTime() + span.until.getTime()) / 2);
    const day = calendarDay(middle, calendar);
    return {
      date: calendar.at(day * DAY_MINUTES),
      precision: length <= 8 ? 'day' : length < 100 ? 'month' : 'year',
      end,
    };
  }
  if (length > 370) return null;
  const precision: Precision = length <= 8 ? 'day' : length < 100 ? 'month' : 'year';
  if (/\bago\b/i.test(part) && length > 8) {
    const middle = new Date((span.since.getTime() + span.until.getTime()) / 2);
    return { date: calendar.at(calendarDay(middle, calendar) * DAY_MINUTES), precision, end };
  }
  return { date: span.since, precision, end };
}

function calendarDay(at: Date, calendar: Calendar): number {
  return Math.floor(Date.parse(`${calendar.dayOf(at)}T00:00:00Z`) / 86_400_000);
}

const day = (calendar: Calendar, number: number, end: number): Moment => ({
  date: calendar.at(number * DAY_MINUTES),
  precision: 'day',
  end,
});
const monthOf = (name: string) => MONTHS.findIndex((each) => each.startsWith(name.slice(0, 3).toLowerCase()));

type Reader = (found: RegExpExecArray, calendar: Calendar, end: number) => Moment | null;

/** Times to come, the most exact first. */
const COMING: readonly (readonly [RegExp, Reader])[] = [
  [
    /\b(\d{4})-(\d{2})-(\d{2})\b/,
    (found, calendar, end) =>
      day(calendar, dayNumber(Number(found[1]), Number(found[2]) - 1, Number(found[3])), end),
  ],
  [
    new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${MONTH}\\b,?(?: (\\d{4}))?`, 'i'),
    (found, calendar, end) => dated(calendar, Number(found[1]), monthOf(found[2] ?? ''), found[3], end),
  ],
  [
    new RegExp(`\\b${MONTH} (?:the )?(\\d{1,2})(?:st|nd|rd|th)?\\b(?!\\d)(?:,? (\\d{4}))?`, 'i'),
    (found, calendar, end) => dated(calendar, Number(found[2]), monthOf(found[1] ?? ''), found[3], end),
  ],
  [/\b(?:day after tomorrow)\b/i, (_, calendar, end) => day(calendar, calendar.today + 2, end)],
  [/\b(?:tomorrow|tmrw|tmr)\b/i, (_, calendar, end) => day(calendar, calendar.today + 1, end)],
  [
    /\b(?:today|tonight|this (?:morning|afternoon|evening))\b/i,
    (_, calendar, end) => day(calendar, calendar.today, end),
  ],
  [new RegExp(`\\b${WEEKDAY}( week)?\\b`, 'i'), weekday],
  [
    /\bin (?:about |around |roughly )?(a|an|one|two|three|four|five|six|seven|eight|nine|ten|a couple of|a few|\d{1,3}) (day|week|month|year)s?\b/i,
    counted,
  ],
  [/\bnext (week|month|year)\b/i, (found, calendar, end) => nextUnit(found[1] ?? '', calendar, end)],
  [
    new RegExp(
      `\\b(?:in|next|this|by|come|of|early|late|mid-?|until|end of) ?${MONTH}\\b(?: (?:of )?(\\d{4}))?`,
      'i',
    ),
    (found, calendar, end) => {
      const now = partsOfDay(calendar.today);
      const month = monthOf(found[1] ?? '');
      const year = found[2] ? Number(found[2]) : month < now.month ? now.year + 1 : now.year;
      return { date: calendar.at(dayNumber(year, month, 1) * DAY_MINUTES), precision: 'month', end };
    },
  ],
  [
    /\b(?:in|next|this|by|over|during|come) (?:the )?(spring|summer|autumn|fall|winter)\b(?: (?:of )?(\d{4}))?/i,
    (found, calendar, end) => {
      const now = partsOfDay(calendar.today);
      const start = SEASONS[(found[1] ?? '').toLowerCase()] ?? 5;
      const year = found[2] ? Number(found[2]) : start + 3 <= now.month ? now.year + 1 : now.year;
      return { date: calendar.at(dayNumber(year, start, 1) * DAY_MINUTES), precision: 'month', end };
    },
  ],
  [
    /\b(?:on|by) the (\d{1,2})(?:st|nd|rd|th)\b/i,
    (found, calendar, end) => dayOfMonth(calendar, Number(found[1]), end),
  ],
  [
    /\b(?:in|by|until) (20\d\d)\b/,
    (found, calendar, end) => ({
      date: calendar.at(dayNumber(Number(found[1]), 0, 1) * DAY_MINUTES),
      precision: 'year',
      end,
    }),
  ],
];

/** When something is to happen; null: it does not say. */
export function whenComing(text: string, from: number, to: number, calendar: Calendar): Moment | null {
  const part = text.slice(from, Math.min(to, from + 300));
  for (const [pattern, read] of COMING) {
    const found = pattern.exec(part);
    const moment = found && read(found, calendar, from + found.index + found[0].length);
    if (moment) return moment;
  }
  return null;
}

function dated(
  calendar: Calendar,
  dayOf: number,
  month: number,
  year: string | undefined,
  end: number,
): Moment | null {
  if (dayOf < 1 || dayOf > 31 || month < 0) return null;
  const now = partsOfDay(calendar.today);
  const next = dayNumber(now.year, month, dayOf) < calendar.today ? now.year + 1 : now.year;
  return day(calendar, dayNumber(year ? Number(year) : next, month, dayOf), end);
}

function weekday(found: RegExpExecArray, calendar: Calendar, end: number): Moment {
  const index = WEEKDAYS.findIndex((each) => each.startsWith((found[1] ?? '').toLowerCase()));
  const ahead = (index - partsOfDay(calendar.today).weekday + 7) % 7;
  return day(calendar, calendar.today + (ahead || 7) + (found[2] ? 7 : 0), end);
}

function counted(found: RegExpExecArray, calendar: Calendar, end: number): Moment {
  const word = (found[1] ?? '').toLowerCase();
  const count = /^\d/.test(word)
    ? Number(word)
    : word.startsWith('a couple')
      ? 2
      : word.startsWith('a few')
        ? 3
        : /^an?$/.test(word)
          ? 1
          : (NUMBERS[word] ?? 1);
  const { year, month, day: dayOf } = partsOfDay(calendar.today);
  const unit = (found[2] ?? '').toLowerCase();
  if (unit === 'day' || unit === 'week')
    return day(calendar, calendar.today + count * (unit === 'week' ? 7 : 1), end);
  const at =
    unit === 'month'
      ? dayNumber(year, month + count, Math.min(dayOf, 28))
      : dayNumber(year + count, month, Math.min(dayOf, 28));
  return { date: calendar.at(at * DAY_MINUTES), precision: unit === 'month' ? 'month' : 'year', end };
}

function nextUnit(unit: string, calendar: Calendar, end: number): Moment {
  const { year, month, weekday: place } = partsOfDay(calendar.today);
  if (unit.toLowerCase() === 'week') return day(calendar, calendar.today - place + 7, end);
  const at = unit.toLowerCase() === 'month' ? dayNumber(year, month + 1, 1) : dayNumber(year + 1, 0, 1);
  return {
    date: calendar.at(at * DAY_MINUTES),
    precision: unit.toLowerCase() === 'month' ? 'month' : 'year',
    end,
  };
}

function dayOfMonth(calendar: Calendar, dayOf: number, end: number): Moment | null {
  if (dayOf < 1 || dayOf > 31) return null;
  const { year, month, day: now } = partsOfDay(calendar.today);
  return day(calendar, dayNumber(year, dayOf < now ? month + 1 : month, dayOf), end);
}

/** As people write it: "17 March 2025". */
export function written({ date, precision }: Moment, calendar: Calendar): string {
  const [year = '', month = '', dayOf = ''] = calendar.dayOf(date).split('-');
  const name = MONTHS[Number(month) - 1] ?? '';
  const capital = name.charAt(0).toUpperCase() + name.slice(1);
  if (precision === 'year') return year;
  return precision === 'month' ? `${capital} ${year}` : `${Number(dayOf)} ${capital} ${year}`;
}
