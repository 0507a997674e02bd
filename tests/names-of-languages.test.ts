import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildCharacterMatcher } from '../src/domains/characters/matcher.ts';

/** Language, name, whether it is meant as a name (1) or is a word (0), sentence. */
const SENTENCES = ['sentences.tsv', 'more-sentences.tsv'].flatMap((file) =>
  readFileSync(join(import.meta.dirname, 'fixtures', 'names', file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [string, string, '0' | '1', string]),
);
const NAMES = [...new Set(SENTENCES.map(([, name]) => name))];
const matcher = buildCharacterMatcher(NAMES.map((name, index) => ({ id: index + 1, name, aliases: [] })));
const isFound = (name: string, text: string) =>
  matcher.find(text).some(({ characterId }) => NAMES[characterId - 1] === name);

describe('of names that are words', () => {
  test('nearly all that stand as words are passed over, and nearly all names are found', () => {
    const names = SENTENCES.filter(([, , meant]) => meant === '1');
    const words = SENTENCES.filter(([, , meant]) => meant === '0');
    const missed = names.filter(([, name, , text]) => !isFound(name, text));
    const taken = words.filter(([, name, , text]) => isFound(name, text));
    // The lists in the message say which.
    expect({ taken, tooMany: taken.length > words.length * 0.03 }).toMatchObject({ tooMany: false });
    expect({ missed, tooMany: missed.length > names.length * 0.05 }).toMatchObject({ tooMany: false });
  });

  test.each([...new Set(SENTENCES.map(([language]) => language))])(
    'both kinds are tried in %s',
    (language) => {
      const own = SENTENCES.filter(([each]) => each === language);
      expect(new Set(own.map(([, , meant]) => meant)).size).toBe(2);
    },
  );
});
