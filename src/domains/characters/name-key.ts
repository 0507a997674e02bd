import { APOSTROPHES, foldLetters } from '../../ground/letters.ts';

const APOSTROPHE = new RegExp(`[${APOSTROPHES}]`, 'gu');
const PIECES = /\p{N}+|[[\p{L}\p{M}\p{S}]--[\p{N}]]+/gv;

/**
 * By which names are the same: those that differ in case, accents, apostrophes, punctuation and the spaces between
 * letters and digits ("Jean-Luc" and "jean luc", "R2-D2" and "r2d2").
 */
export function nameKeyOf(name: string): string {
  const folded = foldLetters(name.replace(APOSTROPHE, ''));
  return folded.match(PIECES)?.join(' ') ?? folded;
}
