import type { Clause } from './clauses.ts';
import type { Finding } from './family.ts';
import { isTelling, listAt, type Phrase } from './phrases.ts';

/** Of what is liked: what one says without meaning a taste. */
export const NO_TASTE =
  /^(?:it|that|this|you|how|what|when|where|why|to (?:think|know|say|see|hear|ask|order|point|be honest|believe|imagine)|the (?:idea|way|fact|thought|sound|look|feel|feeling|part|one|ones|other|first|second|last|new|old|suggestion|option|answer|plan|name|concept)\b|your|his|her|their|being (?:able|asked|told|here)|each other|to (?:help|share|hear|see|chat|talk|meet|try|keep|stay|be|have|get|make|use|do)\b|seeing (?:you|how)|hearing|u\b|ya\b|u guys|all of|both|everyone|anybody|myself|him|them|us|having to|every (?:minute|second|moment|bit)|for sure|most (?:of )?|more|less|another|any more|doing (?:it|this|that)|learning (?:more|about how)|a good|talking (?:to|with) you|chatting|working with you)\b/i;

const GRADE = /^\s*(?:really|just|absolutely|quite|very|so|a lot|rather|still)\s+/i;

/** What is liked, or not, in a clause from a place on. */
export function tastes(
  clause: Clause,
  from: number,
  negated: boolean,
  confidence: number,
  predicate = 'likes',
): Finding[] {
  const text = clause.sentence.text.slice(0, clause.restStart + clause.rest.length);
  const start = from + (GRADE.exec(text.slice(from))?.[0].length ?? 0);
  const rest = text.slice(start).trimStart();
  if (NO_TASTE.test(rest) || pointsAtOne(rest)) return [];
  return things(text, start).map((item) => finding(clause, item, negated, confidence, predicate));
}

/** "I love the colours": of what lies before one, unless there is only one of it in the world. */
export function pointsAtOne(rest: string): boolean {
  const found = /^(?:(?:all|both) )?(?:the|this|these|that|those)\s+(.{0,60})/iu.exec(rest);
  if (!found?.[1] || /^\p{Lu}/u.test(found[1])) return false;
  return !/^(?:ocean|sea\b|seaside|beach|mountains?|outdoors|rain|snow|sun\b|sunshine|heat|cold|summer|winter|autumn|spring|fall\b|theat(?:re|er)|opera|cinema|movies|ballet|circus|city|countryside|country|forest|woods|desert|night|mornings?|weekends?|gym\b|internet|news|radio|stars|moon|colou?r \p{L}|smell|sound of|taste|feeling of|feel of|sight of|touch of|works? of|music of|books? by|novels? of|films? (?:of|by)|idea of|thrill of|great outdoors|arts\b|guitar|piano|violin|cello|holidays|seventies|eighties|nineties|\d0s)/iu.test(
    found[1],
  );
}

const POINTING =
  /\b(?:it|this|that|these|those|them|him|her|you|your|yours|their|his|u|ur|how|what|when|some|one|ones|each|everything|everyone)\b/i;

const ADJECTIVE_END =
  /\b(?:new|old|big|small|little|good|great|long|short|hot|cold|warm|fresh|dark|light|bright|loud|quiet|slow|fast|spicy|sweet|sour|salty|bitter|rich|strong|weak|simple|beautiful|healthy|cheap|fun|cozy|cosy|classic|modern|traditional|local|wild|red|blue|green|black|white|yellow|brown|pink|purple|live|true|real|funny|scary|sad|happy|soft|hard|creamy|crunchy|smooth|early|late|thick|thin)$/i;

/** The things of a list, each as one thing: "making new and powerful models", "walks with friends and family". */
export function things(text: string, start: number): Phrase[] {
  const items = listAt(text, start, {
    maxWords: 7,
    until:
      /^(?:lately|completely|totally|entirely|altogether|forever|most|best|more|when|especially|particularly|since|because|is|if|even|way|so|until|around|together|alone|though|at)$/,
    through: /^(?:to|with|on|about|like|for|after)$/,
  });
  const joined: Phrase[] = [];
  for (const item of items) {
    const last = joined.at(-1);
    // "films like A and B": the rest are examples.
    if (last && EXAMPLES.test(last.text)) break;
    const isOpen =
      last &&
      (ADJECTIVE_END.test(last.text) ||
        ((/\s(?:with|to|of|for|in|on|about|my|our)\s(?:(?!the\s|an?\s|my\s|our\s)\S+\s)?\S+$/i.test(
          last.text,
        ) ||
          // "getting lost in the feelings and plots"
          /ing\s.*\s(?:in|of|about)\sthe\s\S+s$/i.test(last.text)) &&
          !/\s/.test(item.text) &&
          !/ing$/.test(item.text)));
    if (last && isOpen)
      joined[joined.length - 1] = {
        text: text.slice(last.start, item.end).replace(/\s+/g, ' '),
        start: last.start,
        end: item.end,
      };
    else joined.push(item);
  }
  return joined
    .map((item) => ({
      ...item,
      text: item.text.replace(
        /^(?:most|all|many|certain|some|any|all kinds of|all sorts of|most kinds of)\s+(?=\p{L})/iu,
        '',
      ),
    }))
    .filter((item) => isTaste(item) && !POINTING.test(item.text) && !isCutShort(text, item));
}

const EXAMPLES = /\s(?:like|such as|including)\s/i;

/** Verbs that say nothing without what they are about. */
const LIGHT =
  /^(?:to|being|having|doing|getting|going|making|taking|giving|putting|keeping|letting|seeing|trying|using|coming|bringing|finding|knowing|feeling|working)$/i;

/** "holding | them", "working | on it", "a safe | , quiet place": what is liked is only said with the words that follow. */
function isCutShort(text: string, { text: words, end }: Phrase): boolean {
  const rest = text.slice(end);
  if (LIGHT.test(words) || /\s(?:about|with|like|after|to|on)$/i.test(words)) return true;
  if (
    /\b(?:people|persons?|things|places|stuff)$/i.test(words) &&
    /^\s+(?:who|that|which|where)\b/i.test(rest)
  )
    return true;
  if (/\san?\s\p{L}+$/iu.test(words) && /^,\s+\p{Ll}+\s+\p{Ll}/u.test(rest)) return true;
  const next =
    /^\s+(?:(?:on|with|at|to|for|of|about|around|in|into|over|through|from)\s+)*([\p{L}']+)/iu.exec(
      rest,
    )?.[1] ?? '';
  const isGerund = /^(?:to )?\p{Ll}+(?:ing)?$/u.test(words) || /ing$/.test(words);
  return (
    isGerund &&
    /^(?:it|this|that|these|those|them|him|her|you|your|their|his|u|ur|others?|how|what|each|all|some|such)$/i.test(
      next,
    ) &&
    !/^(?:you|i|we|they|he|she)$/i.test(next)
  );
}

/** Whether it is something that one can have a taste for. */
export const isTaste = (item: Phrase) =>
  isTelling(item) &&
  !NO_TASTE.test(item.text) &&
  !/^(?:anything|everything|all|stuff|things|it)$/i.test(item.text.split(' ')[0] ?? '');

/** "oat milk in my coffee": what is liked, not where. */
function withoutPlace(words: string): string {
  return /^\p{Ll}+ing\b/u.test(words)
    ? words
    : words.replace(/\s(?:in|on|with|for|to|over|at)\s(?:my|our)\s.*$/i, '');
}

/** A finding of one thing that is liked, or not. */
export function finding(
  clause: Clause,
  item: Phrase,
  negated: boolean,
  confidence: number,
  predicate: string,
): Finding {
  return {
    predicate,
    object: withoutPlace(item.text)
      .replace(/^to (?=\p{Ll})/u, '')
      .replace(/^(?:our|the)\s+(?=\p{Ll})/u, ''),
    negated,
    kind: clause.ended && negated ? 'ENDS' : 'STATES',
    confidence,
    start: clause.start,
    end: item.end,
  };
}
