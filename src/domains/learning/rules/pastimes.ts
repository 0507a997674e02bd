import { base, limit } from './bounds.ts';
import type { ClauseRule, Finding } from './family.ts';
import { isTelling, listAt, type Phrase, phraseAt } from './phrases.ts';
import { verbOf } from './verbs.ts';

/** Pastimes: "I knit", "I do ceramics on weekends", "I go bouldering". */
const pastime: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense !== 'present' || clause.progressive || clause.form !== 'base')
    return null;
  const isAlone =
    /^\s*(?:$|[,.!;]|\b(?:and|a lot|every|on|in my|most|when|too|as a hobby|for fun|regularly|at the|with|sometimes|often|twice|three|once|for (?:fun|a living|charity))\b)/i.test(
      clause.rest,
    );
  if (!isAlone) return null;
  const gerund = gerundOf(clause.verb);
  return { ...base(clause), predicate: 'hobby', object: gerund, confidence: 0.78, end: clause.restStart };
};

function gerundOf(lemma: string): string {
  for (const form of [`${lemma}ing`, `${lemma.replace(/e$/, '')}ing`, `${lemma}${lemma.slice(-1)}ing`])
    if (verbOf(form)?.lemma === lemma) return form;
  return `${lemma}ing`;
}

const DONE =
  /^\s+(?:a (?:bit|little|lot) of |some |lots of )?((?:[\p{L}-]+ )?(?:[\p{L}-]+ing|ceramics|pottery|yoga|pilates|karate|judo|aikido|ju-?jitsu|jiu-?jitsu|taekwondo|kickboxing|crossfit|tai chi|ballet|gymnastics|parkour|origami|calligraphy|photography|woodwork|needlework|embroidery|macram[eé]|improv|stand-?up|amateur dramatics|theatre|theater|drama|triathlons?|marathons?|archery|athletics|puzzles|crosswords|sudokus?|carpentry|cross-?stitch|martial arts|voluntary work|volunteer work|charity work|open mics?|cosplay|metalwork|leatherwork|zumba|spin classes|aerobics|capoeira|salsa|tango|meditation|stained glass|bookbinding|lino(?:cuts?| printing)|watercolou?rs|aerial silks|trapeze|weights|cardio|stand-up comedy))(?![\p{L}-])/iu;

/** "I do ceramics". */
export const doing: ClauseRule = (clause) => {
  if (
    clause.modality !== null ||
    clause.tense === 'past' ||
    (clause.progressive && !/\b(?:for|since|lately|these days|on)\b/i.test(clause.rest))
  )
    return null;
  const found = DONE.exec(clause.rest);
  if (
    !found?.[1] ||
    // "I haven't done pottery yet" says what is still to come.
    (clause.negated && clause.tense === 'perfect') ||
    /^(?:everything|anything|nothing|something|cleaning|washing|cooking|shopping|the washing|my|laundry|that thing|thing|training|testing|planning|working|being|going|ing|meeting|reading)$/i.test(
      found[1].trim(),
    )
  )
    return null;
  return {
    ...base(clause),
    predicate: 'hobby',
    object: found[1].trim(),
    confidence: 0.82,
    end: clause.restStart + found[0].length,
  };
};

/** "I go bouldering". */
export const go: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past' || clause.form !== 'base' || clause.negated)
    return null;
  const found =
    /^\s+((?:rock |ice |wild |sea |trail |cold water |ballroom |bird |mountain |open[- ]water )?(?:[\p{L}]+ing))\b/iu.exec(
      clause.rest,
    );
  if (
    !found?.[1] ||
    /^(?:shopping|missing|living|working|looking|everything|nothing|crying|going|being|home|sleeping|grocery)$/i.test(
      found[1],
    ) ||
    (!/\b(?:every|on|most|twice|once|a lot|regularly|often|weekly|daily|whenever|each|in the|sometimes|\w+ times)\b/i.test(
      clause.rest.slice(found[0].length),
    ) &&
      ![...clause.adverbs].some((word) => /^(?:often|usually|regularly|always|sometimes)$/.test(word)))
  )
    return null;
  return {
    ...base(clause),
    predicate: 'hobby',
    object: found[1],
    confidence: 0.8,
    end: clause.restStart + found[0].length,
  };
};

/** "I train for a marathon", "I practise judo". */
export const train: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past') return null;
  const lead = /^\s+(?:for|in)\s+(?:an? |the |my )?/i.exec(clause.rest);
  const phrase =
    lead &&
    phraseAt(limit(clause), clause.restStart + lead[0].length, {
      maxWords: 5,
      until: /^(?:in|on|at|with|every)$/,
    });
  if (!phrase || !isTelling(phrase)) return null;
  const isAim = /^\s+for/i.test(clause.rest);
  if (!isAim)
    return { ...base(clause), predicate: 'hobby', object: phrase.text, confidence: 0.75, end: phrase.end };
  return clause.progressive && !clause.negated
    ? {
        start: clause.start,
        predicate: 'plans',
        object: `train for ${phrase.text}`,
        statement: `{subject} is training for ${phrase.text}`,
        confidence: 0.82,
        end: phrase.end,
      }
    : null;
};

const HOBBY =
  /\b(?:my|our) (?:main |favou?rite |new |biggest |other |only )?(?:hobby|hobbies|pastime|passion|passions|hobby's|interests?) (?:is|are|include|includes|:)\s+/i;

/** "My hobbies are knitting and chess". */
export function hobbies({ text, isQuestion }: { text: string; isQuestion: boolean }): Finding[] {
  const found = HOBBY.exec(text);
  if (!found || isQuestion) return [];
  return listAt(text, found.index + found[0].length, { maxWords: 5 })
    .filter((item: Phrase) => isTelling(item) && !/^(?:to|that|not|my|when)\b/i.test(item.text))
    .map((item) => ({
      predicate: 'hobby',
      object: item.text,
      confidence: 0.86,
      start: found.index,
      end: item.end,
    }));
}

/** What is done for its own sake, by its verb. */
export const pastimes = Object.fromEntries(
  'knit crochet paint garden hike climb jog cycle surf ski skate row box dance bake juggle volunteer'
    .split(' ')
    .map((verb) => [verb, pastime]),
);
