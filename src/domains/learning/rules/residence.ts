import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding, Setting } from './family.ts';
import { come, grow, originOf } from './origins.ts';
import { placeAfter, placeAt } from './places.ts';
import { whenComing, whenPast } from './when.ts';

const NOW =
  /\b(?:now|currently|nowadays|atm|at the moment|these days|remember|still|permanently|right now|as of)\b/i;

const live: ClauseRule = (clause, setting) => {
  const place = placeAfter(
    clause,
    /^(?:\s*(?:just|right|still|out|up|down|over|back|abroad|alone|now|here|happily|all|by myself|with [^,]{2,40}?|together|currently|and (?:now )?work(?:ing)?))*\s*(?:,\s*)?(?:outside(?: of)?|near|close to|not far from|just outside|on the outskirts of|in|at)\s+/i,
  );
  const home = homeIn(clause);
  if (
    clause.modality === 'used to' ||
    (clause.tense === 'past' && !clause.progressive) ||
    (clause.tense === 'past' && clause.progressive)
  ) {
    if (!place || clause.negated) return null;
    return {
      predicate: 'lived_in',
      object: place.text,
      start: clause.start,
      end: place.end,
      confidence: 0.8,
    };
  }
  if (clause.modality !== null) return tentative(clause, setting, 'live in');
  if (home && !clause.negated) return home;
  if (!place) return null;
  return stated(clause, setting, place);
};

function stated(clause: Clause, setting: Setting, place: { text: string; end: number }): Finding {
  const end = clause.restStart + clause.rest.length;
  const from =
    clause.tense === 'perfect' || /\bsince\b/i.test(clause.rest)
      ? whenPast(clause.sentence.text, place.end, end, setting.calendar)
      : null;
  return {
    predicate: 'lives_in',
    object: place.text,
    negated: clause.negated,
    kind: clause.ended ? 'ENDS' : 'STATES',
    confidence: 0.92,
    start: clause.start,
    end: place.end,
    from,
  };
}

/** "in a two-bed flat", "in a house with a garden": what one lives in. */
function homeIn(clause: Clause): Finding | null {
  const found =
    /^\s+(?:in|on) (an? (?:[\p{L}\d-]+ ){0,4}?(?:flat|apartment|house|studio|bungalow|cottage|condo|loft|houseboat|boat|van|camper|farm|farmhouse|cabin|caravan|flatshare|dorm|duplex|townhouse|basement|bedsit|terrace|tower block|tiny house|motorhome))\b/iu.exec(
      clause.rest,
    );
  if (!found?.[1]) return null;
  return {
    predicate: 'home',
    object: found[1],
    confidence: 0.85,
    start: clause.start,
    end: clause.restStart + found[0].length,
  };
}

const NO_TOWN =
  /\b(?:flat|apartment|house|place|room|home|office|department|team|school|class|table|seat|area|neighbou?rhood|building|floor|desk|studio|dorm|job|role|company|position|phase|step|level|topic|question|city|town|village|country|state)s?$/i;

const move: ClauseRule = (clause, setting) => {
  const place = placeAfter(
    clause,
    /^(?:\s*(?:out|up|down|over|back|away|house|here|abroad|permanently|together|in))*(?:\s+from [\p{L}' -]{2,30}?)?\s+(?:to|into|near)\s+/iu,
  );
  if (!place) return null;
  // "to a bigger flat", "to the third floor"
  if (/^\P{Lu}*$/u.test(place.text) && NO_TOWN.test(place.text)) return null;
  const end = clause.restStart + clause.rest.length;
  if (clause.modality === 'used to' || clause.negated) return null;
  if (clause.modality !== null || clause.progressive) return tentative(clause, setting, 'move to');
  // "I moved to Bath when I was six": since then, others may have followed.
  if (clause.form === 'base') return null;
  return {
    predicate: 'lives_in',
    object: place.text,
    confidence: 0.85,
    start: clause.start,
    end: place.end,
    from: whenPast(clause.sentence.text, clause.start, end, setting.calendar),
  };
};

function tentative(clause: Clause, setting: Setting, verb: string): Finding | null {
  const place = placeAfter(
    clause,
    /^(?:\s*(?:out|up|down|over|back|away|house|permanently|together))*\s+(?:to|into|in|near)\s+/i,
  );
  if (!place || clause.negated || clause.modality === 'could') return null;
  const end = clause.restStart + clause.rest.length;
  const from = whenComing(clause.sentence.text, place.end, end, setting.calendar);
  const isSure = clause.modality === 'will' || clause.modality === 'going to' || clause.modality === null;
  if (clause.modality === 'would' && !/^(?:love|like)$/.test(clause.verb)) return null;
  return {
    predicate: isSure ? 'plans' : 'considers',
    object: isSure
      ? `${verb} ${place.text}`
      : `${verb.replace(/^live/, 'living').replace(/^move/, 'moving')} ${place.text}`,
    confidence: 0.75,
    start: clause.start,
    end: from?.end ?? place.end,
    from,
  };
}

const be: ClauseRule = (clause, setting) => {
  if (clause.modality === 'would' || clause.modality === 'might' || clause.modality === 'could') return null;
  const origin = originOf(clause);
  if (origin) return origin;
  if (clause.tense === 'past') return null;
  const based = placeAfter(
    clause,
    /^\s*(?:still |now |currently |happily |\w+ly )*(?:based|located|settled|living)(?: right| out| over| up| down)? (?:in|near|at|out of|just outside)\s+/i,
  );
  if (based && clause.modality === null) return stated(clause, setting, based);
  const guest =
    /^\s*(?:still |now |currently |just |back )*(?:at|with) (?:my|our) (?:\p{L}+ ){0,2}?(?:mum|mom|dad|parent|sister|brother|friend|boyfriend|girlfriend|partner|gran|nan|grandma|grandparent|aunt|uncle|cousin|folk|in-law)'?s?'?(?: (?:house|place|flat))? (?:in|near) /iu.exec(
      clause.rest,
    );
  const host =
    guest &&
    placeAt(clause.sentence.text, clause.restStart + guest[0].length, clause.restStart + clause.rest.length);
  if (host && clause.modality === null && !clause.negated)
    return {
      predicate: 'staying_in',
      object: host.text,
      confidence: 0.8,
      start: clause.start,
      end: host.end,
    };
  const there = placeAfter(
    clause,
    /^\s*(?:still |now |currently |back |over |down |up |out |here )*(?:in|at)\s+/i,
  );
  if (!there || clause.modality !== null || !/^\p{Lu}/u.test(there.text)) return null;
  const text = clause.sentence.text;
  const isNow =
    NOW.test(clause.rest) || [...clause.adverbs].some((word) => /^(?:now|still|currently)$/.test(word));
  const isContrast = /\bnot (?:in )?\p{Lu}[\p{L}-]+,\s*$/u.test(text.slice(0, clause.start));
  return isNow || isContrast ? stated(clause, setting, there) : null;
};

const stay: ClauseRule = (clause) => {
  if (!clause.progressive || clause.modality !== null || clause.tense !== 'present' || clause.negated)
    return null;
  const place = placeAfter(clause, /^(?:\s+(?:here|over|put|right|with [\p{L}' ]{2,30}?))*\s+(?:in|at)\s+/iu);
  if (!place || !/^\p{Lu}/u.test(place.text)) return null;
  const isLasting = /\b(?:forever|for good|permanently|always)\b/i.test(clause.rest);
  return {
    predicate: isLasting ? 'lives_in' : 'staying_in',
    object: place.text,
    confidence: 0.8,
    start: clause.start,
    end: place.end,
  };
};

const settle: ClauseRule = (clause, setting) => {
  const place = placeAfter(clause, /^\s+(?:down |back )?in\s+/i);
  if (!place || clause.negated || clause.modality !== null || clause.form === 'base') return null;
  return stated(clause, setting, place);
};

const PLACE = String.raw`(\p{Lu}[\p{L}\p{M}'.-]*(?:[ ,]+(?:de|da|do|del|la|le|les|el|los|las|am|an|der|den|of|upon|the|sur|al|on|in|St\.?|\p{Lu}[\p{L}\p{M}'.-]*))*)`;
const HOME: readonly (readonly [RegExp, string])[] = [
  [
    new RegExp(`(?:^|[,.:] |\\band |\\bso )[Hh]ome(?: is|'s|:)(?: now| still| currently)? ${PLACE}`, 'u'),
    'lives_in',
  ],
  [
    new RegExp(
      `\\b(?:[Mm]y|[Oo]ur) (?:home|house|flat|apartment|place) is(?: now| still| currently)? (?:in|near) ${PLACE}`,
      'u',
    ),
    'lives_in',
  ],
  [
    new RegExp(
      `\\b[Mm]y (?:home ?town|home ?land|birthplace|home country|home city|native (?:city|town|country)) is ${PLACE}`,
      'u',
    ),
    'from',
  ],
  [
    new RegExp(
      `\\b(?:here )?in ${PLACE},? (?:which is )?where (?:[iI]|[wW]e)(?:'m| am|'re| are)? (?:live|living|based|now live|currently live)\\b`,
      'u',
    ),
    'lives_in',
  ],
  [new RegExp(`\\b${PLACE} is (?:home|where (?:i|we) (?:live|currently live))\\b`, 'u'), 'lives_in'],
];

/** "Home is Utrecht", "here in Utrecht where I live". */
function homes({ text, isQuestion }: { text: string; isQuestion: boolean }): Finding[] {
  return HOME.flatMap(([pattern, predicate]) => {
    const found = pattern.exec(text);
    const place = found?.[1];
    if (!found || place === undefined || !/^\p{Lu}/u.test(place)) return [];
    if (isQuestion && found.index + found[0].length >= text.length - 1) return [];
    const end = found.index + found[0].length;
    return [
      {
        predicate,
        object: place.replace(/[ ,.]+$/, '').replace(/\s+(?:of|in|on|the|de|la|an|am)$/, ''),
        confidence: 0.85,
        start: found.index,
        end,
      },
    ];
  });
}

export const residence: Family = {
  name: 'residence',
  verbs: {
    live,
    reside: live,
    be,
    stay,
    move,
    relocate: move,
    emigrate: move,
    immigrate: move,
    migrate: move,
    transfer: move,
    grow,
    come,
    hail: come,
    originate: come,
    settle,
  },
  sentence: homes,
};
