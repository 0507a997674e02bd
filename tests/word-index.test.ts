import { describe, expect, test } from 'vitest';
import { analyse, INDEXED_LENGTH, wordsOf } from '../src/domains/word-index/analysis.ts';
import type { Scored } from '../src/domains/word-index/best-documents.ts';
import {
  PostingsBuilder,
  readPostings,
  SAID,
  spaceForPostings,
  UNIT,
} from '../src/domains/word-index/postings.ts';
import { matchedBy, rankDocuments, type TermPostings } from '../src/domains/word-index/ranking.ts';
import { postingsOf } from '../src/domains/word-index/segments.ts';
import { addTurn, PART_WEIGHT, type PlacedTurn, REACH } from '../src/domains/word-index/windows.ts';
import { Random } from '../torture/random.ts';

const termsOf = (text: string) => wordsOf(text).map(({ term }) => term);
const spellingsOf = (text: string) => wordsOf(text).map(({ word }) => word);
const meets = (one: string, other: string) => {
  const terms = termsOf(one);
  expect(terms).not.toEqual([]);
  return terms.join(' ') === termsOf(other).join(' ');
};

describe('English', () => {
  test('function words and small talk are left out', () => {
    expect(spellingsOf('Hey, what did you really do with the old piano?')).toEqual(['old', 'piano']);
    expect(wordsOf('Who are you, and where have they been?')).toEqual([]);
  });

  test('words come in the order of the text, as often as they occur', () => {
    expect(spellingsOf('Tea, coffee, TEA')).toEqual(['tea', 'coffee', 'tea']);
    const { counts, length } = analyse('Tea, coffee, TEA');
    expect([...counts]).toEqual([
      ['tea', 2],
      ['coffe', 1],
    ]);
    expect(length).toBe(3);
  });

  test.each([
    ['bought', 'buy'],
    ['purchased', 'buying'],
    ['kids', 'child'],
    ['Children', 'kid'],
    ['swimming', 'swam'],
    ['wrote', 'writing'],
    ['women', 'woman'],
    ['mum', 'mother'],
    ['photos', 'pictures'],
    ['movies', 'film'],
    ['bike', 'bicycles'],
    ['began', 'started'],
    ['best', 'better'],
    ['painted', 'paintings'],
    ['houses', 'house'],
  ])('"%s" meets "%s"', (one, other) => {
    expect(meets(one, other)).toBe(true);
  });

  test.each([
    ['bought', 'brought'],
    ['child', 'chill'],
    ['cat', 'dog'],
    ['mother', 'father'],
    ['feet', 'feed'],
  ])('"%s" does not meet "%s"', (one, other) => {
    expect(meets(one, other)).toBe(false);
  });

  test('single letters are words, but for the article and the pronoun', () => {
    expect(spellingsOf('x marks plan b, é')).toEqual(['x', 'marks', 'plan', 'b', 'e']);
    expect(spellingsOf('I have a plan A and vitamin D')).toEqual(['plan', 'a', 'vitamin', 'd']);
    expect(spellingsOf("A dog's bowl, and I'm late")).toEqual(['dog', 'bowl', 'late']);
  });

  test.each([
    ['the IT department', ['it', 'department']],
    ['IT is slow', ['it', 'slow']],
    ['I write Go at work', ['write', 'go', 'work']],
    ['Go home', ['home']],
    ['I hope Will comes', ['hope', 'will', 'comes']],
    ['WHAT IS IT ABOUT THAT DOG', ['dog']],
    ['The Old Man And The Sea', ['old', 'man', 'sea']],
    ['I did NOT like it', ['like']],
    ['Go', ['go']],
    ['The Who', ['the', 'who']],
    ['go', []],
    ['What is it?', []],
  ])('stop words in capitals: %s', (text, words) => {
    expect(spellingsOf(text)).toEqual(words);
  });

  test.each([
    ['C++ and C#, F#!', ['c++', 'c#', 'f#']],
    ['a grade of A+', ['grade', 'a+']],
    ['a+b, i++', ['b', 'i++']],
    ['notepad++', ['notepad']],
    ['page#anchor', ['page', 'anchor']],
  ])('marks that belong to a word: %s', (text, words) => {
    expect(spellingsOf(text)).toEqual(words);
  });

  test('nothing that an object inherits is taken for a word form', () => {
    expect(spellingsOf('constructor __proto__ toString')).toEqual(['constructor', 'proto', 'tostring']);
    expect(termsOf('constructor').every((term) => typeof term === 'string')).toBe(true);
  });
});

describe('apostrophes', () => {
  test.each([
    ["the dog's bowl", ['dog', 'bowl']],
    ['O’Brien’s hat', ['brien', 'hat']],
    ["O'Brien", ['brien']],
    ["l'amour", ['amour']],
    ["yes, ma'am", ['yes', 'ma']],
    ["'quoted' words'", ['quoted', 'words']],
  ])('%s', (text, words) => {
    expect(spellingsOf(text)).toEqual(words);
  });

  test.each(["don't", 'don’t', "I'm", "you're", "we've", "they'll", "he'd", "isn't", "couldn't", "can't"])(
    '%s carries no meaning',
    (text) => {
      expect(wordsOf(text)).toEqual([]);
    },
  );
});

describe('accents and forms of one letter', () => {
  test.each([
    ['café', 'cafe'],
    ['cafe\u0301', 'CAFÉ'],
    ['Straße', 'strasse'],
    ['STRASSE', 'straße'],
    ['Phở', 'pho'],
    ['İstanbul', 'istanbul'],
    ['ＫＡＩ', 'kai'],
    ['ﬁre', 'fire'],
    ['ｶﾞｲ', 'ガイ'],
    ['مُحَمَّد', 'محمد'],
    ['Ελλάδας', 'Ελλάδα'],
  ])('%s meets %s', (one, other) => {
    expect(meets(one, other)).toBe(true);
  });

  test('marks that make another letter stay', () => {
    expect(spellingsOf('чай йод ガイ')).toEqual(['чай', 'йод', 'ガイ']);
    expect(meets('ёлка', 'елка')).toBe(true);
    expect(meets('ガイ', 'カイ')).toBe(false);
  });

  test('plain ASCII is read as any other text', () => {
    const random = new Random('ascii');
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: random.integer(1, 40) }, () =>
        random.chance(0.6)
          ? random.pick([...'abcdeThisKids0123'])
          : String.fromCharCode(random.integer(0x20, 0x7e)),
      ).join('');
      expect(wordsOf(`${text} …`), text).toEqual(wordsOf(text));
    }
  });

  test('the form that a text is stored in does not matter', () => {
    const random = new Random('forms');
    const letters = [...'éèñüßşžåĐøœąйёΆώהמאحدकखगがぱ한글日本가ﬁ'];
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: random.integer(1, 20) }, () =>
        random.pick([...letters, 'a', ' ']),
      ).join('');
      expect(termsOf(text.normalize('NFD')), text).toEqual(termsOf(text.normalize('NFC')));
    }
  });
});

describe('numbers and emoji', () => {
  test('digits are words, at any length', () => {
    expect(termsOf('5 of 42 in 2023, room b12')).toEqual(['5', '42', '2023', 'room', 'b12']);
    expect(termsOf('3.14')).toEqual(['3', '14']);
  });

  test('an emoji is a word; the colour of a skin is not', () => {
    expect(termsOf('party🎉🎉 👍🏽')).toEqual(['parti', '🎉', '🎉', '👍']);
  });
});

describe('scripts without spaces', () => {
  test('Japanese is cut into pairs, and a single character is found as a part', () => {
    const { counts, parts, length } = analyse('日本語を');
    expect([...counts.keys()]).toEqual(['日本', '本語', '語を']);
    expect([...parts]).toEqual(['日', '本', '語', 'を']);
    expect(length).toBe(3);
  });

  test('a character alone is a word, and then not a part as well', () => {
    const { counts, parts } = analyse('海、海外');
    expect([...counts.keys()]).toEqual(['海', '海外']);
    expect([...parts]).toEqual(['外']);
  });

  test('Korean', () => {
    expect(termsOf('서울에서 만나요')).toEqual(['서울', '울에', '에서', '만나', '나요']);
    expect(analyse('서울').parts).toContain('울');
  });

  test('Thai', () => {
    expect(termsOf('ไทย')).toEqual(['ไท', 'ทย']);
  });

  test('characters outside the basic plane are whole', () => {
    expect(termsOf('𠮷野家')).toEqual(['𠮷野', '野家']);
    expect([...analyse('𠮷野').parts]).toEqual(['𠮷', '野']);
  });

  test('they end where another script begins', () => {
    expect(termsOf('昨日Kaiに会った')).toEqual(['昨日', 'kai', 'に会', '会っ', 'った']);
  });
});

describe('other languages', () => {
  test.each(['الكتاب', 'والكتاب', 'بالكتاب', 'فالكتاب', 'كالكتاب', 'للكتاب'])(
    'Arabic: %s is a book',
    (text) => {
      expect(meets(text, 'كتاب')).toBe(true);
    },
  );

  test('Arabic: what only looks like an article stays', () => {
    expect(spellingsOf('الله')).toEqual(['الله']);
    expect(meets('الله', 'له')).toBe(false);
  });

  test.each([
    ['книги', 'книга'],
    ['книгу', 'Книга'],
    ['собаки', 'собака'],
  ])('Russian: %s is %s', (one, other) => {
    expect(meets(one, other)).toBe(true);
  });

  test.each([
    ['किताबें', 'किताब'],
    ['किताबों', 'किताब'],
    ['लड़के', 'लड़का'],
  ])('Hindi: %s is %s', (one, other) => {
    expect(meets(one, other)).toBe(true);
  });

  test('the vowel signs of Hindi are part of the word', () => {
    expect(spellingsOf('हिन्दी में')).toEqual(['हिन्दी', 'में']);
  });

  test('German: a long word is found by its ends', () => {
    const { counts, parts, length } = analyse('Krankenversicherung');
    expect(length).toBe(1);
    expect([...counts.keys()]).toEqual(['krankenversicherung']);
    for (const part of ['Versicherung', 'Kranken']) expect(parts, part).toContain(termsOf(part)[0]);
  });

  test('a short word has no parts, nor has a very long number', () => {
    expect([...analyse('Hausflur 1234567890123456').parts]).toEqual([]);
  });

  test('what a text says as a word is not one of its parts', () => {
    expect(analyse('Krankenversicherung, Versicherung').parts).not.toContain('versicherung');
  });
});

describe('what is no word', () => {
  test.each([
    '',
    ' \n\t',
    '!!! ... ???',
    '— “” … ¿¡',
    '%_%',
    "''",
    '’',
    '\0',
    '\uD800',
    '({[<>]})',
    '@#$^&*~`',
  ])('%j is nothing', (text) => {
    expect(analyse(text)).toEqual({ counts: new Map(), parts: new Set(), length: 0 });
  });

  test.each([
    ["Robert'); DROP TABLE students;--", ['robert', 'drop', 'table', 'students']],
    ['tea & (coffee | !milk) <-> sugar:*', ['tea', 'coffee', 'milk', 'sugar']],
    ['100%_paid\\path', ['100', 'paid', 'path']],
    ['"quoted phrase" -minus +plus', ['quoted', 'phrase', 'minus', 'plus']],
    ['$1 :name {json: null}', ['1', 'name', 'json', 'null']],
    ['à & | ! \u0000 %', []],
  ])('%j leaves words only', (text, words) => {
    expect(spellingsOf(text)).toEqual(words);
  });
});

describe('long texts', () => {
  test('100 kB of English', () => {
    const { counts, length } = analyse('The kids bought a bike yesterday. '.repeat(3_000));
    expect(length).toBe(12_000);
    expect([...counts.values()]).toEqual([3_000, 3_000, 3_000, 3_000]);
  });

  test('Japanese without a space or a full stop', () => {
    const { counts, length } = analyse('日本'.repeat(INDEXED_LENGTH / 2));
    expect(length).toBe(INDEXED_LENGTH - 1);
    expect([...counts]).toEqual([
      ['日本', INDEXED_LENGTH / 2],
      ['本日', INDEXED_LENGTH / 2 - 1],
    ]);
  });

  test.each(['a', 'é', 'д', '7', "a'", "é'"])('one word of 100,000 characters: %s…', (unit) => {
    for (const term of analyse(unit.repeat(INDEXED_LENGTH / unit.length)).counts.keys())
      expect(term.length).toBeLessThanOrEqual(64);
  });
});

interface Entry {
  readonly weight: number;
  readonly said: number;
}

/** Every posting, in the order of the bytes. */
const readAll = (bytes: Uint8Array, visit: (document: number, weight: number, said: number) => void) => {
  const space = spaceForPostings();
  readPostings(bytes, space);
  for (let at = 0; at < space.count; at++) visit(space.documents[at]!, space.weights[at]!, space.said[at]!);
};
const unitsOf = (weight: number) => Math.max(1, Math.round(weight * UNIT));
const entriesIn = (...data: readonly Uint8Array[]) => {
  const entries = new Map<number, Entry>();
  for (const bytes of data)
    readAll(bytes, (document, weight, said) => {
      const known = entries.get(document);
      entries.set(document, { weight: weight + (known?.weight ?? 0), said: said | (known?.said ?? 0) });
    });
  return entries;
};
const runsOf = (postings: PostingsBuilder) => new Map([...postings.runs()].map((run) => [run.term, run]));
const dataOf = (postings: PostingsBuilder, term: string) =>
  runsOf(postings).get(term)?.data ?? Buffer.alloc(0);
const flags = Object.values(SAID);

describe('postings', () => {
  test('come back as they went in', () => {
    const random = new Random('postings');
    for (let round = 0; round < 100; round++) {
      const postings = new PostingsBuilder();
      const expected = new Map<number, Entry>();
      const space = random.pick([5, 200, 20_000, 2 ** 31 - 1]);
      for (let added = random.integer(1, 100); added > 0; added--) {
        const document = random.integer(0, space);
        const weight = random.next() * random.pick([0.001, 0.1, 1, 50, 3_000]);
        const said = random.pick(flags);
        postings.add('tea', document, weight, said);
        const known = expected.get(document);
        expected.set(document, {
          weight: unitsOf(weight) + (known?.weight ?? 0),
          said: said | (known?.said ?? 0),
        });
      }
      const run = runsOf(postings).get('tea');
      const read: [number, Entry][] = [];
      readAll(run!.data, (document, weight, bits) => read.push([document, { weight, said: bits }]));
      expect(read).toEqual([...expected].sort(([a], [b]) => a - b));
      expect(run!.saying).toBe([...expected.values()].filter(({ said }) => said & SAID.byItself).length);
    }
  });

  test('runs that follow each other add up', () => {
    const random = new Random('runs');
    for (let round = 0; round < 50; round++) {
      const all = new PostingsBuilder();
      const data = Array.from({ length: random.integer(1, 5) }, () => {
        const postings = new PostingsBuilder();
        for (let added = random.integer(1, 30); added > 0; added--) {
          const entry = ['tea', random.integer(0, 300), random.next() * 5, random.pick(flags)] as const;
          all.add(...entry);
          postings.add(...entry);
        }
        return dataOf(postings, 'tea');
      });
      const together = entriesIn(dataOf(all, 'tea'));
      expect(new Map([...entriesIn(Buffer.concat(data))].sort(([a], [b]) => a - b))).toEqual(together);
      expect(new Map([...entriesIn(...data)].sort(([a], [b]) => a - b))).toEqual(together);
    }
  });

  test('the smallest weight is not nothing', () => {
    const postings = new PostingsBuilder();
    postings.add('tea', 7, 0.000_001, SAID.before);
    expect(entriesIn(dataOf(postings, 'tea'))).toEqual(new Map([[7, { weight: 1, said: SAID.before }]]));
  });

  test('one run for each term', () => {
    const postings = new PostingsBuilder();
    for (const term of ['tea', 'coffee', 'tea']) postings.add(term, 1, 1, SAID.byItself);
    expect([...postings.runs()].map(({ term, saying }) => [term, saying])).toEqual([
      ['tea', 1],
      ['coffee', 1],
    ]);
    expect([...new PostingsBuilder().runs()]).toEqual([]);
  });

  test('no bytes are no postings', () => {
    expect(entriesIn(new Uint8Array())).toEqual(new Map());
  });
});

const NOON = Date.UTC(2024, 4, 8, 12);
const HOUR_MS = 3_600_000;

function turnAt(index: number, text: string, changes: Partial<PlacedTurn> = {}): PlacedTurn {
  return {
    document: index,
    conversationId: 'c',
    sequence: index + 1,
    sessionId: null,
    timestamp: new Date(NOON + index * 60_000),
    text: analyse(text),
    ...changes,
  };
}

/** Who has "piano" that the turn at 4 of 9 says, when all of them are indexed. */
async function pianoAmong(changes: (index: number) => Partial<PlacedTurn>) {
  const turns = Array.from({ length: 9 }, (_, index) =>
    turnAt(index, index === 4 ? 'piano' : 'tea', changes(index)),
  );
  return entriesIn(dataOf(await postingsOf(turns, []), 'piano'));
}

describe('windows', () => {
  test('up to three turns before and after share a word, the farther the less', async () => {
    const found = await pianoAmong(() => ({}));
    expect([...found.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([...found.values()].map(({ said }) => said)).toEqual([
      SAID.after,
      SAID.after,
      SAID.after,
      SAID.byItself,
      SAID.before,
      SAID.before,
      SAID.before,
    ]);
    const weights = [...found.values()].map(({ weight }) => weight);
    for (const side of [weights.slice(0, 4).toReversed(), weights.slice(3)])
      for (let distance = 1; distance <= REACH; distance++)
        expect(side[distance]).toBeLessThan(side[distance - 1]!);
  });

  test.each<[string, (index: number) => Partial<PlacedTurn>, number[]]>([
    ['not across sessions', (index) => ({ sessionId: index < 3 || index > 5 ? 's' : 't' }), [3, 4, 5]],
    [
      'from a session to what is outside, if it was close in time',
      (index) => ({ sessionId: index === 4 ? 's' : null }),
      [1, 2, 3, 4, 5, 6, 7],
    ],
    [
      'not from a session to what is outside after more than an hour',
      (index) => ({
        sessionId: index === 4 ? 's' : null,
        timestamp: new Date(at(index).getTime() + index),
      }),
      [4],
    ],
    [
      'one session, however long',
      (index) => ({ sessionId: 's', timestamp: at(index * 50) }),
      [1, 2, 3, 4, 5, 6, 7],
    ],
    ['an hour without a session', (index) => ({ timestamp: at(index) }), [3, 4, 5]],
    ['not more than an hour', (index) => ({ timestamp: new Date(at(index).getTime() + index) }), [4]],
    ['not across conversations', (index) => ({ conversationId: index > 4 ? 'd' : 'c' }), [1, 2, 3, 4]],
    ['by the place in the conversation', (index) => ({ sequence: index * 2 }), [3, 4, 5]],
  ])('%s', async (_name, changes, documents) => {
    expect([...(await pianoAmong(changes)).keys()]).toEqual(documents);
  });

  test('the order of the documents does not matter, only that of the conversation', async () => {
    const found = await pianoAmong((index) => ({ document: 8 - index }));
    expect(found.get(3)?.said).toBe(SAID.before);
    expect(found.get(5)?.said).toBe(SAID.after);
  });

  test('a new turn and those that are indexed already give each other their words', () => {
    const earlier = [turnAt(0, 'violin'), turnAt(1, 'cello')];
    const postings = new PostingsBuilder();
    addTurn(postings, turnAt(2, 'piano'), earlier);
    expect([...entriesIn(dataOf(postings, 'piano')).keys()]).toEqual([0, 1, 2]);
    expect([...entriesIn(dataOf(postings, 'violin')).keys()]).toEqual([2]);
    expect([...entriesIn(dataOf(postings, 'cello')).keys()]).toEqual([2]);
  });

  test('a word weighs more the more often it is said, and less the longer the text', () => {
    const weightIn = (text: string) => {
      const postings = new PostingsBuilder();
      addTurn(postings, turnAt(0, text), []);
      return entriesIn(dataOf(postings, 'piano')).get(0)!.weight;
    };
    expect(weightIn('piano piano tea')).toBeGreaterThan(weightIn('piano tea tea'));
    expect(weightIn(`piano ${'tea '.repeat(50)}`)).toBeLessThan(weightIn('piano tea') / 2);
  });

  test('a part weighs less than a word, and stays with its turn', () => {
    const postings = new PostingsBuilder();
    addTurn(postings, turnAt(1, 'Krankenversicherung'), [turnAt(0, 'tea')]);
    const whole = entriesIn(dataOf(postings, 'krankenversicherung'));
    const part = entriesIn(dataOf(postings, 'versicherung'));
    expect([...whole.keys()]).toEqual([0, 1]);
    expect([...part.keys()]).toEqual([1]);
    expect(part.get(1)!.weight / whole.get(1)!.weight).toBeCloseTo(PART_WEIGHT, 2);
    expect(part.get(1)!.said).toBe(SAID.byItself);
  });

  function at(hours: number): Date {
    return new Date(NOON + hours * HOUR_MS);
  }
});

describe('weights do not depend on order or grouping', () => {
  const vocabulary = 'piano violin cello tea coffee milk 海外 Krankenversicherung kids bike'.split(' ');

  function dialogue(random: Random): PlacedTurn[] {
    const lengths = new Map<string, number>();
    return Array.from({ length: random.integer(2, 40) }, (_, index) => {
      const conversationId = random.pick(['c', 'd']);
      const sequence = (lengths.get(conversationId) ?? 0) + 1;
      lengths.set(conversationId, sequence);
      const words = Array.from({ length: random.integer(0, 30) }, () => random.pick(vocabulary));
      const sessionId = random.chance(0.8) ? 's' : null;
      return turnAt(index, words.join(' '), { conversationId, sequence, sessionId });
    });
  }

  const earlierOf = (turns: readonly PlacedTurn[], turn: PlacedTurn) =>
    turns.filter((other) => other.conversationId === turn.conversationId && other.sequence < turn.sequence);

  test('turns in any order give the same bytes', () => {
    const random = new Random('order');
    for (let round = 0; round < 30; round++) {
      const turns = dialogue(random);
      const inOrder = new PostingsBuilder();
      const shuffled = new PostingsBuilder();
      for (const turn of turns) addTurn(inOrder, turn, earlierOf(turns, turn));
      const keyed = turns.map((turn) => ({ turn, key: random.next() })).sort((a, b) => a.key - b.key);
      for (const { turn } of keyed) addTurn(shuffled, turn, earlierOf(turns, turn).toReversed());
      expect(runsOf(shuffled)).toEqual(runsOf(inOrder));
    }
  });

  test('turns of two builders, joined, rank as those of one', () => {
    const random = new Random('grouping');
    for (let round = 0; round < 100; round++) {
      const turns = dialogue(random);
      const one = new PostingsBuilder();
      const two = [new PostingsBuilder(), new PostingsBuilder()];
      for (const turn of turns) {
        addTurn(one, turn, earlierOf(turns, turn));
        addTurn(random.pick(two), turn, earlierOf(turns, turn));
      }
      const whole = runsOf(one);
      const halves = two.map(runsOf);
      const terms = [...whole.keys()].map((term) => ({ term, weight: random.pick([1, PART_WEIGHT]) }));
      const postings = terms.map((each) => ({ ...each, ...pick(whole, each.term) }));
      const joined = terms.map((each) => {
        const found = halves.map((half) => pick(half, each.term));
        const data = found.flatMap((run) => run.data);
        return {
          ...each,
          saying: found.reduce((sum, { saying }) => sum + saying, 0),
          data: random.chance(0.5) ? data : [Buffer.concat(data)],
        };
      });
      const size = { total: turns.length, space: turns.length };
      expect(ranking(joined, size, 50, null)).toEqual(ranking(postings, size, 50, null));
    }
  });

  function pick(runs: ReturnType<typeof runsOf>, term: string): { saying: number; data: Uint8Array[] } {
    const run = runs.get(term);
    return { saying: run?.saying ?? 0, data: run ? [run.data] : [] };
  }
});

/** Ranked documents, each with what it has of the query. */
function ranking(...given: Parameters<typeof rankDocuments>) {
  return rankDocuments(...given).map((ranked) => {
    const { terms: _terms, place: _place, ...worth } = ranked;
    return { ...worth, matched: matchedBy(ranked) };
  });
}

/** BM25 by the book, over whatever the postings hold. */
function naiveRanking(terms: readonly TermPostings[], total: number): Scored[] {
  const rarities = terms.map(
    ({ weight, saying }) => weight * Math.log(1 + (Math.max(total - saying, 0) + 0.5) / (saying + 0.5)),
  );
  const all = rarities.reduce((sum, rarity) => sum + rarity, 0);
  const found = new Map<number, { document: number; score: number; own: number; near: number }>();
  for (const [index, { data }] of terms.entries())
    for (const [document, { weight, said }] of entriesIn(...data)) {
      const hit = found.get(document) ?? { document, score: 0, own: 0, near: 0 };
      const rarity = rarities[index]!;
      hit.score += (rarity * (weight / UNIT) * 1.9) / (weight / UNIT + 0.9);
      hit.near += rarity / all;
      if (said & SAID.byItself) hit.own += rarity / all;
      found.set(document, hit);
    }
  return [...found.values()].sort((a, b) => b.score - a.score || b.document - a.document);
}

/** Random postings; a turn's own words stand in one run, as the index has them. */
function randomPostings(random: Random, space: number): TermPostings[] {
  return Array.from({ length: random.integer(1, 8) }, (_, index) => {
    const term = `t${index}`;
    const builders = Array.from({ length: random.integer(1, 3) }, () => new PostingsBuilder());
    const density = random.next();
    for (let document = 0; document < space; document++) {
      if (!random.chance(density)) continue;
      for (const [at, builder] of builders.entries()) {
        const said =
          at === document % builders.length ? SAID.byItself : random.pick([SAID.before, SAID.after]);
        if (random.chance(0.7)) builder.add(term, document, random.integer(1, 400) / 100, said);
      }
    }
    const runs = builders.flatMap((builder) => [...builder.runs()]);
    return {
      term,
      weight: random.pick([1, 1, PART_WEIGHT]),
      saying: runs.reduce((sum, { saying }) => sum + saying, 0),
      data: runs.map(({ data }) => data),
    };
  });
}

const postingsFor = (
  term: string,
  entries: readonly (readonly [document: number, weight: number, said: number])[],
) => {
  const postings = new PostingsBuilder();
  for (const entry of entries) postings.add(term, ...entry);
  const runs = [...postings.runs()];
  return {
    term,
    weight: 1,
    saying: runs[0]?.saying ?? 0,
    data: runs.map(({ data }) => data),
  } satisfies TermPostings;
};

describe('ranking', () => {
  test('agrees with plain BM25', () => {
    const random = new Random('bm25');
    for (let round = 0; round < 100; round++) {
      const space = random.integer(1, 200);
      const terms = randomPostings(random, space);
      const expected = naiveRanking(terms, space);
      const ranked = ranking(terms, { total: space, space }, space, null);
      expect(ranked).toHaveLength(expected.length);
      const byDocument = new Map(expected.map((hit) => [hit.document, hit]));
      for (const [index, { document, score, own, near }] of ranked.entries()) {
        const hit = byDocument.get(document)!;
        expect(score).toBeCloseTo(hit.score, 3);
        expect(score).toBeCloseTo(expected[index]!.score, 3);
        expect(own).toBeCloseTo(hit.own, 4);
        expect(near).toBeCloseTo(hit.near, 4);
      }
    }
  });

  test('fewer than match are the best of them, in order', () => {
    const random = new Random('limit');
    for (let round = 0; round < 100; round++) {
      const space = random.integer(1, 150);
      const terms = randomPostings(random, space);
      const all = ranking(terms, { total: space, space }, space, null);
      for (const limit of [0, 1, 2, 3, random.integer(1, 150)])
        expect(ranking(terms, { total: space, space }, limit, null)).toEqual(all.slice(0, limit));
    }
  });

  test('only documents that are allowed', () => {
    const random = new Random('allowed');
    for (let round = 0; round < 50; round++) {
      const space = random.integer(1, 150);
      const terms = randomPostings(random, space);
      const allowed = new Set(
        Array.from({ length: random.integer(0, space) }, () => random.integer(0, space)),
      );
      const all = ranking(terms, { total: space, space }, space, null);
      const limit = random.integer(1, 20);
      expect(ranking(terms, { total: space, space }, limit, allowed)).toEqual(
        all.filter(({ document }) => allowed.has(document)).slice(0, limit),
      );
    }
  });

  test('of equals, the later document comes first', () => {
    const equal = [4, 1, 9, 0, 7].map((document) => [document, 1, SAID.byItself] as const);
    const terms = [postingsFor('tea', [...equal, [5, 2, SAID.byItself]])];
    const ranked = (limit: number) =>
      ranking(terms, { total: 10, space: 10 }, limit, null).map(({ document }) => document);
    expect(ranked(10)).toEqual([5, 9, 7, 4, 1, 0]);
    for (const limit of [1, 2, 3, 4, 5]) expect(ranked(limit)).toEqual([5, 9, 7, 4, 1, 0].slice(0, limit));
  });

  test('leaves nothing behind for the next search', () => {
    const random = new Random('scratch');
    const space = 20_000;
    const searches = Array.from({ length: 5 }, () => ({
      terms: randomPostings(random, 120),
      limit: random.integer(1, 40),
      allowed: random.chance(0.5) ? new Set([1, 2, 3]) : null,
    }));
    const far = [postingsFor('far', [[space - 1, 1, SAID.byItself]])];
    const run = () => [
      ranking(far, { total: space, space }, 5, null),
      ...searches.map(({ terms, limit, allowed }) => ranking(terms, { total: 120, space }, limit, allowed)),
    ];
    const first = run();
    expect(first[0]).toMatchObject([{ document: space - 1, own: 1, near: 1 }]);
    expect(run()).toEqual(first);
    for (const { terms } of searches) {
      const expected = naiveRanking(terms, 120);
      const [best] = ranking(terms, { total: 120, space }, 1, null);
      expect(best!.score).toBeCloseTo(expected[0]!.score, 3);
    }
  });

  test('a rare word counts more than a frequent one', () => {
    const frequent = postingsFor(
      'tea',
      Array.from({ length: 50 }, (_, document) => [document, 1, SAID.byItself] as const),
    );
    const rare = postingsFor('piano', [[60, 1, SAID.byItself]]);
    const [best] = ranking([frequent, rare], { total: 100, space: 100 }, 1, null);
    expect(best?.document).toBe(60);
  });

  test('what others say around a document is near it, but not its own', () => {
    const terms = [
      postingsFor('tea', [
        [1, 1, SAID.byItself],
        [2, 0.6, SAID.before],
      ]),
    ];
    const ranked = ranking(terms, { total: 10, space: 10 }, 10, null);
    expect(ranked).toMatchObject([
      { document: 1, own: 1, near: 1 },
      { document: 2, own: 0, near: 1 },
    ]);
  });

  test('no words find nothing', () => {
    expect(ranking([], { total: 10, space: 10 }, 10, null)).toEqual([]);
    expect(ranking([postingsFor('tea', [])], { total: 0, space: 0 }, 10, null)).toEqual([]);
  });
});

describe('explanations', () => {
  const tea = postingsFor('tea', [
    [1, 1, SAID.byItself],
    [2, 1, SAID.byItself],
    [2, 0.6, SAID.before],
    [3, 0.6, SAID.after],
  ]);
  const piano = postingsFor('piano', [[2, 1, SAID.byItself]]);

  const explained = (terms: readonly TermPostings[], allowed: readonly number[]) =>
    new Map(
      ranking(terms, { total: 10, space: 10 }, 10, new Set(allowed)).map(({ document, matched }) => [
        document,
        matched,
      ]),
    );

  test('say who says a term, the rarest first', () => {
    expect(explained([tea, piano], [2, 3])).toEqual(
      new Map([
        [
          2,
          [
            { term: 'piano', said: SAID.byItself },
            { term: 'tea', said: SAID.byItself | SAID.before },
          ],
        ],
        [3, [{ term: 'tea', said: SAID.after }]],
      ]),
    );
  });

  test('join what several runs say', () => {
    const later = postingsFor('tea', [[3, 1, SAID.before]]);
    const both = { ...tea, data: [...tea.data, ...later.data] };
    expect(explained([both], [3])).toEqual(new Map([[3, [{ term: 'tea', said: SAID.after | SAID.before }]]]));
  });

  test('tell documents of one place in different blocks apart', () => {
    const far = postingsFor('tea', [
      [5, 1, SAID.byItself],
      [5 + 8_192, 1, SAID.before],
      [5 + 3 * 8_192, 1, SAID.after],
    ]);
    const ranked = ranking([far], { total: 10, space: 30_000 }, 10, null);
    expect(ranked.map(({ document, matched }) => [document, matched[0]?.said])).toEqual([
      [5 + 3 * 8_192, SAID.after],
      [5 + 8_192, SAID.before],
      [5, SAID.byItself],
    ]);
  });
});

describe('words that a list knows', () => {
  test.each([
    ['cities', 'town'],
    ['careers', 'job'],
    ['moms', 'mother'],
    ['begins', 'starting'],
    ['purchasing', 'bought'],
    ['won', 'winning'],
    ['competitions', 'contest'],
  ])('meet in other forms: %s and %s', (a, b) => {
    expect(wordsOf(a).map(({ term }) => term)).toEqual(wordsOf(b).map(({ term }) => term));
    expect(wordsOf(a)).toHaveLength(1);
  });

  test("a negation is no word, and won't is not won", () => {
    expect(wordsOf("won't can't mustn’t didn't")).toEqual([]);
  });

  test('a long run without spaces is analysed, though it grows when it is normalised', () => {
    expect(analyse('㌀'.repeat(100_000)).length).toBeGreaterThan(0);
  });
});
