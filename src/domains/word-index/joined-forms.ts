import { foldLetters, writtenOut } from '../../ground/letters.ts';
import { apostropheForms } from './apostrophes.ts';
import { casePieces, joinedCodes, romanNumber, runsOf, tellingPieces } from './identifiers.ts';
import type { Token } from './tokens.ts';

/** Groups of digits that are one number: "1,650", "1.650", "1'650"; with spaces they may be several. */
const GROUP_MARKS = new Set([',', '.', "'", '’']);
const FIRST_GROUP = /^[1-9]\d{0,2}$/;
const NEXT_GROUP = /^\d{3}$/;
/** Between lakhs and crores: "1,00,000". */
const SHORT_GROUP = /^\d{2}$/;
const DIGITS = /^\d+$/;
const LETTERS = /^\p{L}+$/u;
const LETTER = /^\p{L}$/u;
const HYPHEN = /^[-\u2010_]$/;
/** What is written before a word, with a hyphen, a space or nothing between: "co worker", "non smoking". */
const PREFIX = /^(?:co|ex|non|anti|pre|post|semi|multi|mini|micro|ultra|sub|inter|wi|hi)$/;
/** "180 °C" is 180 C. */
const BEFORE_UNIT = /^(?: |°| °)$/;
/** "R&D", "AT&T". */
const MAX_INITIALS = 4;
/** Tokens that hyphens or underscores join, at most: "max_retry_count". */
const MAX_JOINED_TOKENS = 5;
/** What stands between groups of a telephone number. */
const DIAL_MARKS = /^[ \-./()\u2010-\u2015]{1,3}$/;
/** Digits of a telephone number, and how many of its last ones may be given alone: without country, without area. */
const MIN_DIALLED = 7;
const MAX_DIALLED = 15;
const LAST_DIALLED = [10, 9, 7];
/** Digits of a longer number, such as a card's or an account's, which is only given whole. */
const MAX_DIGITS = 34;
/** A name before a number: "LH 2044", "Windows 11". */
const MAX_NAME = 8;
const MAX_NUMBER = 6;
const MAX_JOINED = 32;
/** Words that may be the halves of another: "ice cream". */
const HALF = /^\p{L}{3,}$/u;
/** Pairs of a query's words that are looked up in one: those of a question, and no more of a pasted text. */
const MAX_PAIRS = 16;
const TENS = ' twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const UNITS = ' one two three four five six seven eight nine'.split(' ');

/** The tokens with groups of one number joined: 1,650 and 1650 are the same word. */
export function joinNumbers(tokens: readonly Token[]): readonly Token[] {
  const first = tokens.findIndex((token, at) => isDigits(token) && groupsFrom(tokens, at) > 1);
  // In most texts there are none.
  if (first === -1) return tokens;
  const joined = tokens.slice(0, first);
  for (let at = first; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const groups = isDigits(token) ? groupsFrom(tokens, at) : 1;
    if (groups === 1) joined.push(token);
    else {
      const pieces = tokens.slice(at, at + groups).map((piece) => piece.folded);
      const whole = pieces.join('');
      joined.push({ ...token, written: whole, folded: whole, groups: pieces });
      at += groups - 1;
    }
  }
  return joined;
}

/** How many tokens from this one on are one number. */
function groupsFrom(tokens: readonly Token[], at: number): number {
  const mark = tokens[at + 1]?.gap ?? '';
  if (!GROUP_MARKS.has(mark) || !FIRST_GROUP.test(tokens[at]?.folded ?? '')) return 1;
  let end = at + 1;
  let complete = 1;
  for (; end < tokens.length && tokens[end]?.gap === mark; end++) {
    const { folded } = tokens[end] as Token;
    if (NEXT_GROUP.test(folded)) complete = end + 1 - at;
    else if (mark !== ',' || !SHORT_GROUP.test(folded)) break;
  }
  return complete;
}

/** What is written in one for some tokens that follow each other. */
export interface JoinedForm {
  readonly form: string;
  /** The first of the tokens, and the last. */
  readonly from: number;
  readonly to: number;
}

/** Other ways to write a text's words. */
export interface JoinedForms {
  /** In one: as good as the word itself. */
  readonly joined: readonly JoinedForm[];
  /** In pieces, each of which says less. */
  readonly pieces: ReadonlySet<string>;
}

/**
 * Other ways to write what stands in a text in pieces: "tshirt" for t-shirt, "lh2044" for LH 2044, "us" for U.S.,
 * "1650" for 1 650, telephone numbers in one; and the pieces of what is written in one: lh and 2044 of LH2044.
 */
export function joinedForms(tokens: readonly Token[]): JoinedForms {
  const forms: JoinedForm[] = [];
  const pieces = new Set<string>();
  let initials = '';
  const endInitials = (to: number) => {
    if (initials.length > 1 && initials.length <= MAX_JOINED)
      forms.push({ form: initials, from: to - initials.length + 1, to });
  };
  // By numbers, here and below: pairs of place and token were a tenth of what analysing a text allocates.
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const before = tokens[at - 1];
    const isInitial = token.kind === 'word' && LETTER.test(token.folded);
    if (isInitial && token.gap === '.' && initials !== '') initials += token.folded;
    else {
      endInitials(at - 1);
      initials = isInitial ? token.folded : '';
    }
    if (token.kind !== 'word') continue;
    const pair = before?.kind === 'word' ? pairOf(before, token) : null;
    if (pair !== null) forms.push({ form: pair, from: at - 1, to: at });
    const figures = before?.kind === 'word' ? inFigures(before, token) : null;
    if (figures !== null) forms.push({ form: figures, from: at - 1, to: at });
    if (token.folded.includes("'")) {
      const apart = apostropheForms(token.folded);
      for (const form of apart.joined) if (form.length <= MAX_JOINED) forms.push({ form, from: at, to: at });
      for (const piece of apart.pieces) pieces.add(piece);
    }
    const out = writtenOutForm(token);
    if (out !== null) forms.push({ form: out, from: at, to: at });
    const cased = casePieces(token);
    // Of most words there are none.
    if (cased.length > 0) {
      for (const piece of tellingPieces(cased)) pieces.add(piece);
      for (const run of runsOf(cased)) forms.push({ form: run, from: at, to: at });
    }
    const number = romanNumber(token);
    if (number !== null) pieces.add(number);
    if (token.groups) for (const group of token.groups) pieces.add(group);
    for (const piece of lettersAndDigits(token.folded)) pieces.add(piece);
    if (token.marks !== '' && token.folded.length > 1)
      forms.push({ form: token.folded + token.marks, from: at, to: at });
  }
  endInitials(tokens.length - 1);
  addHyphenated(forms, tokens);
  forms.push(...joinedCodes(tokens));
  addDialled(forms, tokens);
  return { joined: forms, pieces };
}

/** A word as it is typed without its umlauts: "gemuetlich" of gemütlich; null if that is no other. */
export function writtenOutForm({ kind, written }: Token): string | null {
  const out = kind === 'word' && written.length <= MAX_JOINED ? writtenOut(written) : null;
  return out === null || out.includes("'") ? null : foldLetters(out);
}

/**
 * Two words in one, as somebody else may have written them: "icecream", "roadtrip", "Hausschlüssel". Only of what is asked: of what
 * is stored it would be as many terms again.
 *
 * @param words those that carry meaning
 */
export function pairsInOne(
  tokens: readonly Token[],
  words: readonly { readonly word: string; readonly at: number }[],
): JoinedForm[] {
  const forms: JoinedForm[] = [];
  let before: (typeof words)[number] | undefined;
  for (const each of words) {
    const [from, to] = [before, each];
    before = each;
    if (!from || to.at !== from.at + 1 || tokens[to.at]?.gap !== ' ' || tokens[from.at]?.marks !== '')
      continue;
    if (HALF.test(from.word) && HALF.test(to.word) && from.word.length + to.word.length <= MAX_JOINED)
      forms.push({ form: from.word + to.word, from: from.at, to: to.at });
    if (forms.length === MAX_PAIRS) break;
  }
  return forms;
}

/** "25" of twenty-five: what stands alone is a word of its own. */
function inFigures({ folded }: Token, unit: Token): string | null {
  // Nearly all words are asked this.
  if (folded.length > 7 || !folded.endsWith('ty') || !(unit.gap === ' ' || HYPHEN.test(unit.gap)))
    return null;
  const [ten, one] = [TENS.indexOf(folded), UNITS.indexOf(unit.folded)];
  return ten > 0 && one > 0 ? `${ten + 1}${one}` : null;
}

/** Two words in one, where they may be written so. */
function pairOf(before: Token, token: Token): string | null {
  const length = before.folded.length + token.folded.length;
  if (length > MAX_JOINED || before.marks !== '' || !mayBeOne(before, token, length)) return null;
  const form = before.folded + token.folded;
  return form.includes("'") ? null : form;
}

/** Nearly all words are asked this, and nearly none are a pair: what they would be in one is not made for it. */
function mayBeOne(before: Token, token: Token, length: number): boolean {
  const { gap } = token;
  if (HYPHEN.test(gap)) return !(isDigits(before) && isDigits(token));
  // "Node.js", "example.com".
  if (gap === '.') return length > 2 && LETTERS.test(before.folded) && LETTERS.test(token.folded);
  if (gap === '&') return length <= MAX_INITIALS;
  const isUnit = length <= MAX_NUMBER && isDigits(before) && LETTERS.test(token.folded);
  if (isUnit && BEFORE_UNIT.test(gap)) return true;
  if (gap !== ' ') return false;
  // "t shirt", "e mail", but not "a shirt".
  const isLetter = LETTER.test(before.folded) && before.folded !== 'a' && before.folded !== 'i';
  if (isLetter || PREFIX.test(before.folded)) if (LETTERS.test(token.folded)) return true;
  const isShort = before.folded.length <= MAX_NAME && token.folded.length <= MAX_NUMBER;
  return isShort && isDigits(token) && LETTERS.test(before.folded);
}

/** Three words and more that hyphens or underscores join, in one. */
function addHyphenated(forms: JoinedForm[], tokens: readonly Token[]): void {
  let from = 0;
  for (let at = 1; at <= tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind === 'word' && tokens[at - 1]?.kind === 'word' && HYPHEN.test(token.gap)) continue;
    const length = at - from;
    const run = length < 3 || length > MAX_JOINED_TOKENS ? null : tokens.slice(from, at);
    from = at;
    if (!run || run.every(isDigits)) continue;
    const form = run.map(({ folded }) => folded).join('');
    if (form.length <= MAX_JOINED && !form.includes("'"))
      forms.push({ form, from: at - run.length, to: at - 1 });
  }
}

const NO_PIECES: readonly string[] = [];

/** Of "lh2044" lh and 2044; of what has no digits beside letters, nothing. */
function lettersAndDigits(word: string): readonly string[] {
  if (word.length > MAX_JOINED || !/\d/.test(word) || DIGITS.test(word)) return NO_PIECES;
  return word.match(/\d+|\p{L}+/gu) ?? [];
}

/** Telephone numbers, whole and without what may be left out before them, and numbers in groups of three. */
function addDialled(forms: JoinedForm[], tokens: readonly Token[]): void {
  let run: string[] = [];
  const end = (to: number) => {
    if (run.length === 0) return;
    const add = (form: string) => forms.push({ form, from: to - run.length + 1, to });
    const digits = run.join('');
    const isNumber =
      run.length > 1 &&
      FIRST_GROUP.test(run[0] ?? '') &&
      run.slice(1).every((group) => NEXT_GROUP.test(group));
    const isDialled = digits.length >= MIN_DIALLED && digits.length <= MAX_DIALLED;
    const isLong = run.length > 1 && digits.length > MAX_DIALLED && digits.length <= MAX_DIGITS;
    if (isDialled || (isNumber && digits.length <= MAX_DIALLED) || isLong) add(digits);
    if (isDialled) for (const length of LAST_DIALLED) if (length < digits.length) add(digits.slice(-length));
    run = [];
  };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (!isDigits(token)) end(at - 1);
    else {
      if (run.length > 0 && !DIAL_MARKS.test(token.gap)) end(at - 1);
      run.push(token.folded);
    }
  }
  end(tokens.length - 1);
}

function isDigits(token: Token): boolean {
  return token.kind === 'word' && token.marks === '' && DIGITS.test(token.folded);
}
