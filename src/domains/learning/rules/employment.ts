import { end, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Finding, Setting } from './family.ts';
import { isOccupation } from './occupations.ts';
import { isTelling, type Phrase, phraseAt } from './phrases.ts';
import { whenPast } from './when.ts';

/** An employer, by name or by kind: "Siemens", "a lighting company". */
export function employerAt(clause: Clause, from: number): Phrase | null {
  const phrase = phraseAt(limit(clause), from, {
    maxWords: 8,
    until:
      /^(?:as|doing|where|who|which|from|until|in|on|full|part|remotely|with|near|making|selling|running)$/,
  });
  if (
    !phrase ||
    !isTelling(phrase) ||
    /^(?:home|night|nights|weekends?|myself|living|free|money|peanuts|cash|hire|fun|it|heights?|speed|sea|times?|least|all|once|first|my (?:own|desk|computer|house|best)|the (?:moment|weekend|same|time|office|minute)|\d|height|capacity|day|most|present|work|minimum|now|least)\b/i.test(
      phrase.text,
    )
  )
    return null;
  return phrase;
}

/** One that is not named belongs to what is done there: "payroll for a chain of garden centres". */
export const isNamed = (employer: Phrase) => /\p{Lu}/u.test(employer.text);

/** "I started at Siemens on Monday", "I've started a new job at …", "I joined …". */
export function started(clause: Clause, setting: Setting): Finding[] | null {
  const lead =
    /^\s+(?:(?:back |out |work |working |an? (?:new |great |part[- ]time |full[- ]time )?(?:\p{L}+ )?(?:job|role|position|gig|internship|apprenticeship|traineeship)(?: as (?:an? )?([\p{L} -]{3,40}?))? |my (?:new )?job )*)(?:at|with|for)\s+/iu.exec(
      clause.rest,
    );
  const as =
    /^\s+(?:work |working |an? (?:new )?(?:job|role|position) |out |my new job )*as (?:an? |the )?/i.exec(
      clause.rest,
    );
  const from = whenPast(clause.sentence.text, clause.restStart, end(clause), setting.calendar);
  const findings: Finding[] = [];
  if (lead) {
    const employer = employerAt(clause, clause.restStart + lead[0].length);
    if (employer)
      findings.push({
        predicate: 'works_at',
        object: employer.text,
        confidence: 0.86,
        start: clause.start,
        end: from ? Math.max(employer.end, clause.restStart + clause.rest.trimEnd().length) : employer.end,
        from,
      });
  }
  const role =
    as &&
    phraseAt(limit(clause), clause.restStart + as[0].length, {
      maxWords: 6,
      until: /^(?:at|for|in|with|on)$/,
      through: /^of$/,
    });
  if (role && isOccupation(role.text))
    findings.push({
      predicate: 'occupation',
      object: role.text,
      confidence: 0.85,
      start: clause.start,
      end: role.end,
      from,
    });
  return findings;
}

/** "I joined Siemens", "I joined a choir". */
export const join: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 7,
    until: /^(?:as|in|on|last|at|for|with)$/,
  });
  if (!phrase || !isTelling(phrase)) return null;
  const from = whenPast(clause.sentence.text, clause.restStart, end(clause), setting.calendar);
  const isClub =
    /\b(?:club|choir|band|team|group|league|gym|class|orchestra|society|church|association|community|union|party|book club|troupe|squad|course|meetup|studio|program|programme)\b/i.test(
      phrase.text,
    );
  if (isClub && /^(?:group|bunch|team|class|crowd) of\b/i.test(phrase.text)) return null;
  if (isClub)
    return {
      predicate: 'member_of',
      object: phrase.text,
      confidence: 0.82,
      start: clause.start,
      end: phrase.end,
      from,
    };
  if (!/^\p{Lu}/u.test(phrase.text)) return null;
  return {
    predicate: 'works_at',
    object: phrase.text,
    confidence: 0.72,
    start: clause.start,
    end: phrase.end,
    from,
  };
};

/** "I got a job at …", "I got hired by …", "I got promoted to …", "I was made …". */
export const get: ClauseRule = (clause, setting) => {
  if (
    clause.modality !== null ||
    clause.negated ||
    (clause.tense === 'present' && clause.form === 'base' && !clause.progressive)
  )
    return null;
  const job =
    /^\s+(?:an? |the |my )?(?:new |dream |great |part[- ]time |full[- ]time |summer )*(?:(?:job|position|role|internship|gig|apprenticeship|contract|offer) (?:at|with|for|from)|hired (?:by|at)|taken on (?:by|at))\s+/i.exec(
      clause.rest,
    );
  const from = whenPast(clause.sentence.text, clause.restStart, end(clause), setting.calendar);
  if (job && !/offer/i.test(job[0])) {
    const employer = employerAt(clause, clause.restStart + job[0].length);
    return (
      employer && {
        predicate: 'works_at',
        object: employer.text,
        confidence: 0.82,
        start: clause.start,
        end: employer.end,
        from,
      }
    );
  }
  const role =
    /^\s+(?:(?:an? |the |my )?(?:new |dream )?(?:job|position|role|gig) as|promoted to|hired as|made)\s+(?:an? |the )?/i.exec(
      clause.rest,
    );
  const phrase =
    role &&
    phraseAt(limit(clause), clause.restStart + role[0].length, {
      maxWords: 6,
      until: /^(?:at|for|in|with|on)$/,
      through: /^of$/,
    });
  if (phrase && isOccupation(phrase.text))
    return {
      predicate: 'occupation',
      object: phrase.text,
      confidence: 0.84,
      start: clause.start,
      end: phrase.end,
      from,
    };
  const fired = /^\s+(?:fired|laid off|made redundant|sacked|let go) (?:from|by)\s+/i.exec(clause.rest);
  const lost = fired && employerAt(clause, clause.restStart + fired[0].length);
  return lost
    ? {
        predicate: 'works_at',
        object: lost.text,
        negated: true,
        kind: 'ENDS',
        confidence: 0.82,
        start: clause.start,
        end: lost.end,
      }
    : null;
};

/** "I left Ocado", "I quit my job at …", "I resigned from …". */
export const leave: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const lead =
    /^\s+(?:my (?:old |last )?(?:job|position|role|post) (?:at|with)|from (?:my job at )?|working (?:at|for))\s+/i.exec(
      clause.rest,
    );
  const employer = lead
    ? employerAt(clause, clause.restStart + lead[0].length)
    : clause.verb === 'leave' || clause.verb === 'quit'
      ? employerAt(clause, clause.restStart)
      : null;
  if (!employer || (!lead && !setsOut(employer))) return null;
  return {
    predicate: 'works_at',
    object: employer.text,
    negated: true,
    kind: 'ENDS',
    confidence: lead ? 0.84 : 0.6,
    start: clause.start,
    end: employer.end,
  };
};

/** A firm, not a place: "I left Rome" tells of a journey. */
const setsOut = (phrase: Phrase) =>
  /\b(?:Inc|Ltd|GmbH|Corp|company|firm|bank|agency|startup|start-up)\b/.test(phrase.text);
