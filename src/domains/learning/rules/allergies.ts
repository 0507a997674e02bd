import { base, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { Finding } from './family.ts';
import { isTelling, listAt, phraseAt } from './phrases.ts';

const ALLERGIC =
  /^\s*(?:(?:also|really|very|super|extremely|highly|mildly|severely|deathly|quite|slightly|badly|still|terribly|a bit|pretty|not) )*allergic (?:to|against)\s+/i;

const INTOLERANT =
  /^\s*(?:(?:also|really|very|quite|slightly|a bit|pretty|somewhat|mildly|severely) )*(?:intolerant (?:to|of)|sensitive to)\s+/i;

/** "I'm allergic to nuts", "I'm intolerant to lactose"; null: the clause says nothing like it. */
export function allergiesOf(clause: Clause): Finding[] | null {
  const allergic = ALLERGIC.exec(clause.rest);
  if (allergic) return allergies(clause, clause.restStart + allergic[0].length, 'allergic_to');
  const intolerant = INTOLERANT.exec(clause.rest);
  if (intolerant && /intolerant/i.test(intolerant[0]))
    return allergies(clause, clause.restStart + intolerant[0].length, 'intolerant_to');
  return null;
}

/** "I'm vegan and allergic to nuts". */
export function allergiesBeside(clause: Clause): Finding[] {
  const found = /(?:,|\band|\bbut)\s+(?:also |very |really |severely )*allergic to\s+/i.exec(clause.rest);
  return found ? allergies(clause, clause.restStart + found.index + found[0].length, 'allergic_to') : [];
}

/** "I have a nut allergy", "I've got an intolerance to lactose"; null as above. @param lead characters before what is had */
export function allergiesHad(clause: Clause, lead: number): Finding | Finding[] | null {
  const rest = clause.rest.slice(lead);
  const allergy =
    /^(?:(?:mild|severe|bad|serious|terrible|life-threatening|deadly|slight|nasty|really bad|bit of a|pretty bad) )*((?:[\p{L}-]+ ){1,2}?)(allergy|allergies|intolerance)\b/iu.exec(
      rest,
    );
  if (allergy?.[1] && !/^(?:no|food|any|my|her|his|seasonal|few|some|many|the) $/i.test(allergy[1]))
    return {
      ...base(clause),
      predicate: /^allerg/i.test(allergy[2] ?? '') ? 'allergic_to' : 'intolerant_to',
      object: allergy[1].trim(),
      confidence: 0.92,
      end: clause.restStart + lead + allergy[0].length,
    };
  const to = /^(?:(?:mild|severe|bad|serious|terrible|slight) )*(?:allergy|intolerance|reaction) to\s+/i.exec(
    rest,
  );
  if (to) return allergies(clause, clause.restStart + lead + to[0].length, 'allergic_to');
  return null;
}

/** "Nuts and I don't mix", "Allergic to nuts, btw": in sentences that need no verb. */
export function allergiesSaid(text: string): Finding[] {
  const findings: Finding[] = [];
  const mixed =
    /(?:^|[,.:;] |\b(?:and|but|so|also) )((?:[\p{L}-]+ ){0,2}[\p{L}-]+) and (?:i|me) (?:don'?t|do not) (?:mix|get along|agree|get on)\b/iu.exec(
      text,
    );
  if (mixed?.[1] && !/^(?:he|she|they|my|you|mornings|math|maths)\b/i.test(mixed[1]))
    findings.push({
      predicate: 'allergic_to',
      object: mixed[1],
      statement: `{subject} does not tolerate ${mixed[1]} (allergic to ${mixed[1]})`,
      confidence: 0.6,
      start: mixed.index + mixed[0].indexOf(mixed[1]),
      end: mixed.index + mixed[0].length,
    });
  const bare =
    /^(?:(?:also|and|but|btw|fyi|oh|ps|note|i'?m)[, :]+)*(?:(?:severely|very|badly|super|deathly|highly) )?allergic to\s+/i.exec(
      text,
    );
  if (bare) {
    const phrase = phraseAt(text, bare[0].length, { maxWords: 4 });
    if (phrase && isTelling(phrase) && !/^(?:i'?m)/i.test(text.trimStart()))
      findings.push({
        predicate: 'allergic_to',
        object: phrase.text,
        confidence: 0.8,
        start: 0,
        end: phrase.end,
      });
  }
  return findings;
}

function allergies(clause: Clause, from: number, predicate: string): Finding[] {
  return listAt(limit(clause), from, {
    maxWords: 5,
    through: /^(?:to|or|with)$/,
    until: /^(?:but|is|and i)$/,
  })
    .flatMap((item) => item.text.split(/\s+or\s+/).map((text) => ({ ...item, text })))
    .filter(
      (item) =>
        isTelling(item) &&
        !/^(?:anything|everything|mornings|work|nonsense|bullshit|exercise|stupidity|fun|drama|mondays|effort|commitment|all\b|most\b)/i.test(
          item.text,
        ),
    )
    .map((item) => ({
      ...base(clause),
      predicate,
      object: item.text.replace(/^(?:the|my)\s+/i, ''),
      confidence: 0.94,
      end: item.end,
    }));
}
