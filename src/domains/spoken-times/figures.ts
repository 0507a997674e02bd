import { type Calendar, partsOfDay } from './calendar.ts';
import type { Named, Rule } from './language.ts';
import * as named from './named.ts';
import { dateNamed, type Stretch } from './stretches.ts';

/** What is numbered like a date. */
const NO_NUMBER =
  '(?<!\\b(?:versione?|version|release|build|isbn|firmware|kernel|revision|serial|number|nummer|numero|phone|telefon|chapter|section|room|kapitel) (?:(?:is|ist|est|es|=|:|no\\.?|nr\\.?) ?)?)';

/** Dates in figures, the same in all languages: year first, else the day first, unless only a month can stand there. */
export const FIGURES: readonly Rule[] = [
  {
    pattern: `${NO_NUMBER}(?<y>\\d{4})(?<dash>[-/.])(?<m>\\d\\d)\\k<dash>(?<d>\\d\\d)(?!\\d|-\\d)`,
    read: dateInFigures,
  },
  {
    pattern: `${NO_NUMBER}(?<d>[0-3]?\\d)(?<dash>[/.-])(?<m>[0-3]?\\d)\\k<dash>(?<y>\\d{4}|\\d\\d)(?![\\d/-]|\\.\\d)`,
    read: dateInFigures,
  },
  {
    pattern: '(?!24/7\\b)(?<d>[0-3]?\\d)(?<dash>[/.])(?<m>[0-3]?\\d)\\.?(?![\\d/-])',
    needsLead: true,
    read: dateInFigures,
  },
  {
    pattern: '(?<year>(?:19|20)\\d\\d)-?w(?<week>\\d\\d)(?!\\d)',
    read: named.weekNamed,
  },
  { pattern: '(?<year>(?:19|20)\\d\\d)[- ]?q(?<quarter>[1-4])', read: named.quarterNamed },
  { pattern: 'q(?<quarter>[1-4])[ /-]?(?:of )?{year}', read: named.quarterNamed },
  { pattern: 'q(?<quarter>[1-4])', needsLead: true, read: named.quarterNamed },
];

function dateInFigures(calendar: Calendar, { figures: [y, m, d] }: Named): Stretch[] {
  const { year: thisYear } = partsOfDay(calendar.today);
  const [first, second] = [Number(d), Number(m)];
  const [day, month] = second > 12 && first <= 12 ? [second, first] : [first, second];
  if (month < 1 || month > 12 || day < 1) return [];
  const century = thisYear - (thisYear % 100);
  const written = y === undefined ? null : Number(y);
  const year =
    written === null || y?.length === 4
      ? written
      : century + written > thisYear + 1
        ? century - 100 + written
        : century + written;
  return dateNamed(calendar, { year, month: month - 1, day });
}
