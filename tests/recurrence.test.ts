import { describe, expect, test } from 'vitest';
import { recurrenceOf, ScheduleRefused } from '../src/jobs/recurrence.ts';

const of = (cron: string, timeZone: string) => recurrenceOf('job', { cron, timeZone });
/** Slots after an instant, one after the other. */
function slots(cron: string, timeZone: string, after: string, count: number): string[] {
  const recurrence = of(cron, timeZone);
  const found: string[] = [];
  for (let at = new Date(after); found.length < count; ) {
    const next = recurrence.next(at);
    if (!next) break;
    found.push(next.toISOString().slice(0, 16));
    at = next;
  }
  return found;
}

describe('a time that is named comes once a day', () => {
  test.each([
    [
      'it does not exist',
      'Europe/Berlin',
      '30 2 * * *',
      ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'it occurs twice',
      'Europe/Berlin',
      '30 2 * * *',
      ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'it does not exist in the south',
      'Australia/Sydney',
      '30 2 * * *',
      ['2026-10-02T16:30', '2026-10-03T16:00', '2026-10-04T15:30'],
    ],
    [
      'it occurs twice in the south',
      'Australia/Sydney',
      '30 2 * * *',
      ['2026-04-03T15:30', '2026-04-04T15:30', '2026-04-05T16:30'],
    ],
    [
      'half an hour does not exist',
      'Australia/Lord_Howe',
      '15 2 * * *',
      ['2026-10-02T15:45', '2026-10-03T15:30', '2026-10-04T15:15'],
    ],
    [
      'half an hour occurs twice',
      'Australia/Lord_Howe',
      '45 1 * * *',
      ['2026-04-03T14:45', '2026-04-04T14:45', '2026-04-05T15:15'],
    ],
    [
      'its midnight does not exist',
      'America/Havana',
      '0 0 * * *',
      ['2026-03-07T05:00', '2026-03-08T05:00', '2026-03-09T04:00'],
    ],
    [
      'its midnight does not exist in the south',
      'America/Santiago',
      '30 0 * * *',
      ['2026-09-05T04:30', '2026-09-06T04:00', '2026-09-07T03:30'],
    ],
    [
      'the hour before midnight occurs twice',
      'America/Santiago',
      '30 23 * * *',
      ['2026-04-04T02:30', '2026-04-05T02:30', '2026-04-06T03:30'],
    ],
    [
      'one of two is left out',
      'Europe/Berlin',
      '30 2,14 * * *',
      ['2026-03-28T13:30', '2026-03-29T01:00', '2026-03-29T12:30'],
    ],
    [
      'one of two occurs twice',
      'Europe/Berlin',
      '30 2,14 * * *',
      ['2026-10-24T12:30', '2026-10-25T00:30', '2026-10-25T13:30'],
    ],
    [
      'the zone has no summer time',
      'Asia/Kolkata',
      '30 2 * * *',
      ['2026-03-28T21:00', '2026-03-29T21:00', '2026-03-30T21:00'],
    ],
  ])('%s', (_why, timeZone, cron, expected) => {
    const before = new Date(new Date(`${expected[0]}Z`).getTime() - 3_600_000).toISOString();
    expect(slots(cron, timeZone, before, 3)).toEqual(expected);
  });

  test('but on a day that a zone left out', () => {
    expect(slots('0 12 * * *', 'Pacific/Apia', '2011-12-29T00:00:00Z', 2)).toEqual([
      '2011-12-29T22:00',
      '2011-12-30T22:00',
    ]);
  });
});

describe('every hour, and every so many minutes, follow real time', () => {
  test.each([
    ['0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 60],
    ['0 * * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z', 60],
    ['*/15 * * * *', 'Australia/Lord_Howe', '2026-04-04T13:50:00Z', 15],
    ['*/15 * * * *', 'Australia/Lord_Howe', '2026-10-03T14:50:00Z', 15],
    ['*/30 * * * *', 'Australia/Sydney', '2026-04-04T14:50:00Z', 30],
    ['*/10 * * * *', 'America/Havana', '2026-11-01T03:55:00Z', 10],
  ])('%s in %s', (cron, timeZone, after, minutes) => {
    const found = slots(cron, timeZone, after, 12).map((slot) => Date.parse(`${slot}Z`));
    const steps = found.slice(1).map((at, place) => (at - (found[place] ?? 0)) / 60_000);
    expect(new Set(steps)).toEqual(new Set([minutes]));
  });
});

describe('slots between two instants', () => {
  test('are those behind the first and up to the last', () => {
    const between = (after: string, until: string) =>
      of('0 * * * *', 'UTC')
        .between(new Date(after), new Date(until), 10)
        .slots.map((at) => at.toISOString());
    expect(between('2026-01-01T05:00:00.000Z', '2026-01-01T05:59:59.999Z')).toEqual([]);
    expect(between('2026-01-01T04:59:59.999Z', '2026-01-01T05:00:00.000Z')).toEqual([
      '2026-01-01T05:00:00.000Z',
    ]);
    expect(between('2026-01-01T06:00:00Z', '2026-01-01T05:00:00Z')).toEqual([]);
  });

  test.each([
    ['*/20 * * * *', 'Australia/Lord_Howe', '2026-04-04T20:00:00Z', 3],
    ['30 2 * * *', 'Europe/Berlin', '2026-11-20T00:30:00Z', 60],
    ['30 2 * * *', 'Europe/Berlin', '2026-04-20T01:30:00.500Z', 60],
    ['5 1-3 * * *', 'America/Santiago', '2026-09-09T12:00:00Z', 20],
    ['0 9 1 * MON', 'Asia/Kathmandu', '2026-09-09T12:00:00Z', 400],
    ['59 23 28-31 * *', 'Pacific/Chatham', '2026-12-31T23:59:59.999Z', 400],
  ])('are the latest ones where there are many: %s in %s', (cron, timeZone, until, days) => {
    const end = new Date(until);
    const far = new Date(end.getTime() - days * 86_400_000);
    const all = of(cron, timeZone).between(far, end, 100_000);
    expect(all.hasEarlier).toBe(false);
    for (const most of [1, 2, 17])
      expect(of(cron, timeZone).between(far, end, most)).toEqual({
        slots: all.slots.slice(-most),
        hasEarlier: true,
      });
    expect(of(cron, timeZone).between(far, end, all.slots.length)).toEqual(all);
  });
});

describe('a schedule is refused', () => {
  test.each([
    ['* * * * * *', 'UTC', 'has six fields; seconds are not taken'],
    ['* * * *', 'UTC', 'must have five fields: minute, hour'],
    ['', 'UTC', 'must have five fields'],
    ['@hourly', 'UTC', 'must have five fields'],
    ['2026-12-01T00:00:00', 'UTC', 'must have five fields'],
    ['0 0 30 2 *', 'UTC', 'its cron "0 0 30 2 *" never comes'],
    ['0 0 31 4,6,9,11 *', 'UTC', 'never comes'],
    ['60 * * * *', 'UTC', 'cannot be read: CronPattern: Invalid value for minute: 60'],
    ['0 24 * * *', 'UTC', 'cannot be read'],
    ['*/0 * * * *', 'UTC', 'cannot be read'],
    ['5-1 * * * *', 'UTC', 'cannot be read'],
    ['a b c d e', 'UTC', 'cannot be read'],
    ['0 0 * * *', 'Mars/Base', 'its time zone "Mars/Base" is no IANA name'],
    ['0 0 * * *', '+02:00', 'its time zone "+02:00" is no IANA name'],
    ['0 0 * * *', '', 'its time zone "" is no IANA name'],
  ])('%j in %j', (cron, timeZone, problem) => {
    expect(() => of(cron, timeZone)).toThrow(ScheduleRefused);
    expect(() => of(cron, timeZone)).toThrow('the schedule of the job "job": its ');
    expect(() => of(cron, timeZone)).toThrow(problem);
  });

  test('but not one that comes rarely', () => {
    expect(slots('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2028-02-29T00:00']);
    expect(slots('  0 0 29 2 +MON ', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2044-02-29T00:00']);
  });
});
