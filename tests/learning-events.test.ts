import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ['I passed my bar exam last month', ['user passed bar exam @ 2026-10-01 month']],
  ['I won the local chess tournament on Sunday', ['user won the local chess tournament @ 2026-11-22 day']],
  ['My daughter was born on 2 March', ["user's daughter was born @ 2026-03-02 day"]],
  ['We got the keys to our house yesterday', ['user got the keys to house @ 2026-11-27 day']],
  ['I cancelled my phone contract on Friday', ['user cancelled phone contract @ 2026-11-27 day']],
  ["I've been to Peru", ['user has been to Peru']],
  ["I've never been to Canada", ['user has never been to Canada']],
  ['I went to Marrakesh last spring', ['user has been to Marrakesh @ 2026-03-01 month']],
  ['I published my first novel in 2022', ['user published first novel @ 2022-01-01 year']],
  ['I renovated the kitchen last summer', ['user renovated the kitchen @ 2026-06-01 month']],
  ['I get up at 5 every morning', ['user: get up at 5 every morning']],
  ['I go to the gym twice a week', ['user: go to the gym twice a week']],
  ['I usually run 5 km on Tuesdays and Thursdays', ['user: run 5 km on Tuesdays and Thursdays']],
  ['I swim on Mondays, Wednesdays and Fridays', ['user: swim on Mondays, Wednesdays and Fridays']],
  ['I made a cup of tea', []],
  ['I laughed so hard yesterday', []],
  ['I told him on Monday', []],
  ['I lost my wallet on Saturday', ['user no longer has (lost) wallet @ 2026-11-21 day']],
  ['I ran my first half marathon in May', ['user ran first half marathon @ 2026-05-01 month']],
])('what happened to somebody: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
