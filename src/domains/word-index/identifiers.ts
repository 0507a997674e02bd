import type { JoinedForm } from './joined-forms.ts';
import { STOP_WORDS } from './languages.ts';
import type { Token } from './tokens.ts';

const MIXED_CASE = /\p{Ll}\p{Lu}|\p{Lu}{2}\p{Ll}/u;
const CASE_PIECES = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+/gu;
/** Letters of a name like "getUserName", and pieces of it. */
const MAX_LENGTH = 40;
const MAX_PIECES = 5;
const LEAST_PIECE = 2;
const LEAST_TELLING = 2;

/** The pieces of a word that capitals part ("getUserName"), as letters are compared; none of what has no such. */
export function casePieces({ written, folded, kind }: Token): string[] {
  if (kind !== 'word' || written.length > MAX_LENGTH || folded.includes("'") || !MIXED_CASE.test(written))
    return [];
  const pieces = written.match(CASE_PIECES)?.map((piece) => piece.toLowerCase()) ?? [];
  // "ŁódźCentrum": what is folded to other letters is cut where it was written.
  return pieces.join('') === folded ? pieces : [];
}

/** Those of the pieces that say something; none if they do not stand for the whole: "phone" is no iPhone. */
export function tellingPieces(pieces: readonly string[]): string[] {
  const telling = pieces.filter((piece) => piece.length >= LEAST_PIECE && !STOP_WORDS.has(piece));
  const isWhole = pieces.every((piece) => piece.length >= LEAST_PIECE || STOP_WORDS.has(piece));
  return isWhole && telling.length >= LEAST_TELLING ? telling : [];
}

/** Runs of two pieces and more, but for the whole: "httpserver" of "MyHttpServer". */
export function runsOf(pieces: readonly string[]): string[] {
  if (pieces.length > MAX_PIECES) return [];
  return pieces.flatMap((_, from) =>
    pieces
      .map((_piece, to) => pieces.slice(from, to + 1))
      .filter((run) => run.length > 1 && run.length < pieces.length)
      .map((run) => run.join('')),
  );
}

const ROMAN = /^X{0,3}(?:IX|IV|V?I{0,3})$/;
const VALUES: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10 };

/** The number that two and more Roman digits up to XXXIX stand for, as it is written otherwise; null for what is none. */
export function romanNumber({ written }: Token): string | null {
  if (written.length < 2 || !ROMAN.test(written)) return null;
  const digits = [...written.toLowerCase()].map((digit) => VALUES[digit] ?? 0);
  const signed = digits.map((value, at) => (value < (digits[at + 1] ?? 0) ? -value : value));
  return String(signed.reduce((sum, value) => sum + value, 0));
}

/** What parts groups of a code: "DE89 3704 0044 …", "B-AB 1234", "00:1A:2B:3C:4D:5E". */
const CODE_MARK = /^[ \-:/\u2010]$/;
const WITH_DIGITS = /^(?=.*\d)[a-z\d]{1,8}$/;
const CAPITALS = /^[A-Z]{1,4}$/;
const [LEAST_GROUPS, LEAST_CODE, MAX_CODE] = [3, 5, 38];

/** Codes that are written in three groups and more, in one: plates, IBANs, addresses of devices. Linear. */
export function joinedCodes(tokens: readonly Token[]): JoinedForm[] {
  const codes: JoinedForm[] = [];
  let from = 0;
  const end = (to: number) => {
    // A label before it may be in capitals as well: "IBAN DE89 3704 …".
    const digits = tokens.slice(from, to + 1).findIndex(({ folded }) => /\d/.test(folded));
    for (const start of new Set([from, from + Math.max(digits, 0)])) addCode(codes, tokens, start, to);
  };
  for (let at = 0; at <= tokens.length; at++) {
    const token = tokens[at];
    const goesOn = token !== undefined && at > from && isGroup(token) && CODE_MARK.test(token.gap);
    if (goesOn) continue;
    if (at - from >= LEAST_GROUPS && at - from <= MAX_CODE) end(at - 1);
    from = token !== undefined && isGroup(token) ? at : at + 1;
  }
  return codes;
}

function addCode(codes: JoinedForm[], tokens: readonly Token[], from: number, to: number): void {
  if (to - from + 1 < LEAST_GROUPS) return;
  const form = tokens
    .slice(from, to + 1)
    .map(({ folded }) => folded)
    .join('');
  const isCode = /[a-z]/.test(form) && /\d/.test(form);
  if (isCode && form.length >= LEAST_CODE && form.length <= MAX_CODE) codes.push({ form, from, to });
}

function isGroup({ kind, folded, written, marks }: Token): boolean {
  return kind === 'word' && marks === '' && (WITH_DIGITS.test(folded) || CAPITALS.test(written));
}
