import { describe, expect, test } from 'vitest';
import { buildAutomaton, finish } from '../src/domains/characters/aho-corasick.ts';
import {
  buildCharacterMatcher,
  buildCharacterMatcherGently,
  type MatchableCharacter,
} from '../src/domains/characters/matcher.ts';
import { tokensOf } from '../src/domains/characters/tokens.ts';
import { Random } from '../torture/random.ts';

const cast: MatchableCharacter[] = [
  { id: 1, name: 'Kai Nakamura', aliases: ['海', 'カイ'] },
  { id: 2, name: 'Mei', aliases: ['芽衣', '메이'] },
  { id: 3, name: 'Hiroshi Yamamoto', aliases: ['The Captain'] },
  { id: 4, name: 'Xyrax', aliases: [] },
  { id: 5, name: 'Will Turner', aliases: [] },
];
const matcher = buildCharacterMatcher(cast);
const idsIn = (text: string) => matcher.find(text).map((mention) => mention.characterId);
const only = (name: string, ...aliases: string[]) => buildCharacterMatcher([{ id: 1, name, aliases }]);
const matchedBy = (name: string, text: string) =>
  only(name)
    .find(text)
    .map((mention) => mention.matched);

describe('names', () => {
  test('full name, first name and alias find the character, in any case', () => {
    expect(idsIn('tell me about KAI NAKAMURA')).toEqual([1]);
    expect(idsIn('is kai well?')).toEqual([1]);
    expect(idsIn('where is the captain')).toEqual([3]);
    expect(idsIn('xYRAX!')).toEqual([4]);
  });

  test('a surname alone does not', () => {
    expect(idsIn('Yamamoto, Nakamura and Turner')).toEqual([]);
  });

  test('the mention says what stands in the text and where', () => {
    const text = 'yesterday 𝒳 met Hiroshi  Yamamoto.';
    const [mention] = matcher.find(text);
    expect(mention).toEqual({ characterId: 3, matched: 'Hiroshi  Yamamoto', start: 17, end: 34 });
    expect(text.slice(17, 34)).toBe('Hiroshi  Yamamoto');
  });

  test('each character once, by its longest name; longest first, then by position', () => {
    expect(
      matcher.find('Mei, Kai, Xyrax, kai and Hiroshi Yamamoto saw Kai Nakamura').map((m) => m.matched),
    ).toEqual(['Hiroshi Yamamoto', 'Kai Nakamura', 'Xyrax', 'Mei']);
    expect(matcher.find('kai, Kai')).toEqual([{ characterId: 1, matched: 'kai', start: 0, end: 3 }]);
  });

  test('a first name that two characters share reports both', () => {
    const shared = buildCharacterMatcher([
      { id: 7, name: 'Kai Tanaka', aliases: [] },
      { id: 6, name: 'Kai Nakamura', aliases: [] },
    ]);
    expect(shared.find('Kai').map((m) => m.characterId)).toEqual([6, 7]);
    // Who is named in full is meant alone.
    expect(shared.find('Kai Nakamura').map((m) => m.characterId)).toEqual([6]);
    expect(shared.find('Kai Nakamura and Kai').map((m) => m.characterId)).toEqual([6, 7]);
  });

  test('a name inside the longer name of another is not reported', () => {
    const nested = buildCharacterMatcher([
      { id: 1, name: 'Mei', aliases: [] },
      { id: 2, name: 'Li Mei Chen', aliases: [] },
    ]);
    expect(nested.find('Li Mei Chen').map((m) => m.characterId)).toEqual([2]);
    expect(nested.find('Li Mei Chen met Mei').map((m) => m.characterId)).toEqual([2, 1]);
  });

  test('titles and articles are not first names', () => {
    expect(matchedBy('The Joker', 'the cat')).toEqual([]);
    expect(matchedBy('Dr. Mei Tanaka', 'mei and the dr')).toEqual(['mei']);
    expect(matchedBy('L Lawliet', 'l is a letter')).toEqual([]);
  });

  test('a first name that is an English word counts only when capitalised', () => {
    expect(idsIn('I will come')).toEqual([]);
    expect(idsIn('I saw Will there')).toEqual([5]);
    expect(idsIn('will turner')).toEqual([5]);
    expect(only('Will Turner', 'will').find('I will come')).toEqual([]);
    expect(only('Will Turner', 'will').find('Who is will?')).toHaveLength(1);
  });

  test.each(['', ' ', '?', '…', '\u200D'])('a name without a letter or digit (%j) is ignored', (name) => {
    expect(only(name).find('? … a \u200D')).toEqual([]);
  });

  test('no characters, no text', () => {
    expect(buildCharacterMatcher([]).find('Kai')).toEqual([]);
    expect(matcher.find('')).toEqual([]);
  });
});

describe('apostrophes', () => {
  const matcher = buildCharacterMatcher(
    ["Miles O'Brien", 'Sean OConnor', "D'Artagnan", 'Kaʻahumanu', "Xi'an", 'Мар’яна'].map((name, index) => ({
      id: index + 1,
      name,
      aliases: name.includes('O') ? [name.split(' ')[1] ?? ''] : [],
    })),
  );
  test.each([
    ['obrien laughed', 1],
    ['OʼBrien’s ship', 1],
    ['O´Brien', 1],
    ['o brien', 1],
    ["O'Connor said so", 2],
    ['O‘Connor', 2],
    ['dartagnan rode', 3],
    ['D’ARTAGNAN', 3],
    ["J'aime d'Artagnan", 3],
    ['kaahumanu ruled', 4],
    ['Kaʿahumanu', 4],
    ['Xian won', 5],
    ['Мар`яна тут', 6],
    ['Марʼяна тут', 6],
    ['Маряна тут', 6],
  ])('%s', (text, id) => {
    expect(matcher.find(text).map(({ characterId }) => characterId)).toEqual([id]);
  });
});

describe('edges of words', () => {
  test.each(['meiosis', 'Meier', 'homei', 'mei5', '5mei', 'émei', 'meiß', 'Μmei'])('not in %s', (text) => {
    expect(idsIn(text)).toEqual([]);
  });

  test.each(["Mei's", '(Mei)', 'Mei-chan', '"mei"', 'mei_', 'mei,xyrax', '\u202Bmei', 'mei🙂', 'mei\n'])(
    'in %s',
    (text) => {
      expect(idsIn(text)).toContain(2);
    },
  );

  test('names with punctuation at an end', () => {
    expect(matchedBy('K-9!', 'hey K-9!')).toEqual(['K-9']);
    expect(matchedBy("O'Brien", 'O’Brien left')).toEqual(['O’Brien']);
  });
});

describe('scripts without spaces', () => {
  test.each(['昨日芽衣に会った', '芽衣', 'Kaiと芽衣', '메이는 어디에', '芽衣さん'])(
    'a name touches other words: %s',
    (text) => {
      expect(idsIn(text)).toContain(2);
    },
  );

  test('a Latin name may touch such a script', () => {
    expect(idsIn('昨日Kaiに会った')).toEqual([1]);
  });

  test('Katakana: words are its runs', () => {
    expect(idsIn('カイはどこ')).toEqual([1]);
    expect(idsIn('昨日カイに会った')).toEqual([1]);
    expect(idsIn('ｶｲはどこ')).toEqual([1]);
    expect(idsIn('カイロに行った')).toEqual([]);
    expect(idsIn('スカイ')).toEqual([]);
  });

  test('a name of one character does not count within words of its own script', () => {
    expect(idsIn('海は言った')).toEqual([1]);
    expect(idsIn('海外')).toEqual([]);
    expect(idsIn('上海')).toEqual([]);
  });

  test('Thai', () => {
    expect(matchedBy('มะลิ', 'เมื่อวานมะลิไปตลาด')).toEqual(['มะลิ']);
  });

  test('Hangul syllables are whole', () => {
    expect(matchedBy('가나', '가난')).toEqual([]);
    expect(matchedBy('가나', '가나는')).toEqual(['가나']);
  });
});

describe('forms of one text', () => {
  test.each([
    ['José', 'jose\u0301'],
    ['Jose\u0301', 'JOSÉ'],
    ['Straße', 'STRASSE'],
    ['Strasse', 'straße'],
    ['Kai', 'ＫＡＩ'],
    ['Σίσυφος', 'ΣΊΣΥΦΟΣ'],
    ['Kai Nakamura', 'kai\u00A0\n nakamura'],
    ['Kai', 'K\u00ADai'],
    ['ガイ', 'ｶﾞｲ'],
    ['Phở', 'pho\u031B\u0309'],
    ['Élodie', 'Elodie'],
    ['Elodie', 'ÉLODIE'],
    ['Zoë Brown', 'zoe brown'],
    ['Jean-Luc Moreau', 'Jean Luc Moreau'],
    ['Jean Luc Moreau', 'Jean-Luc Moreau'],
    ['Jean-Luc Moreau', 'jean‑luc moreau'],
    ['R2-D2', 'r2d2'],
    ['R2-D2', 'r2 d2'],
    ['R2D2', 'R2-D2'],
    ["O'Brien", 'O’Brien'],
    ["O'Brien", 'obrien'],
    ["O'Brien", 'OʼBrien'],
    ['OBrien', "o'brien"],
    ['Łukasz', 'lukasz'],
    ['Søren', 'soren'],
    ['Đorđe', 'dorde'],
    ['Işık', 'isik'],
    ['Sœur Agnès', 'soeur agnes'],
    ['Guðrún', 'gudrun'],
    ['Þórður', 'thordur'],
    ['J.R.R. Tolkien', 'JRR Tolkien'],
    ['Dr. Mei Tanaka', 'Dr Mei Tanaka'],
    ['Spider-Man', 'spiderman'],
    ['山本 浩', '山本浩'],
  ])('%s is found in %s', (name, text) => {
    expect(matchedBy(name, `( ${text} )`)).toEqual([text]);
  });

  test('offsets hold after text that grows or shrinks when folded', () => {
    const text = 'ﷺ ß ﬁ İ e\u0301 🙂 \uD800 Mei';
    const [mention] = matcher.find(text);
    expect(text.slice(mention?.start, mention?.end)).toBe('Mei');
    expect(mention?.end).toBe(text.length);
  });

  test('half of a letter is not a match', () => {
    expect(matchedBy('S', 'ß')).toEqual([]);
    expect(matchedBy('f', 'ﬁ')).toEqual([]);
  });
});

test('the automaton finds what a plain search finds', () => {
  let seed = 20_260_101;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const word = (length: number) => Array.from({ length }, () => 'abc'.charAt(random(3))).join('');
  for (let round = 0; round < 200; round++) {
    const patterns = [...new Set(Array.from({ length: 1 + random(12) }, () => word(1 + random(5))))];
    const text = word(random(60));
    const found: string[] = [];
    const unitsOf = (word: string) => [...word].map((letter) => letter.charCodeAt(0));
    finish(buildAutomaton(patterns.map(unitsOf))).scan(unitsOf(text), (pattern, end) => {
      found.push(`${end} ${patterns[pattern]}`);
      return 'continue';
    });
    const expected: string[] = [];
    for (let end = 1; end <= text.length; end++) {
      const ending = patterns.filter((pattern) => text.slice(0, end).endsWith(pattern));
      for (const pattern of ending.sort((a, b) => b.length - a.length)) expected.push(`${end} ${pattern}`);
    }
    expect(found).toEqual(expected);
  }
});

describe('cost', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => ({
    id: index + 1,
    name: `${['Karimo', 'Neshi', 'Talu', 'Xevo'][index % 4]}${index.toString(36)} Family${index}`,
    aliases: [],
  }));
  test('10,000 characters, searched in a text of 32,000, and built a little at a time', async () => {
    const built = buildCharacterMatcher(many);
    let text = '';
    for (let index = 0; text.length < 32_000; index += 37)
      text += `${many[index % 10_000]?.name} went to the séance. `;
    expect(built.find(text).length).toBeGreaterThan(500);
    expect((await buildCharacterMatcherGently(many)).find(text)).toEqual(built.find(text));
  });

  test('plain text is read as any other text', () => {
    const random = new Random('plain');
    for (let round = 0; round < 1_000; round++) {
      const text = Array.from({ length: random.integer(1, 40) }, () =>
        random.chance(0.7) ? random.pick([...'abcXYZ019   ']) : String.fromCharCode(random.integer(0, 0x7f)),
      ).join('');
      // A letter that is none of plain text, after all that matters.
      expect(tokensOf(`${text} \u00e9`).slice(0, -1), JSON.stringify(text)).toEqual(tokensOf(text));
    }
    expect(tokensOf('Dr. Mei met R2-D2 today.\n\nKai').map(({ folded, joint }) => [folded, joint])).toEqual([
      ['dr', 'touching'],
      ['mei', 'space'],
      ['met', 'space'],
      ['r2', 'space'],
      ['d2', 'joined'],
      ['today', 'space'],
      ['kai', 'break'],
    ]);
    expect(tokensOf(`${'a'.repeat(401)} ${'b'.repeat(400)}`).map(({ folded }) => folded)).toEqual([
      '',
      'b'.repeat(400),
    ]);
  });

  test('hostile names and texts stay bounded', () => {
    const hostile = buildCharacterMatcher([
      { id: 0, name: 'あ', aliases: Array.from({ length: 99 }, (_, index) => 'あ'.repeat(index + 2)) },
      ...Array.from({ length: 10_000 }, (_, index) => ({
        id: index + 1,
        name: `Kai No${index}`,
        aliases: ['a'.repeat(100)],
      })),
    ]);
    expect(hostile.find('あ'.repeat(32_000))).toMatchObject([{ characterId: 0, start: 0, end: 100 }]);
    expect(hostile.find('Kai '.repeat(8_000))).toHaveLength(10_000);
    expect(hostile.find('a'.repeat(32_000))).toEqual([]);
    expect(hostile.find(`e${'\u0301\u0323'.repeat(16_000)}`)).toEqual([]);
    expect(hostile.find('\uD83D'.repeat(32_000))).toEqual([]);
  });
});
