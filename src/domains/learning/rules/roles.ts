import { base, end, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import { employerAt, isNamed } from './employment.ts';
import type { Finding } from './family.ts';
import { isOccupation } from './occupations.ts';
import { phraseAt } from './phrases.ts';

const NOT_ROLE = /^(?:of|to|for|about|with)\b/i;

/** "I'm retired", "I'm between jobs". */
export function statusOf(clause: Clause): Finding | null {
  const status =
    /^\s*(?:\p{L}+ly )?(retired|unemployed|self[- ]employed|between jobs|out of work|semi[- ]retired|on maternity leave|on parental leave|on paternity leave|a stay[- ]at[- ]home (?:mum|mom|dad|parent))\b/iu.exec(
      clause.rest,
    );
  if (status?.[1] && clause.tense === 'present')
    return {
      ...base(clause),
      predicate: 'occupation',
      object: status[1],
      statement: `{subject} is ${clause.negated ? 'not ' : ''}${status[1]}`,
      confidence: 0.88,
      end: clause.restStart + status[0].length,
    };
  return null;
}

/** "I'm a stage designer at the opera", "I'm the head of …". */
export function roleOf(clause: Clause): Finding[] | null {
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
      ...base(clause),
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
      ...base(clause),
      predicate: 'works_at',
      object: employer.text,
      confidence: 0.82,
      end: employer.end,
    });
  return findings;
}
