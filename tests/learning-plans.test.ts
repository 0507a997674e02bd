import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ["I'm going to run a marathon in April", ['user plans to run a marathon @ 2027-04-01 month']],
  [
    "We're flying to Tokyo on 3 September",
    ['user plans to travel to Tokyo (3 September 2027) @ 2027-09-03 day'],
  ],
  [
    'I have a dentist appointment on Monday',
    ['user has an appointment: dentist appointment on 30 November 2026 @ 2026-11-30 day'],
  ],
  [
    "I'm seeing my lawyer tomorrow",
    ['user has an appointment: their lawyer on 29 November 2026 @ 2026-11-29 day'],
  ],
  ['I want to learn Welsh', ['user wants to learn Welsh']],
  ['I plan to retire in 2030', ['user plans to retire @ 2030-01-01 year']],
  ["I'm thinking of adopting a greyhound", ['user is considering adopting a greyhound']],
  ['I hope to become a vet one day', ['user wants to become a vet']],
  ['My exam is on 12 June', ["user's exam is on 12 June 2027 @ 2027-06-12 day"]],
  ['my visa interview is next Thursday', ["user's visa interview is on 3 December 2026 @ 2026-12-03 day"]],
  [
    "I'm visiting my aunt in Oslo next week",
    ['user is visiting their aunt in Oslo (30 November 2026) @ 2026-11-30 day'],
  ],
  ["I'd love to visit Patagonia one day", ['user wants to visit Patagonia']],
  ['I will start a new job in August', ['user plans to start a new job @ 2027-08-01 month']],
  ["I'll try that", []],
  ["I'm going to bed", []],
  ['I want to know how this works', []],
  ['I want to change the font', []],
  ["I'm planning a trip to Georgia", ['user is planning trip to Georgia']],
  [
    "We're getting married in October",
    ['user plans to get married in October (October 2027) @ 2027-10-01 month'],
  ],
  ['My goal is to run a marathon', ['user wants to run a marathon']],
  ['The rent is due on Friday', []],
  ["I'm going to ask my boss", []],
  ['I was going to move to Rome', []],
  ['We are moving house in July', ['user is moving house @ 2027-07-01 month']],
  ['my thesis defence is on 20 May', ["user's thesis defence is on 20 May 2027 @ 2027-05-20 day"]],
])('what somebody is about to do: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
