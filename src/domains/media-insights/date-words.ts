import { isDay } from '../../ground/instants.ts';
import { wordsOf } from '../word-index/analysis.ts';

const MONTHS = [
  ['January', 'Jan'],
  ['February', 'Feb'],
  // "mar" is the sea in other languages.
  ['March'],
  ['April', 'Apr'],
  ['May'],
  ['June', 'Jun'],
  ['July', 'Jul'],
  ['August', 'Aug'],
  ['September', 'Sep', 'Sept'],
  ['October', 'Oct'],
  ['November', 'Nov'],
  ['December', 'Dec'],
] as const;
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
/** By months of the northern hemisphere, from December on. */
const SEASONS = [['winter'], ['spring'], ['summer'], ['autumn', 'fall']] as const;
/** Languages in which names of months and weekdays are understood, beside English. */
const LANGUAGES = ['de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'sv', 'ru', 'el', 'ar', 'hi'];
const LOCAL_DATE = /^(\d{4})-(\d\d)(?:-(\d\d))?(?!\d)/;
/** 2024-05, 2024-05-01, and 20240501 as cameras name files. */
const WRITTEN_DATE = /(?<!\d)(\d{4})(?:([-_.])(\d\d)(?:\2(\d\d))?|(\d\d)(\d\d))(?!\d|[-_.]\d\d(?!\d))/g;
const ENGLISH_MONTH = `(?<month>${MONTHS.flat().join('|')}|Mar)\\.?`;
const YEAR = '(?<year>\\d{4})(?!\\d)';
const NAMED_DAYS = [
  new RegExp(
    `(?<!\\d)(?<day>\\d{1,2})(?:st|nd|rd|th|\\.)?\\s+(?:of\\s+)?${ENGLISH_MONTH},?\\s+${YEAR}`,
    'gi',
  ),
  new RegExp(`(?<!\\p{L})${ENGLISH_MONTH}\\s+(?<day>\\d{1,2})(?:st|nd|rd|th)?,?\\s+${YEAR}`, 'giu'),
];

/**
 * The words by which a date is found: the year, the month ("2024-05", "May"), the day ("2024-05-01"), the weekday,
 * "weekend", and the season, which is that of the southern hemisphere where the latitude is below 0 and else that of the
 * northern one.
 *
 * @param local wall clock, such as 2024-05-01T12:30:00
 */
export function wordsOfDate(local: string, latitude: number | null): string[] {
  const [, years = '', months = '', days] = LOCAL_DATE.exec(local) ?? [];
  const [year, month, day] = [Number(years), Number(months), Number(days ?? 1)];
  if (!isDay(year, month, day)) return [];
  const turn = latitude !== null && latitude < 0 ? 2 : 0;
  const season = SEASONS[(Math.floor((month % 12) / 3) + turn) % 4] ?? [];
  const words: string[] = [years, `${years}-${months}`, ...(MONTHS[month - 1] ?? []), ...season];
  if (days === undefined) return words;
  const weekday = new Date(`${years}-${months}-${days}T00:00:00Z`).getUTCDay();
  words.push(`${years}-${months}-${days}`, WEEKDAYS[weekday] ?? '');
  if (weekday % 6 === 0) words.push('weekend');
  return words;
}

/** The words of dates that a text, such as the name of a file or a folder, is written with: "2024-05-01", "20240501". */
export function datesWritten(text: string): string[] {
  return [...text.matchAll(WRITTEN_DATE)].flatMap(([, year = '', , month, day, shortMonth, shortDay]) => {
    const [months, days] = [month ?? shortMonth ?? '', day ?? shortDay];
    if (!isDay(Number(year), Number(months), Number(days ?? 1))) return [];
    return [year, `${year}-${months}`, ...(days === undefined ? [] : [`${year}-${months}-${days}`])];
  });
}

/** What a search asks of dates, and the rest of its text. */
export interface AskedDates {
  /** Such as 2024-05 or 2024-05-01: each must be there. */
  readonly dates: readonly string[];
  readonly rest: string;
}

/** Takes dates that are written in one out of a search: "2024-05", "2024-05-01", "1 May 2024", "May 1, 2024". */
export function askedDates(text: string): AskedDates {
  const dates: string[] = [];
  let rest = text;
  for (const pattern of NAMED_DAYS)
    rest = rest.replace(pattern, (whole, ...found) => {
      const { day, month, year } = found.at(-1) as Record<'day' | 'month' | 'year', string>;
      const number = MONTHS.findIndex(
        ([name]) => name.slice(0, 3).toLowerCase() === month.slice(0, 3).toLowerCase(),
      );
      if (!isDay(Number(year), number + 1, Number(day))) return whole;
      dates.push([year, number + 1, Number(day)].map((part) => String(part).padStart(2, '0')).join('-'));
      return '. ';
    });
  rest = rest.replace(/(?<![\d-])(\d{4})-(\d\d)(?:-(\d\d))?(?![\d-])/g, (whole, year, month, day) => {
    if (!isDay(Number(year), Number(month), Number(day ?? 1))) return whole;
    dates.push(whole);
    return '. ';
  });
  return { dates, rest };
}

let known: ReadonlyMap<string, string> | undefined;

/** The English term of a month or a weekday that another language names by this term; undefined for other words. */
export function englishDateTerm(term: string): string | undefined {
  known ??= foreignNames();
  return known.get(term);
}

function foreignNames(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const note = (name: string, english: string) => {
    const words = wordsOf(name);
    const [{ term } = { term: '' }] = words;
    const own = wordsOf(english)[0]?.term ?? '';
    if (words.length === 1 && term !== '' && term !== own) names.set(term, own);
  };
  for (const language of LANGUAGES) {
    const written = (date: Date, options: Intl.DateTimeFormatOptions, type: string) =>
      new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' })
        .formatToParts(date)
        .find((part) => part.type === type)?.value ?? '';
    for (const [month, [english]] of MONTHS.entries()) {
      const date = new Date(Date.UTC(2024, month, 1));
      // Some languages have another form beside a day.
      note(written(date, { month: 'long' }, 'month'), english);
      note(written(date, { month: 'long', day: 'numeric' }, 'month'), english);
    }
    // 7 January 2024 was a Sunday.
    for (const [day, english] of WEEKDAYS.entries())
      note(written(new Date(Date.UTC(2024, 0, 7 + day)), { weekday: 'long' }, 'weekday'), english);
  }
  return names;
}
