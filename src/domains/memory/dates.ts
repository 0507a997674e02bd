/** A stretch of time that a query speaks of: from `since` up to, not including, `until`. */
export interface TimeSpan {
  readonly since: Date;
  readonly until: Date;
}

/** A month or a day that a query names; null: any year, or the whole month. */
interface NamedDate {
  readonly year: number | null;
  /** 0 to 11. */
  readonly month: number;
  readonly day: number | null;
}

/** What a query says of when something was said. */
export interface SpokenTimes {
  readonly dates: readonly NamedDate[];
  readonly spans: readonly TimeSpan[];
}

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const NAMES = MONTHS.map((month) =>
  month.length > 4 ? `${month.slice(0, 3)}(?:${month.slice(3)}|t?\\b\\.?)` : month,
);
const DATE = new RegExp(
  `(?:\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? )?\\b(${NAMES.join('|')})(?![a-z])(?: (\\d{1,2})(?:st|nd|rd|th)?\\b(?! ?[ap]m))?(?:,? (\\d{4})\\b)?`,
  'giu',
);
/** What stands before the name of a month that could also be a verb or a person, or that is short for it. */
const BEFORE_MONTH =
  /\b(in|since|until|till|of|last|this|next|during|before|after|by|early|late|mid|every)[ -]$/iu;
const IS_CERTAIN = /^(january|february|april|june|july|september|october|november|december)$/iu;
const ISO_DATE = /\b(\d{4})-(\d{2})-(\d{2})\b/g;
const AGO = /\b(\d{1,3}|an?|one|two|three|four|five|six) (day|week|month|year)s? ago\b/giu;
const NUMBERS: Record<string, number> = { a: 1, an: 1, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6 };
const DAY_MS = 86_400_000;
const UNIT_DAYS: Record<string, number> = { day: 1, week: 7, month: 30.4, year: 365.25 };

/** Reads the dates in a query, in English: "in May 2023", "on 8 May", "yesterday", "two weeks ago". Days are UTC. */
export function spokenTimes(query: string, now: Date): SpokenTimes {
  const dates: NamedDate[] = [];
  for (const match of query.matchAll(DATE)) {
    const [, before, name = '', after, year] = match;
    const hasNumber = before !== undefined || after !== undefined || year !== undefined;
    if (!hasNumber && !IS_CERTAIN.test(name) && !BEFORE_MONTH.test(query.slice(0, match.index))) continue;
    const day = Number(before ?? after ?? 0);
    dates.push({
      year: year ? Number(year) : null,
      month: MONTHS.findIndex((month) => month.startsWith(name.toLowerCase().slice(0, 3))),
      day: day >= 1 && day <= 31 ? day : null,
    });
  }
  for (const [text] of query.matchAll(ISO_DATE)) {
    const date = new Date(`${text}T00:00:00Z`);
    if (Number.isNaN(date.getTime())) continue;
    dates.push({ year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() });
  }
  return { dates, spans: relativeSpans(query, now) };
}

function relativeSpans(query: string, now: Date): TimeSpan[] {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const days = (from: number, to: number) => ({
    since: new Date(today + from * DAY_MS),
    until: new Date(today + to * DAY_MS),
  });
  const spans: TimeSpan[] = [];
  if (/\b(today|this (morning|afternoon|evening)|tonight)\b/iu.test(query)) spans.push(days(0, 1));
  if (/\b(yesterday|last night)\b/iu.test(query)) spans.push(days(-1, 0));
  if (/\bthis week\b/iu.test(query)) spans.push(days(-7, 1));
  if (/\blast week\b/iu.test(query)) spans.push(days(-14, 0));
  if (/\bthis month\b/iu.test(query)) spans.push(days(-31, 1));
  if (/\blast month\b/iu.test(query)) spans.push(days(-62, 0));
  for (const [, count = '', unit = ''] of query.matchAll(AGO)) {
    const length = UNIT_DAYS[unit.toLowerCase()] ?? 1;
    const middle = -(NUMBERS[count.toLowerCase()] ?? Number(count)) * length;
    spans.push(days(Math.floor(middle - length / 2), Math.ceil(middle + length / 2) + 1));
  }
  return spans;
}

/** Days that "on 8 May" may be off: people name the day that something happened, and tell of it later. */
const NEAR_DAYS = 3;

/** How well an instant fits: 1 for a day or a stretch that was named, less for its month, 0 for neither. */
export function fitOf({ dates, spans }: SpokenTimes, at: Date): number {
  if (spans.some(({ since, until }) => at >= since && at < until)) return 1;
  let best = 0;
  const thisYear = at.getUTCFullYear();
  for (const { year, month, day } of dates) {
    const years = year === null ? [thisYear - 1, thisYear, thisYear + 1] : [year];
    const isNear = (each: number) =>
      day !== null &&
      Math.abs(Math.floor(at.getTime() / DAY_MS) - Date.UTC(each, month, day) / DAY_MS) <= NEAR_DAYS;
    if (years.some(isNear)) return 1;
    if (month === at.getUTCMonth() && years.includes(thisYear)) best = MONTH_FIT;
  }
  return best;
}

const MONTH_FIT = 0.6;

const TIME_WORDS =
  /\b(yesterday|today|tomorrow|tonight|ago|last|next|weeks?|weekend|months?|years?|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|december|morning|evening|recently|since|(19|20)\d\d)\b/iu;

/** Whether a query asks when something was. */
export function asksWhen(query: string): boolean {
  return /\bwhen\b|\b(what|which) (date|day|month|year|time)\b/iu.test(query);
}

/** Whether a text says when. */
export function saysWhen(text: string): boolean {
  return TIME_WORDS.test(text);
}
