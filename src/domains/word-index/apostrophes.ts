import { STOP_WORDS } from './languages.ts';

/** How a word may be written that has apostrophes. */
export interface ApostropheForms {
  /** The word that counts: "brien" of "O'Brien's", "eau" of "l'eau"; of other scripts than Latin the whole without them. */
  readonly main: string;
  /** Without its apostrophes, as good as the word: "obrien". */
  readonly joined: readonly string[];
  /** Other pieces of it: "roll" of "rock'n'roll". */
  readonly pieces: readonly string[];
}

/** Ends of English words that stand for words, and are none of the word: "Kai's", "I'll", "they've". */
const ENCLITICS = new Set('s d m t ll re ve'.split(' '));
/** What French, Italian and Catalan write in one with a word: of short words ("j'ai", "d'un") nobody writes the two in one. */
const ELIDED = new Set('l d j m t s n c qu'.split(' '));
const LEAST_ELIDED = 3;
const LEAST_PIECE = 3;
/** Of more pieces than any word has, only one counts. */
const MAX_PIECES = 4;
const LATIN = /^[\p{Script=Latin}\p{N}]/u;
const DIGITS = /^\d+$/;

/** The forms of a folded word, whose apostrophes are all "'". Linear; throws nothing. */
export function apostropheForms(word: string): ApostropheForms {
  if (!word.includes("'")) return { main: word, joined: [], pieces: [] };
  // "п'ять", "ג'ירפה": the apostrophe is a letter, or changes one.
  if (!LATIN.test(word)) return { main: word.replaceAll("'", ''), joined: [], pieces: [] };
  const written = word.split("'");
  const hasEnclitic = ENCLITICS.has(written.at(-1) ?? '');
  const pieces = hasEnclitic ? written.slice(0, -1) : written;
  const main = pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest));
  if (written.length > MAX_PIECES) return { main, joined: [], pieces: [] };
  const joined = pieces.slice(0, -1).flatMap((piece, at) => {
    const rest = pieces.slice(at + 1).join('');
    return ELIDED.has(piece) && rest.length < LEAST_ELIDED ? [] : [piece + rest];
  });
  // "the 90's" are the 90s.
  if (hasEnclitic && pieces.every((piece) => DIGITS.test(piece))) joined.push(written.join(''));
  const others = pieces.filter(
    (piece) => piece !== main && piece.length >= LEAST_PIECE && !STOP_WORDS.has(piece),
  );
  return { main, joined, pieces: others };
}
