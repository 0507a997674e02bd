import { end, limit } from './bounds.ts';
import { started } from './employment.ts';
import type { ClauseRule } from './family.ts';
import { isTelling, phraseAt } from './phrases.ts';
import { whenPast } from './when.ts';

const OWN_BUSINESS =
  /\b(?:business|company|shop|store|bakery|caf[eé]|restaurant|bar|pub|studio|agency|firm|farm|salon|stall|practice|clinic|startup|start-up|school|gallery|brewery|garage|workshop|hotel|hostel|b&b|bookshop|bookstore|gym|nursery|kennel|label|magazine|newsletter|podcast|team|department|site|facilities|operations|franchise|charity|foundation|lab|laboratory|winery|vineyard|consultancy|kiosk|food truck|market|factory|plant|marketing|sales|logistics|it\b|hr\b|theatre|theater|cinema|museum|library|kitchen|office|branch|programme|program|project|choir|club|centre|center|blog|channel|bistro|diner|deli|florist|laundrette|barbershop|guesthouse|inn|orchard|stables)\b/i;

const NOT_RUN =
  /^(?:\d|an? (?:half )?(?:marathon|race|5k|10k|fever|bath|mile|test|script|errand|few|lot|temperature|ultra|triathlon)|marathons|errands|every|in|on|out|into|to|away|late|through|for|with|up|down|the (?:code|script|test|tests|command|build|race|marathon|dishwasher|risk)|(?:my|our) (?:script|code|tests|errands|mouth|life)|it|this|that|around|off|about|cross|track|fast|slow|along|outside|daily|twice|three|two|four|five)\b/i;

/** "I run a toaster repair stall": whose work it is. */
export const run: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'past' || clause.form === 'past')
    return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 9,
    until: /^(?:at|for|in|with|on|from|called|named|where)$/,
    through: /^(?:of|and|for)$/,
  });
  if (!phrase || !isTelling(phrase) || NOT_RUN.test(phrase.text) || !OWN_BUSINESS.test(phrase.text))
    return null;
  const verb = clause.verb === 'run' ? 'runs' : `${clause.verb}s`;
  return {
    predicate: 'occupation',
    object: `${verb} ${phrase.text}`,
    statement: `{subject} ${verb} ${phrase.text}`,
    confidence: 0.85,
    start: clause.start,
    end: phrase.end,
  };
};

/** "I started a bakery", "I opened a shop". */
export const found: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 8,
    until: /^(?:with|at|for|in|on|from|called|named|together)$/,
    through: /^(?:of|and)$/,
  });
  if (!phrase || !/^\s+(?:up )?(?:my|our|an?|the)\s/i.test(clause.rest) || !OWN_BUSINESS.test(phrase.text))
    return started(clause, setting);
  const from = whenPast(clause.sentence.text, clause.restStart, end(clause), setting.calendar);
  const object = phrase.text.replace(/^(?:up )?(?:my|our)? ?(?:own )?(?:an? )?/i, '');
  return {
    predicate: 'occupation',
    object: `runs ${object}`,
    statement: `{subject} started and runs ${object}`,
    confidence: 0.78,
    start: clause.start,
    end: phrase.end,
    from,
  };
};
