import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ["I'm from St. Louis.", ['user is from St. Louis']],
  ['I live in St. Petersburg. It is cold.', ['user lives in St. Petersburg']],
  ['I live in Antwerp with my two kids', ['user lives in Antwerp']],
  ['We moved to Galway three years ago', ['user lives in Galway @ 2023-11-28 year']],
  ["I've been living in Osaka since 2019", ['user lives in Osaka']],
  ["I'm based in Tallinn these days", ['user lives in Tallinn']],
  ['I reside in Quebec City', ['user lives in Quebec City']],
  ['I live just outside Nairobi', ['user lives in Nairobi']],
  ['I grew up on the Isle of Skye', ['user grew up in Isle of Skye']],
  ["I'm from Lagos originally", ['user is from Lagos']],
  ['I come from a tiny village near Brno', []],
  ['We relocated to Perth for work', ['user lives in Perth']],
  ["I don't live in Madrid anymore", ['user does not live in Madrid']],
  ['I used to live in Minsk', ['user used to live in Minsk']],
  ['I lived in Seoul for two years', ['user used to live in Seoul']],
  ['I wish I lived in Hawaii', []],
  ['Would I like it if I lived in Norway?', []],
  ['My parents live in Bari', []],
  ['I was born and raised in Detroit', ['user grew up in Detroit']],
  ["I'm in Vienna now, so different time zone", ['user lives in Vienna']],
  ['I live in a houseboat on the canal', ['user lives in a houseboat']],
  ["I'm moving to Bergen in August", ['user plans to move to Bergen @ 2027-08-01 month']],
  ['We might move to Spain next year', ['user is considering moving to Spain @ 2027-01-01 year']],
  ['I live alone', []],
  ['I live and work in Geneva', ['user lives in Geneva', 'user works in Geneva']],
  ['my hometown is Valparaíso', ['user is from Valparaíso']],
  ["I can't live in this chaos", []],
  ['My flat is in Malmö', ['user lives in Malmö']],
  ["we're currently living in Hobart", ['user lives in Hobart']],
  ['I have lived in Kampala all my life', ['user lives in Kampala']],
  ['i live in bologna, any pizza tips', ['user lives in bologna']],
])('where somebody lives: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
