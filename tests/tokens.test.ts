import { expect, test } from 'vitest';
import { termsOf, wordsOf } from '../src/domains/word-index/analysis.ts';
import { tokensOf } from '../src/domains/word-index/tokens.ts';

const PLAIN = [
  "I don't know whether O'Brien`s cat's gone; the IT department is in Go.",
  'C++, C#, A+ and c+ are languages; x#1, C++11 and a+b are none of them.',
  'LH 2044, 1,650 and 1.650, max_retry_count, getUserName, R&D, U.S. and 180 C.',
  "'quoted' `so` -- and rock'n'roll's 90's",
  '   \n\t',
  '',
  'Call +49 30 1234567 or 00:1A:2B:3C:4D:5E, version 2.0.1-rc.1!',
];

test.each(PLAIN)('plain text is read as any other: %j', (text) => {
  // A letter that is none of ASCII's, in a sentence of its own.
  const others = tokensOf(`${text} …\n\nø`);
  expect(others.at(-1)).toMatchObject({ written: 'ø', folded: 'o' });
  expect(tokensOf(text)).toEqual(others.slice(0, -1));
});

test('stop words count where capitals say that they are none, and not where they are small', () => {
  const words = (text: string) => wordsOf(text).map(({ word }) => word);
  expect(words('the IT department wrote it in Go, and it went well')).toEqual([
    ...['it', 'department', 'wrote', 'go', 'well'],
  ]);
});

test('the terms of a text come in the order of its words, each once', () => {
  expect([...termsOf('Cats chase mice; the cat sleeps, mice dance')]).toEqual([
    ...new Set(wordsOf('Cats chase mice; the cat sleeps, mice dance').map(({ term }) => term)),
  ]);
});
