import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ['I drive a Toyota Corolla', ['user drives Toyota Corolla']],
  ['I own a sailing boat', ['user has sailing boat']],
  ['I have a 3D printer', ['user has 3D printer']],
  ['I bought a new laptop yesterday', ['user has laptop @ 2026-11-27 day']],
  ["I've got an electric piano", ['user has electric piano']],
  ["We don't have a dishwasher", ['user does not have dishwasher']],
  ['I sold my car', ['user no longer has (sold) car']],
  ['I got rid of the sofa', ['user no longer has sofa']],
  ['My car is a Fiat Panda', ['user drives Fiat Panda']],
  ['I ride a Vespa', ['user rides Vespa']],
  ['I have a question', []],
  ['I have a meeting', []],
  ['I have no idea', []],
  ['I have a lot of work', []],
  ['I have a feeling it will rain', []],
  ['I rent a studio in the centre', ['user rents a studio']],
  ['I bank with Nordea', ['user banks with Nordea']],
  ['I collect vinyl records', ['user does collecting vinyl records as a hobby']],
  ['I have a garden with apple trees', ['user has garden']],
  ["If I had a car I'd drive", []],
  ['I want to buy a tent', ['user wants to buy a tent']],
  ['I bought groceries', []],
  ['I have an old Leica', ['user has old Leica']],
  ['we have a caravan in Brittany', ['user has caravan']],
  ["I have a point, don't I?", []],
])('what somebody has: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
