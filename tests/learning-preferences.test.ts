import { expect, test } from 'vitest';
import { dated, learned } from './support/said.ts';

/** What is said on Saturday, 28 November 2026, and what is learned from it, each with the time from which it holds. */
test.each<[string, string[]]>([
  ['I love jazz', ['user likes jazz']],
  ['I really enjoy hiking in the rain', ['user likes hiking in the rain']],
  ['I hate olives', ['user does not like olives']],
  ["I don't like horror movies", ['user does not like horror movies']],
  ["I'm not a fan of techno", ['user does not like techno']],
  ["I'm a huge fan of Agatha Christie", ['user likes Agatha Christie']],
  ["I can't bear loud chewing", ['user does not like loud chewing']],
  ['I prefer tea over coffee', ['user prefers tea']],
  ['My favourite movie is "Spirited Away"', ["user's favourite movie is Spirited Away"]],
  ['My favourite book is “Middlemarch”, I think', ["user's favourite book is Middlemarch"]],
  ['My favourite colour is teal', ["user's favourite colour is teal"]],
  ['my fav food', []],
  ['Lasagne is my favourite dish', ["user's favourite dish is Lasagne"]],
  ["I'm obsessed with mechanical keyboards", ['user likes mechanical keyboards']],
  ["I'm into bouldering and board games", ['user likes bouldering', 'user likes board games']],
  ['I love it!', []],
  ['I like the idea', []],
  ['I love how you explained that', []],
  ["I'd like a table for two", []],
  ["I'd love to hear more", []],
  ["I'd prefer the second option", []],
  ['I loved the film last night', []],
  ['Do I like jazz?', []],
  ['I absolutely adore stroopwafels', ['user likes stroopwafels']],
  ['I dislike crowded places', ['user does not like crowded places']],
  ["I've gone off sushi", ['user does not like sushi']],
  ['I no longer like beer', ['user does not like beer']],
  ['I like my coffee black', ['user likes their coffee black']],
  [
    'I love losing myself in the colours and tiles',
    ['user likes losing themselves in the colours and tiles'],
  ],
  ['I love the hope and love theme', []],
  ['I love you', []],
  ["I don't mind cilantro", []],
  ["I'm fond of old maps", ['user likes old maps']],
  ['My favorite band is Radiohead', ["user's favourite band is Radiohead"]],
  ['Not a fan of mushrooms', ['user does not like mushrooms']],
  [
    'I like swimming, knitting and crosswords',
    ['user likes swimming', 'user likes knitting', 'user likes crosswords'],
  ],
  ['my favourite author is Ursula Le Guin', ["user's favourite author is Ursula Le Guin"]],
  ['I love watching documentaries about space', ['user likes watching documentaries about space']],
])('what somebody likes: %s', (text, statements) => {
  expect(learned(text).candidates.map(dated)).toEqual(statements);
});
