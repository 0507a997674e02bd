import { APOSTROPHES, foldLetters } from '../../ground/letters.ts';

const APOSTROPHE = new RegExp(`[${APOSTROPHES}]`, 'gu');
/** UTF-16 units that are looked at before and behind a name. */
const AROUND = 80;
/** "St." and "Dr." end no sentence. */
const SENTENCE_END = /(?:(?<!\b(?:dr|mr|mrs|ms|st))\.|[!?…。！？;¿¡؟؛।\n])/iu;

/** The sentence that a name stands in, folded: what is before the name, and what is behind it. */
export function clauseAround(
  text: string,
  { start, end }: { start: number; end: number },
): { before: string; after: string } {
  const before = text.slice(Math.max(0, start - AROUND), start).toWellFormed();
  return {
    before: foldLetters((before.split(SENTENCE_END).at(-1) ?? '').replace(APOSTROPHE, "'")),
    after: foldLetters(
      text
        .slice(end, end + AROUND)
        .toWellFormed()
        .replace(APOSTROPHE, "'"),
    ),
  };
}
