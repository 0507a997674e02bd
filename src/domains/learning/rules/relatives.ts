import type { Finding } from './family.ts';
import { mayBeName, NAME, RELATION_WORDS, relationOf } from './people.ts';
import type { Sentence } from './sentences.ts';
import { AUXILIARIES, PHRASE_ENDS } from './words.ts';

/** What may stand between "my" and who it is. */
export const KIND = String.raw`(?:(?:older|younger|elder|eldest|oldest|youngest|middle|little|big|baby|kid|late|new|old|best|oldest|dear|lovely|twin|current|former|only|first|second|third|other|close|closest|good|then|beautiful|amazing|darling|wonderful|poor|sweet|line|direct|immediate|next-door|upstairs|downstairs|personal|team|business|long-time|longtime|childhood|school|uni|work|\d{1,2}[- ]year[- ]old|two|three|four|grown|adult|teenage|teen|foster|adopted|step|half|lovely|dear|ex|future|future|favourite|favorite)[- ]){0,3}`;

const MINE = new RegExp(`\\b(?:my|our)\\s+(${KIND})(${RELATION_WORDS})(?![\\p{L}-])`, 'giu');

/** Most sentences have neither, and need no longer look. */
const OURS = /\b(?:my|our)\b/i;

const CALLED = new RegExp(
  `^(?:(?:'s| ?s)? name(?: is|'s|:)(?: actually)?|(?:'s| is| was)? (?:called|named)|,? who(?: is|'s) (?:called|named)|,? whose name is|,? by the name of|\\s*:)\\s+["'“]?(${NAME})`,
  'u',
);

const CALLED_LOWER = /^(?:s? name(?: is|'s)|(?:'s| is)? (?:called|named))\s+(\p{Ll}[\p{L}'-]{1,20})/u;

const BESIDE = new RegExp(`^(?:,? |, \\(|,? ["'“(])(${NAME})(?=$|[^\\p{L}])`, 'u');

const IS_NAME = new RegExp(`^ is (${NAME})(?=\\s*(?:$|[,.!]|and\\b))`, 'u');

/** "My daughter Saoirse", "my new manager is called Ingeborg", "my niece, Elin". */
export function named(sentence: Sentence): Finding[] {
  const { text } = sentence;
  if (!OURS.test(text)) return [];
  const isLower = !/\p{Lu}/u.test(text.replace(/\bI\b/g, ''));
  return [...text.matchAll(MINE)].flatMap((match) => {
    const predicate = predicateFor(match[1] ?? '', match[2] ?? '');
    if (predicate === null) return [];
    const after = match.index + match[0].length;
    const rest = text.slice(after, after + 120);
    const name = nameIn(rest, isLower);
    if (!name) return [];
    return [{ predicate, object: name.name, confidence: 0.9, start: match.index, end: after + name.length }];
  });
}

/** The predicate of a relation; null: it is none. */
export function predicateFor(kind: string, word: string): string | null {
  const predicate = relationOf(word);
  if (
    /\b(?:late|former|ex|then|future)\b/i.test(kind) &&
    predicate !== null &&
    /^(?:husband|wife|partner|boyfriend|girlfriend|manager)$/.test(predicate)
  )
    return /\bfuture\b/i.test(kind) ? null : `ex_${predicate}`;
  if (/\bbusiness\b/i.test(kind) && predicate === 'partner') return 'business_partner';
  if (/\bstep\b/i.test(kind) && predicate) return `step${predicate}`;
  return predicate;
}

/** The name that the words behind a relation give; null: none. */
export function nameIn(rest: string, isLower: boolean): { name: string; length: number } | null {
  for (const pattern of [CALLED, BESIDE, IS_NAME]) {
    const found = pattern.exec(rest);
    const name = found?.[1]?.replace(/'s$/, '');
    if (!found || name === undefined || !mayBeName(name)) continue;
    // "my friend, Anna, …" is a name; "my brother, Rome is …" begins another thing.
    if (
      pattern === BESIDE &&
      /^, /.test(found[0]) &&
      !/^\s*(?:$|[,.!);–-]|\b(?:and|who|is|was|has|will|said|says|works|lives|loves|likes)\b)/u.test(
        rest.slice(found[0].length),
      )
    )
      continue;
    const length = found[0].replace(/'s$/, '').length;
    return { name, length: /["'“(]/.test(found[0]) ? length : length };
  }
  if (!isLower) return null;
  const called = CALLED_LOWER.exec(rest);
  if (called?.[1] && !PHRASE_ENDS.has(called[1])) return { name: called[1], length: called[0].length };
  // In text without capitals, a name stands between the relation and a verb of the third person.
  const beside =
    /^ (\p{L}{3,15}) (?=(?:is|was|has|does|did|will|works|lives|loves|likes|hates|says|said|wants|got|plays|thinks|went|came|and i)\b)/u.exec(
      rest,
    );
  const name = beside?.[1];
  if (
    !beside ||
    name === undefined ||
    PHRASE_ENDS.has(name) ||
    AUXILIARIES.has(name) ||
    /(?:ly|ing|ed)$/.test(name)
  )
    return null;
  return { name, length: 1 + name.length };
}

const TURNED = new RegExp(
  `(?:^|[,.:] |\\b(?:and|but|so) )(${NAME})(?:,| is| was|'s)? (?:\\(?(?:my|our)) (${KIND})(${RELATION_WORDS})(?=$|[^\\p{L}-])`,
  'gu',
);

/** "Thankfully, my son …": no name, though "Sally" and "Emily" are. */
const ADVERB =
  /(?:fully|ingly|[iou]ously|tely|ably|ibly|[cpdst]ily|\p{L}\p{L}[cnrtu]ally|edly|ently|antly|[^i]rently)$/iu;

/** "Anna is my sister", "Anna, my sister, …". */
export function turned({ text, isQuestion }: Sentence): Finding[] {
  if (!OURS.test(text)) return [];
  return [...text.matchAll(TURNED)].flatMap((match) => {
    const name = match[1] ?? '';
    const predicate = predicateFor(match[2] ?? '', match[3] ?? '');
    if (
      predicate === null ||
      !mayBeName(name) ||
      ADVERB.test(name) ||
      // "Marrying my partner was …"
      (/^\p{Lu}\p{Ll}+ing$/u.test(name) && /ing (?:my|our)/i.test(match[0])) ||
      (isQuestion && match.index + match[0].length >= text.length - 1)
    )
      return [];
    return [
      {
        predicate,
        object: name,
        confidence: 0.85,
        start: match.index + match[0].indexOf(name),
        end: match.index + match[0].length,
      },
    ];
  });
}
