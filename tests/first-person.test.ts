import { expect, test } from 'vitest';
import { inFirstPerson } from '../src/domains/memory/first-person.ts';

const SPEAKERS = new Set(['melanie', 'ann', 'joão']);

test.each([
  ['What does Melanie paint on her weekends?', 'What do I paint on my weekends?'],
  ['Where is Ann’s sister now?', 'Where is my sister now?'],
  ["Has she told what Ann's dog ate?", 'have I told what my dog ate?'],
  ['What did Annabel tell?', 'What did Annabel tell?'],
  ['O que João pintou?', 'O que I pintou?'],
  ['What do Ann and Melanie share?', 'What do  and  share?'],
  ['what does melanie paint?', 'what does melanie paint?'],
  ['Where is Lisbon?', 'Where is Lisbon?'],
  ['', ''],
])('%s', (question, told) => {
  expect(inFirstPerson(question, SPEAKERS)).toBe(told);
});
