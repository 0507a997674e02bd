import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding, Setting } from './family.ts';
import { isOccupation } from './occupations.ts';
import { isTelling, type Phrase, phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';
import { whenPast } from './when.ts';

const limit = (clause: Clause) => clause.sentence.text.slice(0, clause.restStart + clause.rest.length);
const end = (clause: Clause) => clause.restStart + clause.rest.length;

/** An employer, by name or by kind: "Siemens", "a lighting company". */
function employerAt(clause: Clause, from: number): Phrase | null {
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

const field = (clause: Clause, from: number) =>
  phraseAt(limit(clause), from, { maxWords: 5, until: /^(?:at|for|in|with|on|from|as)$/, through: /^and$/ });

/** One that is not named belongs to what is done there: "payroll for a chain of garden centres". */
const isNamed = (employer: Phrase) => /\p{Lu}/u.test(employer.text);

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
  const base = {
    start: clause.start,
    negated: clause.negated,
    kind: clause.ended ? ('ENDS' as const) : ('STATES' as const),
  };
  if (role) {
    const phrase = phraseAt(limit(clause), from + role.index + role[0].length, {
      maxWords: 7,
      until: /^(?:at|for|in|with|on|from|where|since)$/,
      through: /^(?:of|and)$/,
    });
    if (phrase && isTelling(phrase))
      findings.push({
        ...base,
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
        ...base,
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
        ...base,
        predicate: 'works_in',
        object: phrase.text,
        confidence: 0.88,
        end: phrase.end,
      });
  }
  return findings;
};

const NOT_ROLE = /^(?:of|to|for|about|with)\b/i;

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

function baseOf(clause: Clause) {
  return {
    start: clause.start,
    negated: clause.negated,
    kind: clause.ended ? ('ENDS' as const) : ('STATES' as const),
  };
}

function statusOf(clause: Clause): Finding | null {
  const status =
    /^\s*(?:\p{L}+ly )?(retired|unemployed|self[- ]employed|between jobs|out of work|semi[- ]retired|on maternity leave|on parental leave|on paternity leave|a stay[- ]at[- ]home (?:mum|mom|dad|parent))\b/iu.exec(
      clause.rest,
    );
  const base = baseOf(clause);
  if (status?.[1] && clause.tense === 'present')
    return {
      ...base,
      predicate: 'occupation',
      object: status[1],
      statement: `{subject} is ${clause.negated ? 'not ' : ''}${status[1]}`,
      confidence: 0.88,
      end: clause.restStart + status[0].length,
    };
  return null;
}

function roleOf(clause: Clause): Finding[] | null {
  const base = baseOf(clause);
  const article =
    /^\s*(?:(?:actually|still|also|now|just|basically|currently|only) )*(?:an?|the|one of the)\s+(?:former |retired )?/i.exec(
      clause.rest,
    );
  const bare =
    article ??
    /^\s*(?=(?:head|director|vice president|vp|chief|ceo|cto|cfo|president|chair|captain|co-?founder|founder|manager|professor|lecturer|self-employed)\b)/i.exec(
      clause.rest,
    );
  if (!bare) return null;
  const from = clause.restStart + bare[0].length;
  const phrase = phraseAt(limit(clause), from, {
    maxWords: 7,
    until: /^(?:at|for|with|on|from|by|working|based|specialising|specializing|in|near|myself|who|here)$/,
    through: /^of$/,
  });
  if (
    !phrase ||
    NOT_ROLE.test(phrase.text) ||
    /\bstudent\b/i.test(phrase.text) ||
    !isOccupation(phrase.text) ||
    /\bof (?:two|three|four|five|\d|the (?:group|family))\b/i.test(phrase.text)
  )
    return null;
  const isPast = clause.tense === 'past' || /\bformer\b/i.test(bare[0]);
  if (clause.tense === 'perfect' && clause.negated) return null;
  const findings: Finding[] = [
    {
      ...base,
      predicate: isPast ? 'worked_as' : 'occupation',
      object: phrase.text,
      confidence: 0.85,
      end: phrase.end,
    },
  ];
  const at = /^\s+(?:working )?(?:at|for|with)\s+/i.exec(clause.sentence.text.slice(phrase.end, end(clause)));
  const employer = at && employerAt(clause, phrase.end + at[0].length);
  if (
    employer &&
    at &&
    !clause.negated &&
    isNamed(employer) &&
    !isPast &&
    !/^(?:about|over|almost|nearly|around|\d)/i.test(employer.text)
  )
    findings.push({
      ...base,
      predicate: 'works_at',
      object: employer.text,
      confidence: 0.82,
      end: employer.end,
    });
  return findings;
}

const OWN_BUSINESS =
  /\b(?:business|company|shop|store|bakery|caf[eé]|restaurant|bar|pub|studio|agency|firm|farm|salon|stall|practice|clinic|startup|start-up|school|gallery|brewery|garage|workshop|hotel|hostel|b&b|bookshop|bookstore|gym|nursery|kennel|label|magazine|newsletter|podcast|team|department|site|facilities|operations|franchise|charity|foundation|lab|laboratory|winery|vineyard|consultancy|kiosk|food truck|market|factory|plant|marketing|sales|logistics|it\b|hr\b|theatre|theater|cinema|museum|library|kitchen|office|branch|programme|program|project|choir|club|centre|center|blog|channel|bistro|diner|deli|florist|laundrette|barbershop|guesthouse|inn|orchard|stables)\b/i;
const NOT_RUN =
  /^(?:\d|an? (?:half )?(?:marathon|race|5k|10k|fever|bath|mile|test|script|errand|few|lot|temperature|ultra|triathlon)|marathons|errands|every|in|on|out|into|to|away|late|through|for|with|up|down|the (?:code|script|test|tests|command|build|race|marathon|dishwasher|risk)|(?:my|our) (?:script|code|tests|errands|mouth|life)|it|this|that|around|off|about|cross|track|fast|slow|along|outside|daily|twice|three|two|four|five)\b/i;

/** "I run a toaster repair stall": whose work it is. */
const run: ClauseRule = (clause) => {
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
const found: ClauseRule = (clause, setting) => {
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

/** "I started at Siemens on Monday", "I've started a new job at …", "I joined …". */
function started(clause: Clause, setting: Setting): Finding[] | null {
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

const join: ClauseRule = (clause, setting) => {
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
const get: ClauseRule = (clause, setting) => {
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
const leave: ClauseRule = (clause) => {
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

const earn: ClauseRule = (clause) => {
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
