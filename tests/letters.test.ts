import { describe, expect, test } from 'vitest';
import { foldLetters } from '../src/ground/letters.ts';

describe('letters are compared', () => {
  test.each([
    ['Élodie', 'elodie'],
    ['ÉLODIE', 'elodie'],
    ['E\u0301lodie', 'elodie'],
    ['Zoë', 'zoe'],
    ['Łukasz', 'lukasz'],
    ['Smørrebrød', 'smorrebrod'],
    ['ǾRE', 'ore'],
    ['Đorđe', 'dorde'],
    ['Işık', 'isik'],
    ['IŞIK', 'isik'],
    ['İstanbul', 'istanbul'],
    ['Diyarbakır', 'diyarbakir'],
    ['sœur', 'soeur'],
    ['Æther', 'aether'],
    ['Guðrún', 'gudrun'],
    ['Þór', 'thor'],
    ['Ħamrun', 'hamrun'],
    ['Straße', 'strasse'],
    ['STRASSE', 'strasse'],
    ['GROẞ', 'gross'],
    ['ＫＡＩ', 'kai'],
    ['ﬁnal', 'final'],
    ['Phở', 'pho'],
    ['Nguyễn', 'nguyen'],
    ['Σίσυφος', 'σισυφοσ'],
    ['ΣΊΣΥΦΟΣ', 'σισυφοσ'],
    ['Алёна', 'алена'],
    ['ｶﾞｲ', 'ガイ'],
    ['שָׁלוֹם', 'שלום'],
    ['مُحَمَّد', 'محمد'],
    ['مـــحمد', 'محمد'],
    ['أحمد', 'احمد'],
    ['ٱلله', 'الله'],
    ['کتابی', 'كتابي'],
    ['على', 'علي'],
    ['١٦٥٠', '1650'],
    ['۱۶۵۰', '1650'],
    ['१६५०', '1650'],
    ['kum\u00adquat', 'kumquat'],
    ['kum\u200bquat', 'kumquat'],
    ['می\u200cخواهم', 'ميخواهم'],
    ['\ufeffKai\u200e', 'kai'],
  ])('%s as %s', (written, folded) => {
    expect(foldLetters(written)).toBe(folded);
    expect(foldLetters(folded)).toBe(folded);
  });

  test.each(['й', 'ガ', '가난', 'हिन्दी', '芽衣', 'มะลิ', "o'brien", ''])('%s stays', (text) => {
    expect(foldLetters(text)).toBe(text.normalize('NFC'));
  });

  test('whatever it is, in linear time', () => {
    for (const text of ['e\u0301'.repeat(50_000), '\u0301'.repeat(100_000), '\ud83d'.repeat(100_000)])
      expect(foldLetters(text).length).toBeLessThanOrEqual(text.length);
  });
});
