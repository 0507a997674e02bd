import { aim, aimAt, coming, when } from './aims.ts';
import { limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding, Setting } from './family.ts';
import { ahead } from './journeys.ts';
import { isTelling, phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';
import { whenComing, written } from './when.ts';

const TO =
  /^\s+(?:really |eventually |one day |someday |also |still |on )*(?:to )(?:eventually |one day |someday |finally |maybe |also |really |just |actually )*/i;

/** "I want to become …", "I hope to …", "I plan to …", "I'd love to …". */
const want: ClauseRule = (clause, setting) => {
  if (clause.tense === 'past' || (clause.modality !== null && clause.modality !== 'would')) return null;
  const to = TO.exec(clause.rest);
  if (!to) return null;
  const isPlan = /^(?:plan|intend|aim|expect|start|try)$/.test(clause.verb);
  return aim(
    clause,
    setting,
    clause.restStart + to[0].length,
    isPlan ? 'plans' : 'wants',
    isPlan ? 0.86 : 0.84,
  );
};

const like: ClauseRule = (clause, setting) => (clause.modality === 'would' ? want(clause, setting) : null);

/** "I'm thinking about getting a dog", "I'm considering …", "I'm planning a trip to …". */
const think: ClauseRule = (clause, setting) => {
  if (!clause.progressive || clause.tense === 'past' || clause.negated || clause.modality !== null)
    return null;
  const of =
    /^\s+(?:about|of|on)\s+/i.exec(clause.rest) ??
    (/^(?:consider|plan)$/.test(clause.verb) ? /^\s+(?:on )?/i.exec(clause.rest) : null);
  if (!of) return want(clause, setting);
  const gerund = /^(\p{L}+ing)\b/iu.exec(clause.rest.slice(of[0].length));
  const isPlan = clause.verb === 'plan';
  if (!gerund?.[1] && isPlan && TO.test(clause.rest)) return want(clause, setting);
  if (!gerund?.[1]) return isPlan ? plannedTrip(clause, setting) : null;
  const object = aimAt(clause, clause.restStart + of[0].length);
  if (
    !object ||
    /^(?:making|doing|using|asking|trying|having|being|going with|putting|adding|working on|cooking|wearing|saying|telling)\b/i.test(
      object.text,
    )
  )
    return null;
  const moment = coming(clause, setting);
  if (isPlan)
    return {
      predicate: 'plans',
      object: object.text,
      statement: `{subject} is planning on ${object.text}${when(moment, setting)}`,
      confidence: 0.82,
      start: clause.start,
      end: object.end,
      from: moment,
    };
  return {
    predicate: 'considers',
    object: object.text,
    confidence: 0.8,
    start: clause.start,
    end: object.end,
    from: moment,
  };
};

function plannedTrip(clause: Clause, setting: Setting): Finding | null {
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 8,
    through: /^(?:to|for|with|in|of|my|our)$/,
  });
  if (
    !phrase ||
    !isTelling(phrase) ||
    !/\b(?:trip|wedding|party|holiday|vacation|move|visit|tour|expedition|honeymoon|retirement|getaway|safari|cruise|reunion|hike|road trip|renovation|extension|baby shower|course|surprise)\b/i.test(
      phrase.text,
    )
  )
    return null;
  const moment = coming(clause, setting);
  return {
    predicate: 'plans',
    object: phrase.text,
    statement: `{subject} is planning ${phrase.text}${when(moment, setting)}`,
    confidence: 0.8,
    start: clause.start,
    end: phrase.end,
    from: moment,
  };
}

const EVENTS =
  /\b(?:appointment|exam|interview|operation|surgery|scan|check-?up|meeting|flight|deadline|wedding|concert|gig|recital|race|marathon|presentation|viva|defen[cs]e|audition|test|mri|ultrasound|hearing|court date|consultation|reunion|graduation|match|game|competition|tournament|performance|rehearsal|exhibition|date|funeral|conference|workshop|trip|shift|session|class|trial|inspection|delivery|move|finals?|mock|triathlon|half marathon|blood test|biopsy|filling|root canal|due date|baby shower)\b/i;

/** "I have a dentist appointment on Friday". */
const have: ClauseRule = (clause, setting) => {
  const isNow = clause.tense === 'present' || (clause.tense === 'perfect' && clause.verb === 'get');
  if (!isNow || clause.negated || (clause.modality !== null && clause.modality !== 'will')) return null;
  const moment = coming(clause, setting);
  if (!moment || /\bevery\b/i.test(clause.rest) || /\b(?:since|ago|last)\b/i.test(clause.rest)) return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 7,
    through: /^(?:of|with|at|the|my|for)$/,
  });
  if (!phrase || !EVENTS.test(phrase.text)) return null;
  return {
    predicate: 'appointment',
    object: `${phrase.text} on ${written(moment, setting.calendar)}`.replace(
      /on (?=\p{Lu}\p{L}+ \d{4}$|\d{4}$)/u,
      'in ',
    ),
    confidence: 0.86,
    start: clause.start,
    end: Math.max(phrase.end, moment.end),
    from: moment,
  };
};

const DUE =
  /\b(?:my|our|the)\s+((?:[\p{L}\p{N}'-]+\s+){0,4}?[\p{L}\p{N}'-]+)(?:\s+(?:is|are)|'s)\s+(?:now |still |actually |going to be |scheduled |booked |set |moved |planned |also )*(due|on|in|for|to|next|this|tomorrow|scheduled for)\b/giu;

const NO_EVENT =
  /\b(?:birthday|bday|home|house|flat|dad|mum|mom|mother|father|husband|wife|partner|brother|sister|son|daughter|friend|boss|cat|dog|office|job|work|team|car|phone|mind|heart|head|life|name|email|school|kids?|baby|train|bus|focus|time|favou?rite|plan|idea|goal|problem|question|point|only|same|thing|best|keys?|bank|company|shop|class|garden|family|parents|landlord|neighbou?r|number|wife|shift|city|town|country|place|room|roommate|flatmate|girlfriend|boyfriend|money|budget|answer|weather|price)$/i;

/** "my knee surgery is on 3 March", "my thesis is due in November". */
function due(sentence: Sentence, setting: Setting): Finding[] {
  const { text, isQuestion } = sentence;
  return [...text.matchAll(DUE)].flatMap((match) => {
    const noun = match[1] ?? '';
    const at = match.index + match[0].length - (match[2] ?? '').length;
    const stopAt = /[,;.!]|\b(?:and|but|so|because|which|can|could|what|should)\b/i.exec(
      text.slice(at, at + 60),
    );
    const to = stopAt ? at + stopAt.index : Math.min(text.length, at + 60);
    const moment = whenComing(text, at, to, setting.calendar);
    const isThe = /^the/i.test(match[0]);
    if (!moment || NO_EVENT.test(noun) || (isThe && !EVENTS.test(noun)) || noun.split(' ').length > 4)
      return [];
    if (isQuestion && moment.end >= text.length - 1) return [];
    const isDue = /due/i.test(match[2] ?? '');
    const predicate = `date_of_${noun.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_')}`;
    const date = written(moment, setting.calendar);
    return [
      {
        predicate,
        object: date,
        statement: `{subject}'s ${noun} is ${isDue ? 'due ' : ''}${moment.precision === 'day' ? 'on' : 'in'} ${date}`,
        confidence: 0.86,
        start: match.index,
        end: Math.max(moment.end, at),
        from: moment,
      },
    ];
  });
}

const DREAM =
  /\b(?:my|our) (?:dream|goal|aim|plan|ambition|new year'?s resolution|resolution|big goal|bucket list item|target|main goal|long-term goal|big dream|life goal) (?:for (?:this|next) year |this year |for \d{4} |right now )?(?:is|would be|has always been) (?:to )?(?:one day |eventually )?/i;

function dreams({ text, isQuestion }: Sentence, setting: Setting): Finding[] {
  const found = DREAM.exec(text);
  if (!found || isQuestion) return [];
  const from = found.index + found[0].length;
  const phrase = phraseAt(text, from, {
    maxWords: 9,
    through: /^(?:to|with|for|the|about|up|out|back|as|on|from|at|in|of|and|my|our|a)$/,
  });
  if (!phrase || /^(?:not|that|simple|it|this|what|\d)/i.test(phrase.text)) return [];
  const isVerb = /to (?:one day |eventually )?$/i.test(found[0]);
  const object = phrase.text.replace(/\bmy\b/gi, 'their');
  return [
    {
      predicate: 'wants',
      object,
      statement: isVerb ? `{subject} wants to ${object}` : `{subject}'s goal is ${object}`,
      confidence: 0.82,
      start: found.index,
      end: phrase.end,
      from: whenComing(text, from, text.length, setting.calendar),
    },
  ];
}

export const plans: Family = {
  name: 'plans',
  verbs: {
    want,
    hope: want,
    plan: (clause, setting) => think(clause, setting) ?? want(clause, setting),
    intend: want,
    aim: want,
    wish: want,
    dream: (clause, setting) =>
      /^\s+of\s/i.test(clause.rest) ? think({ ...clause, progressive: true }, setting) : null,
    like,
    love: like,
    think,
    consider: think,
    have,
    get: (clause, setting) => (clause.tense === 'perfect' ? have(clause, setting) : ahead(clause, setting)),
    look: (clause, setting) =>
      /^\s+(?:to|into) /i.test(clause.rest) && clause.progressive ? want(clause, setting) : null,
    expect: want,
  },
  any: ahead,
  sentence: (sentence, setting) => [...due(sentence, setting), ...dreams(sentence, setting)],
};
