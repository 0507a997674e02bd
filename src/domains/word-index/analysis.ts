import { beginningOf } from '../../texts.ts';
import { apostropheForms } from './apostrophes.ts';
import { casePieces, romanNumber, tellingPieces } from './identifiers.ts';
import { joinedForms, joinNumbers, pairsInOne, writtenOutForm } from './joined-forms.ts';
import { stemOf } from './languages.ts';
import { carriesMeaning, isNamed } from './meaning.ts';
import { isUnspaced, type Token, tokensOf } from './tokens.ts';

/** One occurrence of a word, in the order of the text. */
export interface Word {
  /** As it was written, in the form in which letters are compared. */
  readonly word: string;
  /** What it is indexed as. */
  readonly term: string;
}

/** A word, and which of the text's tokens it comes from. */
interface PlacedWord extends Word {
  readonly at: number;
}

/** What the index knows of a text. */
export interface AnalysedText {
  /** How often each term occurs. */
  readonly counts: ReadonlyMap<string, number>;
  /**
   * Parts of long words and other ways to write what is written in pieces, and single characters of scripts without
   * spaces: they find, but weigh less.
   */
  readonly parts: ReadonlySet<string>;
  /** Number of words that count. */
  readonly length: number;
}

/**
 * Changes with what a text is analysed to and with which turns are neighbours: segments of another version are made again. It must be raised with every
 * change of terms, or stored turns are no longer found by what would find them if they were new.
 */
export const ANALYSIS_VERSION = 7;
/** Characters of one side of a turn that are indexed: the whole of what a turn may hold. */
export const INDEXED_LENGTH = 200_000;
const MAX_TERM_LENGTH = 64;
/** A word this long may be made of several: "Hausschlüssel". */
const COMPOUND_LENGTH = 12;
const PART_LENGTH = 4;
/** Of a query's words only longer parts are looked up: too many words begin alike. */
const ASKED_PART_LENGTH = 5;
/** The last part may be as short as "Tür" where the first one is no short word. */
const SHORT_TAIL = 3;
/** Ends of words that are no words. */
const ENDINGS = new Set(
  (
    'able ably ally ance ancy ated ates ator cial ence ency ents ered erly ible ical icle ting ings ious ised ising ists ' +
    'ized izing itas less ling ment ments ness ning onal ring sion sions ship tain tarily tation tial tion tional ' +
    'tions tive tory ture tures ular ution ation ations ative ement ements fully ingly lichen lich heit keit ungen'
  ).split(' '),
);
/** Of those of three letters that end no word of that length. */
const SHORT_ENDINGS = new Set(
  'ing ion ity ive ist ism ant ent est ers ess ful ted ble ous ate ise ize ary ory acy ern ung ige ich cht ten gen ben den sen ren nen len hen ter ner der ger ler ker her ier ado ada ido ida dad ero era nte nts sch'.split(
    ' ',
  ),
);
/** "won't" is no form of "won". */
const NEGATION = /n't$/;
const STEMS_REMEMBERED = 50_000;
/** Colours of skin change no emoji. */
const SKIN = /\p{Emoji_Modifier}/gu;

const stems = new Map<string, string>();

/** The words of a text that carry meaning. */
export function wordsOf(text: string): Word[] {
  return wordsAmong(joinNumbers(tokensOf(text)));
}

/** The terms of these words, in the order in which they come first: of what the index knows of a text, what costs a fourth of it. */
export function termsOf(text: string): Set<string> {
  const terms = new Set<string>();
  for (const { term } of wordsOf(text)) terms.add(term);
  return terms;
}

/** What the index knows of a turn's text. */
export function analyse(text: string): AnalysedText {
  const counts = new Map<string, number>();
  const tokens = joinNumbers(tokensOf(text));
  const words = wordsAmong(tokens);
  for (const { term } of words) counts.set(term, (counts.get(term) ?? 0) + 1);
  return { counts, parts: partsBeside(counts, tokens, words), length: words.length };
}

/** The terms of a text, and what else finds it where these do not: to make that takes most of the time. */
export interface TermsInSteps {
  readonly terms: ReadonlySet<string>;
  parts(): ReadonlySet<string>;
}

/** The same as `analyse` knows, without counts, and no more than is asked for. */
export function analyseInSteps(text: string): TermsInSteps {
  const tokens = joinNumbers(tokensOf(text));
  const words = wordsAmong(tokens);
  const terms = new Set<string>();
  for (const { term } of words) terms.add(term);
  let parts: ReadonlySet<string> | null = null;
  return {
    terms,
    parts: () => {
      parts ??= partsBeside(terms, tokens, words);
      return parts;
    },
  };
}

/** What finds a text beside the terms of its words. */
function partsBeside(
  terms: { has(term: string): boolean },
  tokens: readonly Token[],
  words: readonly Word[],
): Set<string> {
  const parts = joinedTerms(tokens);
  for (const { word } of words) for (const part of partsOf(word, PART_LENGTH)) parts.add(part);
  for (const token of tokens) {
    const out = writtenOutForm(token);
    if (out !== null) for (const part of partsOf(out, PART_LENGTH)) parts.add(part);
  }
  for (const part of parts) if (terms.has(part)) parts.delete(part);
  return parts;
}

/** The words of a query and what finds those who write them otherwise; none of the three repeats another. */
export interface AnalysedQuery {
  readonly words: readonly Word[];
  /** Terms of words that are written in one: as good as a word. */
  readonly joined: ReadonlySet<string>;
  /** Terms of parts of its words. */
  readonly parts: ReadonlySet<string>;
}

/** What is looked up for a query. */
export function analyseQuery(text: string): AnalysedQuery {
  const tokens = joinNumbers(tokensOf(text));
  const words = wordsAmong(tokens);
  const forms = joinedForms(tokens);
  const terms = new Set(words.map(({ term }) => term));
  const inOne = [...forms.joined, ...pairsInOne(tokens, words)];
  const joined = new Set(inOne.map(({ form }) => remembered(form)).filter((term) => !terms.has(term)));
  const parts = new Set([...forms.pieces].map(remembered));
  for (const { word } of words) for (const part of partsOf(word, ASKED_PART_LENGTH)) parts.add(part);
  for (const term of [...terms, ...joined]) parts.delete(term);
  return { words, joined, parts };
}

/** Words that a text must have: for each the terms of which one must occur. */
export type RequiredWords = readonly (readonly string[])[];

/**
 * The words of a text as required ones, in any of their forms: a word's own term, and those of what is written in one
 * with its neighbours. None for a text without words.
 */
export function requiredWords(text: string): RequiredWords {
  const tokens = joinNumbers(tokensOf(text));
  const others = new Map<number, string[]>();
  const words = wordsAmong(tokens);
  for (const { form, from, to } of [...joinedForms(tokens).joined, ...pairsInOne(tokens, words)])
    for (let at = from; at <= to; at++) others.set(at, [...(others.get(at) ?? []), remembered(form)]);
  const required = new Map<string, readonly string[]>();
  for (const { term, at } of words) {
    const terms = [term, ...(others.get(at) ?? [])];
    for (const piece of otherwise(tokens[at] as Token)) {
      const either = [...new Set(piece === null ? terms : [...terms, remembered(piece)])];
      required.set(either.join('\n'), either);
    }
  }
  return [...required.values()];
}

/** Of a token that may be written in words of its own or otherwise: what must occur in its place; null: nothing may. */
function otherwise(token: Token): readonly (string | null)[] {
  const version = /^v(\d+)$/.exec(token.folded)?.[1];
  const other = version ?? romanNumber(token);
  if (other !== null) return [other];
  const pieces = tellingPieces(casePieces(token));
  return pieces.length > 0 ? pieces : [null];
}

/** Whether an analysed text has all required words. */
export function hasAll(required: RequiredWords, { counts, parts }: AnalysedText): boolean {
  return required.every((terms) => terms.some((term) => counts.has(term) || parts.has(term)));
}

function wordsAmong(tokens: readonly Token[]): PlacedWord[] {
  const words: PlacedWord[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const { kind, folded } = token;
    if (kind === 'run') for (const pair of pairsOf(folded)) words.push(asItIs(pair, at));
    else if (kind === 'emoji') words.push(emojiOf(token, at));
    else if (token.marks !== '' && folded.length === 1) words.push(asItIs(folded + token.marks, at));
    else if (!NEGATION.test(folded)) {
      const word = cut(folded.includes("'") ? apostropheForms(folded).main : folded);
      if (word !== '' && carriesMeaning(tokens, at, word)) words.push({ word, term: remembered(word), at });
    }
  }
  return words.length === 0 && isNamed(tokens)
    ? tokens.map(({ folded }, at) => asItIs(cut(folded), at))
    : words;
}

function emojiOf({ written }: Token, at: number): PlacedWord {
  return asItIs([...written.replace(SKIN, '')].slice(0, MAX_TERM_LENGTH).join(''), at);
}

function asItIs(word: string, at: number): PlacedWord {
  return { word, term: word, at };
}

function joinedTerms(tokens: readonly Token[]): Set<string> {
  const { joined, pieces } = joinedForms(tokens);
  return new Set([...joined.map(({ form }) => form), ...pieces].map(remembered));
}

const NO_PARTS: readonly string[] = [];

/**
 * The terms of the parts that a long word may be made of, the characters of a pair, and the emoji of a sequence.
 *
 * @param least letters of a part
 */
export function partsOf(word: string, least = PART_LENGTH): readonly string[] {
  if (word.length > 1 && word.charCodeAt(0) > 0x7f) {
    if (isUnspaced(word)) return [...word];
    if (word.includes('\u200d')) return word.split('\u200d');
    if (/^\u{1f3f4}./u.test(word)) return ['\u{1f3f4}'];
  }
  if (word.length < COMPOUND_LENGTH) return NO_PARTS;
  // Those beyond the basic plane would be cut in two.
  if (!/^\p{Script=Latin}+$/u.test(word) || [...word].length !== word.length) return [];
  const parts: string[] = [];
  for (let at = PART_LENGTH; at <= word.length - PART_LENGTH; at++) {
    const pair = [word.slice(0, at), word.slice(at)];
    if (ENDINGS.has(pair[1] ?? '')) continue;
    for (const part of pair) if (part.length >= least) parts.push(remembered(part));
  }
  const head = word.slice(0, -SHORT_TAIL);
  if (!SHORT_ENDINGS.has(word.slice(-SHORT_TAIL))) parts.push(remembered(head));
  return parts;
}

/** The beginning of a long word, by whole characters. */
function cut(word: string): string {
  return beginningOf(word, MAX_TERM_LENGTH);
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
