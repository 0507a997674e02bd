import { mayBegin } from './clauses.ts';
import type { Family, Finding, Setting } from './family.ts';
import { NAME, PETS, RELATION_WORDS } from './people.ts';
import { isTelling, phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';
import { whenPast } from './when.ts';

const MY =
  /\b(?:my|our)\s+((?:[\p{L}\p{N}'-]+\s+){0,3}?[\p{L}\p{N}'-]+?)(?:\s+(?:is|was|are|were)|'s|:)\s+(?:(?:now|currently|about|around|roughly|only|just|at|still|already|approximately|usually|exactly|like|down to|up to|back to|something like|sitting at|set at|set to|always|probably|a|an|nearly|almost) )*/giu;
const NUMBER =
  /^(?:[€$£]\s?)?\d[\d.,:/]*(?:\s?(?:over|\/|to|-|–|x|by)\s?\d[\d.,]*)?(?:\s?(?:%|percent|°[cf]?|[\p{L}]{1,12}(?:\/\p{L}{1,6})?)(?:\s?(?:a|per|an)\s(?:month|year|week|day|hour|night|minute))?)?/iu;
const UNIT =
  /^(?:%|percent|°.?|kg|kgs|kilos?|lbs?|pounds?|stone|cm|mm|m|metres?|meters?|km|miles?|feet|foot|ft|inch(?:es)?|watts?|w|kw|kwh|bpm|mg|mmol|g|grams?|ml|litres?|liters?|l|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|weeks?|months?|years?|euros?|dollars?|quid|eur|usd|gbp|chf|francs?|yen|sqm|square|m2|points?|eu|us|uk|calories|kcal|steps|pages|k|dpi|people|guests|mph|kph|mbps|gb|tb|am|pm|mm\/?hg|over|and|to|cup|gallons?|bedrooms?|rooms?|floors?|credits|marks)$/i;
/** Of what one has: numbers that say nothing of a person. */
const NO_ATTRIBUTE =
  /\b(?:blood type|blood group|question|point|guess|idea|answer|order|score|total|id|pin|card|account|password|code|number|ticket|flight|train|version|error|result|line|page|chapter|essay|file|test|script|query|list|class|function|table|column|array|limit|loop|turn|table|recipe|word count|text|message|email|app|name|number|phone|favou?rite [\p{L}]+|son|daughter|wife|husband|kid|birthday|age|dog|cat|mother|father|mum|mom|dad|brother|sister|friend|baby|last|first|next|team|boss|neighbou?r|shoes?|niece|nephew|cousin|partner|girlfriend|boyfriend|grandson|granddaughter|train|bus|meeting|call|lesson|appointment|only|biggest|concern|question is|problem)$/iu;
const PREDICATES: Readonly<Record<string, string>> = {
  height: 'height',
  weight: 'weight',
  'current weight': 'weight',
  salary: 'income',
  income: 'income',
  wage: 'income',
  pay: 'income',
  'shoe size': 'shoe_size',
  age: 'age',
};

const SOMEBODY = new RegExp(`\\b(?:${RELATION_WORDS}|${PETS})(?:\\s|$)`, 'iu');

/** "my resting heart rate is 58", "our rent is 940". */
function measured(sentence: Sentence, setting: Setting): Finding[] {
  const { text } = sentence;
  if (!/\d/.test(text)) return [];
  return [...text.matchAll(MY)].flatMap((match) => {
    const noun = (match[1] ?? '')
      .toLowerCase()
      .replace(/^(?:current|new|own|average)\s+(?=\p{L}+ \p{L})/u, '');
    const at = match.index + match[0].length;
    const value = NUMBER.exec(text.slice(at, at + 60));
    const isAge = noun === 'age';
    if (
      !value ||
      (NO_ATTRIBUTE.test(noun) && !isAge) ||
      SOMEBODY.test(noun) ||
      !mayBegin(sentence, match.index) ||
      (sentence.isQuestion && at + value[0].length >= text.length - 1)
    )
      return [];
    const words = value[0].trim().split(/\s+/);
    const kept = [words[0] ?? '', ...takenUnits(words.slice(1))].join(' ').replace(/[.,:/]+$/, '');
    if (/\b(?:1[89]|20)\d\d$/.test(kept) && words.length === 1 && !/year/.test(noun)) return [];
    const predicate = PREDICATES[noun] ?? `value_of_${noun.replace(/[^\p{L}\p{N}]+/gu, '_')}`;
    const isPast = /\b(?:was|were)\s/.test(match[0]);
    const end =
      at + (text.slice(at).indexOf(kept) < 0 ? kept.length : text.slice(at).indexOf(kept) + kept.length);
    const stop = /[,;]|\b(?:and|but|so)\b/.exec(text.slice(end, end + 50));
    const from = isPast
      ? whenPast(text, end, stop ? end + stop.index : Math.min(text.length, end + 50), setting.calendar)
      : null;
    // "My rent was 800" tells of a time that nobody named.
    if (isPast && !from) return [];
    return [{ predicate, object: kept, confidence: 0.85, start: match.index, end, from }];
  });
}

function takenUnits(words: readonly string[]): string[] {
  const found: string[] = [];
  for (const word of words) {
    if (
      !UNIT.test(word.replace(/[.,]$/, '')) &&
      !/^\d/.test(word) &&
      !/^(?:a|per|an|month|year|week|day|hour|night|minute)$/i.test(word)
    )
      break;
    found.push(word.replace(/[.,]$/, ''));
  }
  while (/^(?:and|to|over|a|an|per)$/i.test(found.at(-1) ?? '')) found.pop();
  return found;
}

/** What is said of it, whether that is a name, and how sure it is. */
const PLAIN: readonly (readonly [pattern: RegExp, isName: boolean, confidence: number])[] = [
  [
    new RegExp(
      `\\b(?:my|our) (landlord|landlady|gp|doctor|dentist|bank|school|gym|church|surgery|insurer|university|uni|college|employer|provider|football team|team|vet|car insurer|energy supplier|broadband provider|alma mater) (?:is|'s name is|is called|:) (?:called |with )?(${NAME})`,
      'iu',
    ),
    true,
    0.82,
  ],
  [
    /\b(?:my|our) (time ?zone|dominant hand|eye colou?r|hair colou?r|mbti(?: type)?|personality type|enneagram(?: type)?|dress size|ring size|bra size|jeans size|collar size|size|relationship status|marital status|sexual orientation|political party|chronotype) is (?:an? )?([\p{L}\p{N}/+:-]+(?: [\p{L}\p{N}/+:-]+)?)/iu,
    false,
    0.85,
  ],
  [
    /\b(?:my|our) (dream (?:job|car|house|home|destination|holiday|vacation)) (?:is|would be) (?:to be |to own |being |owning |to )?(?:an? |the )?([\p{L}\p{N}' -]{3,50}?)(?=$|[,.;!)]|\s(?:but|so|because|and i|if|when)\b)/iu,
    false,
    0.82,
  ],
  [
    /\b(?:my|our) (biggest fear|worst fear|phobia|guilty pleasure|comfort food|pet peeve|spirit animal|go-to [\p{L}]+|usual [\p{L}]+|worst subject|best subject|major|minor|star sign|weakness|strength|greatest strength|love language|specialty|speciality|instrument) is (?:an? |the |that )?([\p{L}\p{N}' -]{3,50}?)(?=$|[,.;!)]|\s(?:but|so|because|and i|if|when)\b)/iu,
    false,
    0.82,
  ],
];

/** The expressions above do not tell capital letters: of "Dr. Patel at the clinic", the name. */
const BEGINS_AS_NAME = new RegExp(`^${NAME}`, 'u');

function plain(sentence: Sentence): Finding[] {
  const { text, isQuestion } = sentence;
  return PLAIN.flatMap(([pattern, isName, confidence]) => {
    const found = pattern.exec(text);
    const noun = found?.[1]?.toLowerCase();
    const said = found?.[2]?.trim();
    const value = (isName && said && BEGINS_AS_NAME.exec(said)?.[0]) || said;
    if (!found || noun === undefined || value === undefined || !mayBegin(sentence, found.index)) return [];
    if (isQuestion && found.index + found[0].length >= text.length - 1) return [];
    if (/^(?:landlord|landlady|gp|doctor|dentist|bank|school)/.test(noun) && !/^\p{Lu}/u.test(value))
      return [];
    if (/^(?:not|like|what|how|why|when|it|that|this|so|very|too|called|now|still)\b/i.test(value)) return [];
    const predicate =
      noun === 'bank'
        ? 'bank'
        : /^landl/.test(noun)
          ? 'landlord'
          : /^(?:gp|doctor)$/.test(noun)
            ? 'doctor'
            : noun === 'dentist'
              ? 'dentist'
              : `value_of_${noun.replace(/[^\p{L}\p{N}]+/gu, '_')}`;
    const end = found.index + found[0].length - ((said?.length ?? 0) - value.length);
    return [{ predicate, object: value, confidence, start: found.index, end }];
  });
}

const TYPE = new RegExp(`^(?:${RELATION_WORDS})$`, 'i');
/** "emergency contact: my niece, Elin" is for the relations; "Job: baker" in a list of one's own data is a line here. */
const LINE =
  /^(name|age|job|occupation|location|city|home|nationality|profession|diet|allergies|height|weight|hobbies|languages)\s*:\s*(.+)$/iu;
const LINES: Readonly<Record<string, string>> = {
  name: 'name',
  age: 'age',
  job: 'occupation',
  occupation: 'occupation',
  profession: 'occupation',
  location: 'lives_in',
  city: 'lives_in',
  home: 'lives_in',
  nationality: 'nationality',
  diet: 'diet',
  allergies: 'allergic_to',
  height: 'height',
  weight: 'weight',
  hobbies: 'hobby',
  languages: 'speaks',
};

function lines({ text }: Sentence): Finding[] {
  const found = LINE.exec(text);
  const predicate = LINES[found?.[1]?.toLowerCase() ?? ''];
  if (!found?.[2] || predicate === undefined || TYPE.test(found[2])) return [];
  const at = found.index + found[0].length - found[2].length;
  const phrase = phraseAt(text, at, { maxWords: 5 });
  return phrase && isTelling(phrase)
    ? [{ predicate, object: phrase.text, confidence: 0.7, start: 0, end: phrase.end }]
    : [];
}

export const attributes: Family = {
  name: 'attributes',
  sentence: (sentence, setting) => [
    ...measured(sentence, setting),
    ...plain(sentence),
    ...(setting.isForm ? lines(sentence) : []),
  ],
};
