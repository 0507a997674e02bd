import { ageOf, birthdaysIn, birthOf, turn } from './ages.ts';
import { found } from './bounds.ts';
import type { Clause } from './clauses.ts';
import { mayBegin } from './clauses.ts';
import type { ClauseRule, Family, Finding, Setting } from './family.ts';
import { isNationality, mayBeName, NAME } from './people.ts';
import type { Sentence } from './sentences.ts';

const NAMED = new RegExp(
  `^\\s*(?:called |named |known as )?(${NAME})(?=\\s*(?:$|[,.!;(–-]|\\b(?:and|from|by the way|btw|but|here|your|the new|speaking|nice|a|an|I)\\b))`,
  'u',
);
const INTRO =
  /^(?:(?:hi+|hello|hey|hiya|yo|moin|ok|okay|well|so|and|also|thanks|thx|cheers|good (?:morning|evening|afternoon|day)|morning|evening|greetings|nice to meet you|intro|quick intro|first|btw|by the way|fyi|for the record)(?: there| all| everyone| again| folks| team)?[,.!: –-]*)*$/iu;
const NICKNAME = new RegExp(`^\\s+by (${NAME})`, 'u');

/** "I'm Ismail, I run …": where somebody says who it is, not how. */
function nameOf(clause: Clause): Finding | null {
  const name = NAMED.exec(clause.rest);
  if (!name?.[1] || clause.negated || !mayBeName(name[1])) return null;
  const isCalled = /^\s*(?:called|named)\s/i.test(clause.rest);
  const before = clause.sentence.text.slice(0, clause.start);
  if (!isCalled && !INTRO.test(before)) return null;
  if (
    /^(?:Catholic|Christian|Muslim|Jewish|Buddhist|Hindu|Sikh|Atheist|Agnostic|Protestant|Orthodox|Anglican|Lutheran|Mormon|Pagan|Taoist|Quaker|Aries|Taurus|Gemini|Cancer|Leo|Virgo|Libra|Scorpio|Sagittarius|Capricorn|Aquarius|Pisces|Ok|Okay|Fine|Good|Great|Sorry|Happy|Sad|Sure|Back|Here|Done|Not|INTJ|INFP|INFJ|ENFP|ENTP|CEO|CTO|CFO)\b/.test(
      name[1],
    )
  )
    return null;
  return found(clause, name[0].length, {
    predicate: 'name',
    object: name[1],
    confidence: isCalled ? 0.92 : 0.82,
  });
}

const RELIGION =
  /^\s*(?:a |an )?(?:\p{L}+ly |practi[sc]ing |devout |lapsed |raised |secular |liberal )*(Catholic|Christian|Muslim|Jewish|Buddhist|Hindu|Sikh|atheist|agnostic|Protestant|Orthodox|Anglican|Lutheran|Methodist|Baptist|Mormon|pagan|Quaker|Zoroastrian|Jain|Bah[aá]'í)\b(?!\s+\p{L}+(?:an|er|ist|school)\b)/iu;
const HAND = /^\s*(?:a )?(left[- ]hand(?:ed|er)|right[- ]hand(?:ed|er)|lefty|leftie|ambidextrous)\b/i;
const HEIGHT =
  /^\s*(?:about |around |only |just |roughly |like )*((?:\d{3}\s?(?:cm|centimet\w+)|[12][.,]\d{1,2}\s?(?:m\b|met(?:er|re)s?)|\d\s?(?:'|ft\.?|foot|feet)\s?(?:\d{1,2}\s?(?:"|''|in\b|inch(?:es)?)?)?|\d'\d{1,2}|(?:four|five|six|seven) (?:foot|feet)(?: (?:\w+|\d{1,2})(?: inch(?:es)?)?)?|[12][.,]\d{2}(?= tall)))(?:\s*tall)?/iu;

const be: ClauseRule = (clause, setting) => {
  if (clause.modality !== null) return null;
  if (clause.tense === 'past') return birthOf(clause, setting);
  if (clause.tense !== 'present') return null;
  const findings: Finding[] = [];
  const age = ageOf(clause);
  if (age) findings.push(age);
  const height = HEIGHT.exec(clause.rest);
  if (height?.[1])
    findings.push(
      found(clause, height[0].length, { predicate: 'height', object: height[1].trim(), confidence: 0.88 }),
    );
  const hand = HAND.exec(clause.rest);
  if (hand?.[1])
    findings.push(
      found(clause, hand[0].length, {
        predicate: 'handedness',
        object: hand[1]
          .replace(/er$/i, 'ed')
          .replace(/^left[ie]e?y?$/i, 'left-handed')
          .replace(/^lefty$/i, 'left-handed'),
        negated: clause.negated,
        confidence: 0.92,
      }),
    );
  const religion = RELIGION.exec(clause.rest);
  if (religion?.[1])
    findings.push(
      found(clause, religion[0].length, {
        predicate: 'religion',
        object: religion[1],
        negated: clause.negated,
        confidence: 0.85,
      }),
    );
  const nation =
    /^\s*((?:(?:half|part)[- ])?\p{Lu}[\p{L}]+(?:[- ]\p{Lu}\p{L}+)?)(?=\s*(?:$|[,.!;)]|(?:and|but|by|so|myself|not|originally|too|btw)\b))/u.exec(
      clause.rest,
    ) ?? /^\s*(\p{L}+)(?=\s*(?:$|[,.!]|\bby birth\b))/u.exec(clause.rest);
  const isNation = nation?.[1] !== undefined && isNationality(nation[1]);
  if (nation?.[1] && isNation)
    findings.push(
      found(clause, nation[0].length, {
        predicate: 'nationality',
        object: nation[1],
        negated: clause.negated,
        confidence: 0.88,
      }),
    );
  const name = nameOf(clause);
  if (name && !isNation) findings.push(name);
  return findings;
};

const weigh: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense !== 'present' || clause.negated) return null;
  const weight =
    /^\s+(?:in at )?(?:about |around |roughly |only |just |almost |nearly |like |now |exactly |currently )*(\d{2,3}(?:[.,]\d)?\s?(?:kg|kgs|kilos?|kilograms?|lbs?|pounds?|stone|st\b)?(?: \d{1,2}(?: ?(?:lbs?|pounds))?)?)/i.exec(
      clause.rest,
    );
  return weight?.[1]
    ? found(clause, weight[0].length, { predicate: 'weight', object: weight[1].trim(), confidence: 0.9 })
    : null;
};

const go: ClauseRule = (clause) => {
  const name = NICKNAME.exec(clause.rest);
  if (!name?.[1] || clause.modality !== null || clause.negated || clause.tense !== 'present') return null;
  return found(clause, name[0].length, { predicate: 'nickname', object: name[1], confidence: 0.88 });
};

const PRONOUNS =
  /^\s+(?:the (?:pronouns )?)?((?:she|he|they|xe|ze)(?:\/(?:her|him|them|hers|his|theirs|they|she|he|xem|hir)){1,2})\b/i;
const use: ClauseRule = (clause) => {
  const pronouns = PRONOUNS.exec(clause.rest);
  return pronouns?.[1] && clause.modality === null && !clause.negated
    ? found(clause, pronouns[0].length, { predicate: 'pronouns', object: pronouns[1], confidence: 0.92 })
    : null;
};

const SAID: readonly (readonly [RegExp, string, number])[] = [
  [
    new RegExp(
      `\\b(?:[Mm]y|MY) (?:full |first |real |actual |legal |new |married )?name(?: is|'s|:)(?: now| actually| still)? (${NAME})`,
      'u',
    ),
    'name',
    0.95,
  ],
  [new RegExp(`\\b(?:[Mm]y|the) name(?:'s| is) (${NAME})`, 'u'), 'name', 0.92],
  [
    new RegExp(
      `(?:^|[,.!:;] ?|\\b(?:and|but|so|please|just|[Yy]ou can|[Yy]ou could|[Ee]veryone|[Ee]verybody|[Pp]eople|[Ff]riends|[Tt]hey|all|[Ff]amily|mates|usually|mostly) )[Cc]alls? me (${NAME})`,
      'u',
    ),
    'nickname',
    0.88,
  ],
  [new RegExp(`\\b[Mm]y (?:nickname|nick) is (${NAME})`, 'u'), 'nickname', 0.92],
  [new RegExp(`\\b[Mm]y (?:last name|surname|family name|maiden name) is (${NAME})`, 'u'), 'surname', 0.9],
];
const LOWER_NAME =
  /\bmy (?:full |first )?name(?: is|'s|s) (\p{Ll}[\p{L}'-]+)(?=\s*(?:$|[,.!]|\b(?:and|but|i|im|i'm|btw|from|nice)\b))/u;
const DETAILS: readonly (readonly [RegExp, string])[] = [
  [
    /\bmy (?:e-?mail|email|mail)(?: address)?(?: is|:|'s) ?([\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,20}){1,4})/i,
    'email',
  ],
  [
    /\bmy (?:phone|mobile|cell|telephone|phone number|mobile number|cell number|number)(?: number)?(?: is|:|'s)(?: now)? ?(\+?\d[\d ()./-]{5,18}\d)/i,
    'phone',
  ],
  [/\bmy pronouns(?: are|:|'re) ?((?:she|he|they|xe|ze|it)(?:\/\p{L}{2,6}){1,2})/iu, 'pronouns'],
  [
    /\bmy blood (?:type|group)(?: is|'s|:) ?((?:AB|A|B|O|0)(?: ?(?:rh ?)?(?:positive|negative|pos|neg|\+|-|−))?)(?![\p{L}])/iu,
    'blood_type',
  ],
  [
    /\bmy (?:shoe size|shoes? are(?: a)? size|feet are(?: a)? size)(?: is|'s|:)? ?(?:an? |about |around |EU |US |UK )*(\d{1,2}(?:[.,]5)?(?: ?(?:EU|US|UK))?)/i,
    'shoe_size',
  ],
  [/\bmy (?:star sign|zodiac sign|zodiac|sign) is (?:an? )?(\p{L}{3,12})/iu, 'star_sign'],
  [/\bmy (?:nationality|citizenship) is (\p{L}{3,20})/iu, 'nationality'],
  [/\bmy (?:native language|mother tongue|first language) is (\p{L}{3,20})/iu, 'native_language'],
];
function spoken(sentence: Sentence, setting: Setting): Finding[] {
  const { text } = sentence;
  const findings: Finding[] = [];
  if (!/\b(?:my|the name|calls? me)\b/i.test(text)) return findings;
  const add = (match: RegExpExecArray | null, predicate: string, confidence: number) => {
    if (
      !match?.[1] ||
      (!/ me /.test(match[0]) && !mayBegin(sentence, match.index)) ||
      /\b(?:not|isn't)\b/.test(match[0])
    )
      return;
    findings.push({
      predicate,
      object: match[1],
      confidence,
      start: match.index + (/^[,.!:; ]*/.exec(match[0])?.[0].length ?? 0),
      end: match.index + match[0].length,
    });
  };
  for (const [pattern, predicate, confidence] of SAID) {
    const match = pattern.exec(text);
    if (match?.[1] && mayBeName(match[1]) && !findings.some((each) => each.predicate === predicate))
      add(match, predicate, confidence);
  }
  if (findings.length === 0 && !sentence.isQuestion && !/\p{Lu}/u.test(text.replace(/\bI\b/g, '')))
    add(LOWER_NAME.exec(text), 'name', 0.8);
  for (const [pattern, predicate] of DETAILS) add(pattern.exec(text), predicate, 0.9);
  findings.push(...birthdaysIn(sentence, setting));
  return findings;
}

export const identity: Family = { name: 'identity', verbs: { be, turn, weigh, go, use }, sentence: spoken };
