import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ['He said "I live in Paris" and left', []],
  ['Translate this: I am a baker and I live in Rome', []],
  ["Imagine I'm a pirate. I live on a ship", []],
  ['In my story I am a king', []],
  ['What if I moved to Chile?', []],
  ['My boss says I work too much', []],
  ["Yeah right, I'm a billionaire", []],
  ['I wish I had a dog', []],
  ['He told me I was allergic to cats', []],
  ['The song goes: I was born in the USA', []],
  ["Pretend you're a doctor and I'm a patient with asthma", []],
  ['Should I say I live in Berlin?', []],
  ['She asked if I like cheese', []],
  ["Let's say I have two kids", []],
  ['> I work at Microsoft', []],
  ["If I were rich I'd own a yacht", []],
  ['I dreamt that I lived in Egypt', []],
  ['Correct my grammar: I has a dog named Max', []],
  ['My password is Sommer2024! and I live in Graz', ['user lives in Graz']],
  ['Oh great, I just love waiting in line', []],
])('what nobody says of himself: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
