import { AUXILIARIES, NUMBERS, PHRASE_ENDS, PRONOUNS } from './words.ts';

/** A part of a sentence; offsets are those in the sentence. */
export interface Phrase {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface PhraseLimits {
  readonly maxWords?: number;
  /** Words at which it ends, beside the usual ones. */
  readonly until?: RegExp;
  /** Words at which it goes on, though phrases usually end there. */
  readonly through?: RegExp;
}

const TOKEN = /([\p{L}\p{N}][\p{L}\p{M}\p{N}'&+#/.%€$£°-]*|[€$£]\s?\d[\d.,]*\p{L}?)/uy;
const SEPARATOR = /\s*/y;
/** Titles and the like whose full stop ends no phrase: "Dr. Patel", "St. Louis". */
const TITLE = /^(?:mr|mrs|ms|dr|prof|st|ste|mt|sgt|capt|rev)$/i;
const INITIAL = /^\p{Lu}$/u;
/** The full stop behind such a word, and the name that it belongs to. */
const NAME_BEHIND = /^\.\s?\p{Lu}/u;
/** Where a time begins, a phrase ends. */
export const TIME_BEGINS =
  /^(?:(?:on|this|next|last|every|each|by|since|until|from|coming|past)\s+)?(?:the\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|^(?:on|in|at|by|since|until|till|from|around)\s+(?:the\s+)?(?:(?:early|late|mid|end of|start of|beginning of|middle of)[ -])?(?:\d|january|february|march|april|may\b|june|july|august|september|october|november|december|jan\b|feb\b|mar\b|apr\b|jun\b|jul\b|aug\b|sept?\b|oct\b|nov\b|dec\b|spring|summer|autumn|fall\b|winter|morning|afternoon|evening|night|noon|midday|midnight|weekend|week\b|weeks|christmas|easter|first|second|third|a (?:few|couple)|one|two|three|four|five|six|seven|eight|nine|ten|(?:a|an) (?:minute|hour|day|week|month|year)\b|last|next|this|mornings|evenings|nights|weekends)|^(?:last|next|this|every|each|most|all|twice|once|some)\s+(?:other\s+)?(?:a\s+)?(?:week|month|year|morning|afternoon|evening|night|day|weekend|spring|summer|autumn|fall|winter|january|february|march|april|may|june|july|august|september|october|november|december|time)s?\b|^(?:yesterday|today|tomorrow|tonight|soon|later)\b|^(?:a|an|one|two|three|four|five|six|seven|eight|nine|ten|\d+|few|couple|some)\s+(?:(?:of|few|couple)\s+)*(?:minutes?|hours?|days?|weeks?|months?|years?|times?)\b|^for\s+(?:the\s+)?(?:(?:last|past|about|over|almost|nearly|around|more than|some|the|a|an|\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|many|several|few|couple)\s+)+(?:of\s+)?(?:days?|weeks?|months?|years?|decades?|ages?|while|time|now)\b/i;

/** The words from a place on, up to where another part of the sentence begins; null: there are none. */
export function phraseAt(text: string, from: number, limits: PhraseLimits = {}): Phrase | null {
  const { maxWords = 8, until, through } = limits;
  let at = from;
  let end = from;
  let start = -1;
  // Initials are some at the beginning of a name: "vitamin D. It …" has none.
  let isNameBegun = true;
  for (let count = 0; count < maxWords; count++) {
    SEPARATOR.lastIndex = at;
    const gap = SEPARATOR.exec(text)?.[0] ?? '';
    TOKEN.lastIndex = at + gap.length;
    const found = TOKEN.exec(text);
    if (!found) break;
    const word = (found[1] ?? '').replace(/[.'/-]+$/, '');
    const lower = word.toLowerCase();
    const here = at + gap.length;
    if (through?.test(lower) !== true) {
      if (PHRASE_ENDS.has(lower) || (until?.test(lower) ?? false)) break;
      if (lower === 'and' || lower === 'with' || lower === 'to') break;
    }
    if (
      TIME_BEGINS.test(text.slice(here, here + 60)) &&
      (start >= 0 || !/^(?:a|an|the|one|two|three|four|five|six|\d)/i.test(lower))
    )
      break;
    if (start < 0) start = here;
    isNameBegun = TITLE.test(word) || (isNameBegun && INITIAL.test(word));
    const isAbbreviated =
      isNameBegun && NAME_BEHIND.test(text.slice(here + word.length, here + word.length + 3));
    end = here + word.length + (isAbbreviated ? 1 : 0);
    at = end;
    if (word.length < (found[1] ?? '').length && !isAbbreviated) break;
  }
  const phrase = start < 0 ? null : trimmed(text, start, end);
  return phrase;
}

/** Without articles before it and words after it that want something to follow. */
export function trimmed(text: string, from: number, to: number): Phrase | null {
  let start = from;
  let end = to;
  const article = /^(?:a|an|the|some|any)\s+(?=\S)/i.exec(text.slice(start, end));
  if (article) start += article[0].length;
  for (;;) {
    const dangling =
      /\s+(?:in|on|at|of|for|to|from|with|by|near|the|a|an|my|our|and|not|very|so|every|each|around|over|up|out|much|lot|tho|though|well|all|both|only|pretty|bit|little bit|quite|your|his|her)$/i.exec(
        text.slice(start, end),
      );
    if (!dangling) break;
    end -= dangling[0].length;
  }
  const phrase = text.slice(start, end).trim();
  if (!/[\p{L}\p{N}]/u.test(phrase)) return null;
  return { text: phrase.replace(/\s+/g, ' '), start, end };
}

/** "kimchi, miso and tempeh": each, with its place. @param from of the first one */
export function listAt(text: string, from: number, limits: PhraseLimits = {}): Phrase[] {
  const found: Phrase[] = [];
  let at = from;
  for (let count = 0; count < 8; count++) {
    const item = phraseAt(text, at, limits);
    if (!item) break;
    // "hiking and I …", "cats, so …" are no further items.
    found.push(item);
    const joint =
      /^\s*(?:,\s*(?:and|or|&)?|\s(?:and|&|plus|as well as))\s+(?!(?:i|we|my|our|he|she|they|it|you|so|but|then|also|now|that|this|is|are|do|does|can|could|would|should|what|which|how|who|where|why|when)\b)/iu.exec(
        text.slice(item.end),
      );
    if (!joint) break;
    at = item.end + joint[0].length;
    const next = phraseAt(text, at, limits);
    // After a comma, what has a verb is a clause: "rigatoni to spaghetti, holds the sauce better".
    if (!next || startsClause(text, at, next, joint[0].includes(','))) break;
  }
  return found;
}

function startsClause(text: string, at: number, next: Phrase, afterComma: boolean): boolean {
  const after = /^\s+([\p{L}']+)/u.exec(text.slice(next.end))?.[1]?.toLowerCase() ?? '';
  if (AUXILIARIES.has(after)) return true;
  const first = /^[\p{L}']+/u.exec(text.slice(at))?.[0].toLowerCase() ?? '';
  if (PRONOUNS.has(first)) return true;
  return afterComma && next.text.split(' ').length > 4;
}

/** Whether a phrase says what, not only points: "it", "that", "things". */
export function isTelling({ text }: Phrase): boolean {
  const words = text.toLowerCase().split(' ');
  const first = words[0] ?? '';
  if (words.length === 1) return !PRONOUNS.has(first) && !AUXILIARIES.has(first) && first.length > 1;
  return !/^(?:it|that|this|you|me|him|her|them|us|these|those|what|how|when|why|where|who|lots|nothing|anything|everything|something|your|his|their|her)$/.test(
    first,
  );
}

/** A number, in figures or words. */
export function numberOf(word: string): number | null {
  const figures = /^\d{1,3}(?:,\d{3})+$|^\d+$/.test(word) ? Number(word.replaceAll(',', '')) : null;
  return figures ?? NUMBERS[word.toLowerCase()] ?? null;
}
