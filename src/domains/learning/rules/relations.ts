import type { ClauseRule, Family, Finding } from './family.ts';
import { mayBeName, NAME, RELATION_WORDS } from './people.ts';
import { KIND, named, nameIn, predicateFor, turned } from './relatives.ts';
import type { Sentence } from './sentences.ts';
import { whenComing, whenPast, written } from './when.ts';

const SIBLINGS =
  /^\s*(?:only )?(?:(an?|no|one|two|three|four|five|six|seven|eight|\d{1,2}|several|twin)\s+)((?:(?:older|younger|elder|little|big|baby|twin|half|step|grown-up|grown|adult|teenage|teen|young|small|beautiful|lovely|wonderful|amazing|great|other)[- ])*)(brothers?|sisters?|siblings?|kids?|children|child|sons?|daughters?|boys|girls|twins|grandchildren|grandkids|grandsons?|granddaughters?|nieces?|nephews?|stepkids|stepchildren|stepsons?|stepdaughters?)\b/i;

const PEOPLE: Readonly<Record<string, string>> = {
  kid: 'number_of_children',
  child: 'number_of_children',
  children: 'number_of_children',
  twin: 'number_of_children',
  sibling: 'number_of_siblings',
  grandkid: 'grandchild',
  grandchildren: 'grandchild',
  boy: 'number_of_children',
  girl: 'number_of_children',
  stepkid: 'stepchild',
  stepchildren: 'stepchild',
};

/** "I have two sisters", "we've got three kids", "I don't have kids". */
const have: ClauseRule = (clause) => {
  if (
    clause.modality !== null ||
    clause.tense === 'past' ||
    (clause.verb === 'get' && clause.tense !== 'perfect')
  )
    return null;
  const found =
    SIBLINGS.exec(clause.rest) ??
    (clause.negated
      ? /^\s*(?:any )?()()(kids|children|siblings|brothers|sisters)\b/i.exec(clause.rest)
      : null);
  const plural = found?.[3]?.toLowerCase();
  if (!found || plural === undefined) return null;
  const word = plural.replace(/^(.*[^s])s$/, '$1');
  const predicate = PEOPLE[word] ?? word;
  const isNone = /^no$/i.test(found[1] ?? '');
  const object = [isNone ? '' : found[1], found[2]?.trim(), found[3]].filter(Boolean).join(' ');
  const start = clause.start;
  const end = clause.restStart + found[0].length;
  const negated = clause.negated || isNone;
  const said: Finding[] = [
    {
      predicate,
      object,
      negated,
      statement: `{subject} ${negated ? 'has no' : 'has'} ${negated ? plural : object}`,
      confidence: 0.9,
      start,
      end,
    },
  ];
  const name = negated || /s$/.test(plural) ? null : nameIn(clause.sentence.text.slice(end, end + 80), false);
  if (name) return [{ predicate, object: name.name, confidence: 0.9, start, end: end + name.length }];
  return said;
};

const HAVE_NAMED = new RegExp(
  `^\\s*(?:an? )(${KIND})(${RELATION_WORDS})(?: called| named|, | by the name of) ?(${NAME})`,
  'iu',
);

const haveNamed: ClauseRule = (clause, setting) => {
  const found = clause.negated || clause.modality !== null ? null : HAVE_NAMED.exec(clause.rest);
  const name = found?.[3];
  const predicate = found ? predicateFor(found[1] ?? '', found[2] ?? '') : null;
  if (found && name && predicate && /^\p{Lu}/u.test(name) && mayBeName(name))
    return {
      predicate,
      object: name,
      confidence: 0.88,
      start: clause.start,
      end: clause.restStart + found[0].length,
    };
  return have(clause, setting);
};

const STATUS = new RegExp(
  `^\\s*(?:(?:happily|newly|recently|finally|officially|currently|legally|still|now|just|very|not) )*(married|engaged|divorced|separated|single|widowed|a widow(?:er)?|in a (?:long[- ]distance |serious |committed |new )?relationship|in a civil partnership)(?! (?:malt|parent|origin|file|bed|point|most|biggest|day|person|use|player|thread|handed|out|digit|in (?:the|my|a) (?:work|project|conversation))\\b)(?: (?:to|with) (${NAME}|(?:an? |my )[\\p{L} ]{3,30}))?`,
  'iu',
);

const be: ClauseRule = (clause, setting) => {
  const text = clause.sentence.text;
  if (clause.modality !== null) return null;
  const parent =
    /^\s*(?:an? )?(?:(?:single|proud|working|stay[- ]at[- ]home|busy|tired|full-time|young|new) )*(?:mum|mom|mother|dad|father|parent|mama|papa)(?: of| to) (?:(one|two|three|four|five|six|seven|\d)(?=\s|$|[,.!])((?: (?:\p{L}+ )?(?:kids|children|boys|girls|sons|daughters|teenagers|toddlers|twins))?))/iu.exec(
      clause.rest,
    );
  const start = clause.start;
  if (parent?.[1] && clause.tense === 'present')
    return {
      predicate: 'number_of_children',
      object: `${parent[1]} ${parent[2]?.trim() || 'children'}`,
      confidence: 0.88,
      start,
      end: clause.restStart + parent[0].length,
    };
  const only = /^\s*an only child\b/i.exec(clause.rest);
  if (only)
    return {
      predicate: 'number_of_siblings',
      object: 'siblings',
      negated: true,
      statement: '{subject} is an only child',
      confidence: 0.88,
      start,
      end: clause.restStart + only[0].length,
    };
  if (clause.progressive || clause.tense === 'past') return null;
  const status = STATUS.exec(clause.rest);
  if (!status?.[1]) return null;
  const whole = [status[1], status[2] ? `to ${status[2]}` : '']
    .filter(Boolean)
    .join(' ')
    .replace(/(relationship|partnership) to/, '$1 with');
  const from = whenPast(text, clause.restStart, clause.restStart + clause.rest.length, setting.calendar);
  return {
    predicate: 'relationship_status',
    object: whole,
    negated: clause.negated || /\bnot\b/i.test(status[0]),
    kind: clause.ended ? 'ENDS' : 'STATES',
    confidence: 0.9,
    start,
    end: from
      ? Math.max(clause.restStart + status[0].length, clause.restStart + clause.rest.trimEnd().length)
      : clause.restStart + status[0].length,
    from,
  };
};

/** "We got married", "we're getting married on …", "I got divorced". */
const get: ClauseRule = (clause, setting) => {
  const found = new RegExp(
    `^\\s+(?:finally |officially )?(married|engaged|divorced|hitched)(?: to (${NAME}))?(?![\\p{L}])`,
    'iu',
  ).exec(clause.rest);
  if (!found?.[1])
    return clause.tense === 'perfect' || clause.verb === 'have' ? haveNamed(clause, setting) : null;
  const to = clause.restStart + clause.rest.length;
  const start = clause.start;
  if (clause.negated) return null;
  const isComing = clause.progressive || clause.modality === 'will' || clause.modality === 'going to';
  const end = clause.restStart + clause.rest.trimEnd().length;
  if (isComing) {
    const from = whenComing(clause.sentence.text, clause.restStart, to, setting.calendar);
    const place = /\bin (\p{Lu}[\p{L}\p{M}-]+(?: \p{Lu}[\p{L}-]+)?)/u.exec(clause.rest)?.[1];
    const words = `get ${found[1]}${found[2] ? ` to ${found[2]}` : ''}${place ? ` in ${place}` : ''}`;
    return {
      predicate: 'plans',
      object: words,
      statement: `{subject} plans to ${words}${from ? ` (${written(from, setting.calendar)})` : ''}`,
      confidence: 0.88,
      start,
      end,
      from,
    };
  }
  if (clause.modality !== null || clause.tense === 'present') return null;
  const from = whenPast(clause.sentence.text, clause.restStart, to, setting.calendar);
  const status = /hitched/i.test(found[1])
    ? 'married'
    : /dumped/i.test(found[1])
      ? 'single'
      : found[1].toLowerCase();
  return {
    predicate: 'relationship_status',
    object: found[2] ? `${status} to ${found[2]}` : status,
    confidence: 0.88,
    start,
    end: from ? end : clause.restStart + found[0].length,
    from,
  };
};

const marry: ClauseRule = (clause, setting) => {
  if (
    clause.negated ||
    (clause.modality !== null && clause.modality !== 'will' && clause.modality !== 'going to')
  )
    return null;
  const found = new RegExp(`^\\s+(${NAME}|my [\\p{L} ]{3,25})`, 'u').exec(clause.rest);
  if (!found?.[1]) return null;
  const to = clause.restStart + clause.rest.length;
  if (clause.tense === 'present')
    return {
      predicate: 'plans',
      object: `marry ${found[1]}`,
      confidence: 0.8,
      start: clause.start,
      end: clause.restStart + found[0].length,
      from: whenComing(clause.sentence.text, clause.restStart, to, setting.calendar),
    };
  return {
    predicate: 'relationship_status',
    object: `married to ${found[1]}`,
    confidence: 0.85,
    start: clause.start,
    end: clause.restStart + found[0].length,
    from: whenPast(clause.sentence.text, clause.restStart, to, setting.calendar),
  };
};

const date: ClauseRule = (clause) => {
  if (!clause.progressive || clause.negated || clause.modality !== null || clause.tense === 'past')
    return null;
  const found = new RegExp(`^\\s+(${NAME}|(?:an?|my) [\\p{L} ]{3,30})`, 'u').exec(clause.rest);
  return found?.[1] && (!/^\p{Lu}/u.test(found[1]) || mayBeName(found[1]))
    ? {
        predicate: 'relationship_status',
        object: `dating ${found[1]}`,
        confidence: 0.8,
        start: clause.start,
        end: clause.restStart + found[0].length,
      }
    : null;
};

/** "I broke up with Callum", "we split up". */
const part: ClauseRule = (clause, setting) => {
  if (clause.negated || clause.modality !== null || clause.tense === 'present') return null;
  const found = new RegExp(
    `^\\s+(?:up(?: with (${NAME}|my [\\p{L}-]{2,20}))?|from (${NAME}|my [\\p{L}-]{2,20}))`,
    'u',
  ).exec(clause.rest);
  if (
    !found ||
    (clause.verb === 'break' && !/^\s+up/.test(found[0])) ||
    (found[1] === undefined && found[2] === undefined && clause.subject === 'I')
  )
    return null;
  const who = found[1] ?? found[2];
  const object = who ? `broken up with ${who}` : 'separated';
  return {
    predicate: 'relationship_status',
    object,
    confidence: 0.82,
    start: clause.start,
    end: clause.restStart + found[0].length,
    from: whenPast(
      clause.sentence.text,
      clause.restStart,
      clause.restStart + clause.rest.length,
      setting.calendar,
    ),
  };
};

const HAPPENED = /\b(?:was born|passed away|died|got married|had a baby|graduated|moved out|gave birth)\b/i;

const BORN = new RegExp(
  `\\b(?:my|our)\\s+((?:${KIND})(?:${RELATION_WORDS})(?: ${NAME})?) (was born|passed away|died|got married|had a baby|graduated|moved out|gave birth)\\b`,
  'giu',
);

/** What happened to somebody close: "my nephew was born on Sunday". */
function happened(sentence: Sentence, setting: Parameters<ClauseRule>[1]): Finding[] {
  if (sentence.isQuestion || !HAPPENED.test(sentence.text)) return [];
  return [...sentence.text.matchAll(BORN)].flatMap((match) => {
    const end = match.index + match[0].length;
    const stop = /[,;]|\band\b/.exec(sentence.text.slice(end, end + 60));
    const to = stop ? end + stop.index : Math.min(sentence.text.length, end + 60);
    const from = whenPast(sentence.text, end, to, setting.calendar);
    if (/^in\b/.test(sentence.text.slice(end).trimStart()) && !from) return [];
    const object = `${match[1]} ${match[2]}`.replace(/\s+/g, ' ');
    return [
      {
        predicate: 'happened',
        object,
        statement: `{subject}'s ${object}`,
        confidence: 0.85,
        start: match.index,
        end: from ? to : end,
        from,
      },
    ];
  });
}

export const relations: Family = {
  name: 'relations',
  verbs: {
    have: haveNamed,
    be,
    get,
    marry,
    date,
    see: () => null,
    break: part,
    split: part,
    separate: part,
    divorce: part,
  },
  sentence: (sentence, setting) => [...named(sentence), ...turned(sentence), ...happened(sentence, setting)],
};
