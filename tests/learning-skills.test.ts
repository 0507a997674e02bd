import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ['I speak Hungarian and a little Turkish', ['user speaks Hungarian', 'user speaks Turkish']],
  ['I play the cello', ['user plays cello']],
  ["I'm learning Korean", ['user is learning Korean']],
  ['I can juggle', ['user can juggle']],
  ["I can't swim", ['user cannot swim']],
  ["I'm good at chess", ['user is good at chess']],
  ["I'm terrible at parallel parking", ['user is not good at parallel parking']],
  ['I code mostly in Rust', ['user uses Rust']],
  ['I do karate on Tuesdays', ['user does karate as a hobby']],
  ['I knit a lot', ['user does knitting as a hobby']],
  [
    'My hobbies are birdwatching and baking',
    ['user does birdwatching as a hobby', 'user does baking as a hobby'],
  ],
  ['I play badminton every Sunday', ['user plays badminton']],
  ['I go rowing every weekend', ['user does rowing as a hobby']],
  ["I'm fluent in Dutch", ['user speaks Dutch']],
  ['Can I play this on my phone?', []],
  ['I can see the file', []],
  ["I'm a native Finnish speaker", ['user speaks Finnish']],
  ["I don't speak French", ['user does not speak French']],
  ['I sing in a gospel choir', []],
  ['I play a role in this', []],
])('what somebody can do: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
