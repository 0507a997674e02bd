import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding } from './family.ts';
import { mayBeName, NAME, PETS } from './people.ts';
import type { Sentence } from './sentences.ts';
import { whenPast } from './when.ts';

const ANIMAL = String.raw`((?:(?:[\p{L}\d'-]+ ){0,4}?)(?:${PETS}))(?![\p{L}-])`;
const MINE = new RegExp(
  `\\b(?:[Mm]y|[Oo]ur)\\s+((?:[\\p{L}'-]+ ){0,2}?(?:${PETS}))(?:'s name(?: is|'s)|(?: is| was)? (?:called|named)|,|:)?\\s+["'“(]?(${NAME})(?=$|[^\\p{L}])`,
  'gu',
);
const NAMED = new RegExp(
  `^(?: called| named|'s name is|,? whose name is|, (?:and )?(?:his|her|its|their) names?(?: is|'s| are)|,|:|\\s?[("])?\\s*["'“(]?(${NAME}(?:(?:, | and | & )${NAME}){0,4})`,
  'u',
);
const NO_PET =
  /\b(?:hot dog|fish (?:tank|allergy|sauce|oil|and)|dog (?:walker|food|bed|sitter|park|person|allergy)|cat (?:food|person|allergy|litter)|horse (?:riding)|chicken (?:breast|soup|pox|curry|wings|thighs)|mouse pad|bull ?fight|duck tape|cow's|allergy)\b/i;

const object = (animal: string, name: string | null) => (name ? `${animal}, ${name}` : animal);
const bare = (animal: string) => animal.replace(/^(?:an?|the|my|our|this|some)\s+/i, '').trim();

/** "Our dog Rex died": it is no more. */
const DIED =
  /^\s+(?:has |had |just |sadly |has just |was |had to be |has been )*(?:died|passed away|passed|put down|put to sleep|euthani[sz]ed|crossed the rainbow bridge)\b/i;

/** "my dog Rex", "our cat is called Biscuit". */
function mine({ text }: Sentence): Finding[] {
  if (!/\b(?:my|our)\b/i.test(text)) return [];
  return [...text.matchAll(MINE)].flatMap((match) => {
    const name = match[2]?.replace(/'s$/, '') ?? '';
    if (
      !/^\p{Lu}/u.test(name) ||
      !mayBeName(name) ||
      /\b(?:old|late|childhood|neighbour's|friend's|\p{L}+'s)\b/iu.test(match[1] ?? '')
    )
      return [];
    if (
      /,\s+$/.test(match[0].slice(0, match[0].lastIndexOf(name))) &&
      !/^\s*(?:$|[,.!)]|\b(?:and|who|is|has|loves|was)\b)/u.test(text.slice(match.index + match[0].length))
    )
      return [];
    return [
      {
        predicate: 'has_pet',
        object: object(bare(match[1] ?? ''), name),
        ...(DIED.test(text.slice(match.index + match[0].length)) && { negated: true, kind: 'ENDS' as const }),
        confidence: 0.9,
        start: match.index,
        end: match.index + match[0].replace(/'s$/, '').length,
      },
    ];
  });
}

function petIn(clause: Clause, negated: boolean): Finding | null {
  const found =
    new RegExp(
      `^\\s+(?:got )?(?:(?:an?|the|two|three|four|five|six|\\d{1,2}|some|another|any|no|several|my|our|his|her)\\s+)${ANIMAL}`,
      'iu',
    ).exec(clause.rest) ??
    (negated ? /^\s+(?:any )?((?:dogs|cats|pets|animals))(?![\p{L}-])/iu.exec(clause.rest) : null);
  const animal = found?.[1];
  if (!found || animal === undefined) return null;
  const tail = clause.sentence.text.slice(
    clause.restStart + found[0].length,
    clause.restStart + found[0].length + 100,
  );
  if (
    NO_PET.test(`${animal}${tail.slice(0, 15)}`) ||
    /^(?:-|\s(?:to (?:feed|walk|look)|on (?:my|the) (?:lap|couch)|in (?:the )?(?:oven|fridge|freezer|soup)|for (?:dinner|lunch|tea))\b)/i.test(
      tail,
    )
  )
    return null;
  if (/^(?:few|lot|couple|bit|question|problem)\b/i.test(animal)) return null;
  if (
    /\b(?:love|fear|passion|thing|soft spot|respect|phobia|pictures?|photos?|paintings?|books?|videos?|dream|toy|statue|drawing)\b/i.test(
      animal,
    )
  )
    return null;
  const count = /^\s+(?:got )?(two|three|four|five|six|\d{1,2}|several|another)\s/i.exec(found[0])?.[1];
  const words = [
    count && count !== 'another' ? count : '',
    bare(animal).replace(/^(?:second|third|new|other)\s+/i, ''),
  ]
    .filter(Boolean)
    .join(' ');
  const name = NAMED.exec(tail);
  const isNamed =
    name?.[1] !== undefined &&
    mayBeName(name[1]) &&
    !/^(?:I|We|He|She|It|They)\b/.test(name[1]) &&
    /^(?: called| named|'s name|,|:|\s?[("])/.test(name[0]);
  const end = clause.restStart + found[0].length + (isNamed && name ? name[0].length : 0);
  return {
    predicate: 'has_pet',
    object: object(words, isNamed ? (name?.[1] ?? null) : null),
    negated: negated || /\bno\b/i.test(found[0]),
    kind: clause.ended ? 'ENDS' : 'STATES',
    confidence: 0.88,
    start: clause.start,
    end,
  };
}

const have: ClauseRule = (clause) => {
  if (
    clause.modality !== null ||
    clause.tense === 'past' ||
    (clause.verb === 'get' && clause.tense !== 'perfect' && clause.form === 'base')
  )
    return null;
  return petIn(clause, clause.negated);
};

const adopt: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const pet = petIn(clause, false);
  return (
    pet && {
      ...pet,
      from: whenPast(
        clause.sentence.text,
        clause.restStart,
        clause.restStart + clause.rest.length,
        setting.calendar,
      ),
    }
  );
};

export const pets: Family = {
  name: 'pets',
  verbs: {
    have,
    own: have,
    keep: have,
    get: (clause, setting) =>
      clause.tense === 'perfect' && clause.form === 'participle' && !clause.progressive
        ? have(clause, setting)
        : adopt(clause, setting),
    adopt,
    rescue: adopt,
    buy: adopt,
    foster: have,
    breed: have,
    raise: have,
  },
  sentence: mine,
};
