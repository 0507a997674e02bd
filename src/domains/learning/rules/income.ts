import type { ClauseRule } from './family.ts';

/** "I earn 3,000 euros a month". */
export const earn: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.negated || clause.tense !== 'present') return null;
  const money =
    /^\s+(?:about |around |roughly |only |just |like )*((?:[€$£]\s?)?\d[\d,. ]*\d?\s?k?(?:\s?(?:euros?|dollars?|pounds?|eur|usd|gbp|€|\$|£|quid|francs?|yen|kr|zl|k))?(?:\s?(?:an?|per|\/)\s?(?:month|year|hour|week|day|annum)| monthly| yearly| annually)?(?: (?:net|gross|after tax|before tax))?)/i.exec(
      clause.rest,
    );
  if (
    !money?.[1] ||
    (clause.verb === 'make' && !/[€$£]|euro|dollar|pound|k\b|usd|gbp|eur\b/i.test(money[1])) ||
    (!/month|year|hour|week|annum|annual|net|gross/i.test(money[1]) && clause.verb === 'make')
  )
    return null;
  return {
    predicate: 'income',
    object: money[1].trim(),
    confidence: 0.85,
    start: clause.start,
    end: clause.restStart + money[0].length,
  };
};
