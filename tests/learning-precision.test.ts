import { describe, expect, test } from 'vitest';
import { said } from './support/said.ts';

describe('what is said only with what stands elsewhere is no fact', () => {
  test.each([
    'I love working on it.',
    'I love having you here.',
    'I love the vibe of this cafe.',
    'I love the energy and the food of this town.',
    "I'm loving the progress I make.",
    'I love all the yellow leaves.',
    "I'm your biggest fan.",
    'We love talking about what we read.',
    'I love how you paint and teach people.',
    'I have a mountain of paperwork.',
    'I have a fear of heights.',
    'I have a long drive ahead of me.',
    "I've always had a love for horses!",
    'Sure, I can write it down.',
    'I can write.',
    'We can build a better world.',
    'I want to explore them someday.',
    "I'll come over tomorrow.",
    "I'm heading there next month.",
    'I teach others.',
    'I joined a group of strangers for dinner.',
    'We moved to a bigger flat.',
    'Marrying my partner was the best day.',
    "Thankfully, my son's ok.",
    'My team is like a second family.',
    "I'm learning a ton.",
    "I haven't done pottery yet.",
    'I only work in the studio.',
    'My uncle reckons I should sell the flat.',
    "Everyone at the club says I'm a gifted goalkeeper.",
  ])('%s', (text) => expect(said(text)).toEqual([]));
});

describe('what is said as a whole is', () => {
  test.each<[string, string[]]>([
    ['I like films like Amelie and Paris, Texas.', ['user likes films like Amelie']],
    ['I love long walks and old maps.', ['user likes long walks', 'user likes old maps']],
    ['I love the Miami vibe.', ['user likes Miami vibe']],
    ['I love books about local history and folklore.', ['user likes books about local history and folklore']],
    ['I have a cello and a metronome.', ['user has cello', 'user has metronome']],
    ['I have a kayak and I love it.', ['user has kayak']],
    ["I'm allergic to animals with fur.", ['user is allergic to animals with fur']],
    ['I can ride a unicycle.', ['user can ride a unicycle']],
    ["I'd love to learn Icelandic and work on building a boat one day.", ['user wants to learn Icelandic']],
    ['Sally is my sister.', ["user's sister is Sally"]],
    ['Emily, my cousin, is here.', ["user's cousin is Emily"]],
    ['I moved to Porto.', ['user lives in Porto']],
  ])('%s', (text, statements) => expect(said(text)).toEqual(statements));
});
