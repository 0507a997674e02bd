import { aim, aimAt, coming, when } from './aims.ts';
import { end, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Finding, Moment, Setting } from './family.ts';
import { isTelling, phraseAt } from './phrases.ts';
import { placeAt } from './places.ts';
import { written } from './when.ts';

const CARE =
  /\b(?:doctor|gp|dentist|physio(?:therapist)?|therapist|optician|surgeon|specialist|consultant|midwife|nurse|vet|lawyer|solicitor|accountant|psychologist|psychiatrist|dermatologist|cardiologist|neurologist|oncologist|gyna?ecologist|orthodontist|hygienist|chiropractor|osteopath|hairdresser|barber|landlord|bank|counsell?or|nutritionist|dietitian|ent|radiologist|allergist|notary|advisor|adviser|recruiter|mortgage \w+)\b/i;

const TRAVELS = /^(?:fly|travel|go|head|drive|visit|come|leave|sail|cycle)$/;

/** "We're flying to Lisbon on 14 June", "I'm seeing the physio next Tuesday". */
export const ahead: ClauseRule = (clause, setting) => {
  const isAhead =
    (clause.progressive && clause.modality === null && clause.tense === 'present') ||
    clause.modality === 'going to' ||
    clause.modality === 'will';
  if (!isAhead || clause.negated) return clause.modality === 'might' ? perhaps(clause, setting) : null;
  const surface = clause.sentence.text.slice(0, clause.restStart);
  const verbAt = surface.length - (/[\p{L}'-]+$/u.exec(surface)?.[0].length ?? 0);
  const moment = coming(clause, setting);
  const isToday =
    moment !== null &&
    moment.date.getTime() <= setting.calendar.midnight.getTime() &&
    moment.precision === 'day';
  if (
    TRAVELS.test(clause.verb) &&
    (moment || clause.progressive || clause.modality === 'going to') &&
    !isToday
  ) {
    const trip = tripOf(clause, setting, moment);
    if (trip) return trip;
  }
  if (moment && !isToday && /^(?:see|meet|visit|have)$/.test(clause.verb)) {
    const phrase = phraseAt(limit(clause), clause.restStart, {
      maxWords: 6,
      through: /^(?:of|at|the|my|a)$/,
    });
    if (
      phrase &&
      isTelling(phrase) &&
      (CARE.test(phrase.text) || clause.verb === 'have') &&
      !/^(?:a great|a good|fun|to|a lot|time)\b/i.test(phrase.text)
    )
      return {
        predicate: 'appointment',
        object: `${phrase.text} on ${written(moment, setting.calendar)}`,
        confidence: 0.85,
        start: clause.start,
        end: Math.max(phrase.end, moment.end),
        from: moment,
      };
  }
  // Where to, residence tells.
  if (clause.verb === 'be' || (clause.verb === 'move' && /\b(?:to|into)\b/.test(clause.rest))) return null;
  if (clause.progressive && clause.modality === null) {
    if (
      !moment ||
      isToday ||
      /^(?:look|think|hope|wonder|do|try|work|feel|go|get|plan|want|talk|say|ask|wait|live|stay|use|cook|eat|read|watch|write|sit|come|run)$/.test(
        clause.verb,
      )
    )
      return null;
    const object = aimAt(clause, verbAt);
    const isAlone = object !== null && !object.text.includes(' ');
    // "I'm turning 52", "I'm heading there": no plan, or one without its aim.
    if (
      /^turn/.test(clause.verb) ||
      (isAlone && !/^(?:retire|graduate|marry|move|emigrate)$/.test(clause.verb))
    )
      return null;
    return (
      object && {
        predicate: 'plans',
        object: object.text,
        statement: `{subject} is ${object.text}${when(moment, setting)}`,
        confidence: 0.8,
        start: clause.start,
        end: Math.max(object.end, moment.end),
        from: moment,
      }
    );
  }
  if (isToday) return null;
  if (clause.modality === 'will' && !moment && !/\b(?:eventually|one day|someday|soon)\b/i.test(clause.rest))
    return null;
  return aim(clause, setting, verbAt, 'plans', clause.modality === 'will' ? 0.76 : 0.86);
};

function perhaps(clause: Clause, setting: Setting): Finding | null {
  const surface = clause.sentence.text.slice(0, clause.restStart);
  const verbAt = surface.length - (/[\p{L}'-]+$/u.exec(surface)?.[0].length ?? 0);
  if (clause.negated || /^(?:move|relocate|live|be)$/.test(clause.verb)) return null;
  return aim(clause, setting, verbAt, 'considers', 0.76);
}

function tripOf(clause: Clause, setting: Setting, moment: Moment | null): Finding | null {
  const lead = (
    clause.verb === 'visit'
      ? /^\s+/
      : /^\s+(?:back |over |down |up |out |away |off |home |on (?:holiday|vacation|a trip|a cruise|honeymoon|a school trip) |camping |hiking |skiing |for (?:a|the) (?:week|weekend|few days) |all the way |with (?:my|our) \p{L}+ )*(?:to|for)\s+/iu
  ).exec(clause.rest);
  if (
    !lead ||
    (clause.verb === 'leave' && !/for\s+$/.test(lead[0])) ||
    (/for\s+$/.test(lead[0]) && clause.verb !== 'leave' && clause.verb !== 'head')
  )
    return null;
  const place = placeAt(clause.sentence.text, clause.restStart + lead[0].length, end(clause));
  if (!place || !/^\p{Lu}|^the \p{Lu}/u.test(place.text) || (!moment && clause.verb === 'come')) return null;
  return {
    predicate: 'travels_to',
    object: place.text,
    statement: `{subject} plans to travel to ${place.text}${moment ? ` (${written(moment, setting.calendar)})` : ''}`,
    confidence: moment ? 0.88 : 0.78,
    start: clause.start,
    end: Math.max(place.end, moment?.end ?? 0),
    from: moment,
  };
}
