import { describe, expect, test } from 'vitest';
import { Calendar } from '../src/domains/spoken-times/calendar.ts';
import { fitOf, readTimes } from '../src/domains/spoken-times/spoken-times.ts';

/** A Saturday. */
const NOW = new Date('2026-11-28T10:00:00Z');
const calendarAt = (now: Date, timeZone = 'UTC') => new Calendar(now, timeZone);
const read = (question: string, now = NOW) => readTimes(question, calendarAt(now));
const howWell = (question: string, at: string) => fitOf(read(question), new Date(at));
/** The likeliest stretch, days without their midnight. */
function first(question: string, now = NOW): string {
  const span = read(question, now).spans.find(({ isNear }) => !isNear);
  if (!span) return '-';
  const ends = [span.since, span.until].map((at) =>
    at.toISOString().replace('T00:00:00.000Z', '').slice(0, 16),
  );
  return ends.join(' ');
}
const day = (date: string) => {
  const next = new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);
  return `${date} ${next}`;
};

describe('in English', () => {
  test.each<[string, string]>([
    ['What did we talk about yesterday?', day('2026-11-27')],
    ["yesterday's talk", day('2026-11-27')],
    ['YESTERDAY', day('2026-11-27')],
    ['the day before yesterday', day('2026-11-26')],
    ['today', day('2026-11-28')],
    ['this morning', '2026-11-28T04:00 2026-11-28T12:00'],
    ['yesterday evening', '2026-11-27T17:00 2026-11-28'],
    ['last night', '2026-11-27T18:00 2026-11-28T06:00'],
    ['an hour ago', '2026-11-28T08:30 2026-11-28T09:30'],
    ['nine days ago', day('2026-11-19')],
    ['3 days ago', day('2026-11-25')],
    ['a week ago', '2026-11-18 2026-11-25'],
    ['three weeks ago', '2026-11-04 2026-11-11'],
    ['a couple of days ago', '2026-11-25 2026-11-28'],
    ['What did I do this week?', '2026-11-23 2026-11-30'],
    ['last week', '2026-11-16 2026-11-23'],
    ['last month', '2026-10-01 2026-11-01'],
    ['last year', '2025-01-01 2026-01-01'],
    ['in the last 3 days', '2026-11-25 2026-11-28T10:01'],
    ['over the past two weeks', '2026-11-14 2026-11-28T10:01'],
    ['last Friday', day('2026-11-27')],
    ['on Monday', day('2026-11-23')],
    ['on Saturday', day('2026-11-21')],
    ['on Monday morning', '2026-11-23T04:00 2026-11-23T12:00'],
    ['Tuesday last week', day('2026-11-17')],
    ['What did we discuss Monday?', day('2026-11-23')],
    ['last weekend', '2026-11-21 2026-11-23'],
    ['since Tuesday', '2026-11-24 2026-11-28T10:01'],
    ['from Monday to Wednesday', '2026-11-23 2026-11-26'],
    ['on 26 November', day('2026-11-26')],
    ['November 26th', day('2026-11-26')],
    ['Nov 26', day('2026-11-26')],
    ['the 26th of Nov. 2024', day('2024-11-26')],
    ['Nov 26, 2024', day('2024-11-26')],
    ['on 29 November', day('2025-11-29')],
    ['on 29 February', day('2024-02-29')],
    ['on the 26th', day('2026-11-26')],
    ['on the 31st', day('2026-10-31')],
    ['between 3 and 5 May', '2026-05-03 2026-05-06'],
    ['between March and May 2024', '2024-03-01 2024-06-01'],
    ['between November and January', '2025-11-01 2026-02-01'],
    ['on 2026-11-26', day('2026-11-26')],
    ['26/11/2026', day('2026-11-26')],
    ['11/26/2026', day('2026-11-26')],
    ['03/04/2026', day('2026-04-03')],
    ['26.11.2026', day('2026-11-26')],
    ['2026/11/26', day('2026-11-26')],
    ['26/11/26', day('2026-11-26')],
    ['on 26/11', day('2026-11-26')],
    ['in March', '2026-03-01 2026-04-01'],
    ['in December', '2025-12-01 2026-01-01'],
    ['in May 2023', '2023-05-01 2023-06-01'],
    ['in May last year', '2025-05-01 2025-06-01'],
    ['in 2025', '2025-01-01 2026-01-01'],
    ['last spring', '2026-03-01 2026-06-01'],
    ['last winter', '2025-12-01 2026-03-01'],
    ['in the summer of 2024', '2024-06-01 2024-09-01'],
    ['over Christmas', '2025-12-24 2025-12-27'],
    ['at Easter 2025', '2025-04-18 2025-04-22'],
    ['last Thanksgiving', day('2026-11-26')],
  ])('%s', (question, stretch) => expect(first(question)).toBe(stretch));

  test.each([
    ...[
      'May I ask you something?',
      'They march on',
      'the March hare',
      'a second opinion',
      'an august person',
    ],
    ...[
      'Sunday roast recipe',
      'Friday the film',
      'every Monday',
      'next Friday',
      'tomorrow',
      'the mayor of May',
    ],
    ...[
      'the 1984 novel',
      'room 2025',
      'call 1-800-555-2026',
      'I read 24/7',
      '3/4 cup of flour',
      'version 2023-5-8',
    ],
    ...['on the 3rd floor', 'Christmas cookies recipe', 'a spring in the mattress', 'the song "Yesterday"'],
    ...['“Last Friday” is a film', '2026-02-30', '30 February', '31/04/2026', '12023-05-08', '45/11/2026'],
    ...[
      'weeks ago',
      'long ago',
      'yesterdays',
      'todayish',
      'in June 5pm x'.slice(8),
      '',
      '?',
      'hier',
      'mars rover',
    ].filter((text) => text !== 'hier'),
  ])('none in %j', (question) => {
    expect(read(question)).toEqual({ spans: [], isRelative: false, rest: question, isBare: false });
  });
});

describe('in other languages', () => {
  test.each<[string, string]>([
    ['Was habe ich gestern gemacht?', day('2026-11-27')],
    ['vorgestern', day('2026-11-26')],
    ['heute Morgen', '2026-11-28T04:00 2026-11-28T12:00'],
    ['gestern Abend', '2026-11-27T17:00 2026-11-28'],
    ['letzte Woche', '2026-11-16 2026-11-23'],
    ['vor drei Tagen', day('2026-11-25')],
    ['vor zwei Wochen', '2026-11-11 2026-11-18'],
    ['am 26. November', day('2026-11-26')],
    ['am 26.11.', day('2026-11-26')],
    ['Was haben wir letzten Freitag besprochen?', day('2026-11-27')],
    ['im März', '2026-03-01 2026-04-01'],
    ['IM MÄRZ 2024', '2024-03-01 2024-04-01'],
    ['letztes Jahr', '2025-01-01 2026-01-01'],
    ['vom 3. bis 5. Mai', '2026-05-03 2026-05-06'],
    ['an Weihnachten', '2025-12-24 2025-12-27'],
    ['seit Dienstag', '2026-11-24 2026-11-28T10:01'],
    ["Qu'est-ce que j'ai fait hier ?", day('2026-11-27')],
    ['Qu’ai-je fait avant-hier ?', day('2026-11-26')],
    ['la semaine dernière', '2026-11-16 2026-11-23'],
    ['la semaine derniere', '2026-11-16 2026-11-23'],
    ['la semaine dernie\u0300re', '2026-11-16 2026-11-23'],
    ['il y a trois jours', day('2026-11-25')],
    ['vendredi dernier', day('2026-11-27')],
    ['le 26 novembre', day('2026-11-26')],
    ['le 1er mai 2024', day('2024-05-01')],
    ["l'été dernier", '2026-06-01 2026-09-01'],
    ['du 3 au 5 mai', '2026-05-03 2026-05-06'],
    ['¿Qué hice ayer?', day('2026-11-27')],
    ['anteayer', day('2026-11-26')],
    ['anoche', '2026-11-27T18:00 2026-11-28T06:00'],
    ['la semana pasada', '2026-11-16 2026-11-23'],
    ['hace tres días', day('2026-11-25')],
    ['el viernes pasado', day('2026-11-27')],
    ['el 26 de noviembre', day('2026-11-26')],
    ['el año pasado', '2025-01-01 2026-01-01'],
    ['en marzo de 2024', '2024-03-01 2024-04-01'],
    ['esta mañana', '2026-11-28T04:00 2026-11-28T12:00'],
    ['los últimos tres días', '2026-11-25 2026-11-28T10:01'],
  ])('%s', (question, stretch) => expect(first(question)).toBe(stretch));

  test.each([
    'Was ist hier passiert?',
    'Wo haben wir hier geparkt?',
    'mañana por la tarde',
    'morgen früh',
    'demain',
  ])('none in %j', (question) => expect(read(question).spans).toEqual([]));
});

describe('what else a question says', () => {
  test.each([
    ['What did we talk about yesterday?', ''],
    ['Tell me what happened on Monday', ''],
    ['Worüber haben wir vorgestern gesprochen?', ''],
    ['De quoi avons-nous parlé hier ?', ''],
    ["Qu'est-ce qu'on a dit la semaine dernière ?", ''],
    ['¿De qué hablamos el viernes pasado?', ''],
    ['What did Bob cook on 26 November 2024?', 'What did Bob cook ?'],
    ['Wen habe ich letzte Woche in Wien getroffen?', 'Wen habe ich in Wien getroffen?'],
    ['What did I buy between 3 and 5 May?', 'What did I buy ?'],
  ])('%s', (question, rest) => {
    expect(read(question).rest.replace(/ +/g, ' ')).toBe(rest);
  });
});

describe('how well an instant fits', () => {
  test('a day better than those near it, these better than its month', () => {
    const [exact, near, month] = ['2026-05-08', '2026-05-06', '2026-05-20'].map((at) =>
      howWell('on 8 May', at),
    );
    expect(exact).toBe(1);
    expect(near).toBeLessThan(exact as number);
    expect(month).toBeLessThan(near as number);
    expect(month).toBeGreaterThan(0);
    expect(howWell('on 8 May', '2026-06-20')).toBe(0);
  });

  test('the latest year best, earlier ones too', () => {
    expect(howWell('on 8 May', '2023-05-08')).toBeGreaterThan(0.9);
    expect(howWell('on 8 May 2024', '2023-05-08')).toBe(0);
  });

  test('what is no exact day: its middle best', () => {
    expect(howWell('three weeks ago', '2026-11-07T12:00:00Z')).toBe(1);
    expect(howWell('three weeks ago', '2026-11-05T12:00:00Z')).toBeLessThan(1);
    expect(howWell('three weeks ago', '2026-11-12T12:00:00Z')).toBe(0);
  });

  test('the ends of a day', () => {
    expect(howWell('yesterday', '2026-11-27T00:00:00.000Z')).toBe(1);
    expect(howWell('yesterday', '2026-11-27T23:59:59.999Z')).toBe(1);
    expect(howWell('yesterday', '2026-11-26T23:59:59.999Z')).toBe(0);
    expect(howWell('yesterday', '2026-11-28T00:00:00.000Z')).toBe(0);
  });

  test('each of several', () => {
    for (const at of ['2026-11-27', '2024-06-15'])
      expect(howWell('yesterday, or in June 2024', at)).toBeGreaterThan(0.5);
  });
});

test('a long text is no question about a time', () => {
  expect(read(`yesterday ${'x '.repeat(600)}`).spans).toEqual([]);
});

test('on any day of the year each expression is read', () => {
  for (let number = 0; number < 366; number++) {
    const now = new Date(Date.UTC(2028, 0, 1 + number, 12));
    for (const question of [
      'last week',
      'on Monday',
      'a month ago',
      'last winter',
      'over Christmas',
      'on the 31st',
    ]) {
      const [span] = read(question, now).spans;
      expect(span && span.since < span.until && span.since <= now, `${question} ${now.toISOString()}`).toBe(
        true,
      );
    }
  }
});

// Clocks on Lord Howe Island go forward by half an hour, in the middle of an hour of UTC.
test('clocks are right before and after they are put forward within an hour, in whatever order they are read', () => {
  const clockAt = (time: string) => {
    const { minute } = calendarAt(new Date(`2026-10-03T${time}Z`), 'Australia/Lord_Howe');
    return `${Math.floor((minute % 1_440) / 60)}:${minute % 60}`;
  };
  const times = ['14:59:59', '15:00:00', '15:29:59', '15:30:00', '15:59:59', '16:00:00', '15:29:59'];
  expect(times.map(clockAt)).toEqual(['1:29', '1:30', '1:59', '2:30', '2:59', '3:0', '1:59']);
});
