import { describe, expect, test } from 'vitest';
import { asksWhen, saysWhen } from '../src/domains/memory/dates.ts';

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
