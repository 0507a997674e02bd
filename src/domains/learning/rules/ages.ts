import { found } from './bounds.ts';
import { type Clause, mayBegin } from './clauses.ts';
import type { ClauseRule, Finding, Setting } from './family.ts';
import type { Sentence } from './sentences.ts';
import { whenComing, whenPast, written } from './when.ts';

const UNIT_AFTER =
  /^\s*(?:%|percent|minutes?|mins?|hours?|days?|weeks?|months?|miles?|km|kilomet\w+|cm|met(?:er|re)s?|m\b|kg|kilos?|lbs?|pounds?|stone|feet|foot|ft|inch\w*|steps?|times?|points?|pages?|euros?|dollars?|people|degrees|°|am\b|pm\b|o'clock|:\d|\.\d|[/'-]\d|and a half hours|out of|of (?:them|us|these)|in (?:line|total)|th\b|st\b|nd\b|rd\b|\p{L}+ (?:away|late|short|behind|into|from|to go))/iu;
const AGE =
  /^\s*(?:(?:about|around|almost|nearly|only|already|now|just|turning|gonna be|officially|a)\s+)*(\d{1,3}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)(?![\d,.]*\d)(\s*-?\s*(?:years?[- ]old|yrs?[- ]old|years? of age|y\/?o\b|yrs?\b))?/iu;
const DECADE =
  /^\s*in my ((?:early |mid |late |mid-)?(?:twenties|thirties|forties|fifties|sixties|seventies|eighties|[2-8]0'?s))\b/i;

/** "I'm 34", "I'm in my thirties". */
export function ageOf(clause: Clause): Finding | null {
  const decade = DECADE.exec(clause.rest);
  if (decade?.[1])
    return found(clause, decade[0].length, {
      predicate: 'age',
      object: `in their ${decade[1]}`,
      statement: `{subject} is in their ${decade[1]}`,
      confidence: 0.85,
    });
  const age = AGE.exec(clause.rest);
  if (!age?.[1]) return null;
  const after = clause.rest.slice(age[0].length);
  const years = /^\d/.test(age[1]) ? Number(age[1]) : 30;
  if (years < 5 || years > 115) return null;
  if (
    age[2] === undefined &&
    (UNIT_AFTER.test(after) ||
      !/^\s*(?:$|[,.!)–-]|\b(?:and|but|so|now|today|btw|lol|already|yesterday|years|with|from|as|haha|if|in|next|this|last|since)\b)/i.test(
        after,
      ))
  )
    return null;
  return found(clause, age[0].trimEnd().length, {
    predicate: 'age',
    object: age[1],
    negated: clause.negated,
    confidence: 0.9,
  });
}

const BIRTH = /^\s*born (?:on |in )?(?:the )?(?:year )?/i;

/** "I was born in 1990", "… on the 3rd of May". */
export function birthOf(clause: Clause, setting: Setting): Finding | null {
  const born = BIRTH.exec(clause.rest);
  if (!born || clause.tense !== 'past' || clause.negated) return null;
  const rest = clause.rest.slice(born[0].length).trimStart();
  const at = clause.rest.length - rest.length;
  const year = /^((?:19|20)\d\d)\b/.exec(rest);
  if (year?.[1]) return found(clause, at + 4, { predicate: 'born', object: year[1], confidence: 0.92 });
  const date =
    /^(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? [A-Za-z]{3,9}|[A-Za-z]{3,9} (?:the )?\d{1,2}(?:st|nd|rd|th)?)(?:,? ((?:19|20)\d\d))?/.exec(
      rest,
    );
  if (!date || !whenComing(rest, 0, date[0].length, setting.calendar)) return null;
  return found(clause, at + date[0].length, { predicate: 'birthday', object: date[0], confidence: 0.92 });
}

/** "I turned 40", "I'm turning 40 in May". */
export const turn: ClauseRule = (clause, setting) => {
  const isComing = clause.progressive || clause.modality === 'will' || clause.modality === 'going to';
  if (
    clause.negated ||
    (clause.modality !== null && !isComing) ||
    (clause.form === 'base' && !isComing && clause.tense === 'present')
  )
    return null;
  const age = AGE.exec(clause.rest);
  if (!age?.[1] || UNIT_AFTER.test(clause.rest.slice(age[0].length))) return null;
  const end = clause.restStart + clause.rest.length;
  if (!isComing)
    return found(clause, age[0].trimEnd().length, {
      predicate: 'age',
      object: age[1],
      confidence: 0.9,
      from: whenPast(clause.sentence.text, clause.restStart, end, setting.calendar),
    });
  const from = whenComing(clause.sentence.text, clause.restStart, end, setting.calendar);
  return (
    from &&
    found(clause, clause.rest.trimEnd().length, {
      predicate: 'plans',
      object: `turn ${age[1]}`,
      statement: `{subject} is turning ${age[1]} (${written(from, setting.calendar)})`,
      confidence: 0.8,
      from,
    })
  );
};

const BIRTHDAY =
  /\bmy (?:birthday|bday|b-day)(?:'s| is| falls)?(?: coming up)?(?: (?:on|in|is))?(?: the)? /iu;

/** "My birthday is on the 3rd of May". */
export function birthdaysIn(sentence: Sentence, setting: Setting): Finding[] {
  const { text } = sentence;
  const birthday = BIRTHDAY.exec(text);
  if (!birthday || !mayBegin(sentence, birthday.index) || sentence.isQuestion) return [];
  const from = birthday.index + birthday[0].length;
  const date =
    /^(?:\d{1,2}(?:st|nd|rd|th)?(?:(?: of)? [A-Za-z]{3,9})?|[A-Za-z]{3,9}(?: (?:the )?\d{1,2}(?:st|nd|rd|th)?)?)\b/.exec(
      text.slice(from),
    );
  const moment = date && whenComing(`on the ${date[0]}`, 0, 40, setting.calendar);
  if (!date || !(moment ?? /^\d{1,2}(?:st|nd|rd|th)/.test(date[0]))) return [];
  const end = from + date[0].length;
  return [{ predicate: 'birthday', object: date[0], confidence: 0.9, start: birthday.index, end }];
}
