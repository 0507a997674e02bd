import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ["Hi there, I'm Branwen and I need help with a spreadsheet", ["user's name is Branwen"]],
  ["my name's Thaddeus by the way", ["user's name is Thaddeus"]],
  ['Everyone calls me Bee', ['user is called Bee']],
  ['I go by Max these days', ['user is called Max']],
  ["I'm 52 years old and still confused by taxes", ['user is 52 years old']],
  ['I just turned 29 last week', ['user is 29 years old @ 2026-11-16 day']],
  ["I'm 64, do I qualify for the senior ticket?", ['user is 64 years old']],
  ['I was born in 1979 in Leeds', ['user was born in 1979']],
  ['My birthday is on 4 July', ["user's birthday is 4 July"]],
  ["I'm Norwegian so I'm used to the dark", ['user is Norwegian']],
  ['I am half Greek', ['user is half Greek']],
  ['my pronouns are they/them', ["user's pronouns is they/them"]],
  ["I'm 1.83 m tall", ['user is 1.83 m tall']],
  ['I weigh 72 kg', ['user weighs 72 kg']],
  ["I'm left-handed so scissors are a pain", ['user is left-handed']],
  ['My blood type is 0 negative.', ["user's blood type is 0 negative"]],
  ['my blood type is AB negative', ["user's blood type is AB negative"]],
  ['My email is anna.k@example.org', ["user's email is anna.k@example.org"]],
  ["I'm a Buddhist", ['user is Buddhist']],
  ["I'm tired today", []],
  ["I'm Sorry for the delay", []],
  ["I'm 20 minutes late", []],
  ['Is my name Greek?', []],
  ['My friend is called Tobias and he is 40', ["user's friend is Tobias"]],
  ["I'm not Swedish, I'm Danish", ['user is not Swedish', 'user is Danish']],
  ['You can call me Iggy', ['user is called Iggy']],
  ["I'll be 50 in October", []],
  ['I wear size 38 shoes', []],
  ['my shoe size is 42', ["user's shoe size is 42"]],
  ["I'm in my forties", ['user is in their forties']],
])('who somebody is: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
