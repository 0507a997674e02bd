import { describe, expect, test } from 'vitest';
import { said } from './support/said.ts';

describe('where somebody lives', () => {
  test.each<[string, string[]]>([
    ['I live in Lisbon.', ['user lives in Lisbon']],
    ['We have moved to Porto, boxes everywhere!', ['user lives in Porto']],
    ['I used to live in Ghent', ['user used to live in Ghent']],
    ['I no longer live in Ghent', ['user does not live in Ghent']],
    ['I might move to Malta one day', ['user is considering moving to Malta']],
    ["I'm originally from Turku but I grew up in Oulu", ['user is from Turku', 'user grew up in Oulu']],
    ['Home is Utrecht for me, so which train?', ['user lives in Utrecht']],
    ['If I lived in Rome, I would walk more.', []],
    ['Should I tell them I live in Rome?', []],
    ['My sister says "I live in Rome" all the time', []],
    ['I live in fear of wasps', []],
  ])('%s', (text, statements) => {
    expect(said(text)).toEqual(statements);
  });
});
