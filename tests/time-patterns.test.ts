import { expect, test } from 'vitest';
import { english } from '../src/domains/spoken-times/english.ts';
import { compile, folded } from '../src/domains/spoken-times/expressions.ts';
import { french } from '../src/domains/spoken-times/french.ts';
import { german } from '../src/domains/spoken-times/german.ts';
import type { TimeLanguage } from '../src/domains/spoken-times/language.ts';
import { spanish } from '../src/domains/spoken-times/spanish.ts';

const TEXTS = 4_000;
const FIGURES = [
  '3',
  '2024',
  '12.5.',
  '3:30',
  '4/5/2023',
  '2024-05-01',
  '04.05.2023',
  '11-12-24',
  '11/12/24',
  'q3',
];
const AROUND = [
  'the',
  'of',
  'in',
  'at',
  'ago',
  'last',
  'pm',
  'vor',
  'am',
  'uhr',
  'il y a',
  'à',
  'hace',
  'las',
];

/** Words of a language that name times, and what stands around them. */
function wordsOf({ numbers, units, seasons, holidays, parts, weekdays, months, hints }: TimeLanguage) {
  const named = [numbers, units, seasons, holidays, parts].flatMap((names) => Object.keys(names));
  const patterns = [...weekdays, ...months].flatMap((names) => names.split('|'));
  return [...named, ...patterns, ...hints.split(' '), ...FIGURES, ...AROUND];
}

// What a rule of such a text found would be lost silently.
test.each([
  ['English', english],
  ['German', german],
  ['French', french],
  ['Spanish', spanish],
])('where nothing that rules of %s look for is, none of them finds anything', (_, language) => {
  const { any, patterns } = compile(language);
  const expressions = [...patterns().rules, ...patterns().clocks].map(({ expression }) => expression);
  const words = wordsOf(language);
  let state = 7;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let found = 0;
  for (let number = 0; number < TEXTS; number++) {
    const parts = Array.from({ length: 1 + below(4) }, () => words[below(words.length)]);
    const text = folded(parts.join(' '));
    const isFound = expressions.some((expression) => text.search(expression) >= 0);
    if (isFound) expect(any.test(text), text).toBe(true);
    if (isFound) found += 1;
  }
  expect(found).toBeGreaterThan(TEXTS / 10);
  for (const text of ['what did we say of the lighthouse', 'zxq vbn', 'kai nakamura'])
    expect(any.test(text), text).toBe(false);
});
