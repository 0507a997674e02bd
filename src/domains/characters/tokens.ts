import { APOSTROPHES, foldLetters, writtenOut } from '../../ground/letters.ts';

/** What names are compared by: a word; of scripts without spaces a letter, of Katakana a run. */
export interface Token {
  /** In the form in which it is compared. */
  readonly folded: string;
  /** UTF-16 offsets into the text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** What stands before it: nothing, a hyphen or the like within a word, space, or what ends a name. */
  readonly joint: 'touching' | 'joined' | 'space' | 'break';
  /** It may touch others without being a part of their word. */
  readonly isUnspaced: boolean;
}

/** Their words are their runs. */
const KATAKANA = '\\p{Script=Katakana}\\u30fc\\uff70\\uff9e\\uff9f\\u3099\\u309a';
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
const WORD = `[[\\p{L}\\p{N}\\p{M}]--[${UNSPACED}${KATAKANA}${APOSTROPHES}]]`;
// Plain words first, because they are many. Invisible characters (a soft hyphen) stand within a word; a zero-width space parts words.
const TOKENS = new RegExp(
  `[a-zA-Z0-9]+(?![a-zA-Z0-9\\u0080-\\u{10ffff}])|(?<unspaced>[${KATAKANA}]+|[${UNSPACED}]\\p{M}*)|${WORD}(?:${WORD}|[\\p{Default_Ignorable_Code_Point}--\\u200b])*`,
  'gv',
);
const IS_ASCII = /^[\0-\x7f]*$/;
/** Which codes of plain text are of a word, once it is in small letters. */
const IS_WORD = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(/[a-z0-9]/.test(String.fromCharCode(code))),
);
const SPACE_CODE = 32;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
/** No name has so long a word, and to order so many marks would cost quadratic time. */
const MAX_LENGTH = 400;
const NOTHING = '';

const SPACE = /^[\s\u200b]+$/;
const PARAGRAPH = /\n\s*\n/;
const JOINER = new RegExp(`^[\\p{Pd}${APOSTROPHES}.·・_/]$`, 'u');
const ABBREVIATED = /^\.\s+$/;
const ABBREVIATION_LENGTH = 3;
const APOSTROPHE = new RegExp(`^[${APOSTROPHES}]$`, 'u');

/** The tokens of a text in their order. Linear in its length; throws nothing. */
export function tokensOf(text: string): Token[] {
  if (IS_ASCII.test(text)) return asciiTokensOf(text);
  const tokens: Token[] = [];
  const remembered = new Map<string, string>();
  let last = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [written] = match;
    const start = match.index;
    let folded = remembered.get(written);
    if (folded === undefined) {
      folded = written.length > MAX_LENGTH ? NOTHING : foldLetters(written.replace(INVISIBLE, ''));
      remembered.set(written, folded);
    }
    const joint = jointOf(text.slice(last, Math.min(start, last + MAX_LENGTH)), tokens.at(-1));
    last = start + written.length;
    tokens.push({ folded, start, end: last, joint, isUnspaced: match.groups?.unspaced !== undefined });
  }
  return tokens;
}

/** The same of plain text, letter by letter: every turn is looked through for names, and nearly all of them are plain. */
function asciiTokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const folded = text.toLowerCase();
  let last = 0;
  for (let start = 0; start < text.length; start++) {
    if (IS_WORD[folded.charCodeAt(start)] !== 1) continue;
    let end = start + 1;
    while (end < text.length && IS_WORD[folded.charCodeAt(end)] === 1) end++;
    const isAfterSpace = start === last + 1 && text.charCodeAt(last) === SPACE_CODE;
    tokens.push({
      folded: end - start > MAX_LENGTH ? NOTHING : folded.slice(start, end),
      start,
      end,
      joint: isAfterSpace
        ? 'space'
        : jointOf(text.slice(last, Math.min(start, last + MAX_LENGTH)), tokens.at(-1)),
      isUnspaced: false,
    });
    start = last = end;
  }
  return tokens;
}

function jointOf(gap: string, before: Token | undefined): Token['joint'] {
  if (gap === '') return 'touching';
  if (gap === ' ') return 'space';
  if (SPACE.test(gap)) return PARAGRAPH.test(gap) ? 'break' : 'space';
  if (JOINER.test(gap)) return 'joined';
  // "Dr. Mei", but not "… with Jean. Luc left".
  const isShort = before !== undefined && before.end - before.start <= ABBREVIATION_LENGTH;
  return isShort && ABBREVIATED.test(gap) ? 'space' : 'break';
}

/**
 * The same with words joined that a hyphen or the like parts: "R2-D2" as r2d2, "O'Brien" as obrien; the s of "Kai's"
 * stays apart. Null where there are none.
 */
export function joinedTokens(text: string, tokens: readonly Token[]): Token[] | null {
  if (!tokens.some(({ joint }) => joint === 'joined')) return null;
  const joined: Token[] = [];
  for (const [index, token] of tokens.entries()) {
    const before = joined.at(-1);
    const isPossessive =
      token.folded === 's' &&
      APOSTROPHE.test(text.slice(tokens[index - 1]?.end ?? 0, token.start)) &&
      tokens[index + 1]?.joint !== 'joined';
    if (token.joint !== 'joined' || isPossessive || !before) joined.push(token);
    else {
      const folded = before.folded.length > MAX_LENGTH ? NOTHING : before.folded + token.folded;
      joined[joined.length - 1] = { ...before, folded, end: token.end };
    }
  }
  return joined;
}

/** The same with umlauts and the like written in two letters ("Jürgen" as juergen); null where there are none. */
export function writtenOutTokens(text: string, tokens: readonly Token[]): Token[] | null {
  if (IS_ASCII.test(text)) return null;
  let any = false;
  const out = tokens.map((token) => {
    const written =
      token.end - token.start > MAX_LENGTH ? null : writtenOut(text.slice(token.start, token.end));
    if (written === null) return token;
    any = true;
    return { ...token, folded: foldLetters(written.replace(INVISIBLE, '')) };
  });
  return any ? out : null;
}
