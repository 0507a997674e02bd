import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding, Moment, Setting } from './family.ts';
import { isTelling, type Phrase, phraseAt } from './phrases.ts';
import { placeAt } from './places.ts';
import type { Sentence } from './sentences.ts';
import { whenComing, written } from './when.ts';

const limit = (clause: Clause) => clause.sentence.text.slice(0, clause.restStart + clause.rest.length);
const stop = (clause: Clause) => clause.restStart + clause.rest.length;
const coming = (clause: Clause, setting: Setting) =>
  whenComing(clause.sentence.text, clause.restStart, stop(clause), setting.calendar);

/** What changes a life, or at least a week: an aim, not a wish of the moment. */
const AIM =
  /^(?:become (?:an? )?\p{L}+|be (?:an? |the )\p{L}+|learn (?!more\b|about\b|if\b)\p{L}+|move (?:to|in|out|back|abroad|house|closer)|relocate|emigrate|visit (?!your|this|that)\p{L}+|travel\b|study\b|start (?:an? |my |our |learning|running|training|doing|going|night|university|uni|college|school|therapy|\p{L}+ing|\p{L}+ (?:school|lessons|classes|course))|buy (?:an? |my |our |some )|get (?:an? (?:dog|cat|puppy|kitten|tattoo|degree|job|new|motorbike|motorcycle|pet|car|bike|divorce|licen[cs]e|master|phd|qualification|second|piercing|house|flat|place|promotion|rabbit|horse)|married|engaged|divorced|promoted|certified|into \p{L}+|in shape|fit\b|fitter|my (?:driving|pilot|own|degree|first|licen|gcse|a-level|master)|better at|back into|pregnant|qualified|out of debt)|build (?:an? |my |our )|live (?:in|on|abroad|near|by)|own (?:an? |my )|marry|have (?:an? (?:baby|child|kid|family|garden|dog|cat)|kids|children|another (?:baby|child|kid))|retire\b|quit (?:smoking|my|drinking|sugar)|run (?:an? |the |my )(?!test|script|command|check)\p{L}+|lose (?:weight|\d|some weight|a few)|save (?:up|for|\d|money)|climb\b|hike\b|write (?:an? (?:book|novel|memoir|screenplay|musical|thesis|phd)|my (?:thesis|dissertation|novel|memoir|book))|launch|open (?:an? |my |our )|found (?:an? |my )|apply (?:for|to)|switch (?:to|career|jobs|careers)|change (?:jobs|careers?|my (?:career|name|job|diet))|improve my|play (?:the |in |for )|join (?:an? |the |my )|train (?:for|as|to)|compete|volunteer|go (?:back to (?:uni|school|college|work|studying)|to (?:uni|university|college|art school|med school|law school|grad school|\p{Lu})|vegan|vegetarian|part-time|freelance|travelling|traveling|on (?:an? )?(?:holiday|vacation|cruise|safari|exchange))|teach\b|work (?:in|as|at|for|abroad|part-time|with)|pass (?:my|the)|graduate|finish (?:my|the)|complete (?:my|the|an?)|propose|renovate|publish|sell (?:my|our|the)|stop (?:smoking|drinking|eating|vaping|biting)|give up|foster|adopt|cycle|swim (?:the|across|an?)|ride (?:across|my|from|the)|sail|explore|take (?:up|part in|an? (?:course|class|sabbatical|gap|year|trip|cruise)|my (?:driving|exam|exams)|piano|singing|dance|guitar|swimming|driving)|try (?:out for)|see (?:the (?:northern|northern lights|world|pyramids|alps)|machu|japan|iceland)|plant\b|grow (?:my|our|some|own)|earn (?:an?|my)|specialise|specialize|qualify|translate (?:an?|my)|design (?:my|an?)|restore|convert|record (?:an?|my)|perform|exhibit|paint (?:my|our|the)|host (?:an?|my)|throw (?:an?|my)|celebrate|turn vegan|spend (?:the|my|our|christmas|next|more time|a))\b/iu;
const TRIVIAL =
  /^(?:try|see (?:if|how|what|you|whether)|let|talk|tell|ask|check|say|know|think|do (?:it|that|this|so|my best)|send|write (?:you|back|it|to)|call you|get back|be (?:ok|okay|fine|there|honest|back|here|late|busy|happy|able|like|sure|careful|right|nice|good|great|so|very|glad|in touch|on|at|in)|need|have to|make sure|look|find out|keep|use|go (?:now|ahead|with|for it|crazy|insane|mad|to (?:bed|sleep|the (?:shop|bathroom|toilet|loo)))|give it|give you|give that|sleep|wait|stop (?:here|now|it)|explain|show|share|guess|miss|regret|die|cry|kill|lose my|need|want|like|love|remember|forget|admit|assume|stick|believe|come (?:back|over|by|round|around|along|with|in|at|to your)|come$|come(?= (?:tomorrow|on|next))|update|paste|add|put|figure|leave it|just|take (?:it|that|this|a look|your)|read (?:it|that|this)|help|answer|bet|pass on)\b/i;

/** "become a paramedic", with what belongs to it. */
function aimAt(clause: Clause, from: number): { text: string; end: number } | null {
  const phrase = phraseAt(limit(clause), from, {
    maxWords: AIM_WORDS,
    through:
      /^(?:to|with|for|the|about|up|out|back|as|on|from|at|in|of|and|before|after|over|into|my|our|a|again|abroad|together|alone)$/,
    until: /^(?:eventually|someday|but|so|because|by|instead|sometime|at some|honestly|if|when|soon|one)$/,
  });
  if (!phrase || /\b(?:it|this|that|you|your|u|them|him|her|me)\b/i.test(phrase.text)) return null;
  // "explore | them" is an aim only with what it points at.
  if (
    /^\s+(?:it|this|that|these|those|them|him|her|you|us|me|there)\b/i.test(limit(clause).slice(phrase.end))
  )
    return null;
  const whole = wholePart(limit(clause), phrase);
  return (
    whole && {
      text: whole.text
        .replace(/\b(?:my|our)\b/gi, 'their')
        .replace(/\s+(?:in|on|at|by|to|and|this|next|one|some|before|after|with|for|under|over)$/i, ''),
      end: whole.end,
    }
  );
}

/** Words of an aim that are taken. */
const AIM_WORDS = 9;

/** Of an aim that is longer than what is taken of it: what stands before its last "and"; null: nothing does. */
function wholePart(text: string, phrase: Phrase): Phrase | null {
  const isCut = phrase.text.split(' ').length >= AIM_WORDS - 1 && /^\s+\p{L}/u.test(text.slice(phrase.end));
  if (!isCut) return phrase;
  const words = text.slice(phrase.start, phrase.end);
  const at = words.lastIndexOf(' and ');
  if (at < 0) return phrase.text.split(' ').length < AIM_WORDS ? phrase : null;
  return { text: words.slice(0, at).replace(/\s+/g, ' '), start: phrase.start, end: phrase.start + at };
}

const when = (moment: Moment | null, setting: Setting) =>
  moment && moment.precision === 'day' ? ` (${written(moment, setting.calendar)})` : '';

function aim(
  clause: Clause,
  setting: Setting,
  from: number,
  predicate: 'plans' | 'wants' | 'considers',
  confidence: number,
): Finding | null {
  const words = clause.sentence.text.slice(from, stop(clause)).trimStart();
  const moment = whenComing(clause.sentence.text, from, stop(clause), setting.calendar);
  const isDated =
    moment !== null && !/^(?:today|tonight)/i.test(words) && moment.date > setting.calendar.midnight;
  const isAim = AIM.test(words);
  if (!isAim && (!isDated || TRIVIAL.test(words) || predicate !== 'plans')) return null;
  const object = aimAt(clause, from);
  if (!object) return null;
  const kind = predicate;
  return {
    predicate: kind,
    object: object.text,
    negated: clause.negated,
    statement: statementOf(kind, object.text, clause.negated, when(moment, setting)),
    confidence,
    start: clause.start,
    end: Math.max(object.end, moment?.end ?? 0),
    from: moment,
  };
}

function statementOf(predicate: string, object: string, negated: boolean, time: string): string {
  if (predicate === 'considers') return `{subject} is ${negated ? 'not ' : ''}considering: ${object}${time}`;
  const verb = predicate === 'wants' ? 'want' : 'plan';
  return `{subject} ${negated ? `does not ${verb}` : `${verb}s`} to ${object}${time}`;
}

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

const CARE =
  /\b(?:doctor|gp|dentist|physio(?:therapist)?|therapist|optician|surgeon|specialist|consultant|midwife|nurse|vet|lawyer|solicitor|accountant|psychologist|psychiatrist|dermatologist|cardiologist|neurologist|oncologist|gyna?ecologist|orthodontist|hygienist|chiropractor|osteopath|hairdresser|barber|landlord|bank|counsell?or|nutritionist|dietitian|ent|radiologist|allergist|notary|advisor|adviser|recruiter|mortgage \w+)\b/i;
const TRAVELS = /^(?:fly|travel|go|head|drive|visit|come|leave|sail|cycle)$/;

/** "We're flying to Lisbon on 14 June", "I'm seeing the physio next Tuesday". */
const ahead: ClauseRule = (clause, setting) => {
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
  const place = placeAt(clause.sentence.text, clause.restStart + lead[0].length, stop(clause));
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
