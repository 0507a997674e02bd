import { describe, expect, test } from 'vitest';
import { asksWhen, fitOf, saysWhen, spokenTimes } from '../src/domains/memory/dates.ts';

const NOW = new Date('2023-05-17T12:00:00Z');
const datesIn = (query: string) => spokenTimes(query, NOW).dates;
const howWell = (query: string, at: string) => fitOf(spokenTimes(query, NOW), new Date(at));
const daysOf = (month: string) =>
  Array.from({ length: 31 }, (_, index) => `${month}-${`${index + 1}`.padStart(2, '0')}`);

describe('dates by name', () => {
  test.each<[string, [year: number | null, month: number, day: number | null][]]>([
    ['what happened in May 2023', [[2023, 4, null]]],
    ['in May, 2023', [[2023, 4, null]]],
    ['What happened in May?', [[null, 4, null]]],
    ['on 8 May', [[null, 4, 8]]],
    ['on May 8', [[null, 4, 8]]],
    ['on may 8', [[null, 4, 8]]],
    ['on May 8th, 2023', [[2023, 4, 8]]],
    ['the 8th of May 2023', [[2023, 4, 8]]],
    ['the 1st of june', [[null, 5, 1]]],
    ['DECEMBER 22nd', [[null, 11, 22]]],
    ['3rd January 1999', [[1999, 0, 3]]],
    [
      'from 3 June to July 4, 2022',
      [
        [null, 5, 3],
        [2022, 6, 4],
      ],
    ],
    ['on 2023-05-08', [[2023, 4, 8]]],
    [
      '2022-12-31 or 2023-01-01?',
      [
        [2022, 11, 31],
        [2023, 0, 1],
      ],
    ],
  ])('%s', (query, dates) => {
    expect(datesIn(query)).toEqual(dates.map(([year, month, day]) => ({ year, month, day })));
  });

  test.each([
    'what may I do',
    'it may be that 8 people came',
    'the mayor of Maybury',
    'marching on',
    'mayonnaise 8',
    'in 2023',
    '12023-05-08',
    'version 2023-5-8',
    '',
  ])('none in "%s"', (query) => {
    expect(datesIn(query)).toEqual([]);
  });

  test.each(['45 May', 'May 45', 'May 0', '32 May', 'May 99th'])('"%s" is the month alone', (query) => {
    expect(datesIn(query)).toEqual([{ year: null, month: 4, day: null }]);
  });

  test('an hour is not a day', () => {
    for (const query of ['in June 5pm', 'in June 5 am'])
      expect(datesIn(query)).toEqual([{ year: null, month: 5, day: null }]);
  });
});

describe('stretches of time', () => {
  test.each([
    ['yesterday', '2023-05-16'],
    ['last night', '2023-05-16'],
    ['today', '2023-05-17'],
    ['This morning', '2023-05-17'],
    ['tonight', '2023-05-17'],
  ])('%s is one whole day', (query, day) => {
    const start = new Date(`${day}T00:00:00.000Z`).getTime();
    const { spans } = spokenTimes(`what did we say ${query}?`, NOW);
    expect(spans).toEqual([{ since: new Date(start), until: new Date(start + 86_400_000) }]);
    expect(howWell(query, `${day}T00:00:00.000Z`)).toBe(1);
    expect(howWell(query, `${day}T23:59:59.999Z`)).toBe(1);
    expect(howWell(query, new Date(start - 1).toISOString())).toBe(0);
    expect(howWell(query, new Date(start + 86_400_000).toISOString())).toBe(0);
  });

  test.each<[query: string, inside: string[], outside: string[]]>([
    ['last week', ['2023-05-08', '2023-05-10', '2023-05-16'], ['2023-05-17', '2023-04-30']],
    ['this week', ['2023-05-11', '2023-05-17'], ['2023-05-01', '2023-05-18']],
    ['last month', ['2023-04-01', '2023-04-30'], ['2023-05-17', '2023-03-01']],
    ['this month', ['2023-05-01', '2023-05-17'], ['2023-04-01', '2023-05-18']],
    ['two weeks ago', ['2023-05-01', '2023-05-03', '2023-05-05'], ['2023-05-12', '2023-04-24']],
    ['3 days ago', ['2023-05-14'], ['2023-05-11', '2023-05-17']],
    ['a day ago', ['2023-05-16'], ['2023-05-13']],
    ['an year ago', ['2022-05-17', '2022-02-01'], ['2023-01-01', '2021-05-17']],
    ['Six Months Ago', ['2022-11-16'], ['2023-01-16', '2022-09-16']],
    ['100 days ago', ['2023-02-06'], ['2023-02-01', '2023-02-11']],
  ])('%s', (query, inside, outside) => {
    expect(spokenTimes(query, NOW).spans).toHaveLength(1);
    for (const day of inside) expect(howWell(query, `${day}T12:00:00Z`), day).toBe(1);
    for (const day of outside) expect(howWell(query, `${day}T12:00:00Z`), day).toBe(0);
  });

  test('each of several', () => {
    expect(spokenTimes('yesterday, last week or two years ago', NOW).spans).toHaveLength(3);
  });

  test.each(['weeks ago', 'long ago', 'yesterdays', 'the last weekend', 'todayish', 'seven of nine'])(
    'none in "%s"',
    (query) => {
      expect(spokenTimes(query, NOW)).toEqual({ dates: [], spans: [] });
    },
  );
});

describe('how well an instant fits', () => {
  test('a day that is named: within three days of it', () => {
    for (const day of ['05', '07', '08', '11'])
      expect(howWell('on 8 May 2023', `2023-05-${day}`), day).toBe(1);
    for (const day of ['04', '12', '31']) {
      expect(howWell('on 8 May 2023', `2023-05-${day}`), day).toBeLessThan(1);
      expect(howWell('on 8 May 2023', `2023-05-${day}`), day).toBeGreaterThan(0);
    }
  });

  test('a month alone: less than a day, and all its days alike', () => {
    const fits = new Set(daysOf('2023-05').map((day) => howWell('in May 2023', day)));
    expect(fits.size).toBe(1);
    const [only = 0] = fits;
    expect(only).toBeGreaterThan(0);
    expect(only).toBeLessThan(1);
  });

  test('other months do not fit', () => {
    for (const month of ['2023-04-15', '2023-06-15', '2023-12-08'])
      for (const query of ['on 8 May 2023', 'in May 2023', 'in May']) expect(howWell(query, month)).toBe(0);
  });

  test('without a year any year fits, with one only that', () => {
    for (const year of ['1999', '2022', '2023', '2040']) {
      expect(howWell('on 8 May', `${year}-05-08`)).toBe(1);
      expect(howWell('in May', `${year}-05-20`)).toBeGreaterThan(0);
      expect(howWell('on 8 May 2021', `${year}-05-08`)).toBe(0);
    }
  });

  test('the last instant of a month, in UTC', () => {
    expect(howWell('in May 2023', '2023-05-31T23:59:59.999Z')).toBeGreaterThan(0);
    expect(howWell('in May 2023', '2023-06-01T00:00:00Z')).toBe(0);
    expect(howWell('in May 2023', '2023-04-30T23:59:59.999Z')).toBe(0);
  });

  test('the best of several', () => {
    expect(howWell('in May or on 3 June', '2023-06-03')).toBe(1);
    expect(howWell('on 3 June or in May', '2023-06-03')).toBe(1);
    expect(howWell('on 3 June, or later in June', '2023-06-03')).toBe(1);
    expect(howWell('in May, or yesterday', '2023-05-16T10:00:00Z')).toBe(1);
  });

  test('an impossible day is never the day', () => {
    for (const query of ['45 May', '2023-05-45'])
      for (const day of daysOf('2023-05')) expect(howWell(query, day)).toBeLessThan(1);
    for (let month = 1; month <= 12; month++)
      expect(howWell('2023-13-08', `2023-${`${month}`.padStart(2, '0')}-08`)).toBe(0);
  });

  test('a query without a time fits nothing', () => {
    expect(howWell('what may I drink?', '2023-05-17T12:00:00Z')).toBe(0);
  });
});

describe('asking and saying when', () => {
  test.each(['When did Ana leave?', 'since when', 'what time is it', 'Which year was that?', 'on WHAT DAY'])(
    '"%s" asks',
    (query) => {
      expect(asksWhen(query)).toBe(true);
    },
  );

  test.each(['whenever you like', 'What did Ana say?', 'that day', 'how long was it?', ''])(
    '"%s" does not ask',
    (query) => {
      expect(asksWhen(query)).toBe(false);
    },
  );

  test.each([
    'I left two days ago',
    'see you on Friday',
    'we met in 1999',
    'Next summer!',
    'it was in june',
    'three years',
    'This Morning',
    'recently',
  ])('"%s" says', (text) => {
    expect(saysWhen(text)).toBe(true);
  });

  test.each(['I like tea', 'you may go', 'route 66', 'room 3199', 'in 1850', 'the lastest', ''])(
    '"%s" does not say',
    (text) => {
      expect(saysWhen(text)).toBe(false);
    },
  );
});

describe('months that are also words', () => {
  const now = new Date('2024-06-15T12:00:00Z');

  test.each(['May I ask what Ana said?', 'They march on', 'an august person', 'mar the paint'])(
    '"%s" names none',
    (query) => {
      expect(spokenTimes(query, now).dates).toEqual([]);
    },
  );

  test.each([
    ['in May', 4],
    ['last March', 2],
    ['Sept 3', 8],
    ['5 Dec.', 11],
    ['since August', 7],
  ])('"%s" names one', (query, month) => {
    expect(spokenTimes(query, now).dates.map((date) => date.month)).toEqual([month]);
  });

  test('a day is near the days of the next month', () => {
    const times = spokenTimes('on 31 December 2022', now);
    expect(fitOf(times, new Date('2023-01-02T10:00:00Z'))).toBe(1);
    expect(fitOf(times, new Date('2023-01-05T10:00:00Z'))).toBe(0);
  });
});
