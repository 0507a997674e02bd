import { STOP_WORDS } from './languages.ts';
import type { Token } from './tokens.ts';

/** Written in capitals to be louder, not because another word is meant. */
const EMPHASISED = new Set(
  'all cant dont just more most no not off oh ok okay on only out over really so some such too up very wont wow yeah you your'.split(
    ' ',
  ),
);
const CAPITALS = /^\p{Lu}{2,}$/u;
const CAPITAL = /^\p{Lu}/u;
const SMALL = /^\p{Ll}/u;
const BARE = /^\p{L}+$/u;
/** Between words of one sentence stands no more than this. */
const WITHIN = /^(?: |, | ?[-\u2010-\u2015&/] ?| ?["“„«(])$/;
/** How far it is looked for words in small letters: who writes nothing but capitals means nothing by them. */
const AROUND = 6;
const FEW = 3;

/**
 * Whether a token carries meaning: all but stop words, and these where capitals say that they are none ("the IT
 * department", "a service in Go", "vitamin A").
 */
export function carriesMeaning(tokens: readonly Token[], at: number, word: string): boolean {
  if (word.length === 1 ? word !== 'a' && word !== 'i' : !STOP_WORDS.has(word)) return true;
  const { written } = tokens[at] as Token;
  // Half of all words are stop words, and nearly all of these are written small.
  if (isSmall(written.charCodeAt(0))) return false;
  if (!CAPITAL.test(written) || !BARE.test(written) || word === 'i' || EMPHASISED.has(word)) return false;
  if (CAPITALS.test(written)) return isAmongSmall(tokens, at);
  const { before, after } = neighbours(tokens, at);
  if (before === undefined) return false;
  return word === 'a' || SMALL.test(before) || SMALL.test(after ?? '');
}

const [A, Z] = ['a', 'z'].map((letter) => letter.charCodeAt(0)) as [number, number];
const isSmall = (code: number) => code >= A && code <= Z;

/** A text of nothing but few words with capitals is taken at its word: "IT", "Go", "The Who". */
export function isNamed(tokens: readonly Token[]): boolean {
  return (
    tokens.length <= FEW &&
    tokens.every(({ written }) => written.length > 1 && CAPITAL.test(written) && BARE.test(written))
  );
}

function neighbours(tokens: readonly Token[], at: number) {
  const isWithin = (index: number) => WITHIN.test(tokens[index]?.gap ?? '');
  return {
    before: at > 0 && isWithin(at) ? tokens[at - 1]?.written : undefined,
    after: isWithin(at + 1) ? tokens[at + 1]?.written : undefined,
  };
}

function isAmongSmall(tokens: readonly Token[], at: number): boolean {
  for (
    let index = at - 1;
    index >= Math.max(0, at - AROUND) && WITHIN.test(tokens[index + 1]?.gap ?? '');
    index--
  )
    if (SMALL.test(tokens[index]?.written ?? '')) return true;
  for (let index = at + 1; index <= at + AROUND && WITHIN.test(tokens[index]?.gap ?? ''); index++)
    if (SMALL.test(tokens[index]?.written ?? '')) return true;
  return false;
}
