import { STOP_WORDS, stemOf } from './languages.ts';

/** One occurrence of a word, in the order of the text. */
export interface Word {
  /** As it was written, in lower case. */
  readonly word: string;
  /** What it is indexed as. */
  readonly term: string;
}

/** What the index knows of a text. */
export interface AnalysedText {
  /** How often each term occurs. */
  readonly counts: ReadonlyMap<string, number>;
  /** Parts of long words, and single characters of scripts without spaces: they find, but weigh less. */
  readonly parts: ReadonlySet<string>;
  /** Number of words that count. */
  readonly length: number;
}

/** Characters of one side of a turn that are indexed. */
export const INDEXED_LENGTH = 100_000;
const MAX_TERM_LENGTH = 64;
/** A word this long may be made of several: "Krankenversicherung". */
const COMPOUND_LENGTH = 12;
const PART_LENGTH = 5;
/** "won't" is no form of "won". */
const NEGATION = /n['’]t$/;
const STEMS_REMEMBERED = 50_000;

/** Scripts that put no spaces between words are cut into pairs of characters. */
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}\\p{Script=Hangul}ー';
const WORDS = new RegExp(
  `[${UNSPACED}]+|[[\\p{L}\\p{N}\\p{M}]--[${UNSPACED}]]+(?:['’][\\p{L}]+)*|\\p{Extended_Pictographic}`,
  'gv',
);
/** All of the above that plain ASCII can hold, several times as fast. */
const ASCII_WORDS = /[a-z0-9]+(?:'[a-z]+)*/g;
const IS_ASCII = /^[\0-\x7f]*$/;
const IS_UNSPACED = new RegExp(`^[${UNSPACED}]`, 'v');
const ACCENTS = /(?<=\p{Script=Latin})[\u0300-\u036f]+|[\u064b-\u065f\u0670\u0640]/gu;

const stems = new Map<string, string>();

/** The words of a text that carry meaning. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  const isAscii = IS_ASCII.test(text);
  for (const match of (isAscii ? text.toLowerCase().match(ASCII_WORDS) : normalised(text).match(WORDS)) ??
    []) {
    if (!isAscii && IS_UNSPACED.test(match)) {
      for (const pair of pairsOf(match)) words.push({ word: pair, term: pair });
    } else if (!NEGATION.test(match)) {
      const word = cut(withoutApostrophe(match));
      if (isContent(word)) words.push({ word, term: remembered(word) });
    }
  }
  return words;
}

/** What the index knows of a turn's text. */
export function analyse(text: string): AnalysedText {
  const counts = new Map<string, number>();
  const parts = new Set<string>();
  const words = wordsOf(text);
  for (const { word, term } of words) {
    counts.set(term, (counts.get(term) ?? 0) + 1);
    for (const part of partsOf(word)) parts.add(part);
  }
  for (const part of parts) if (counts.has(part)) parts.delete(part);
  return { counts, parts, length: words.length };
}

/** The terms of the parts that a long word may be made of, and the characters of a pair. */
export function partsOf(word: string): string[] {
  if (word.length < COMPOUND_LENGTH) {
    const isPair = word.length > 1 && word.charCodeAt(0) > 0x7f && IS_UNSPACED.test(word);
    return isPair ? [...word] : [];
  }
  // Those beyond the basic plane would be cut in two.
  if (!/^\p{Script=Latin}+$/u.test(word) || [...word].length !== word.length) return [];
  const parts: string[] = [];
  for (let cut = PART_LENGTH; cut <= word.length - PART_LENGTH; cut++)
    parts.push(remembered(word.slice(0, cut)), remembered(word.slice(cut)));
  return parts;
}

function normalised(text: string): string {
  return text.normalize('NFKD').toLowerCase().replace(ACCENTS, '').replaceAll('ß', 'ss').normalize('NFC');
}

/** "O'Brien's" becomes "brien": what is longest, and of equals the first. */
function withoutApostrophe(word: string): string {
  if (!/['’]/.test(word)) return word;
  return word.split(/['’]/).reduce((longest, piece) => (piece.length > longest.length ? piece : longest));
}

/** The beginning of a long word, by whole characters. */
function cut(word: string): string {
  return word.length <= MAX_TERM_LENGTH ? word : [...word].slice(0, MAX_TERM_LENGTH).join('');
}

function isContent(word: string): boolean {
  if (word.length === 1) return !/\p{Script=Latin}/u.test(word);
  return !STOP_WORDS.has(word);
}

function pairsOf(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return [run];
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

function remembered(word: string): string {
  let stem = stems.get(word);
  if (stem === undefined) {
    if (stems.size >= STEMS_REMEMBERED) stems.clear();
    stem = stemOf(word);
    stems.set(word, stem);
  }
  return stem;
}
