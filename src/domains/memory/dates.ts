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
const DATE = new RegExp(
  `(?:\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? )?\\b(${MONTHS.join('|')})\\b(?: (\\d{1,2})(?:st|nd|rd|th)?\\b(?! ?[ap]m))?(?:,? (\\d{4})\\b)?`,
  'giu',
);
const ISO_DATE = /\b(\d{4})-(\d{2})-(\d{2})\b/g;
const AGO = /\b(\d{1,3}|an?|one|two|three|four|five|six) (day|week|month|year)s? ago\b/giu;
const NUMBERS: Record<string, number> = { a: 1, an: 1, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6 };
const DAY_MS = 86_400_000;
const UNIT_DAYS: Record<string, number> = { day: 1, week: 7, month: 30.4, year: 365.25 };

/** Reads the dates in a query, in English: "in May 2023", "on 8 May", "yesterday", "two weeks ago". Days are UTC. */
export function spokenTimes(query: string, now: Date): SpokenTimes {
  const dates: NamedDate[] = [];
  for (const [, before, name = '', after, year] of query.matchAll(DATE)) {
    // "may" alone is a verb.
    if (name === 'may' && !before && !after && !year) continue;
    const day = Number(before ?? after ?? 0);
    dates.push({
      year: year ? Number(year) : null,
      month: MONTHS.indexOf(name.toLowerCase()),
      day: day >= 1 && day <= 31 ? day : null,
    });
  }
  for (const [, year, month, day] of query.matchAll(ISO_DATE))
    dates.push({ year: Number(year), month: Number(month) - 1, day: Number(day) });
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
  for (const { year, month, day } of dates) {
    if (month !== at.getUTCMonth() || (year !== null && year !== at.getUTCFullYear())) continue;
    best = Math.max(best, day !== null && Math.abs(day - at.getUTCDate()) <= NEAR_DAYS ? 1 : MONTH_FIT);
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
