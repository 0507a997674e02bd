import { limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding, Setting } from './family.ts';
import { isTelling, phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';
import { CONSUMED, made, NO_THING, PERSON, thing } from './things.ts';
import { CAR, drive, PLAIN, TWO_WHEELS } from './vehicles.ts';
import { whenPast } from './when.ts';

const have: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.tense === 'past' || clause.progressive) return null;
  const isGot = clause.verb === 'get';
  if (isGot && !(clause.tense === 'perfect' && clause.form === 'participle')) return null;
  if (clause.tense === 'perfect' && !isGot && clause.form !== 'base') return null;
  const phrase = thing(clause, false);
  if (!phrase) return null;
  const from = /\bsince\b/i.test(clause.rest)
    ? whenPast(clause.sentence.text, phrase.end, clause.restStart + clause.rest.length, setting.calendar)
    : null;
  // Of "a car" nobody knows which one: it replaces none.
  const isPlain = PLAIN.test(phrase.text);
  const first = made(clause, phrase, { ...(isPlain ? { predicate: 'owns' } : {}), from });
  const joint = NEXT_THING.exec(limit(clause).slice(phrase.end))?.[1];
  if (joint === undefined) return first;
  const at = phrase.end + joint.length;
  const more = have({ ...clause, rest: clause.rest.slice(at - clause.restStart), restStart: at }, setting);
  return [first, more ?? []].flat() as Finding[];
};

/** "a cello | and a metronome" */
const NEXT_THING = /^((?:,(?:\s+and)?|\s+and))(?=\s+(?:an?|two|three|four)\s)/i;

const BUSINESS =
  /\b(?:business|company|[a-z]*shop|[a-z]*store|bakery|caf[eé]|restaurant|bar|pub|studio|agency|firm|farm|salon|startup|brewery|hotel|hostel|gallery|gym)\b/i;

const own: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past') return null;
  const phrase = thing(clause, true);
  return phrase && !BUSINESS.test(phrase.text)
    ? made(clause, phrase, { predicate: 'owns', confidence: 0.9 })
    : null;
};

const buy: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const rest = clause.rest.replace(/^\s+up(?=\s)/, (word) => ' '.repeat(word.length));
  const bought: Clause = { ...clause, rest };
  if (clause.verb === 'pick' && !/^\s+up\s/.test(clause.rest)) return null;
  if (clause.verb === 'treat' && !/^\s+(?:myself|ourselves) to\s/.test(clause.rest)) return null;
  const phrase = thing(
    clause.verb === 'treat'
      ? { ...clause, rest: clause.rest.replace(/(?:myself|ourselves) to/, (word) => ' '.repeat(word.length)) }
      : clause.verb === 'pick'
        ? {
            ...bought,
            sentence: {
              ...clause.sentence,
              text:
                clause.sentence.text.slice(0, clause.restStart) +
                rest +
                clause.sentence.text.slice(clause.restStart + rest.length),
            },
          }
        : clause,
    false,
  );
  if (
    !phrase ||
    CONSUMED.test(phrase.text) ||
    (clause.verb === 'get' &&
      !CAR.test(phrase.text) &&
      !TWO_WHEELS.test(phrase.text) &&
      !/^\s+(?:myself |ourselves )?(?:an?|my|our) (?:\p{L}+ )?(?:brand[- ])?(?:new|second-?hand|used)\b/iu.test(
        clause.rest,
      ))
  )
    return null;
  if (
    /^\s+(?:him|her|them|my (?:son|daughter|wife|husband|mum|mom|dad|friend|partner|girlfriend|boyfriend|niece|nephew|sister|brother))\b/i.test(
      clause.rest,
    )
  )
    return null;
  const to = clause.restStart + clause.rest.length;
  const from = whenPast(clause.sentence.text, phrase.end, to, setting.calendar);
  return made(clause, phrase, {
    from,
    end: from ? clause.restStart + clause.rest.trimEnd().length : phrase.end,
    confidence: clause.verb === 'buy' ? 0.86 : 0.75,
  });
};

const GONE_VERBS: Readonly<Record<string, string>> = {
  sell: 'sold',
  trade: 'traded in',
  ditch: 'got rid of',
  dump: 'got rid of',
  scrap: 'scrapped',
  donate: 'gave away',
  total: 'crashed',
  crash: 'crashed',
  lose: 'lost',
  return: 'returned',
  give: 'gave away',
};

/** "We sold the Peugeot", "I got rid of my bike". */
const lose: ClauseRule = (clause, setting) => {
  if (clause.modality !== null || clause.negated || clause.tense === 'present') return null;
  const rid =
    clause.verb === 'get'
      ? /^\s+rid of/i.exec(clause.rest)
      : clause.verb === 'give'
        ? /^\s+away/i.exec(clause.rest)
        : clause.verb === 'trade'
          ? /^\s+in/i.exec(clause.rest)
          : null;
  if (/^(?:get|give|trade)$/.test(clause.verb) && !rid) return null;
  if (
    clause.verb === 'lose' &&
    !/^\s+(?:my|our)\s+(?:phone|wallet|keys?|ring|bike|laptop|passport|glasses|watch|camera|umbrella|headphones|bag)\b/i.test(
      clause.rest,
    )
  )
    return null;
  const lead = /^\s+(?:my|our|the|that|both)\s+(?:old |beloved |trusty )?/i.exec(
    clause.rest.slice(rid?.[0].length ?? 0),
  );
  if (!lead) return null;
  const from = clause.restStart + (rid?.[0].length ?? 0) + lead[0].length;
  const phrase = phraseAt(limit(clause), from, {
    maxWords: 6,
    until: /^(?:in|on|at|for|with|to|from|off|on|because|last|and)$/,
  });
  if (!phrase || !isTelling(phrase) || NO_THING.test(phrase.text) || PERSON.test(phrase.text)) return null;
  const verb = GONE_VERBS[clause.verb] ?? 'no longer has';
  const known = earlier(phrase.text, setting);
  const when = whenPast(
    clause.sentence.text,
    phrase.end,
    clause.restStart + clause.rest.length,
    setting.calendar,
  );
  return {
    predicate: known?.predicate ?? (CAR.test(phrase.text) && !PLAIN.test(phrase.text) ? 'drives' : 'owns'),
    object: known?.object ?? phrase.text,
    negated: true,
    kind: 'ENDS',
    statement:
      `{subject} ${verb === 'no longer has' ? verb : `no longer has, ${verb},`} ${phrase.text}`.replace(
        /, (.*),/,
        ' ($1)',
      ),
    confidence: 0.8,
    start: clause.start,
    end: phrase.end,
    from: when,
  };
};

/** What was said before of the same thing: "the Peugeot" is the "Peugeot 208". */
function earlier(text: string, setting: Setting) {
  const word = text.toLowerCase().split(' ')[0] ?? '';
  return setting.known().findLast(
    ({ predicate, object, negated }) =>
      /^(?:drives|owns|rides|has_pet)$/.test(predicate) &&
      !negated &&
      object
        .toLowerCase()
        .split(/[\s,]+/)
        .includes(word),
  );
}

const bank: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past' || !/^\s+(?:with|at)\s/i.test(clause.rest))
    return null;
  const phrase = phraseAt(
    limit(clause),
    clause.restStart + (/^\s+(?:with|at)\s/i.exec(clause.rest)?.[0].length ?? 0),
    { maxWords: 4 },
  );
  return phrase && isTelling(phrase)
    ? {
        predicate: 'bank',
        object: phrase.text,
        negated: clause.negated,
        kind: clause.ended ? 'ENDS' : 'STATES',
        confidence: 0.88,
        start: clause.start,
        end: phrase.end,
      }
    : null;
};

const rent: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense === 'past' || clause.negated) return null;
  const found =
    /^\s+(an? (?:[\p{L}\d-]+ ){0,4}?(?:flat|apartment|house|studio|room|place|cottage|bungalow|loft|basement|garage|allotment|office|desk|bedsit))\b/iu.exec(
      clause.rest,
    );
  if (found?.[1])
    return {
      predicate: 'rents',
      object: found[1],
      confidence: 0.85,
      start: clause.start,
      end: clause.restStart + found[0].length,
    };
  return /^\s*(?:$|[,.;!]|\b(?:so|and|but|our|here|privately)\b)/i.test(clause.rest)
    ? {
        predicate: 'rents',
        object: 'home',
        statement: '{subject} rents their home',
        confidence: 0.72,
        start: clause.start,
        end: clause.restStart,
      }
    : null;
};

const MINE =
  /\b(?:[Mm]y|[Oo]ur)\s+(?:new |old |current |main |first )?(car|van|motorbike|motorcycle|bike|phone|laptop|camera|guitar|computer|desktop|tablet|watch|bicycle|scooter|boat|piano|synth)\s+(?:is|'s)\s+(?:just |only |actually )?(?:an?|the)?\s*((?:[\p{L}\d-]+ ){0,4}?\p{Lu}[\p{L}\d-]*(?: [\p{Lu}\d][\p{L}\d-]*){0,3})/gu;

function mine({ text, isQuestion }: Sentence): Finding[] {
  return [...text.matchAll(MINE)].flatMap((match) => {
    if (isQuestion && match.index + match[0].length >= text.length - 1) return [];
    const kind = (match[1] ?? '').toLowerCase();
    const predicate = /^(?:car|van)$/.test(kind)
      ? 'drives'
      : /bike|cycle|scooter/.test(kind)
        ? 'rides'
        : `value_of_${kind}`;
    return [
      {
        predicate,
        object: match[2] ?? '',
        confidence: 0.85,
        start: match.index,
        end: match.index + match[0].length,
      },
    ];
  });
}

export const possessions: Family = {
  name: 'possessions',
  verbs: {
    have,
    own,
    buy,
    purchase: buy,
    acquire: buy,
    inherit: buy,
    order: () => null,
    drive,
    ride: drive,
    bank,
    rent,
    pick: buy,
    treat: buy,
    get: (clause, setting) =>
      /^\s+rid of\b/i.test(clause.rest)
        ? lose(clause, setting)
        : clause.tense === 'perfect' && clause.form === 'participle'
          ? have(clause, setting)
          : buy(clause, setting),
    sell: lose,
    trade: lose,
    ditch: lose,
    dump: lose,
    donate: lose,
    total: lose,
    crash: lose,
    lose,
    return: lose,
    give: lose,
    collect: (clause) => {
      if (clause.modality !== null || clause.tense !== 'present' || clause.negated) return null;
      const phrase = phraseAt(limit(clause), clause.restStart, {
        maxWords: 5,
        until: /^(?:from|in|at|on|for|the|my)$/,
      });
      return phrase && isTelling(phrase)
        ? {
            predicate: 'hobby',
            object: `collecting ${phrase.text}`,
            confidence: 0.82,
            start: clause.start,
            end: phrase.end,
          }
        : null;
    },
  },
  sentence: mine,
};
