import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ["I'm allergic to bee stings", ['user is allergic to bee stings']],
  ['I have a severe peanut allergy', ['user is allergic to peanut']],
  ["I'm lactose intolerant", ['user is intolerant to lactose']],
  ['I have type 2 diabetes', ['user has type 2 diabetes']],
  ['I was diagnosed with ADHD last year', ['user has ADHD']],
  ['I suffer from migraines', ['user has migraines']],
  ['I take 20 mg of omeprazole every morning', ['user takes 20 mg omeprazole']],
  ["I'm on antibiotics", ['user takes antibiotics']],
  ["I'm vegetarian", ['user is vegetarian']],
  ["I'm not vegan anymore", ['user is not vegan']],
  ["I don't eat pork", ['user does not eat pork']],
  ["I don't drink alcohol", ['user does not drink alcohol']],
  ['I never drink coffee after 3 p.m.', []],
  ["I don't eat meat on Fridays", []],
  ["I can't have dairy without getting sick", []],
  ['I quit smoking two years ago', ['user has stopped smoking @ 2024-11-28 year']],
  ["I'm pregnant", ['user is pregnant']],
  ["I'm colour-blind", ['user is colour-blind']],
  ['I have high blood pressure', ['user has high blood pressure']],
  ['I broke my wrist in February', ['user broke wrist @ 2026-02-01 month']],
  ['My knee hurts', ["user's knee hurts"]],
  ["I'm not allergic to anything", []],
  ["I don't have diabetes", ['user does not have diabetes']],
  ['my cholesterol is 5.2', ["user's cholesterol is 5.2"]],
  ['Am I allergic to cats?', []],
  ['My mum has asthma', []],
  ['I have a bad back', ['user has bad back']],
  ['I wear hearing aids', []],
  ['I had my appendix removed in 2010', []],
  ["I don't eat meat or fish", ['user does not eat meat', 'user does not eat fish']],
  ["I'm gluten-free", ['user is gluten-free']],
  ["I've been vegan since 2018", ['user is vegan']],
  ["I'm deaf in one ear", ['user is deaf']],
])('how somebody is: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
