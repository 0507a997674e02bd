import { end, limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding, Moment, Setting } from './family.ts';
import { isTelling, phraseAt } from './phrases.ts';
import { placeAt } from './places.ts';
import { whenPast } from './when.ts';

/** What is said, thought, tried or felt is no event; nor what everybody does every day. */
const NO_EVENT =
  /^(?:be|have|say|tell|ask|think|know|feel|want|need|like|love|hate|mean|see|hear|look|try|guess|hope|wish|seem|notice|realise|realize|remember|forget|believe|understand|wonder|decide|agree|use|work|live|stay|get|go|come|make|do|take|give|put|let|keep|show|call|talk|speak|chat|send|mail|email|text|write|read|search|google|check|find|explain|mention|suggest|recommend|thank|help|watch|listen|eat|drink|sleep|wake|sit|stand|wait|walk|run|turn|spend|pay|set|type|copy|paste|click|update|install|compare|count|calculate|prefer|enjoy|dream|laugh|cry|smile|worry|miss|thought|figured|noticed|realized|realised|wondered|needed|wanted|liked|used|asked|talked|looked|tried|happened|meant|started|stopped|kept|checked|expected|assumed|promised|offered|cook|bake|clean|wash|order|bring|buy|pick|own|drive|ride|fly|share|post|add|change|hold|play|practise|practice|learn|study|teach|train|move|relocate|settle|suffer|smoke|quit|stop|give|sell|adopt|weigh|earn|mix|follow|treat|handle|answer|reply|reach|receive|follow|plan|want|speak|bear|leave|split|date|marry|divorce|rent|own|collect|grow|born|turn|reached|went|bumped|ran)$/;
/** They are told once in a life, or a year, whether or not one says when. */
const MILESTONE =
  /^(?:pass|graduate|publish|win|retire|break|fracture|sprain|launch|finish|complete|cancel|renovate|propose|foster|file|qualify|defend|run|climb|injure|tear|dislocate|miscarry|elope|compete|perform|host)$/;
const LIFE_OBJECT: Readonly<Record<string, RegExp>> = {
  pass: /^\s+(?:my|the|our|all my)\s/i,
  win: /^\s+(?:an?|the|my|our|first|second|third|gold|silver|bronze|\d)\b/i,
  break:
    /^\s+(?:my|an?|both(?: my)?|two|three)\s+(?:\p{L}+ )?(?:leg|arm|wrist|ankle|foot|toe|finger|rib|nose|tooth|collarbone|hip|hand|elbow|knee|jaw|neck|back|pelvis|shoulder|thumb|ribs|fingers|legs|arms)\b/iu,
  run: /^\s+(?:my (?:first|second|third|last)|the [\p{Lu}]|an? (?:half[- ]?marathon|marathon|ultra|5k|10k|\d+k))/u,
  finish:
    /^\s+(?:my|the|our) (?:phd|thesis|dissertation|degree|book|novel|course|master|studies|training|apprenticeship|exams?|first|marathon|manuscript|residency|internship|shed|extension|renovation)\b/i,
  complete:
    /^\s+(?:my|the|our|an?) (?:phd|thesis|dissertation|degree|course|master|training|apprenticeship|marathon|first|residency|internship)\b/i,
  cancel: /^\s+(?:my|our)\s/i,
  climb: /^\s+(?:mount|mt|the|\p{Lu})/iu,
  file: /^\s+for\s/i,
  launch: /^\s+(?:my|our|an?)\s/i,
  publish: /^\s+(?:my|our|an?)\s/i,
  tear: /^\s+(?:my|an?)\s+(?:\p{L}+ )?(?:acl|meniscus|ligament|hamstring|muscle|achilles|rotator|calf)/iu,
  host: /^\s+(?:my|our|the|an?)\s/i,
  compete: /^\s+in\s/i,
  perform: /^\s+(?:at|in)\s/i,
  injure: /^\s+my\s/i,
  sprain: /^\s+my\s/i,
  fracture: /^\s+(?:my|an?)\s/i,
};

const surfaceOf = (clause: Clause) => {
  const before = clause.sentence.text.slice(0, clause.restStart);
  return before.length - (/[\p{L}'-]+$/u.exec(before)?.[0].length ?? 0);
};

/** What was done, and when: "I passed my driving test last Friday". */
const any: ClauseRule = (clause, setting) => {
  const isDone =
    clause.modality === null &&
    !clause.progressive &&
    !clause.negated &&
    (clause.form === 'past' || (clause.tense === 'perfect' && clause.form === 'participle'));
  if (!isDone || clause.verb === 'be') return null;
  const isMilestone = MILESTONE.test(clause.verb) && (LIFE_OBJECT[clause.verb]?.test(clause.rest) ?? true);
  if (!isMilestone && NO_EVENT.test(clause.verb)) return null;
  const from = dateOf(clause, setting);
  // What only lies in the past of the sentence, like "we laughed yesterday", is told by verbs with an object of one's own.
  const isOwn = /^\s+(?:my|our|the|an?|two|three|\d+)\s/i.test(clause.rest);
  if (!isMilestone && !(from && isOwn)) return null;
  if (MILESTONE.test(clause.verb) && !isMilestone && !(from && isOwn)) return null;
  return done(clause, from);
};

function dateOf(clause: Clause, setting: Setting) {
  const { text } = clause.sentence;
  const before =
    /(?:^|[,.;] |\b(?:so|and|but) )((?:yesterday|today|last \p{L}+|this (?:morning|week)|on \p{L}+day|in \p{L}+(?: \d{4})?|\p{L}+ (?:days?|weeks?|months?|years?) ago)),? $/iu.exec(
      text.slice(Math.max(0, clause.start - 60), clause.start),
    );
  const after =
    /[;]|,\s*(?:and|but|so|which|because)\b|\b(?:because|but|which|so that|before|after|when|while)\b/i.exec(
      clause.rest,
    );
  const to = after ? clause.restStart + after.index : end(clause);
  const from = whenPast(text, clause.restStart, to, setting.calendar);
  if (from || !before) return from;
  return whenPast(text, clause.start - before[0].length, clause.start, setting.calendar);
}

function done(clause: Clause, from: Moment | null, verbAt = surfaceOf(clause)): Finding | null {
  const phrase = phraseAt(limit(clause), verbAt, {
    maxWords: 9,
    through: /^(?:to|with|for|the|my|our|off|up|out|down|a|of|from|at|in|on|over|into|about)$/,
    until: /^(?:because|but|so|and|after|before|when|which|this|last|yesterday)$/,
  });
  if (!phrase || !isTelling(phrase)) return null;
  const object = phrase.text
    .replace(/\s+(?:in|on|at|of|for|to|with|from|last|this)$/i, '')
    .replace(/\b(?:my|our)\s+/gi, '');
  if (
    /\b(?:it|this|that|you|your|them|him|her|me|myself)\b/i.test(object) ||
    /\b(?:more|few|some|ones?|lot|thing|things|stuff)$/i.test(object) ||
    !object.includes(' ')
  )
    return null;
  return {
    predicate: 'did',
    object,
    confidence: from ? 0.82 : 0.75,
    start: clause.start,
    end: from
      ? Math.max(phrase.end, Math.min(from.end, clause.restStart + clause.rest.trimEnd().length))
      : phrase.end,
    from,
  };
}

const KEYS =
  /^\s+(?:the |our |my )?(?:keys (?:to|for)|results|accepted (?:to|into|at|by)|into \p{Lu}|promoted|a promotion|my (?:licen[cs]e|degree|visa|passport|citizenship|diploma|certificate|green card|black belt|braces|results|first (?:job|tattoo|car))|(?:a|my) (?:tattoo|scholarship|divorce|visa|place at)|mugged|robbed|burgled|fired|laid off|made redundant|stung|bitten|stitches|the all[- ]clear|food poisoning|covid|the flu)\b/iu;
/** "We got the keys to our new flat two weeks ago". */
const get: ClauseRule = (clause, setting) => {
  const isDone =
    clause.modality === null &&
    !clause.progressive &&
    !clause.negated &&
    (clause.form === 'past' || clause.tense === 'perfect');
  return isDone && KEYS.test(clause.rest) ? done(clause, dateOf(clause, setting)) : null;
};

/** "I've been to Iceland", "I've never been to …", "I went to Rome last spring". */
const be: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense !== 'perfect') return null;
  const lead = /^\s*(?:\p{L}+ )?to\s+/iu.exec(clause.rest);
  const place = lead && placeAt(clause.sentence.text, clause.restStart + lead[0].length, end(clause));
  if (!place || !/^\p{Lu}|^the \p{Lu}/u.test(place.text)) return null;
  return {
    predicate: 'visited',
    object: place.text,
    negated: clause.negated,
    confidence: 0.85,
    start: clause.start,
    end: place.end,
  };
};

const went: ClauseRule = (clause, setting) => {
  const isDone =
    clause.modality === null &&
    !clause.negated &&
    !clause.progressive &&
    (clause.form === 'past' || (clause.tense === 'perfect' && clause.form === 'participle'));
  if (!isDone) return null;
  const lead = (
    clause.verb === 'visit'
      ? /^\s+/
      : /^\s+(?:back |over |down |up |on (?:a |an )?(?:trip|holiday|vacation|cruise|honeymoon|safari) |with (?:my|our) \p{L}+ )*to\s+/iu
  ).exec(clause.rest);
  const from = dateOf(clause, setting);
  const place = lead && placeAt(clause.sentence.text, clause.restStart + lead[0].length, end(clause));
  const hasArticle = /\s(?:an?|my|our|some)\s+$/i.test(clause.sentence.text.slice(0, place?.start ?? 0));
  if (place && !hasArticle && /^\p{Lu}|^the \p{Lu}/u.test(place.text))
    return {
      predicate: 'visited',
      object: place.text,
      confidence: 0.8,
      start: clause.start,
      end: from ? Math.max(place.end, Math.min(from.end, end(clause))) : place.end,
      from,
    };
  return from &&
    /^\s+(?:to (?:an? |the |my |our )|camping|hiking|skiing|on (?:an? |my |our ))/i.test(clause.rest) &&
    !/^\s+to (?:the )?(?:shop|store|bed|work|gym|toilet|supermarket|bathroom)\b/i.test(clause.rest)
    ? done(clause, from)
    : null;
};

const HAD =
  /^\s+(?:an? |my |our |the )(?:[\p{L}-]+ ){0,3}?(?:baby|interview|party|wedding|exam|accident|operation|scan|check-?up|job interview|exhibition|concert|miscarriage|car crash|daughter|son|first (?:lesson|class|date|day)|date|stroke|breakdown|recital|gig|marathon|race)\b/iu;
const had: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present' || !HAD.test(clause.rest))
    return null;
  const from = dateOf(clause, setting);
  return from ? done(clause, from) : null;
};

/** "I hand in my notice", "I left my job". */
const notice: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const found =
    /^\s+(?:in )?(?:my|our)\s+(?:notice|resignation|job|old job|thesis|dissertation|degree|phd|studies|course|first job|marriage)\b/i.exec(
      clause.rest,
    );
  return found ? done(clause, dateOf(clause, setting)) : null;
};

const ROUTINE =
  /\b(?:every (?:single )?(?:day|morning|evening|night|week|month|year|weekend|sunday|monday|tuesday|wednesday|thursday|friday|saturday|other \p{L}+)|each (?:day|morning|week|evening|night)|on (?:mon|tues|wednes|thurs|fri|satur|sun)days|on weekends|on weekdays|at weekends|most (?:days|mornings|evenings|nights|weekends)|(?:once|twice|three times|four times|five times|\d+ times) (?:a|per) (?:day|week|month|year)|daily|weekly|nightly)\b(?:(?:,| and|, and| &) (?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)days\b)*/iu;
const ROUTINES =
  /^(?:get|wake|run|swim|cycle|jog|meditate|journal|pray|walk|read|exercise|train|volunteer|cook|bake|practise|practice|attend|visit|call|commute|work|go|do|play|eat|stretch|lift|climb|row|dance|sing|teach|babysit|fast|write|paint|drive|bike|take|meet|make|have)$/;

/** "I get up at 3 every day". */
const routine: ClauseRule = (clause) => {
  if (
    clause.modality !== null ||
    clause.negated ||
    clause.tense !== 'present' ||
    clause.progressive ||
    clause.form !== 'base' ||
    !ROUTINES.test(clause.verb)
  )
    return null;
  const often = ROUTINE.exec(clause.rest);
  if (
    !often ||
    clause.rest.slice(0, often.index).length > 60 ||
    /[,;]/.test(clause.rest.slice(0, often.index))
  )
    return null;
  const from = surfaceOf(clause);
  const end = clause.restStart + often.index + often[0].length;
  const words = clause.sentence.text
    .slice(from, end)
    .replace(/\s+/g, ' ')
    .replace(/\bmy\b/gi, 'their')
    .replace(/\bmyself\b/gi, 'themselves');
  if (
    /\b(?:it|this|that|you|your|them|him|her|headache|error|problem|message|email)\b/i.test(words) ||
    (clause.verb === 'have' &&
      !/\b(?:lesson|class|practice|rehearsal|training|therapy|session|breakfast|coffee)\b/i.test(words))
  )
    return null;
  return {
    predicate: 'routine',
    object: words,
    statement: `{subject}: ${words}`,
    confidence: 0.8,
    start: clause.start,
    end,
  };
};

const both =
  (...rules: ClauseRule[]): ClauseRule =>
  (clause, setting) =>
    rules.flatMap((rule) => (rule(clause, setting) ?? []) as Finding[]);

const routines = Object.fromEntries(
  'wake swim cycle jog meditate journal pray walk read exercise train volunteer cook bake practise practice attend call commute work do play eat stretch lift row dance sing teach babysit fast write paint drive bike take meet make'
    .split(' ')
    .map((verb) => [verb, both(routine, any)]),
);

export const events: Family = {
  name: 'events',
  verbs: {
    ...routines,
    get: both(get, routine),
    be,
    go: both(went, routine),
    travel: went,
    fly: went,
    visit: both(went, routine),
    have: both(had, routine),
    hand: notice,
    leave: notice,
    quit: notice,
    run: both(routine, any),
    climb: both(routine, any),
  },
  any,
};
