import { describe, expect, test } from 'vitest';
import { buildCharacterMatcher } from '../src/domains/characters/matcher.ts';

const cast = [
  [
    'Will',
    'May',
    'Hope',
    'Mark',
    'Max',
    'X',
    'Grace',
    'Bank',
    'June',
    'Rose',
    'Faith',
    'Wednesday',
    'V',
    '47',
  ],
  [
    'The Doctor',
    'Luz',
    'Sonne',
    'Pierre',
    'Amor',
    'Iron Will',
    'Kai Nakamura',
    'Mei',
    'Raze',
    'Xyrax',
    'Rina',
  ],
]
  .flat()
  .map((name, index) => ({ id: index + 1, name, aliases: [] as string[] }));
cast.push(
  { id: 100, name: 'Pennywise', aliases: ['It'] },
  { id: 101, name: 'Yuki', aliases: ['雪', 'ゆき'] },
  { id: 102, name: 'Umi', aliases: ['海'] },
  { id: 103, name: 'Spammer', aliases: ['weather', 'hello', 'the', 'i', 'good morning'] },
);
const matcher = buildCharacterMatcher(cast);
const names = new Map(cast.map(({ id, name }) => [id, name]));
const namedIn = (text: string) => matcher.find(text).map(({ characterId }) => names.get(characterId));

describe('a word is no name', () => {
  test.each([
    'When will the plumber come?',
    'Will the plumber come on Monday?',
    'Will you be there? I hope so.',
    'I hope we go to Lisbon in May',
    'We were in Lisbon last May, and in June.',
    'On May 5 or in June 2024?',
    'May I come in?',
    'Hope you are well.',
    'April, May and June were cold',
    'What happened on Wednesday?',
    'What is the max temperature?',
    'mark it as done',
    'Mark it as done',
    'solve x + 2 = 4 for x',
    'What is X + 2?',
    'I saw it on X yesterday',
    'vitamin V and plan X',
    'I live in house 47',
    'Is there a doctor nearby?',
    'the doctor said so',
    'I have to see the doctor tomorrow',
    'Is it raining?',
    'Open the window when it is hot',
    'Who is it?',
    'Tell me about it',
    'IT IS RAINING',
    'What is my bank PIN hint?',
    'What is my Bank PIN?',
    'I opened an account at the Bank of England',
    'How is the weather today?',
    'hello there',
    'Hello!',
    'good morning',
    'I rose early and had faith',
    'a rose is a rose',
    'WHEN WILL THE PLUMBER COME IN MAY',
    'When Will The Plumber Come In May?',
    'I read Mark Twain',
    'Bob Hope was funny',
    'La luz de la cocina no funciona',
    'el amor es todo para mi',
    'Die Sonne scheint auf das Haus',
    'heute ist die sonne nicht da und es ist kalt',
  ])('%s', (text) => {
    expect(namedIn(text)).toEqual([]);
  });
});

describe('a word is a name where it is written as one, asked for or called', () => {
  test.each([
    ['I saw Will there', 'Will'],
    ['When does Will come home?', 'Will'],
    ['Yesterday Hope went home', 'Hope'],
    ['I talked to May about it', 'May'],
    ['is Grace well?', 'Grace'],
    ["I like Mark's hair", 'Mark'],
    ["Hope's brother called", 'Hope'],
    ['who is hope?', 'Hope'],
    ['Who is Will?', 'Will'],
    ['who is max', 'Max'],
    ['tell me about hope', 'Hope'],
    ['Tell me more about Grace.', 'Grace'],
    ['what does rose look like?', 'Rose'],
    ['How old is May?', 'May'],
    ["what is will's personality", 'Will'],
    ['describe faith', 'Faith'],
    ['Hi Will!', 'Will'],
    ['hey will, how are you', 'Will'],
    ['Hope, are you there?', 'Hope'],
    ['Thanks, Mark!', 'Mark'],
    ['Is The Doctor well?', 'The Doctor'],
    ['I asked the Doctor for help', 'The Doctor'],
    ['who is the doctor?', 'The Doctor'],
    ['Who is V?', 'V'],
    ['Who is 47?', '47'],
    ['I met Iron Will there', 'Iron Will'],
    ['¿Quién es Luz?', 'Luz'],
    ['quien es luz?', 'Luz'],
    ['Wer ist Sonne?', 'Sonne'],
    ['Qui est Pierre ?', 'Pierre'],
    ['Parle-moi de Pierre', 'Pierre'],
    ['I went with Wednesday to school', 'Wednesday'],
  ])('%s', (text, name) => {
    expect(namedIn(text)).toEqual([name]);
  });
});

describe('a name that is no word is one in any case', () => {
  test.each([
    ['is kai well?', 'Kai Nakamura'],
    ['KAI NAKAMURA', 'Kai Nakamura'],
    ["Kai's", 'Kai Nakamura'],
    ['mei', 'Mei'],
    ['raze laughed', 'Raze'],
    ['where did xyrax go', 'Xyrax'],
    ['my friend Rina from Berlin said hello', 'Rina'],
    ['ゆきはどこ', 'Yuki'],
  ])('%s', (text, name) => {
    expect(namedIn(text)).toEqual([name]);
  });
});

describe('one letter of a script without spaces', () => {
  test.each([
    '雪が降っています',
    '雪は白い',
    '新雪が積もった',
    '今日は雪ですか',
    '海に行きたい',
    '海は青い',
    '上海',
    '大雪的时候',
    '下雪了',
    '雪',
  ])('is a word in %s', (text) => {
    expect(namedIn(text)).toEqual([]);
  });

  test.each([
    ['雪さんはどこ', 'Yuki'],
    ['雪ちゃん、元気？', 'Yuki'],
    ['雪は誰ですか', 'Yuki'],
    ['雪ってどんな人？', 'Yuki'],
    ['雪について教えて', 'Yuki'],
    ['雪の性格は？', 'Yuki'],
    ['「雪」と書いた', 'Yuki'],
    ['海は言った', 'Umi'],
    ['雪是谁？', 'Yuki'],
    ['介绍一下雪', 'Yuki'],
  ])('is a name in %s', (text, name) => {
    expect(namedIn(text)).toEqual([name]);
  });
});

describe('names with letters that are written in two', () => {
  const own = buildCharacterMatcher([
    { id: 1, name: 'Jürgen Groß', aliases: [] },
    { id: 2, name: 'Soeren', aliases: ['Åse'] },
    { id: 3, name: 'Ελένη', aliases: [] },
    { id: 4, name: 'Rosa', aliases: [] },
    { id: 5, name: 'Đorđe', aliases: [] },
  ]);
  test.each([
    ['Wer ist Juergen Gross?', 1],
    ['Wer ist Jurgen Gross?', 1],
    ['WER IST JÜRGEN GROSS?', 1],
    ['Juergen rief an', 1],
    ['Wer ist Sören?', 2],
    ['Hvem er Aase?', 2],
    ['Who is Djordje?', 5],
    ['Who is Dorde?', 5],
    ['Ποια είναι η Ελένη;', 3],
    ['Πες μου για την Ελένη', 3],
    ['Quem é a Rosa?', 4],
    ['Fale sobre a Rosa', 4],
  ])('%s', (text, id) => {
    expect(own.find(text).map(({ characterId }) => characterId)).toEqual([id]);
  });
  test.each(['A rosa é uma flor', 'a flor era rosa', 'das Auto von Juergens'])('no name: %s', (text) => {
    expect(own.find(text)).toEqual([]);
  });
});
