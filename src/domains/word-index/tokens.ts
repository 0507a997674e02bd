import { APOSTROPHES, foldLetters } from '../../ground/letters.ts';

/** A piece of a text as it is written, before anybody asks whether it carries meaning. */
export interface Token {
  readonly kind: 'word' | 'run' | 'emoji';
  /** As it is written, without the marks behind it. */
  readonly written: string;
  /** In the form in which letters are compared. */
  readonly folded: string;
  /** What belongs to its end: the marks of "C++", "C#", "A+". */
  readonly marks: string;
  /** What stands between it and the token before it, as far as that matters. */
  readonly gap: string;
  /** Of a number that was written in groups ("1,650"): the groups. */
  readonly groups?: readonly string[];
}

/** Scripts that put no spaces between words. */
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}\\p{Script=Hangul}ー';
const MARKS = '\\+\\+|#(?![\\p{L}\\p{N}])|\\+(?![\\p{L}\\p{N}+])';
const EMOJI =
  '\\p{Regional_Indicator}{2}|\\p{Extended_Pictographic}\\p{Emoji_Modifier}?(?:[\\u{e0020}-\\u{e007f}]+|(?:\\u200d\\p{Extended_Pictographic}\\p{Emoji_Modifier}?)*)';
/** Its groups are a run, a word and its marks; without names, which would be an object more for each token. */
const TOKENS = new RegExp(
  `([${UNSPACED}]+)|([[\\p{L}\\p{N}\\p{M}]--[${UNSPACED}]]+(?:'\\p{L}+)*)(${MARKS})?|${EMOJI}`,
  'gv',
);
const [A, Z, ZERO, NINE, PLUS, HASH, APOSTROPHE_CODE] = ['a', 'z', '0', '9', '+', '#', "'"].map((each) =>
  each.charCodeAt(0),
) as [number, number, number, number, number, number, number];
const IS_ASCII = /^[\0-\x7f]*$/;
const IS_RUN = new RegExp(`^[${UNSPACED}]`, 'v');
/** Invisible characters that stand in no emoji, and joiners and selectors outside of one. */
const INVISIBLE =
  /[\p{Default_Ignorable_Code_Point}--[\u200d\u{e0020}-\u{e007f}]]+|\u200d(?!\p{Extended_Pictographic})/gv;
/** Signs that NFKC would make letters of, at the end of the word before them. */
const TRADE_SIGNS = /[™℠]/g;
/** All kinds of apostrophes within a word. */
const APOSTROPHE = new RegExp(`(?<=[\\p{L}\\p{N}\\p{M}])[${APOSTROPHES}](?=\\p{L})`, 'gu');
const GRAVE = /(?<=[a-z0-9])`(?=[a-z])/gi;
/** Letters that look like one, where they stand at an end of a word: "ʻokina" is written okina, too. */
const OUTER = /[\u02b9\u02bb-\u02bf\ua78b\ua78c]/g;
/** One character may stand for eighteen (ﷺ): so many times its length is read of a long text, and all of a short one. */
const MAX_GROWTH = 2;
const ALWAYS_READ = 4_000;
/** Of what stands between two tokens, so much is kept: more is the end of a sentence, or as good as that. */
const GAP_LENGTH = 4;
const FOLDED_REMEMBERED = 20_000;
const LENGTH_REMEMBERED = 64;

const folded = new Map<string, string>();

/** Whether a word is of a script without spaces. */
export function isUnspaced(word: string): boolean {
  return IS_RUN.test(word);
}

/**
 * The tokens of a text in their order, its apostrophes all as "'". Of a long text whose compatibility forms take more
 * than twice its length, the beginning. Linear in its length; throws nothing.
 */
export function tokensOf(text: string): Token[] {
  if (IS_ASCII.test(text)) return asciiTokens(text);
  const whole = visible(text);
  const tokens: Token[] = [];
  let last = 0;
  TOKENS.lastIndex = 0;
  for (let match = TOKENS.exec(whole); match; match = TOKENS.exec(whole)) {
    const { index, 0: all, 1: run, 2: word, 3: marks = '' } = match;
    const written = word ?? all;
    const gap = whole.slice(last, Math.min(index, last + GAP_LENGTH));
    last = index + all.length;
    const kind = word !== undefined ? 'word' : run !== undefined ? 'run' : 'emoji';
    tokens.push({ kind, written, folded: kind === 'emoji' ? written : rememberedFold(written), marks, gap });
  }
  return tokens;
}

/**
 * Searches and answers read hundreds of texts, nearly all of them plain: their letters are made small once, nothing is looked up, and they
 * are read letter by letter, since each match of an expression would be an array.
 */
function asciiTokens(text: string): Token[] {
  const whole = text.includes('`') ? text.replace(GRAVE, "'") : text;
  const small = whole.toLowerCase();
  const tokens: Token[] = [];
  let last = 0;
  for (let at = 0; at < small.length; ) {
    if (!isLetterOrDigit(small.charCodeAt(at))) {
      at++;
      continue;
    }
    const end = endOfWord(small, at);
    const marks = marksAt(small, end);
    tokens.push({
      kind: 'word',
      written: whole.slice(at, end),
      folded: small.slice(at, end),
      marks,
      gap: whole.slice(last, Math.min(at, last + GAP_LENGTH)),
    });
    at = end + marks.length;
    last = at;
  }
  return tokens;
}

const isLetter = (code: number) => code >= A && code <= Z;
/** Of no character, behind the end of a text, it is false. */
const isLetterOrDigit = (code: number) => isLetter(code) || (code >= ZERO && code <= NINE);

/** Where a word ends: behind letters and digits, and letters behind apostrophes. */
function endOfWord(small: string, from: number): number {
  let at = from + 1;
  while (isLetterOrDigit(small.charCodeAt(at))) at++;
  while (small.charCodeAt(at) === APOSTROPHE_CODE && isLetter(small.charCodeAt(at + 1))) {
    at += 2;
    while (isLetter(small.charCodeAt(at))) at++;
  }
  return at;
}

/** As `MARKS` has them. */
function marksAt(small: string, at: number): string {
  const code = small.charCodeAt(at);
  if (code !== PLUS && code !== HASH) return '';
  const next = small.charCodeAt(at + 1);
  if (code === PLUS && next === PLUS) return '++';
  if (isLetterOrDigit(next)) return '';
  return code === PLUS ? '+' : '#';
}

/** Compatibility forms are replaced here, so that letters and digits are told from signs; case is still needed. */
function visible(text: string): string {
  return text
    .replace(TRADE_SIGNS, ' ')
    .replace(APOSTROPHE, "'")
    .replace(OUTER, '')
    .normalize('NFKC')
    .slice(0, Math.max(ALWAYS_READ, text.length * MAX_GROWTH))
    .replace(INVISIBLE, '')
    .replaceAll('♯', '#')
    .normalize('NFC');
}

function rememberedFold(written: string): string {
  if (written.length > LENGTH_REMEMBERED) return foldLetters(written);
  let form = folded.get(written);
  if (form === undefined) {
    if (folded.size >= FOLDED_REMEMBERED) folded.clear();
    form = foldLetters(written);
    folded.set(written, form);
  }
  return form;
}
