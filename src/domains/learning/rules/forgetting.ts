import type { Known } from './family.ts';
import { phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';

export interface ToForget {
  readonly about: string;
  readonly start: number;
  readonly end: number;
}

const ASKED =
  /^(?:(?:actually|please|pls|ok|okay|and|also|hey|oh|so|wait|no|now|sorry|btw|by the way|on second thought|can you|could you|would you|will you|i'd like you to|i want you to|you can|you should|just|kindly|bitte)[, ]+)*(?:forget|delete|erase|remove|wipe|unlearn|drop|purge|scrub|do not (?:store|save|remember|keep|record)|don'?t (?:store|save|remember|keep|record)|vergiss|lösche|olvida|borra|oublie|efface)\s+/iu;
const PART =
  /^(?:(?:everything|anything|all|what|whatever|that|the (?:fact|thing|bit|part|stuff|info(?:rmation)?|memory|memories|details?|note|notes))\s*)?(?:(?:i|that i|i've|i have|i just|you)\s+)?(?:(?:just |have |'ve |ever )*(?:said|told you|mentioned|wrote|know|stored|saved|shared|remember|have)\s*)?(?:to you\s+)?(?:about|on|regarding|concerning|that)?\s*(?:my |the |our |me |being )?/iu;
const IDIOM =
  /^(?:it|about it|to|how|the (?:code|file|line|row|column|table|branch|last line|comma|word|paragraph|sentence|duplicates?|function|variable|key|index|folder|directory|old|first|second|third)|all (?:rows|files|lines)|duplicates?|spaces|whitespace|blank|empty|that rule|previous|i'?m\b|i am\b|i have\b|i don'?t\b|i can'?t\b|i'?ve\b|my (?:code|file)|stains?|a (?:file|row|line|branch|commit|key|node)|node|every|rows|lines|from)\b/i;
const KEPT =
  /^(?:no|nah|actually|wait|hm+|never ?mind|on second thought)?[, ]*(?:no[, ]+)?(?:leave|keep|don'?t (?:delete|forget|remove)|never ?mind|that one's fine)\b/i;

/**
 * What a sentence asks to forget: "forget what I said about Rolf".
 * @param next takes it back, perhaps
 * @param known what was said before, for "forget what I just said"
 */
export function toForget(
  sentence: Sentence,
  next: Sentence | undefined,
  known: () => readonly Known[],
): ToForget[] {
  const { text } = sentence;
  const asked = ASKED.exec(text);
  if (!asked || (next && KEPT.test(next.text))) return [];
  const rest = text.slice(asked[0].length);
  if (IDIOM.test(rest)) return [];
  const part = PART.exec(rest)?.[0].length ?? 0;
  const start = asked[0].length + part;
  const phrase = phraseAt(text, start, {
    maxWords: 5,
    until: /^(?:thing|stuff|bit|part|entirely|completely|story|and|from)$/,
  });
  const end = text.length;
  if (phrase && !/^(?:it|that|this|me|you|everything|what|last)$/i.test(phrase.text))
    return [{ about: phrase.text.replace(/'s$/, ''), start: 0, end }];
  if (!/\b(?:what i just|just (?:said|told)|last (?:message|thing|bit)|that last)\b/i.test(rest)) return [];
  return known().map(({ object }) => ({ about: object, start: 0, end }));
}
