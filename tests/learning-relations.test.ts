import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ['My wife Ingrid thinks so too', ["user's wife is Ingrid"]],
  ['our son Caspian starts school soon', ["user's son is Caspian"]],
  ["My brother's name is Emeka", ["user's brother is Emeka"]],
  ['I have three brothers', ['user has three brothers']],
  ['We have two kids', ['user has two kids']],
  ["I'm married", ['user is married']],
  ["I'm married to Lucia", ['user is married to Lucia']],
  ["I'm single, so a table for one", ['user is single']],
  ["I'm divorced", ['user is divorced']],
  ['We got engaged last weekend', ['user is engaged @ 2026-11-21 day']],
  ['I broke up with Jonas', ['user is broken up with Jonas']],
  ['my best friend Imani lives next door', ["user's friend is Imani"]],
  ['Beatrice is my cousin', ["user's cousin is Beatrice"]],
  ['My roommate, Felix, is loud', ["user's flatmate is Felix"]],
  ["I'm an only child", ['user is an only child']],
  ["I'm a mother of three", ['user has three children']],
  ["I don't have kids", ['user has no kids']],
  ['We have a cat named Pixel', ['user has cat, Pixel']],
  ['My dog Waffles ate my homework', ['user has dog, Waffles']],
  ["I've got two guinea pigs", ['user has two guinea pigs']],
  ['we adopted a kitten, Mochi, in April', ['user has kitten, Mochi @ 2026-04-01 month']],
  ['I have a horse', ['user has horse']],
  ["I don't have any pets", ['user does not have pets']],
  ['I had a dog as a kid', []],
  ['Does my cat need a bath?', []],
  ["My neighbour's dog barks all night", []],
  ['my mother-in-law Greta is visiting', ["user's mother in law is Greta"]],
  ['my aunt passed away last month', ["user's aunt passed away @ 2026-10-01 month"]],
  ['I have a twin sister called Noor', ["user's sister is Noor"]],
  ["I'm dating a guy from my choir", ['user is dating a guy from their choir']],
  ['My husband and I are arguing', []],
  ['My grandmother Rosalind taught me', ["user's grandmother is Rosalind"]],
])('who is close to somebody: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
