import { HIDDEN } from './hidden.ts';

export interface Sentence {
  /** As it is read: hidden parts are `HIDDEN`, what was taken back at once is blank. */
  readonly text: string;
  /** Where it begins in its field, in UTF-16 code units. */
  readonly start: number;
  readonly isQuestion: boolean;
}

/** Characters beyond which a sentence is cut, wherever that is: nobody speaks like this. */
const MAX_SENTENCE = 1_500;
const ABBREVIATION =
  /(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|ste|mt|sgt|capt|rev|sr|sra|srta|hr|mme|mlle|jr|vs|etc|approx|ca|no|e\.g|i\.e|inc|ltd|co|bzw|z\.b|\p{Lu})\.$/iu;
const END = /[.!?…。！？]+(?:['")\]]+)?(?=[\s\0]|$)|[。！？]+|\n+|;(?=\s)/gu;
/** What takes back what was said just before: "1988, no wait, 1987". */
const REPAIR =
  /[,.…-]?\s*(?:\b(?:no[, ]+wait|wait,? no|no,? sorry|sorry,? no|sorry,? i mean(?:t)?|or rather|scratch that|correction|i mean(?:t)?|i meant to say|make that|no,? i mean(?:t)?|no actually|actually no|nein,? warte|quatsch,?|ich meine|perdón,? digo|quiero decir|enfin non|pardon|je veux dire)\b[,:…]?\s*)+/giu;
const WORD = /[\p{L}\p{M}\p{N}'.-]*[\p{L}\p{M}\p{N}]/gu;

/** Cuts a text into sentences. */
export function sentencesOf(text: string): Sentence[] {
  const found: Sentence[] = [];
  let from = 0;
  const add = (to: number, end: string) => {
    for (let at = from; at < to; at += MAX_SENTENCE) {
      const piece = text.slice(at, Math.min(to, at + MAX_SENTENCE));
      const start = at + (/^[\s\0]*/.exec(piece)?.[0].length ?? 0);
      const body = text.slice(start, at + piece.length).trimEnd();
      if (/[\p{L}\p{N}]/u.test(body))
        found.push({ text: repaired(body), start, isQuestion: /[?？]/.test(end) });
    }
    from = to + end.length;
  };
  for (const { 0: end, index } of text.matchAll(END)) {
    if (index < from) continue;
    if (end === '.' && ABBREVIATION.test(text.slice(Math.max(from, index - 12), index + 1))) continue;
    add(index, end);
  }
  add(text.length, '');
  return found;
}

/** Without what was taken back at once; as long as it was. */
export function repaired(sentence: string): string {
  let text = sentence;
  for (const { 0: marker, index } of sentence.matchAll(REPAIR)) {
    const after = sentence.slice(index + marker.length);
    const from = index === 0 ? -1 : takenBackFrom(sentence.slice(0, index), after);
    if (from < 0) continue;
    const to = index + marker.length;
    text = text.slice(0, from) + ' '.repeat(to - from) + text.slice(to);
  }
  return text;
}

/** Where the words begin that are replaced: the last ones of the same kind. */
function takenBackFrom(before: string, after: string): number {
  const next = /^[\p{L}\p{M}\p{N}'.-]+/u.exec(after)?.[0];
  if (next === undefined) return -1;
  const words = [...before.slice(-120).matchAll(WORD)].map(({ 0: word, index }) => ({
    word,
    at: index + Math.max(0, before.length - 120),
  }));
  const last = words.slice(-8);
  const like = (test: (word: string) => boolean) => last.findLast(({ word }) => test(word))?.at ?? -1;
  if (/^\p{N}/u.test(next)) return like((word) => /^\p{N}/u.test(word));
  if (/^(?:my|our|the|a|an|in|at|on|to|for|with|from)$/i.test(next)) {
    const same = like((word) => word.toLowerCase() === next.toLowerCase());
    if (same >= 0 || !/^the$/i.test(next)) return same;
  }
  if (/^(?:i|we|i'm|we're|not)$/i.test(next)) return -1;
  if (/^\p{Lu}/u.test(next)) return like((word) => /^\p{Lu}/u.test(word) && word !== 'I');
  return last.at(-1)?.at ?? -1;
}

const HARD_END = new RegExp(`[${HIDDEN}():;…]|(?![\\d#*])\\p{Emoji_Presentation}|\\s[-–—]+\\s|—`, 'u');

/** Where the clause that stands at a place ends at the latest. */
export function hardEnd(text: string, from: number): number {
  const rest = text.slice(from, from + 400);
  const found = HARD_END.exec(rest);
  return from + (found ? found.index : rest.length);
}
