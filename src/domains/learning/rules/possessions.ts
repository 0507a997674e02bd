import type { Clause } from './clauses.ts';
import type { ClauseRule, Family, Finding, Setting } from './family.ts';
import { PETS, RELATION_WORDS } from './people.ts';
import { isTelling, type Phrase, phraseAt } from './phrases.ts';
import type { Sentence } from './sentences.ts';
import { whenPast } from './when.ts';

const limit = (clause: Clause) => clause.sentence.text.slice(0, clause.restStart + clause.rest.length);

const CAR_MAKES =
  'audi|bmw|citro[eë]n|chevrolet|chevy|chrysler|cupra|dacia|daihatsu|dodge|ferrari|fiat|ford|genesis|gmc|honda|hyundai|infiniti|jaguar|jeep|kia|lada|lancia|land rover|range rover|lexus|lincoln|mazda|mercedes|mini cooper|mini|mitsubishi|nissan|opel|peugeot|polestar|porsche|prius|renault|rivian|rover|saab|seat|skoda|škoda|smart|subaru|suzuki|tesla|toyota|vauxhall|volkswagen|volvo|vw|byd|mg|alfa romeo|buick|cadillac|pontiac|acura|ram';
const CAR = new RegExp(
  `^(?:[\\p{L}\\d-]+ ){0,3}?(?:${CAR_MAKES})(?=\\s|$)|\\b(?:car|van|minivan|pickup|truck|suv|hatchback|estate|convertible|sedan|campervan|ev|jeep)$`,
  'iu',
);
const TWO_WHEELS =
  /\b(?:bike|bicycle|motorbike|motorcycle|scooter|moped|vespa|harley(?:[- ]davidson)?|ducati|kawasaki|yamaha|triumph|ktm|royal enfield|e-bike|ebike|brompton|tandem)\b/i;
/** What one has without owning it. */
const NO_THING =
  /(?:^|\s)(?:question|questions|problem|problems|issue|issues|idea|ideas|plan|plans|meeting|meetings|appointment|appointments|call|calls|interview|exam|exams|test|deadline|date|feeling|feelings|thought|thoughts|opinion|look|chance|choice|choices|option|options|time|times|day|days|week|weeks|month|months|year|years|night|nights|hour|hours|minutes?|moment|weekend|morning|evening|afternoon|bit|lot|lots|few|couple|ton|tons|bunch|number|kind|sort|type|hard time|good time|fun|blast|trouble|difficulty|luck|problem|need|reason|reasons|point|doubt|doubts|clue|fear|hope|dream|dreams|goal|goals|job|work|career|life|lives|love|crush|relationship|friend|friends|family|people|guests?|visitors?|party|dinner|lunch|breakfast|coffee|tea|drink|beer|shower|bath|nap|rest|break|holiday|vacation|trip|flight|interest|passion|hobby|habit|tendency|preference|request|favou?r|suggestion|advice|tip|tips|news|update|story|experience|memory|memories|knowledge|understanding|background|degree|phd|class|classes|lesson|lessons|course|homework|assignment|essay|project|presentation|headache|cold|fever|flu|cough|pain|ache|pains|symptoms?|injury|accident|operation|surgery|baby|kids?|child|children|boy|girl|sense|right|permission|access|ability|skill|skills|talent|energy|patience|courage|confidence|money|cash|budget|debt|savings|income|salary|rent|birthday|anniversary|wedding|issue|conversation|talk|chat|argument|fight|row|discussion|attitude|mood|mind|heart|faith|belief|trust|respect|sympathy|influence|impact|effect|connection|deal|agreement|contract|offer|discount|sale|error|bug|crash|warning|message|email|mail|letter|list|recipe|theory|hunch|suspicion|secret|surprise|responsibility|duty|commitment|priority|training|practice|rehearsal|gig|concert|show|race|match|game|marathon|walk|run|swim|go|try|shot|say|word|words|word of|thing|things|stuff|something|anything|everything|nothing|one|ones|none|it|that|this|much|more|enough|less|any|some|all|to|bad|great|good|nice|terrible|awful|amazing|wonderful|long|busy|rough|tough|quick|huge|big|small|little|lovely|busy day|half|mess|disaster|nightmare|situation|emergency|crisis|mixture|mix|range|variety|series|set of|sweet tooth|green thumb|accent|voice|hair|eyes|skin|beard|face|body|arms?|legs?|hands?|feet|temperature|blood|allergy|allergies|asthma|diabetes|condition|disease|disorder|syndrome|high hopes|breakdown|hangover|period|results?|answer|solution|alternative|example|link|name|title|role|part|share|stake|say in|view|crowd|audience|vision|mission|challenge|opportunity|success|failure|progress|growth|support|help|hand|space|room to|left|off|over|on|up|out|back|down|favou?rites?|paths?|ways?|room|rooms|vibe|vibes|spirit|bond|side|soft spot|eye|ear|love-hate|go|journey|adventure|community|reputation|collection of thoughts|taste|flavou?r|tradition|traditions|ritual|rituals|routine|system|approach|method|strategy|schedule|roof over|dynamic|chemistry|platform|outlet|reminder|photo|photos|pic|pics|picture|pictures|video|videos|selfie|snapshot|sister|brother)s?$/i;
const ABSTRACT =
  /(?:tion|sion|ment|ness|ity|ance|ence|ism|ship|hood|ology|acy|dom|ure\b(?<!furniture|picture))$/i;
const CONCRETE_ABSTRACT =
  /(?:station|apartment|instrument|equipment|property|extension|collection|workstation|playstation|subscription|membership|conservatory|facility|insurance|licence|license|season ticket|edition|television|reception|antiquity|allotment|basement)$/i;
const CONSUMED =
  /\b(?:tickets?|groceries|lunch|dinner|breakfast|coffee|tea|beer|drinks?|milk|bread|eggs|food|meal|pizza|sandwich|flowers|gifts?|presents?|round|ingredients|snacks|sweets|cake|time|stuff|things?|some of|more|it|one|ones)\b/i;
const PERSON = new RegExp(`\\b(?:${RELATION_WORDS})s?$`, 'i');
const PET = new RegExp(`(?:${PETS})$`, 'i');

const AMOUNT =
  /\b(?:mountains?|piles?|loads?|heaps?|stacks?|sense|wealth|world|touch|amount|dose|ocean|flood|string|stream)$/i;

const COUNTED = String.raw`(?:an?|my own|our own|two|three|four|five|six|seven|eight|nine|ten|\d{1,4}|one of those|a pair of|a set of|a couple of)`;

/** What stands after a verb of having, if it is a thing. */
function thing(clause: Clause, isOwned: boolean): Phrase | null {
  const lead = new RegExp(
    `^\\s+(?:myself |ourselves |us |me )?(?:also |already |just |finally )?(${COUNTED})\\s+`,
    'iu',
  ).exec(clause.rest);
  if (!lead && !isOwned && !/^\s+\p{Lu}\p{L}+ /u.test(clause.rest)) return null;
  if (
    /^\s+(?:a few|a lot|a bit|a ton|a bunch|the (?:same|feeling|chance|impression|option|time|best|worst|most|right))\b/i.test(
      clause.rest,
    )
  )
    return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 9,
    until:
      /^(?:in|on|at|for|with|to|from|that|which|coming|going|ahead|left|because|off|out|by|under|over|near|behind|up|into|instead|back|next|around|down|hanging|sitting|lying|here|called|named|all|too|today)$/,
    through: /^of$/,
  });
  if (!phrase || !isTelling(phrase)) return null;
  const words = phrase.text
    .replace(/^(?:my|our|this|these|myself)\s+/i, '')
    .replace(/^(?:own|new|own new|brand[- ]new|second(?:hand)?|very own)\s+(?=\S)/i, (word) =>
      /second/i.test(word) ? word : '',
    );
  // "a fear of heights", "a mountain of work", "a long drive ahead of me"
  const head = /^(.+?)\s+of\s/i.exec(words)?.[1];
  if (head !== undefined && (NO_THING.test(head) || AMOUNT.test(head))) return null;
  if (/^\s+(?:ahead|coming up|to (?:do|write|finish|make|go))\b/i.test(limit(clause).slice(phrase.end)))
    return null;
  if (
    NO_THING.test(words) ||
    (ABSTRACT.test(words) && !CONCRETE_ABSTRACT.test(words)) ||
    PERSON.test(words) ||
    PET.test(words) ||
    /^(?:no|not|been|had|to|got)\b/i.test(words)
  )
    return null;
  return { ...phrase, text: words };
}

const made = (clause: Clause, phrase: Phrase, more: Partial<Finding> = {}): Finding => ({
  predicate: CAR.test(phrase.text)
    ? 'drives'
    : TWO_WHEELS.test(phrase.text) && clause.verb === 'ride'
      ? 'rides'
      : 'owns',
  object: phrase.text,
  negated: clause.negated,
  kind: clause.ended ? 'ENDS' : 'STATES',
  confidence: 0.82,
  start: clause.start,
  end: phrase.end,
  ...more,
});

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

const PLAIN = /^(?:(?:old|new|second|electric|company|family) )?(?:car|van|truck|ev)$/i;
const NO_DRIVE =
  /^\s+(?:to|home|past|around|there|from|into|for|in|every|on|out|back|down|up|through|at|like|very|slowly|fast|a lot|long|most|people|my (?:kids?|son|daughter|husband|wife|mother|mum|dad)|him|her|them|you|me|it|less|more|too|everyone|everybody)\b/i;

const drive: ClauseRule = (clause) => {
  if (clause.modality !== null || clause.tense !== 'present' || NO_DRIVE.test(clause.rest)) return null;
  const phrase = phraseAt(limit(clause), clause.restStart, {
    maxWords: 8,
    until: /^(?:to|in|on|at|for|with|from|into|around|every|home|through|all|back)$/,
  });
  if (!phrase || !isTelling(phrase))
    return clause.negated && /^\s*(?:$|[,.!;]|\b(?:and|so|but|at all|any ?more|either)\b)/i.test(clause.rest)
      ? {
          predicate: 'can',
          object: 'drive',
          negated: true,
          kind: clause.ended ? 'ENDS' : 'STATES',
          confidence: 0.78,
          start: clause.start,
          end: clause.restStart,
        }
      : null;
  const text = phrase.text.replace(/^(?:my|our)\s+/i, '');
  const verb = clause.verb === 'ride' ? 'rides' : 'drives';
  if (
    /^(?:taxi|bus|lorry|truck|tram|train|forklift|cab|ambulance|school bus|hgv|uber|crane|tractor)s?$/i.test(
      text,
    )
  )
    return {
      predicate: 'occupation',
      object: `drives a ${text}`,
      statement: `{subject} drives a ${text}`,
      confidence: 0.7,
      start: clause.start,
      end: phrase.end,
      negated: clause.negated,
    };
  if (verb === 'rides' && /\bhorses?|ponies|waves|bus|train|subway|metro|tram\b/i.test(text))
    return /horse/i.test(text)
      ? {
          predicate: 'hobby',
          object: 'horse riding',
          negated: clause.negated,
          confidence: 0.75,
          start: clause.start,
          end: phrase.end,
        }
      : null;
  return {
    predicate: verb,
    object: text,
    negated: clause.negated,
    kind: clause.ended ? 'ENDS' : 'STATES',
    confidence: 0.9,
    start: clause.start,
    end: phrase.end,
  };
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
