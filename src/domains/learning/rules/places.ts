import type { Clause } from './clauses.ts';
import { type Phrase, phraseAt } from './phrases.ts';

/** Words that follow "in", and are no place. */
const NO_PLACE =
  /^(?:fear|hope|constant|debt|denial|love|trouble|pain|charge|bed|need|shape|peace|harmony|sin|luxury|poverty|silence|style|general|fact|case|particular|total|theory|practice|person|public|private|school|college|university|uni|class|work|hospital|prison|jail|town|sync|touch|contact|it|here|there|this|that|these|those|what|which|my|his|her|their|your|such|one|two|three|the (?:moment|past|present|future|now|same|middle|dark|office|process|mood|clouds?|shadows?|house|room|back|front|bath|car|garden|kitchen|area|neighbou?rhood|building|city|country|countryside|suburbs?|woods|mountains|end|meantime)|a (?:dream|bubble|world|society|time|state|way|mess|hurry|rush|meeting|relationship|band|place|bad|good|constant|perpetual|similar|different)|an? (?:hour|minute)|front|between|like|\d+\s*(?:minutes?|hours?|days?|weeks?|months?|years?)|therapy|recovery|remission|retirement|real life|january|february|march|april|may|june|july|august|september|october|november|december|spring|summer|autumn|winter|english|german|french|spanish|italian|japanese|mid|early|late|finance|marketing|sales)\b/i;

/** The place that stands after a beginning of a clause's rest. */
export function placeAfter(clause: Clause, beginning: RegExp): Phrase | null {
  const found = beginning.exec(clause.rest);
  if (!found) return null;
  return placeAt(
    clause.sentence.text,
    clause.restStart + found[0].length,
    clause.restStart + clause.rest.length,
  );
}

const CAPITAL = /^\p{Lu}/u;
const INNER = /^(?:de|da|do|dos|del|la|le|les|el|los|las|am|an|der|den|of|upon|the|sur|al|on|di|du|des|and)$/;

/** A place by name, in as many words as it has; in lower case, the words up to the next part of the sentence. */
export function placeAt(text: string, from: number, limit: number): Phrase | null {
  const phrase = phraseAt(text.slice(0, limit), from, {
    maxWords: 7,
    until: /^(?:with|near|for|at|by|because|working|doing|on|over|out|down|up|back|until|atm)$/,
  });
  if (!phrase || NO_PLACE.test(phrase.text)) return null;
  const words = phrase.text.split(' ');
  const isNamed = CAPITAL.test(words[0] ?? '') || /^the \p{Lu}/u.test(text.slice(from, from + 6));
  if (!isNamed) {
    const isLowerText = !/[\p{Lu}]/u.test(text.slice(1).replace(/\bI\b/g, ''));
    if (words.length > 5 && !isLowerText) return phrase;
    return isLowerText &&
      !/^(?:small|big|tiny|little|quiet|rural|nice|remote|suburb|village|town|city)\b/.test(phrase.text)
      ? shortened(text, phrase, 2)
      : phrase;
  }
  let count = 0;
  for (const [index, word] of words.entries()) {
    if (CAPITAL.test(word) || /^\d/.test(word)) count = index + 1;
    else if (!INNER.test(word)) break;
  }
  const name = shortened(text, phrase, Math.max(1, count));
  const more =
    /^,\s*(\p{Lu}[\p{L}\p{M}'.-]*(?: \p{Lu}[\p{L}\p{M}'.-]*){0,2})(?=\s*(?:$|[.,;!?)]|\s(?:and|but|so|now|with|for|since|in|at|on)\b))/u.exec(
      text.slice(name.end, limit),
    );
  if (!more?.[1] || /^(?:I|We|My|And|But|So)\b/.test(more[1])) return name;
  return { text: `${name.text}, ${more[1]}`, start: name.start, end: name.end + more[0].length };
}

function shortened(text: string, phrase: Phrase, words: number): Phrase {
  const found = new RegExp(`^(?:\\S+\\s+){${words - 1}}\\S+`, 'u').exec(text.slice(phrase.start, phrase.end));
  const kept = (found?.[0] ?? phrase.text).replace(/[.,]+$/, '');
  return { text: kept.replace(/\s+/g, ' '), start: phrase.start, end: phrase.start + kept.length };
}
