import { limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding } from './family.ts';
import { isTelling, type Phrase, phraseAt } from './phrases.ts';
import { whenPast } from './when.ts';

const DEGREE = String.raw`(?:ph\.?d|doctorate|master'?s?|mba|m\.?sc|m\.?a|b\.?sc|b\.?a|bachelor'?s?|degree|undergrad(?:uate)?(?: degree)?|apprenticeship|diploma|a-levels|foundation degree|law degree|medical degree|teaching degree|[\p{L}]+ degree|postdoc|residency|traineeship|certificate|evening course|course)`;
const SUBJECT = {
  maxWords: 6,
  until: /^(?:at|in|with|on|from|for|to|under|abroad|part|full)$/,
  through: /^and$/,
};
const ANYTHING =
  /^(?:hard|abroad|for|at|in|with|to|every|all|a lot|my|the (?:menu|map|text|book|case|options?|notes|results)|this|that|it|at night|from|more|late|too)\b/i;

const finding = (
  clause: Clause,
  predicate: string,
  phrase: Phrase,
  confidence: number,
  object = phrase.text,
): Finding => ({
  predicate,
  object,
  confidence,
  negated: clause.negated,
  kind: clause.ended ? 'ENDS' : 'STATES',
  start: clause.start,
  end: phrase.end,
});

function schoolAt(clause: Clause, from: number): Phrase | null {
  const at = /^\s*(?:,\s*)?(?:at|in|from)\s+(?:the )?/i.exec(
    clause.sentence.text.slice(from, clause.restStart + clause.rest.length),
  );
  const phrase =
    at &&
    phraseAt(limit(clause), from + at[0].length, {
      maxWords: 6,
      until: /^(?:in|and|with|on|for|from)$/,
      through: /^of$/,
    });
  return phrase &&
    (/\p{Lu}/u.test(phrase.text) || /\b(?:university|college|school|academy|uni)\b/i.test(phrase.text))
    ? phrase
    : null;
}

/** "I study law at Ghent", "I studied …", "I'm studying …", "I'm majoring in …". */
const study: ClauseRule = (clause, setting) => {
  if (clause.modality !== null && clause.modality !== 'used to') return null;
  // "I've been writing novels, studying characters": no subject that one is taught.
  if (clause.progressive && clause.sentence.text.slice(clause.start, clause.restStart).includes(','))
    return null;
  const isPast =
    clause.tense === 'past' ||
    clause.modality === 'used to' ||
    (clause.tense === 'perfect' && !clause.progressive);
  const head = /^\s+(?:(?:in|to be an?|to become an?)\s+)?/i.exec(clause.rest);
  const from = clause.restStart + (head?.[0].length ?? 0);
  const subject = ANYTHING.test(clause.rest.slice(head?.[0].length ?? 0))
    ? null
    : phraseAt(limit(clause), from, SUBJECT);
  const findings: Finding[] = [];
  if (subject && isTelling(subject)) {
    const school = schoolAt(clause, subject.end);
    const said = school && !clause.negated ? { ...subject, end: school.end } : subject;
    const when = isPast
      ? whenPast(clause.sentence.text, subject.end, clause.restStart + clause.rest.length, setting.calendar)
      : null;
    findings.push({
      ...finding(
        clause,
        isPast ? 'studied' : 'studies',
        said,
        0.88,
        school ? `${subject.text} at ${school.text}` : subject.text,
      ),
      from: when,
    });
  } else {
    const school = schoolAt(clause, clause.restStart);
    if (school)
      findings.push(
        finding(
          clause,
          isPast ? 'studied_at' : 'studies',
          school,
          0.82,
          isPast ? school.text : `at ${school.text}`,
        ),
      );
  }
  return findings;
};

/** "I'm doing a PhD in soil microbiology at Wageningen", "I did my bachelor's in Bergen", "I have a degree in …". */
const degree: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.negated) return null;
  const found = new RegExp(
    `^\\s+(?:an? |my |the )?(?:joint |second |part-time |online )*(${DEGREE})(?: degree)?(?![\\p{L}])`,
    'iu',
  ).exec(clause.rest);
  if (!found?.[1]) return null;
  const at = clause.restStart + found[0].length;
  const subjectLead = /^\s+(?:in|on)\s+/i.exec(clause.rest.slice(found[0].length));
  const subject = subjectLead && phraseAt(limit(clause), at + subjectLead[0].length, SUBJECT);
  const school = schoolAt(clause, subject?.end ?? at);
  const isNow =
    clause.progressive || (clause.tense === 'present' && /^(?:do|pursue|take)$/.test(clause.verb));
  const isHeld = clause.verb === 'have' || clause.verb === 'hold';
  if (!subject && !school && !isHeld && !isNow) return null;
  const words = [
    found[1],
    subject ? `in ${subject.text}` : '',
    school && school.start !== subject?.start ? `at ${school.text}` : '',
  ]
    .filter(Boolean)
    .join(' ');
  const end = Math.max(school?.end ?? 0, subject?.end ?? 0, at);
  return {
    predicate: isNow ? 'studies' : 'studied',
    object: words,
    statement: isHeld
      ? `{subject} has a ${words}`
      : isNow
        ? `{subject} is doing a ${words}`
        : `{subject} did a ${words}`,
    confidence: 0.88,
    start: clause.start,
    end,
  };
};

const graduate: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const from = whenPast(
    clause.sentence.text,
    clause.restStart,
    clause.restStart + clause.rest.length,
    setting.calendar,
  );
  const lead = /^\s+(?:from|at)\s+(?:the )?/i.exec(clause.rest);
  const school =
    lead &&
    phraseAt(limit(clause), clause.restStart + lead[0].length, {
      maxWords: 6,
      until: /^(?:in|with|and)$/,
      through: /^of$/,
    });
  if (school)
    return {
      ...finding(clause, 'studied_at', school, 0.88),
      statement: `{subject} graduated from ${school.text}`,
      from,
    };
  if (!from) return null;
  return {
    predicate: 'did',
    object: 'graduated',
    confidence: 0.82,
    start: clause.start,
    end: clause.restStart + clause.rest.trimEnd().length,
    from,
  };
};

const STUDENT =
  /^\s*(?:an? |currently )*(?:([\p{L}-]+(?: [\p{L}-]+){0,3}?) )?student(?: of ([\p{L} ]{3,40}?))?(?=\s|$|[,.!])/iu;
const YEAR =
  /^\s*(?:in )?(?:my |a )?(?:first|second|third|fourth|fifth|sixth|final|last|1st|2nd|3rd|4th)[- ]year(?: student)?(?: of| in| at)?\s+(?:an? |my |the )?/i;

const be: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense !== 'present' || clause.progressive) return null;
  const year = YEAR.exec(clause.rest);
  if (year) {
    const phrase = phraseAt(limit(clause), clause.restStart + year[0].length, SUBJECT);
    if (phrase && isTelling(phrase)) return finding(clause, 'studies', phrase, 0.8);
  }
  const student = STUDENT.exec(clause.rest);
  if (!student) return null;
  const at = clause.restStart + student[0].length;
  const school = schoolAt(clause, at);
  const what = (student[2] ?? student[1] ?? '')
    .replace(
      /^(?:full-time|part-time|mature|exchange|good|bad|new|international|university|college|high school|currently an?|an?|[a-z]+-year) ?/i,
      '',
    )
    .trim();
  if (what === '' && !school) return null;
  return {
    predicate: 'studies',
    object: [what, school ? `at ${school.text}` : ''].filter(Boolean).join(' '),
    negated: clause.negated,
    confidence: 0.82,
    start: clause.start,
    end: school?.end ?? at,
  };
};

const go: ClauseRule = (clause) => {
  const lead =
    /^\s+to\s+(?:the )?(?=(?:[\p{Lu}][\p{L}.]*\s?){1,5}(?:University|College|School|Academy|High|Institute)|University of|College of|uni(?:versity)? in|college in|school in|[A-Z]{3,5}\b|Oxford|Cambridge|Harvard|Yale|Stanford)/u.exec(
      clause.rest,
    );
  if (!lead || clause.modality !== null || clause.negated) return null;
  const phrase = phraseAt(limit(clause), clause.restStart + lead[0].length, {
    maxWords: 6,
    until: /^(?:and|for|with|on)$/,
    through: /^(?:of|in)$/,
  });
  if (!phrase) return null;
  return finding(
    clause,
    clause.tense === 'present' ? 'studies' : 'studied_at',
    phrase,
    0.75,
    clause.tense === 'present' ? `at ${phrase.text}` : phrase.text,
  );
};

const major: ClauseRule = (clause, setting) =>
  /^\s+in\s/i.test(clause.rest) ? study(clause, setting) : null;

export const studies: Family = {
  name: 'studies',
  verbs: {
    study,
    major,
    do: degree,
    have: degree,
    get: degree,
    finish: degree,
    complete: degree,
    pursue: degree,
    hold: degree,
    earn: degree,
    take: degree,
    start: degree,
    graduate,
    be,
    go,
  },
};
