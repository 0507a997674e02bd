import { base, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Finding } from './family.ts';
import { isTelling, listAt, phraseAt } from './phrases.ts';
import { whenPast } from './when.ts';

/** How often something is taken. */
export const OFTEN =
  /\b(?:every|each|daily|twice|once a|nightly|a day|in the mornings?|at night|before bed|per day|as needed)\b/i;

/** When something is not taken; at other times it may be: "no coffee after three". */
const AT_TIMES =
  /^\s+(?:after|before|until|till|on an empty|at (?:night|home|work|lunch|parties|the weekend)|at weekends|on (?:weekdays|weekends|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|school nights)|in the (?:morning|afternoon|evening)s?|during|when|while|if|unless|without|with|late|except|that|which|from)\b/i;

/** "I don't eat gluten", "I can't have dairy", "I don't drink", "I don't smoke". */
export const eat: ClauseRule = (clause) => {
  if (
    !clause.negated ||
    clause.tense !== 'present' ||
    (clause.modality !== null && clause.modality !== 'can')
  )
    return diet(clause);
  const items = listAt(limit(clause), clause.restStart, {
    maxWords: 5,
    through: /^or$/,
    until: /^(?:either|much|enough|at|in|for|on|before|after|very)$/,
  });
  return items
    .flatMap((item) => item.text.split(/\s+or\s+/).map((text) => ({ ...item, text })))
    .filter(
      (item) =>
        isTelling(item) &&
        !AT_TIMES.test(limit(clause).slice(item.end)) &&
        !/^(?:anything|any(?:more)?|breakfast|lunch|dinner|out|much|well|enough|properly|a lot|the|my|your|all|every|like|more|as|after|before|much)\b/i.test(
          item.text,
        ),
    )
    .map((item) => ({
      ...base(clause),
      predicate: clause.verb === 'drink' ? 'drinks' : 'eats',
      object: item.text.replace(/^(?:any)\s+/i, ''),
      confidence: 0.88,
      end: item.end,
    }));
};

/** "I follow a low-carb diet", "I keep kosher": what one eats by. */
export function diet(clause: Clause): Finding | null {
  if (clause.negated || clause.modality !== null || clause.tense !== 'present' || clause.verb !== 'eat')
    return null;
  const found =
    /^\s+(?:strictly |mostly |only |a )*(vegan|vegetarian|keto|halal|kosher|paleo|plant[- ]based|gluten[- ]free|dairy[- ]free|low[- ]carb)(?: diet| food)?\b/i.exec(
      clause.rest,
    );
  return found?.[1]
    ? {
        start: clause.start,
        predicate: 'diet',
        object: found[1].toLowerCase(),
        confidence: 0.88,
        end: clause.restStart + found[0].length,
      }
    : null;
}

/** "I don't drink", "I drink oat milk". */
export const drink: ClauseRule = (clause, setting) => {
  if (!clause.negated) {
    if (clause.modality !== null || clause.tense !== 'present' || clause.progressive) return null;
    const only =
      /^\s+(?:only|nothing but|mostly)\s+/i.exec(clause.rest) ??
      (OFTEN.test(clause.rest) ? /^\s+/.exec(clause.rest) : null);
    const phrase =
      only &&
      phraseAt(limit(clause), clause.restStart + only[0].length, {
        maxWords: 6,
        through: /^of$/,
        until: /^(?:in|at|before|after|every|with)$/,
      });
    return phrase && isTelling(phrase)
      ? { start: clause.start, predicate: 'drinks', object: phrase.text, confidence: 0.75, end: phrase.end }
      : null;
  }
  const isPlain = /^\s*(?:$|[,.!]|(?:at all|any ?more|alcohol|anything|either|and|so|but)\b)/i.test(
    clause.rest,
  );
  if (isPlain && clause.tense === 'present' && clause.modality === null) {
    const word = /^\s+(?:any )?alcohol/i.exec(clause.rest)?.[0] ?? '';
    return {
      ...base(clause),
      predicate: 'drinks',
      object: 'alcohol',
      confidence: 0.88,
      end: clause.restStart + word.length,
    };
  }
  return eat(clause, setting);
};

/** "I smoke", "I don't vape". */
export const smoke: ClauseRule = (clause) => {
  if (
    clause.modality !== null ||
    clause.tense !== 'present' ||
    (clause.form === 'base' &&
      /^\s+(?:a |my |the )?(?:meat|fish|ribs|brisket|salmon|cheese|turkey|pork)\b/i.test(clause.rest))
  )
    return null;
  return {
    ...base(clause),
    predicate: clause.verb === 'vape' ? 'vapes' : 'smokes',
    object: clause.verb === 'vape' ? 'vaping' : 'smoking',
    statement: `{subject} ${clause.negated ? 'does not ' : ''}${clause.verb}${clause.negated ? '' : 's'}`,
    confidence: 0.88,
    end: clause.restStart,
  };
};

/** "I quit smoking", "I stopped eating meat", "I gave up alcohol". */
export const stop: ClauseRule = (clause, setting) => {
  if (clause.negated || clause.modality !== null || clause.tense === 'present') return null;
  const from = whenPast(
    clause.sentence.text,
    clause.restStart,
    clause.restStart + clause.rest.length,
    setting.calendar,
  );
  const found = /^\s+(?:up )?(?:(smoking|vaping|drinking)(?: alcohol)?|(eating|having|drinking)\s+)/i.exec(
    clause.rest,
  );
  if (found?.[1]) {
    const verb = found[1].toLowerCase();
    return {
      start: clause.start,
      predicate: verb === 'drinking' ? 'drinks' : verb === 'vaping' ? 'vapes' : 'smokes',
      object: verb === 'drinking' ? 'alcohol' : verb,
      statement: `{subject} has stopped ${verb}`,
      negated: true,
      kind: 'ENDS',
      confidence: 0.9,
      end: clause.restStart + found[0].length,
      from,
    };
  }
  const given = found ?? (clause.verb === 'give' ? /^\s+up\s+(?:on )?/i.exec(clause.rest) : null);
  const phrase =
    given &&
    phraseAt(limit(clause), clause.restStart + given[0].length, { maxWords: 4, until: /^(?:for|in|on|at)$/ });
  if (!phrase || !isTelling(phrase) || /^(?:on|trying|hope|my|the|work)\b/i.test(phrase.text)) return null;
  return {
    start: clause.start,
    predicate: /drink/i.test(found?.[2] ?? '') ? 'drinks' : 'eats',
    object: phrase.text,
    negated: true,
    kind: 'ENDS',
    confidence: 0.75,
    end: phrase.end,
    from,
  };
};

/** "I went vegan", "I've become gluten-free". */
export const become: ClauseRule = (clause, setting) => {
  if (clause.negated || clause.modality !== null || clause.tense === 'present') return null;
  const found =
    /^\s+(?:an? |fully |totally |back to (?:being )?)*(vegan|vegetarian|veggie|pescatarian|keto|plant[- ]based|gluten[- ]free|dairy[- ]free|teetotal|sober)\b/i.exec(
      clause.rest,
    );
  if (!found?.[1]) return null;
  const from = whenPast(
    clause.sentence.text,
    clause.restStart,
    clause.restStart + clause.rest.length,
    setting.calendar,
  );
  return {
    start: clause.start,
    predicate: 'diet',
    object: found[1].toLowerCase(),
    confidence: 0.86,
    end: clause.restStart + found[0].length,
    from,
  };
};
