import { base, end, limit } from './bounds.ts';
import { found, run } from './business.ts';
import type { Clause } from './clauses.ts';
import { employerAt, get, isNamed, join, leave } from './employment.ts';
import type { ClauseRule, Family, Finding } from './family.ts';
import { earn } from './income.ts';
import { isOccupation } from './occupations.ts';
import { isTelling, phraseAt } from './phrases.ts';
import { roleOf, statusOf } from './roles.ts';
import type { Sentence } from './sentences.ts';
import { whenPast } from './when.ts';

const field = (clause: Clause, from: number) =>
  phraseAt(limit(clause), from, { maxWords: 5, until: /^(?:at|for|in|with|on|from|as)$/, through: /^and$/ });

/** "work for X", "work at X", "work as a Y at X", "work in payroll". */
const work: ClauseRule = (clause, setting) => {
  const isPast =
    clause.modality === 'used to' ||
    (clause.tense === 'past' && clause.form === 'past') ||
    (clause.tense === 'past' && clause.progressive);
  if ((clause.modality !== null && clause.modality !== 'used to') || (clause.tense === 'past' && !isPast))
    return null;
  const findings: Finding[] = [];
  const lead =
    /^(?:\s+(?:part[- ]time|full[- ]time|mostly|mainly|remotely|nights|shifts|days|now|currently|freelance|here|hard|from home|two jobs))*\s+/i.exec(
      clause.rest,
    );
  const from = clause.restStart + (lead?.[0].length ?? 0);
  const rest = clause.sentence.text.slice(from, end(clause));
  const role =
    /^as (?:an? |the )?/i.exec(rest) ??
    /(?<=\s)as (?:an? |the )(?!result\b|favou?r\b|rule\b|team\b|matter\b|way\b|kid\b|child\b)/i.exec(rest);
  if (role) {
    const phrase = phraseAt(limit(clause), from + role.index + role[0].length, {
      maxWords: 7,
      until: /^(?:at|for|in|with|on|from|where|since)$/,
      through: /^(?:of|and)$/,
    });
    if (phrase && isTelling(phrase))
      findings.push({
        ...base(clause),
        predicate: isPast ? 'worked_as' : 'occupation',
        object: phrase.text,
        confidence: 0.93,
        end: phrase.end,
      });
  }
  const place = /(?:^|\s)(?:at|for)\s+/i.exec(rest.slice(0, 120));
  if (place && (place.index === 0 || role !== null || /^in\b/i.test(rest))) {
    const employer = employerAt(clause, from + place.index + place[0].length);
    if (employer && (place.index === 0 || isNamed(employer)))
      findings.push({
        ...base(clause),
        predicate: isPast ? 'worked_at' : 'works_at',
        object: employer.text,
        confidence: 0.9,
        end: employer.end,
        from:
          clause.tense === 'perfect'
            ? whenPast(clause.sentence.text, employer.end, end(clause), setting.calendar)
            : null,
      });
  }
  const inField = /^in (?:the )?/i.exec(rest);
  const isRoom =
    /^in the (?:studio|office|garden|kitchen|basement|garage|morning|afternoon|evening|background|dark|city|country|field|back|front|shed|attic)\b/i;
  if (inField && !isPast && !isRoom.test(rest)) {
    const phrase = field(clause, from + inField[0].length);
    if (
      phrase &&
      isTelling(phrase) &&
      !/^(?:my|your|this|that|an? (?:small |big |large |tiny )?(?:team|group|way|hurry)|\d|teams|person|pairs|shifts|silence|peace|bed|pajamas|pyjamas|the (?:morning|evening|office))\b/i.test(
        phrase.text,
      )
    )
      findings.push({
        ...base(clause),
        predicate: 'works_in',
        object: phrase.text,
        confidence: 0.88,
        end: phrase.end,
      });
  }
  return findings;
};

/** "I was promoted to head chef": as if one said that one got it. */
const PASSIVE = /^\s*(?:\p{L}+ly )?(?:promoted|hired|made redundant|fired|laid off|sacked|let go)\b/iu;

/** "I'm a stage designer at the opera", "I'm the head of …", "I'm retired". */
const be: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.progressive) return null;
  if (PASSIVE.test(clause.rest)) {
    const rest = clause.rest.trimStart();
    const restStart = clause.restStart + clause.rest.length - rest.length - 1;
    return get({ ...clause, rest: ` ${rest}`, restStart, form: 'past' }, setting);
  }
  return statusOf(clause) ?? roleOf(clause);
};

const teach: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.negated || clause.tense !== 'present') return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 6,
    until: /^(?:at|in|to|for|on|with|from|myself|how)$/,
    through: /^and$/,
  });
  if (
    !phrase ||
    !isTelling(phrase) ||
    /^(?:him|her|them|others|people|everyone|somebody|someone|my (?:son|daughter|kids|dog|husband|wife)|how|the kids|classes?)\b/i.test(
      phrase.text,
    )
  )
    return null;
  return {
    predicate: 'occupation',
    object: `teaches ${phrase.text}`,
    statement: `{subject} teaches ${phrase.text}`,
    confidence: 0.85,
    start: clause.start,
    end: phrase.end,
  };
};

/** What was asked about work makes of an answer a statement of it: "What do you do there?" "I restore the textiles." */
const any: ClauseRule = (clause, setting) => {
  if (
    !/\bwhat (?:do|does) (?:you|u|your job|that)\b[^?]{0,40}\b(?:do|involve|work)\b|\bwhat(?:'s| is) your (?:job|work|profession|role)\b|\bwhat kind of work\b|\bwhat are you working as\b/i.test(
      setting.asked,
    )
  )
    return null;
  if (
    clause.modality !== null ||
    clause.negated ||
    clause.tense !== 'present' ||
    clause.form !== 'base' ||
    /^(?:be|have|wanna|gonna|gotta|believe|trust|care|agree|wonder|support|keep|wish|enjoy|prefer|plan|think|guess|know|want|need|like|love|hate|mean|say|see|hope|live|work|get|go|come|feel|try)$/.test(
      clause.verb,
    )
  )
    return null;
  const phrase = phraseAt(limit(clause), clause.restStart, { maxWords: 7 });
  if (!phrase || !isTelling(phrase)) return null;
  return {
    predicate: 'occupation',
    object: `${clause.verb}s ${phrase.text}`,
    statement: `{subject} ${clause.verb}s ${phrase.text} for work`,
    confidence: 0.78,
    start: clause.start,
    end: phrase.end,
  };
};

const JOB =
  /\b(?:my|our) (?:current |new |day |main |actual |full-time |part-time )*(?:job|profession|occupation|trade|line of work|job title|role|position)(?: title)? (?:is|'s|:)(?: now| basically| currently| being)? (?:an? |as an? |that of an? |as |the )?/i;

const BY_TRADE = /\b(?:i'm|i am|im) (?:an? )?([\p{L} -]{3,40}?) by (?:trade|profession|training|day)\b/iu;

function jobs(sentence: Sentence): Finding[] {
  const findings: Finding[] = [];
  const job = JOB.exec(sentence.text);
  const phrase =
    job && !sentence.isQuestion
      ? phraseAt(sentence.text, job.index + job[0].length, {
          maxWords: 7,
          until: /^(?:at|for|with|on|where)$/,
          through: /^(?:of|in|and)$/,
        })
      : null;
  if (
    job &&
    phrase &&
    (isOccupation(phrase.text) ||
      /^(?:teaching|managing|designing|building|selling|running|fixing|writing|driving|repairing|testing|cleaning|cooking)\b/i.test(
        phrase.text,
      ))
  )
    findings.push({
      predicate: 'occupation',
      object: phrase.text,
      confidence: 0.88,
      start: job.index,
      end: phrase.end,
    });
  const trade = BY_TRADE.exec(sentence.text);
  if (trade?.[1] && !sentence.isQuestion && !isOccupation(trade[1]))
    findings.push({
      predicate: 'occupation',
      object: trade[1],
      confidence: 0.85,
      start: trade.index,
      end: trade.index + trade[0].length,
    });
  return findings;
}

export const workFamily: Family = {
  name: 'work',
  verbs: {
    work,
    be,
    run,
    own: run,
    manage: run,
    lead: run,
    found,
    open: found,
    launch: found,
    start: found,
    join,
    get,
    leave,
    quit: leave,
    resign: leave,
    teach,
    earn,
    make: earn,
  },
  any,
  sentence: jobs,
};
