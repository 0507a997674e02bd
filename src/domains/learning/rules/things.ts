import { limit } from './bounds.ts';
import type { Clause } from './clauses.ts';
import type { Finding } from './family.ts';
import { PETS, RELATION_WORDS } from './people.ts';
import { isTelling, type Phrase, phraseAt } from './phrases.ts';
import { CAR, TWO_WHEELS } from './vehicles.ts';

/** What one has without owning it. */
export const NO_THING =
  /(?:^|\s)(?:question|questions|problem|problems|issue|issues|idea|ideas|plan|plans|meeting|meetings|appointment|appointments|call|calls|interview|exam|exams|test|deadline|date|feeling|feelings|thought|thoughts|opinion|look|chance|choice|choices|option|options|time|times|day|days|week|weeks|month|months|year|years|night|nights|hour|hours|minutes?|moment|weekend|morning|evening|afternoon|bit|lot|lots|few|couple|ton|tons|bunch|number|kind|sort|type|hard time|good time|fun|blast|trouble|difficulty|luck|problem|need|reason|reasons|point|doubt|doubts|clue|fear|hope|dream|dreams|goal|goals|job|work|career|life|lives|love|crush|relationship|friend|friends|family|people|guests?|visitors?|party|dinner|lunch|breakfast|coffee|tea|drink|beer|shower|bath|nap|rest|break|holiday|vacation|trip|flight|interest|passion|hobby|habit|tendency|preference|request|favou?r|suggestion|advice|tip|tips|news|update|story|experience|memory|memories|knowledge|understanding|background|degree|phd|class|classes|lesson|lessons|course|homework|assignment|essay|project|presentation|headache|cold|fever|flu|cough|pain|ache|pains|symptoms?|injury|accident|operation|surgery|baby|kids?|child|children|boy|girl|sense|right|permission|access|ability|skill|skills|talent|energy|patience|courage|confidence|money|cash|budget|debt|savings|income|salary|rent|birthday|anniversary|wedding|issue|conversation|talk|chat|argument|fight|row|discussion|attitude|mood|mind|heart|faith|belief|trust|respect|sympathy|influence|impact|effect|connection|deal|agreement|contract|offer|discount|sale|error|bug|crash|warning|message|email|mail|letter|list|recipe|theory|hunch|suspicion|secret|surprise|responsibility|duty|commitment|priority|training|practice|rehearsal|gig|concert|show|race|match|game|marathon|walk|run|swim|go|try|shot|say|word|words|word of|thing|things|stuff|something|anything|everything|nothing|one|ones|none|it|that|this|much|more|enough|less|any|some|all|to|bad|great|good|nice|terrible|awful|amazing|wonderful|long|busy|rough|tough|quick|huge|big|small|little|lovely|busy day|half|mess|disaster|nightmare|situation|emergency|crisis|mixture|mix|range|variety|series|set of|sweet tooth|green thumb|accent|voice|hair|eyes|skin|beard|face|body|arms?|legs?|hands?|feet|temperature|blood|allergy|allergies|asthma|diabetes|condition|disease|disorder|syndrome|high hopes|breakdown|hangover|period|results?|answer|solution|alternative|example|link|name|title|role|part|share|stake|say in|view|crowd|audience|vision|mission|challenge|opportunity|success|failure|progress|growth|support|help|hand|space|room to|left|off|over|on|up|out|back|down|favou?rites?|paths?|ways?|room|rooms|vibe|vibes|spirit|bond|side|soft spot|eye|ear|love-hate|go|journey|adventure|community|reputation|collection of thoughts|taste|flavou?r|tradition|traditions|ritual|rituals|routine|system|approach|method|strategy|schedule|roof over|dynamic|chemistry|platform|outlet|reminder|photo|photos|pic|pics|picture|pictures|video|videos|selfie|snapshot|sister|brother)s?$/i;

const ABSTRACT =
  /(?:tion|sion|ment|ness|ity|ance|ence|ism|ship|hood|ology|acy|dom|ure\b(?<!furniture|picture))$/i;

const CONCRETE_ABSTRACT =
  /(?:station|apartment|instrument|equipment|property|extension|collection|workstation|playstation|subscription|membership|conservatory|facility|insurance|licence|license|season ticket|edition|television|reception|antiquity|allotment|basement)$/i;

/** What is eaten, drunk or used up, and so not owned. */
export const CONSUMED =
  /\b(?:tickets?|groceries|lunch|dinner|breakfast|coffee|tea|beer|drinks?|milk|bread|eggs|food|meal|pizza|sandwich|flowers|gifts?|presents?|round|ingredients|snacks|sweets|cake|time|stuff|things?|some of|more|it|one|ones)\b/i;

/** Somebody, and nothing that one has. */
export const PERSON = new RegExp(`\\b(?:${RELATION_WORDS})s?$`, 'i');

const PET = new RegExp(`(?:${PETS})$`, 'i');

const AMOUNT =
  /\b(?:mountains?|piles?|loads?|heaps?|stacks?|sense|wealth|world|touch|amount|dose|ocean|flood|string|stream)$/i;

const COUNTED = String.raw`(?:an?|my own|our own|two|three|four|five|six|seven|eight|nine|ten|\d{1,4}|one of those|a pair of|a set of|a couple of)`;

/** What stands after a verb of having, if it is a thing. */
export function thing(clause: Clause, isOwned: boolean): Phrase | null {
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

/** A finding of a thing. */
export const made = (clause: Clause, phrase: Phrase, more: Partial<Finding> = {}): Finding => ({
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
