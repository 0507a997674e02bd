import { describe, expect, test } from 'vitest';
import { Calendar } from '../src/domains/spoken-times/calendar.ts';
import { readTimes } from '../src/domains/spoken-times/spoken-times.ts';

/** A Saturday. */
const NOW = new Date('2026-11-28T10:00:00Z');
const read = (question: string, timeZone = 'UTC') => readTimes(question, new Calendar(NOW, timeZone));

/** The likeliest stretch. */
function first(question: string, timeZone = 'UTC'): string {
  const span = read(question, timeZone).spans.find(({ isNear }) => !isNear);
  if (!span) return '-';
  return [span.since, span.until]
    .map((at) => at.toISOString().replace('T00:00:00.000Z', '').slice(0, 16))
    .join(' ');
}

const WEEK_BEFORE_LAST = '2026-11-09 2026-11-16';
const NIGHT_BEFORE_LAST = '2026-11-26T18:00 2026-11-27T06:00';
const THREE_YESTERDAY = '2026-11-27T14:30 2026-11-27T15:30';
const HALF_A_YEAR_AGO = '2026-05-13 2026-06-13';
const FIRST_WEEK = '2026-10-01 2026-10-08';
const EARLY_OCTOBER = '2026-10-01 2026-10-11';
const THIRD_QUARTER = '2026-07-01 2026-10-01';
const WEEK_45 = '2026-11-02 2026-11-09';
const THIRD_OF_MAY = '2026-05-03 2026-05-04';
const TWO_WEEKS_AGO = '2026-11-11 2026-11-18';
const RECENTLY = '2026-11-14 2026-11-28';

test.each<[string, string]>([
  ['What did I do last week on Tuesday?', '2026-11-17 2026-11-18'],
  ['Where was I Wednesday the week before last?', '2026-11-11 2026-11-12'],
  ['What did I do the week before last on Friday evening?', '2026-11-13T17:00 2026-11-14'],
  ['What did I do Monday of this week?', '2026-11-23 2026-11-24'],
  ['Was habe ich letzte Woche Dienstag gemacht?', '2026-11-17 2026-11-18'],
  ['Was war am Dienstag letzte Woche los?', '2026-11-17 2026-11-18'],
  ['Was war in der vorletzten Woche am Montag?', '2026-11-09 2026-11-10'],
  ['Was habe ich diese Woche Montagabend gemacht?', '2026-11-23T17:00 2026-11-24'],
  ['Was war Freitag der letzten Woche?', '2026-11-20 2026-11-21'],
  ["Qu'ai-je fait la semaine dernière mardi ?", '2026-11-17 2026-11-18'],
  ["Qu'ai-je fait mardi de cette semaine ?", '2026-11-24 2026-11-25'],
  ['¿Qué hice la semana pasada el martes?', '2026-11-17 2026-11-18'],
  ['¿Qué hice el jueves de la semana antepasada?', '2026-11-12 2026-11-13'],
  ['What did I say at 3 pm?', THREE_YESTERDAY],
  ['What did I say at 9:30 am?', '2026-11-28T09:00 2026-11-28T10:00'],
  ['What did I say yesterday at 3 p.m.?', THREE_YESTERDAY],
  ['What did I say yesterday at 15:00?', THREE_YESTERDAY],
  ['What did we discuss yesterday around noon?', '2026-11-27T11:30 2026-11-27T12:30'],
  ['What did I say yesterday evening at 9:30?', '2026-11-27T21:00 2026-11-27T22:00'],
  ['What did I say last night at 2 am?', '2026-11-28T01:30 2026-11-28T02:30'],
  ['What did I do yesterday between 2 and 4 pm?', '2026-11-27T14:00 2026-11-27T16:00'],
  ['What did I do yesterday from 11 to 2 pm?', '2026-11-27T11:00 2026-11-27T14:00'],
  ['What did I do yesterday after 3 pm?', '2026-11-27T15:00 2026-11-28'],
  ['What did I do yesterday before noon?', '2026-11-27 2026-11-27T12:00'],
  ['What did I say on the evening of 3 May?', '2026-05-03T17:00 2026-05-04'],
  ['Was habe ich gestern um 15 Uhr gesagt?', THREE_YESTERDAY],
  ['Was habe ich heute früh gesagt?', '2026-11-28T04:00 2026-11-28T12:00'],
  ["Qu'ai-je dit hier à 15h ?", THREE_YESTERDAY],
  ["Qu'ai-je dit hier à 15 heures ?", THREE_YESTERDAY],
  ["Qu'ai-je dit ce matin ?", '2026-11-28T04:00 2026-11-28T12:00'],
  ['¿Qué hice ayer a las 3 de la tarde?', THREE_YESTERDAY],
  ['the week before last', WEEK_BEFORE_LAST],
  ['Was war vorletzte Woche?', WEEK_BEFORE_LAST],
  ["Qu'ai-je fait l'avant-dernière semaine ?", WEEK_BEFORE_LAST],
  ['¿Qué hice la semana antepasada?', WEEK_BEFORE_LAST],
  ['Was habe ich Dienstagabend gekocht?', '2026-11-24T17:00 2026-11-25'],
  ['Was haben wir Dienstag gekocht?', '2026-11-24 2026-11-25'],
  ['What did I cook the night before last?', NIGHT_BEFORE_LAST],
  ['Was habe ich in der vorletzten Nacht geträumt?', NIGHT_BEFORE_LAST],
  ["Qu'ai-je rêvé l'avant-dernière nuit ?", NIGHT_BEFORE_LAST],
  ['¿Qué cené antes de anoche?', NIGHT_BEFORE_LAST],
  ['Who came the evening before last?', '2026-11-26T17:00 2026-11-27'],
  ['Was fand am 2.9. statt?', '2026-09-02 2026-09-03'],
  ['Was stand am 2.9. an?', '2026-09-02 2026-09-03'],
  ['the month before last', '2026-09-01 2026-10-01'],
  ['the weekend before last', '2026-11-14 2026-11-16'],
  ['the summer before last', '2025-06-01 2025-09-01'],
  ['half a year ago', HALF_A_YEAR_AGO],
  ['Was war vor einem halben Jahr?', HALF_A_YEAR_AGO],
  ['¿Qué hice hace medio año?', HALF_A_YEAR_AGO],
  ['a year and a half ago', '2025-05-13 2025-06-13'],
  ['one and a half years ago', '2025-05-13 2025-06-13'],
  ['vor anderthalb Jahren', '2025-05-13 2025-06-13'],
  ['il y a un an et demi', '2025-05-13 2025-06-13'],
  ['a fortnight ago', TWO_WEEKS_AGO],
  ['Was war vor zwei Wochen?', TWO_WEEKS_AGO],
  ['the other day', RECENTLY],
  ['Was war neulich?', RECENTLY],
  ["l'autre jour", RECENTLY],
  ['el otro día', RECENTLY],
  ['in the first week of October', FIRST_WEEK],
  ['in der ersten Oktoberwoche', FIRST_WEEK],
  ["la première semaine d'octobre", FIRST_WEEK],
  ['la primera semana de octubre', FIRST_WEEK],
  ['in the last week of February 2024', '2024-02-23 2024-03-01'],
  ['in the last two weeks of August 2023', '2023-08-18 2023-09-01'],
  ['the first ten days of May', '2026-05-01 2026-05-11'],
  ['in den letzten zwei Wochen des August 2023', '2023-08-18 2023-09-01'],
  ['les deux dernières semaines d’août 2023', '2023-08-18 2023-09-01'],
  ['las últimas dos semanas de agosto de 2023', '2023-08-18 2023-09-01'],
  ['on the first weekend of October 2023', '2023-10-07 2023-10-09'],
  ['the last weekend in November 2026', '2026-11-28 2026-11-30'],
  // There is none, so it is the month that is left.
  ['the fifth weekend of February 2026', '2026-02-01 2026-03-01'],
  ['am ersten Oktoberwochenende 2023', '2023-10-07 2023-10-09'],
  ['am zweiten Wochenende im Oktober 2023', '2023-10-14 2023-10-16'],
  ["le premier week-end d'octobre 2023", '2023-10-07 2023-10-09'],
  ['el primer fin de semana de octubre de 2023', '2023-10-07 2023-10-09'],
  ['in early October', EARLY_OCTOBER],
  ['Anfang Oktober', EARLY_OCTOBER],
  ['a principios de octubre', EARLY_OCTOBER],
  ['at the end of 2025', '2025-09-01 2026-01-01'],
  ['in Q3', THIRD_QUARTER],
  ['2026-Q3', THIRD_QUARTER],
  ['last quarter', THIRD_QUARTER],
  ['im dritten Quartal', THIRD_QUARTER],
  ['au troisième trimestre', THIRD_QUARTER],
  ['en el tercer trimestre', THIRD_QUARTER],
  ['in the fourth quarter', '2026-10-01 2027-01-01'],
  ['in week 45', WEEK_45],
  ['2026-W45', WEEK_45],
  ['Was war in KW 45?', WEEK_45],
  ['en semaine 45', WEEK_45],
  ['2026-W53', '2026-12-28 2027-01-04'],
  ['2025-W53', '-'],
  ['in the 2010s', '2010-01-01 2020-01-01'],
  ['in the 90s', '1990-01-01 2000-01-01'],
  ['on the third of May', THIRD_OF_MAY],
  ['May the third', THIRD_OF_MAY],
  ['am dritten Mai', THIRD_OF_MAY],
  ['Was war am 3. Mai?', THIRD_OF_MAY],
  ['le trois mai', THIRD_OF_MAY],
  ['el tres de mayo', THIRD_OF_MAY],
  ["in May '25", '2025-05-01 2025-06-01'],
  ['on Boxing Day', '2025-12-26 2025-12-27'],
  ['an Pfingsten 2026', '2026-05-24 2026-05-26'],
  ['Was war Silvester?', '2025-12-31 2026-01-01'],
])('%s', (question, stretch) => expect(first(question)).toBe(stretch));

test.each([
  ['the hour that is left out', 'at 2:30 am', '2026-03-08', '2026-03-08T06:00'],
  ['the hour that comes twice', 'at 1 am', '2026-11-01', '2026-11-01T04:30'],
])('%s in New York', (_name, clock, date, since) => {
  const [span] = read(`What did I say on ${date} ${clock}?`, 'America/New_York').spans;
  expect(span?.since.toISOString().slice(0, 16)).toBe(since);
  expect(span && span.until > span.since).toBe(true);
});

describe('no times', () => {
  test.each([
    ...['What did April say?', 'What did June tell me?', 'Did Mark and May marry?', 'Where does April live?'],
    ...['Which version is 1.2.2026?', 'What changed in version 1.2.2026?', 'ISBN 2024-11-12-3'],
    ...['Was änderte sich in Version 1.2.2026?', 'Is support 24/7?', 'Which show is on at 24/7', '10.0.0.1'],
    ...['My number is 030 2025 1999', 'It costs $2024', 'It costs 19.99', 'In 2025 words or fewer'],
    ...['Who wrote Yesterday?', 'Who sang Last Christmas?', 'Was machst du sonntags?', 'a second chance'],
    ...['Does the shop open at 3 pm?', 'When does the train leave at 15:00?', 'score 3:2'],
    ...['What will I do on Monday?', 'Was werde ich am Montag tun?', 'What do I eat in the evening?'],
    ...['sat', 'sun', 'mar', 'The second may be better', 'at 25:00', 'at 13 pm', 'in week 54 of the plan'],
    ...['in week 3 of the course', 'Where is the first quarter of the cake?', 'once upon a time'],
  ])('in %j', (question) => {
    expect(read(question)).toEqual({ spans: [], isRelative: false, rest: question, isBare: false });
  });
});
