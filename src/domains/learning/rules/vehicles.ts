import { limit } from './bounds.ts';
import type { ClauseRule } from './family.ts';
import { isTelling, phraseAt } from './phrases.ts';

const CAR_MAKES =
  'audi|bmw|citro[eë]n|chevrolet|chevy|chrysler|cupra|dacia|daihatsu|dodge|ferrari|fiat|ford|genesis|gmc|honda|hyundai|infiniti|jaguar|jeep|kia|lada|lancia|land rover|range rover|lexus|lincoln|mazda|mercedes|mini cooper|mini|mitsubishi|nissan|opel|peugeot|polestar|porsche|prius|renault|rivian|rover|saab|seat|skoda|škoda|smart|subaru|suzuki|tesla|toyota|vauxhall|volkswagen|volvo|vw|byd|mg|alfa romeo|buick|cadillac|pontiac|acura|ram';

/** A car, by its make or by its kind. */
export const CAR = new RegExp(
  `^(?:[\\p{L}\\d-]+ ){0,3}?(?:${CAR_MAKES})(?=\\s|$)|\\b(?:car|van|minivan|pickup|truck|suv|hatchback|estate|convertible|sedan|campervan|ev|jeep)$`,
  'iu',
);

/** A bicycle or a motorcycle. */
export const TWO_WHEELS =
  /\b(?:bike|bicycle|motorbike|motorcycle|scooter|moped|vespa|harley(?:[- ]davidson)?|ducati|kawasaki|yamaha|triumph|ktm|royal enfield|e-bike|ebike|brompton|tandem)\b/i;

/** A car of which nothing is said. */
export const PLAIN = /^(?:(?:old|new|second|electric|company|family) )?(?:car|van|truck|ev)$/i;

const NO_DRIVE =
  /^\s+(?:to|home|past|around|there|from|into|for|in|every|on|out|back|down|up|through|at|like|very|slowly|fast|a lot|long|most|people|my (?:kids?|son|daughter|husband|wife|mother|mum|dad)|him|her|them|you|me|it|less|more|too|everyone|everybody)\b/i;

/** "I drive a Peugeot 208". */
export const drive: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense !== 'present' || NO_DRIVE.test(clause.rest)) return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 8,
    until: /^(?:to|in|on|at|for|with|from|into|around|every|home|through|all|back)$/,
  });
  if (!phrase || !isTelling(phrase))
    return clause.negated && /^\s*(?:$|[,.!;]|\b(?:and|so|but|at all|any ?more|either)\b)/i.test(clause.rest)
      ? {
          predicate: 'can',
          object: 'drive',
          negated: true,
          kind: clause.ended ? 'ENDS' : 'STATES',
          confidence: 0.78,
          start: clause.start,
          end: clause.restStart,
        }
      : null;
  const text = phrase.text.replace(/^(?:my|our)\s+/i, '');
  const verb = clause.verb === 'ride' ? 'rides' : 'drives';
  if (
    /^(?:taxi|bus|lorry|truck|tram|train|forklift|cab|ambulance|school bus|hgv|uber|crane|tractor)s?$/i.test(
      text,
    )
  )
    return {
      predicate: 'occupation',
      object: `drives a ${text}`,
      statement: `{subject} drives a ${text}`,
      confidence: 0.7,
      start: clause.start,
      end: phrase.end,
      negated: clause.negated,
    };
  if (verb === 'rides' && /\bhorses?|ponies|waves|bus|train|subway|metro|tram\b/i.test(text))
    return /horse/i.test(text)
      ? {
          predicate: 'hobby',
          object: 'horse riding',
          negated: clause.negated,
          confidence: 0.75,
          start: clause.start,
          end: phrase.end,
        }
      : null;
  return {
    predicate: verb,
    object: text,
    negated: clause.negated,
    kind: clause.ended ? 'ENDS' : 'STATES',
    confidence: 0.9,
    start: clause.start,
    end: phrase.end,
  };
};
