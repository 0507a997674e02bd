import type { Family } from './family.ts';
import { type Phrasebook, sayingsIn } from './phrasebook.ts';

const NOUN = String.raw`(?<object>(?<![\p{Script=Katakana}ー々A-Za-z0-9])[\p{Script=Han}\p{Script=Katakana}ー々A-Za-z0-9]{1,15}|[\p{Script=Hiragana}]{2,8})`;
const BEGIN = String.raw`(?<=^|[、,。\sはがら在]|で、)`;
const say = (pattern: string) => new RegExp(pattern, 'gu');
const PETS = '犬|猫|うさぎ|ウサギ|ハムスター|インコ|鳥|金魚|亀|カメ|フェレット|馬|小犬|子犬|子猫';

const book: Phrasebook = {
  spoken: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
  unmeant:
    /もし|かもしれ|たら|以前|昔|(?<!名)前は|だった|でした|していた|していました|たい(?:です|と)|つもり|友達|友人|彼|彼女|母は|父は|兄は|姉は|弟は|妹は/u,
  and: /と|、/,
  sayings: [
    {
      pattern: say(`(?:私|僕|俺)?の?名前は${NOUN}(?:です|といいます|と言います|っていいます)`),
      predicate: 'name',
      confidence: 0.9,
    },
    {
      pattern: say(`(?:私|僕|俺)は${NOUN}(?:といいます|と言います|と申します)`),
      predicate: 'name',
      confidence: 0.92,
    },
    { pattern: say(`${BEGIN}${NOUN}に住んでい?(?:ます|る)`), predicate: 'lives_in', confidence: 0.92 },
    { pattern: say(`${BEGIN}${NOUN}に引っ越し(?:ました|た)(?!い)`), predicate: 'lives_in' },
    { pattern: say(`${BEGIN}${NOUN}(?:の)?出身(?:です|だ)`), predicate: 'from', confidence: 0.9 },
    { pattern: say(`(?<object>\\d{1,3})歳(?:です|になりました)`), predicate: 'age', confidence: 0.85 },
    {
      pattern: say(`${BEGIN}(?<object>(?:${PETS})(?:を\\d?[一二三四五]?匹)?)を?飼って(?:い)?(?:ます|る)`),
      predicate: 'has_pet',
      confidence: 0.92,
    },
    {
      pattern: say(`${NOUN}アレルギー(?:が(?:あり|ある)|です|なので|持ち)`),
      predicate: 'allergic_to',
      confidence: 0.94,
    },
    { pattern: say(`${BEGIN}${NOUN}が(?:大)?好き(?:です|だ)`), predicate: 'likes', confidence: 0.88 },
    {
      pattern: say(`${BEGIN}${NOUN}が(?:大)?(?:嫌い|苦手)(?:です|だ|なので)`),
      predicate: 'likes',
      negated: true,
      confidence: 0.88,
    },
    { pattern: say(`(?:仕事|職業)は${NOUN}(?:です|をしています)`), predicate: 'occupation', confidence: 0.9 },
    { pattern: say(`${BEGIN}${NOUN}として働いてい?(?:ます|る)`), predicate: 'occupation', confidence: 0.92 },
    { pattern: say(`${BEGIN}${NOUN}で働いてい?(?:ます|る)`), predicate: 'works_at', confidence: 0.88 },
    { pattern: say(`${BEGIN}${NOUN}語を?(?:話せ|話し)(?:ます|る)`), predicate: 'speaks', confidence: 0.85 },
    {
      pattern: say(`${BEGIN}(?<object>車|自転車|バイク)を?(?:持っていません|持ってない|持っていない)`),
      predicate: 'owns',
      negated: true,
      confidence: 0.9,
    },
  ],
};

export const japanese: Family = {
  name: 'japanese',
  sentence: (sentence, setting) => sayingsIn(sentence, book, setting),
};
