import type { Family, Finding, Known, Setting } from './family.ts';
import { isTelling, phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';

const MEANT =
  /^(?:(?:sorry|oops|whoops|no|nope|wait|hang on|hold on|actually|my bad|my mistake|typo|correction|scratch that|ah|oh|er|uh|um|argh|and|ok|okay|well|edit|\*)[,.!: –-]*)*(?:(i (?:meant|mean|should have said|meant to (?:say|write|type))|that should (?:be|say|read)|should (?:be|say|read)|make (?:it|that)|correction:?|it(?:'s| is) actually|that(?:'s| is) actually)\s+(?:to say |that (?:i (?:live in|work at|am) )?|it(?:'s| is) )?)(?:the |a |an |in |at )?/iu;
const NOT_BUT =
  /^(?:(?:sorry|oops|no|nope|wait|actually|ah|oh|er)[,.! –-]*)+(?:it(?:'s| is)|that(?:'s| is)|i(?:'m| am) (?:in|at))?\s*not (?:in |at |the )?([\p{L}\p{N}' -]{2,40}?),?\s+(?:but |it(?:'s| is) |i(?:'m| am) (?:in |at )?)(?:in |at |the |a )?/iu;
const NOT_TAIL =
  /^,?\s*(?:and )?(?:not|instead of|rather than) (?:the |in |at |a )?([\p{L}\p{N}'-]+(?: [\p{L}\p{N}'-]+)?)/iu;

/** "sorry, I meant the Moss branch, not Halden": in place of what was said right before. */
function corrected(sentence: Sentence, setting: Setting): Finding[] {
  const { text, isQuestion } = sentence;
  if (isQuestion) return [];
  const meant = MEANT.exec(text);
  const turned = meant ? null : NOT_BUT.exec(text);
  const lead = meant ?? turned;
  if (!lead) return [];
  // "I mean, …" alone corrects nothing.
  if (/^i mean\b/i.test(lead[1] ?? '') && !/^(?:sorry|oops|no|wait|actually|my)\b/i.test(text)) return [];
  const phrase = phraseAt(text, lead[0].length, { maxWords: 5, until: /^(?:not|instead)$/ });
  if (!phrase || !isTelling(phrase)) return [];
  const instead = turned?.[1] ?? NOT_TAIL.exec(text.slice(phrase.end))?.[1] ?? null;
  const known = corrects(setting.known(), instead, phrase.text);
  if (!known) return [];
  return [
    {
      predicate: known.predicate,
      object: phrase.text,
      negated: known.negated,
      kind: 'CORRECTS',
      confidence: 0.85,
      start: lead.index,
      end: phrase.end,
    },
  ];
}

/** What a correction is of: what names the wrong word; else the last thing said, if it is of the same kind. */
function corrects(known: readonly Known[], instead: string | null, value: string): Known | null {
  if (instead !== null) {
    const word = instead.toLowerCase();
    return (
      known.findLast(
        ({ object }) => object.toLowerCase().includes(word) || word.includes(object.toLowerCase()),
      ) ?? null
    );
  }
  const last = known.at(-1);
  if (!last) return null;
  const isLike = (test: RegExp) => test.test(value) === test.test(last.object);
  return isLike(/^\d/) && isLike(/^\p{Lu}/u) && last.object.split(' ').length <= 5 ? last : null;
}

export const corrections: Family = { name: 'corrections', sentence: corrected };
