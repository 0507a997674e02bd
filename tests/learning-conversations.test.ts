import { describe, expect, test } from 'vitest';
import { learned, said, turnOf } from './support/said.ts';

describe('in a conversation', () => {
  test('an assistant says nothing of the user, and two people speak for themselves', () => {
    expect(
      learned('Where to?', [], { response: 'I live in a computer and I love Rome.' }).candidates,
    ).toEqual([]);
    const { candidates } = learned('I live in Turin.', [], {
      speaker: 'Ada',
      response: 'I work for Fiat.',
      responder: 'Bruno',
    });
    expect(candidates.map(({ statement, source }) => [statement, source.field])).toEqual([
      ['Ada lives in Turin', 'query'],
      ['Bruno works at Fiat', 'response'],
    ]);
  });

  test('a character speaks its part', () => {
    expect(
      learned('I live in a tower.', [], { speaker: 'Zéphyr', characters: new Set(['zephyr']) }).candidates,
    ).toEqual([]);
  });

  test('a play goes on until it ends', () => {
    const play = ["Let's roleplay! You're a smith.", '*bows* I am called Corvin.'];
    expect(said('I live in the old mill.', play)).toEqual([]);
    expect(said('(ooc: I live in Ulm)', play)).toEqual(['user lives in Ulm']);
    expect(said('I live in Ulm.', [...play, 'ok, end of roleplay'])).toEqual(['user lives in Ulm']);
  });

  test('a correction is of what was said just before', () => {
    const [meant] = learned('sorry, I meant the Moor branch, not Hill', [
      turnOf('I work at the Hill branch'),
    ]).candidates;
    expect(meant).toMatchObject({ predicate: 'works_at', object: 'Moor branch', kind: 'CORRECTS' });
    expect(said('I was born in 1978, no wait, 1979')).toEqual(['user was born in 1979']);
    expect(said('this is my cousin, I mean my niece, Elke')).toEqual(["user's niece is Elke"]);
  });

  test('what to forget is told', () => {
    const about = (text: string) => learned(text).forgotten.map((each) => each.about);
    expect(about('Please forget what I said about Rudolf.')).toEqual(['Rudolf']);
    expect(about('Delete the sailing thing. No, leave it.')).toEqual([]);
    expect(about("Don't forget that I'm allergic to nuts")).toEqual([]);
    expect(about('I always forget my keys')).toEqual([]);
  });

  test('what ends is told as what holds no longer, unless something takes its place in the same words', () => {
    expect(learned('I no longer work at Nokia.').candidates[0]).toMatchObject({
      kind: 'ENDS',
      negated: true,
    });
    expect(said("I'm not vegan anymore, I'm pescatarian now")).toEqual(['user is pescatarian']);
  });

  test('quotes are counted in code points', () => {
    const text = '🦊🦊 hello! I live in Łódź 🎉 now';
    const [{ source } = { source: null }] = learned(text).candidates;
    expect(source && [...text].slice(source.start, source.end).join('')).toBe(source?.quote);
    expect(source?.quote).toBe('I live in Łódź');
  });
});

describe('in other languages', () => {
  test.each<[string, string[]]>([
    ['Ich heiße Wiebke und wohne in Emden.', ["user's name is Wiebke", 'user lives in Emden']],
    ['Ich wohne nicht mehr in Emden', ['user does not live in Emden']],
    ['Ich arbeite bei Dr. Oetker.', ['user works at Dr. Oetker']],
    ['Mein Chef heißt Dr. Klaus Weber.', ["user's manager is Dr. Klaus Weber"]],
    ['Mein Hund Rex musste letzte Woche eingeschläfert werden.', ['user does not have Rex']],
    ["J'habite à St. Denis.", ['user lives in St. Denis']],
    ['Mon chien Rex est mort hier.', ['user does not have Rex']],
    ['Mi jefa se llama Sra. Carmen Ruiz.', ["user's manager is Sra. Carmen Ruiz"]],
    ['Mi perro Toby murió ayer.', ['user does not have Toby']],
    ['Ich arbeite als Tischlerin', ['user works as Tischlerin']],
    [
      'Ich bin allergisch gegen Haselnüsse und Erdbeeren',
      ['user is allergic to Haselnüsse', 'user is allergic to Erdbeeren'],
    ],
    ['Meine Tochter Frieda liest viel', ["user's daughter is Frieda"]],
    ['Ich habe kein Auto', ['user does not have Auto']],
    ['Wenn ich in Rom wohne, lerne ich kochen', []],
    ['Früher wohnte ich in Kiel', []],
    ["Je m'appelle Odile et j'habite à Lyon", ["user's name is Odile", 'user lives in Lyon']],
    ["Je n'aime pas les champignons", ['user does not like champignons']],
    ["Avant, j'habitais à Brest", []],
    ['Me llamo Rocío y vivo en Cádiz', ["user's name is Rocío", 'user lives in Cádiz']],
    ['Soy alérgica a las gambas', ['user is allergic to gambas']],
    ['Si viviera en Madrid, saldría más', []],
    ['私の名前は健太です。大阪に住んでいます。', ["user's name is 健太", 'user lives in 大阪']],
    ['来月、札幌に引っ越すかもしれません', []],
  ])('%s', (text, statements) => expect(said(text)).toEqual(statements));
});

describe('texts that nobody writes', () => {
  const long = (piece: string) => piece.repeat(Math.ceil(200_000 / piece.length)).slice(0, 200_000);
  test.each([
    'I live in Rome and I like cats. ',
    'i ',
    'my ',
    'my sister Anna ',
    '"',
    "'a",
    'a',
    '1 ',
    ' ',
    '\n',
    '`',
    '*a ',
    '(',
    'password ',
    'no, i mean ',
    'Anna Maria ',
    '. ',
    '♪ a ',
    'translate this ',
    'ich wohne in Bremen und ',
    '私は犬が好き',
    'a-',
    'key-',
    'token ',
    'secret\t',
    'my_key ',
    '😀',
    'key=abcd ',
    'DE89 ',
  ])('are read to their end: %j', (piece) => {
    expect(learned(long(piece)).candidates.length).toBeLessThan(20);
  });
});
