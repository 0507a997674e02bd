import { hardEnd, type Sentence } from './sentences.ts';
import { type Group, type Modality, takeAuxiliary } from './verb-groups.ts';
import { type VerbForm, verbOf } from './verbs.ts';
import { AUXILIARIES, JOINING, TIME_ENDS } from './words.ts';

/** Something that a speaker says of himself, taken apart. */
export interface Clause {
  readonly sentence: Sentence;
  readonly subject: 'I' | 'we';
  /** Of the subject in the sentence. */
  readonly start: number;
  readonly modality: Modality | null;
  readonly negated: boolean;
  /** "no longer", "… any more". */
  readonly ended: boolean;
  readonly tense: 'present' | 'past' | 'perfect';
  readonly progressive: boolean;
  readonly adverbs: ReadonlySet<string>;
  /** In its base form; of an unknown verb, the word. */
  readonly verb: string;
  readonly form: VerbForm;
  /** What comes after the verb, up to the next clause. */
  readonly rest: string;
  readonly restStart: number;
}

const SUBJECT =
  /(?<![\p{L}\p{N}'_@#-])(?:(i|we)(?:'(m|ve|d|ll|re))?|(im|ive|ima|imma))(?![\p{L}\p{N}'_-])/giu;

/** Of a sentence; with more it is no speech. */
const MAX_SUBJECTS = 40;

const WORD = /\s*([\p{L}\p{N}][\p{L}\p{M}\p{N}'-]*)/uy;

const ENDED = /\b(?:any ?more|any longer|no longer|these days)\b/i;

const REPORTED =
  /(?:\b(?:remember|note|mind|mention(?:ed)?|say|saying|add|aware|know|fact|told (?:you|u)|forget|record|save|store|fyi|is|point out)(?: (?:down|to|you|u|me|also))*(?: that)?|\bi (?:said|told you|mentioned)(?: that)?|\b(?:by the way|of course|for the record|for reference|for context|in fact|to be honest|at the moment|at least|these days|so far|in general|the thing is|as well|long story short|good news|big news|happy to say|turns out)(?: that)?)$/i;

const ASKING =
  /^(?:(?:and|but|so|ok|okay|well|hey|hi|also|oh|then|now|please|btw|um|hmm|wait)[, ]+)*(?:do|does|did|am|is|are|was|were|can|could|will|would|should|shall|may|might|have|has|had|don't|doesn't|didn't|can't|couldn't|won't|wouldn't|shouldn't|isn't|aren't|what|what's|whats|which|who|who's|where|when|why|how|how's|any|dare)\b/i;

const RELATIVE =
  /\b(?:the|a|an|any|every|each|that|this|all|what|which|thing|things|one|ones|whatever|something|anything|everything|someone|place|people|only|first|last)\s+(?:[\p{L}'-]+\s+)?[\p{L}'-]+$|\b(?:thing|things|one|whatever|something|anything|everything|someone|place|people|all)$/iu;

/** "For work I …", "As a child I …". */
const OPENING =
  /(?:^|[,.:;] ?|\b(?:and|but|so) )(?:for|at|in|on|during|by|as|right|since|with|after|before) (?!(?:the|an?|any|every|each|all|case|if|that) (?:\p{L}+ )?(?:thing|one|case|way|place|house|book|man|woman|people|person)s?$)(?:\p{L}+ ){0,2}(?!(?:that|if|what|which|who|where|when|case|how|of|soon|long|far|much|if|time|though|as)$)\p{L}+$/iu;

const OTHERS_SAY =
  /\b(?:he|she|they|everyone|people|boss|wife|husband|mom|mum|dad|doctor|friend|\p{Lu}\p{L}+)(?:'s| is| was)? (?:said|says|saying|thinks?|thought|claims?|told|tells|asked|asks|goes|believes?|like|wrote|writes)\b[^,]*$/u;

/** Takes apart what a sentence says in the first person. */
export function clausesOf(sentence: Sentence): Clause[] {
  const { text } = sentence;
  const subjects = [...text.matchAll(SUBJECT)].slice(0, MAX_SUBJECTS);
  return subjects.flatMap((found, index) => {
    const start = found.index;
    if (!mayBegin(sentence, start)) return [];
    const next = subjects[index + 1]?.index ?? text.length;
    const end = Math.min(hardEnd(text, start), next);
    if (sentence.isQuestion && isAsked(text, start, end)) return [];
    const word = (found[1] ?? found[3] ?? '').toLowerCase();
    const suffix = (found[2] ?? found[3]?.slice(1) ?? '').toLowerCase();
    const subject = word.startsWith('w') ? 'we' : 'I';
    const clause = parsed(sentence, { subject, start, suffix, from: start + found[0].length, end });
    return clause ? [clause, ...coordinated(clause, end)] : [];
  });
}

/** Whether the words before a subject leave what follows a statement of its own. */
export function mayBegin({ text }: Sentence, start: number): boolean {
  const before = text.slice(Math.max(0, start - 160), start).trimEnd();
  if (before === '' || /[^\p{L}\p{M}\p{N}'"]$/u.test(before))
    return !OTHERS_SAY.test(before.replace(/[:"]$/, ''));
  const last = /[\p{L}\p{M}\p{N}']+$/u.exec(before)?.[0].toLowerCase() ?? '';
  if (OTHERS_SAY.test(before)) return false;
  if (JOINING.has(last) || TIME_ENDS.has(last) || /^\d{4}$/.test(last)) return true;
  if (REPORTED.test(before) || OPENING.test(before)) return true;
  // Dictated text has no commas: any word may end what was said before.
  const isDictated = text.length > 60 && !/[,;:.\p{Lu}]/u.test(text);
  return isDictated && !AUXILIARIES.has(last) && !SUBORDINATING.test(last) && !RELATIVE.test(before);
}

const SUBORDINATING =
  /^(?:if|whether|that|which|who|whom|where|when|how|why|what|unless|until|till|before|after|once|think|thought|hope|wish|guess|say|says|said|like|would|than|with|to|of|for|in|on|at|by|from|and)$/;

/** In a question, only what stands before the part that asks is a statement. */
function isAsked(text: string, start: number, end: number): boolean {
  const before = text.slice(0, start);
  const head = /[^,:\0)–—]*$/u.exec(before)?.[0] ?? '';
  if (ASKING.test(head.trimStart()) || ASKING.test(before)) return true;
  const clause = text.slice(start, end);
  const tail = text.slice(end);
  const asks = (part: string) =>
    ASKING.test(part.trimStart()) ||
    /^\s*(?:right|eh|no|yes|thoughts|ideas|tips|advice|suggestions|recommendations|same question)\b/i.test(
      part,
    );
  if (/[\p{L}\p{N}]/u.test(tail)) return false;
  return !clause
    .split(/[,–—]|\s(?=(?:and|but|so)\s)/u)
    .slice(1)
    .some((part) => asks(part.replace(/^\s*(?:and|but|so)\s/, '')) || part.trim().length > 12);
}

interface Begun {
  readonly subject: 'I' | 'we';
  readonly start: number;
  readonly suffix: string;
  readonly from: number;
  readonly end: number;
}

function parsed(sentence: Sentence, begun: Begun): Clause | null {
  const { text } = sentence;
  const group: Group = {
    modality: begun.suffix === 'ma' || begun.suffix === 'mma' ? 'going to' : null,
    negated: false,
    ended: false,
    had: begun.suffix === 'd',
    have: begun.suffix === 've',
    be: begun.suffix === 'm' || begun.suffix === 're' ? 'present' : null,
    did: false,
    adverbs: new Set(),
  };
  if (begun.suffix === 'll') group.modality = 'will';
  let at = begun.from;
  for (let count = 0; count < 10; count++) {
    WORD.lastIndex = at;
    const found = WORD.exec(text);
    if (!found || WORD.lastIndex > begun.end) break;
    const word = (found[1] ?? '').toLowerCase();
    const after = WORD.lastIndex;
    if (!takeAuxiliary(group, word, text.slice(after, begun.end))) {
      const rest = restOf(group, word, after);
      return rest && finished(sentence, begun, group, rest);
    }
    at = after;
  }
  // "I am 36", "I'm, uh, …": what follows is no word that could be a verb.
  if (group.be) return finished(sentence, begun, group, { verb: 'be', form: 'base', at });
  if (group.have || group.had) return finished(sentence, begun, group, { verb: 'have', form: 'base', at });
  return null;
}

/** "I quit", "we split up": of verbs whose past is no other word, what is told is past. */
const UNCHANGED = /^(?:quit|split|hit|hurt|cut|wed)$/;

interface Main {
  readonly verb: string;
  readonly form: VerbForm;
  /** After the verb. */
  readonly at: number;
}

function restOf(group: Group, word: string, after: number): Main | null {
  const beginsAt = after - word.length;
  const verb = verbOf(word);
  if (group.be) {
    const isProgressive =
      verb?.forms.has('ing') ||
      (!verb &&
        /^\p{L}{2,}ing$/u.test(word) &&
        !/^(?:interesting|boring|king|during|willing|amazing)$/.test(word));
    if (isProgressive) return { verb: verb?.lemma ?? word, form: 'ing', at: after };
    return { verb: 'be', form: 'base', at: beginsAt };
  }
  if (group.have || (group.had && !group.modality)) {
    if (verb?.forms.has('participle') || /ed$/.test(word))
      return { verb: verb?.lemma ?? word, form: 'participle', at: after };
    if (group.had && (verb?.forms.has('base') || word === 'like' || word === 'rather' || word === 'be')) {
      group.modality = 'would';
      group.had = false;
      return { verb: verb?.lemma ?? word, form: 'base', at: after };
    }
    return { verb: 'have', form: group.had ? 'past' : 'base', at: beginsAt };
  }
  if (!verb) return { verb: word, form: /ed$/.test(word) ? 'past' : 'base', at: after };
  if (!group.modality && !group.did && !group.negated && verb.forms.has('past') && UNCHANGED.test(verb.lemma))
    return { verb: verb.lemma, form: 'past', at: after };
  if (group.modality || group.did || verb.forms.has('base'))
    return { verb: verb.lemma, form: 'base', at: after };
  if (verb.forms.has('past')) return { verb: verb.lemma, form: 'past', at: after };
  if (verb.forms.has('participle')) return { verb: verb.lemma, form: 'past', at: after };
  return null;
}

function finished(sentence: Sentence, begun: Begun, group: Group, main: Main): Clause | null {
  const rest = sentence.text.slice(main.at, begun.end);
  const isPast = group.be === 'past' || group.did || main.form === 'past' || (group.had && !group.modality);
  // "I read", "I put", "I cut": one word for both; what it means is not known.
  return {
    sentence,
    subject: begun.subject,
    start: begun.start,
    modality: group.modality,
    negated: group.negated,
    ended: group.ended || (group.negated && ENDED.test(rest) && !/\bthese days\b/i.test(rest)),
    tense: group.have ? 'perfect' : isPast ? 'past' : 'present',
    progressive: group.be !== null && main.form === 'ing',
    adverbs: group.adverbs,
    verb: main.verb,
    form: main.form,
    rest,
    restStart: main.at,
  };
}

const AND = /(?:,\s*(?:and|but|then)?|\s(?:and|but|then|plus))\s+(?=\p{L})/giu;

const STRONG = new Set(
  (
    'live work study speak play hate love love moved started like own drive teach run prefer enjoy weigh earn take rent graduate ' +
    'grow quit stop smoke buy sell adopt have be join get move start collect'
  ).split(' '),
);

const OTHERS =
  /\b(?:how|what|why|when|that|who|which|whether|if|because|so)\b.*\b\p{L}+|\b(?:you|he|she|they|people|everyone|everybody)\s+\p{L}/iu;

/** "I live in Dundee and work as a cook": the second verb has the first one's subject. */
function coordinated(first: Clause, end: number): Clause[] {
  if (first.modality && first.modality !== 'used to') return [];
  const { sentence } = first;
  const found: Clause[] = [];
  for (const { 0: joint, index } of first.rest.matchAll(AND)) {
    // "how you use it and teach people": of somebody else.
    if (OTHERS.test(first.rest.slice(0, index))) break;
    const from = first.restStart + index + joint.length;
    const word =
      /^(?:(?:also|now|then|just|recently|currently|still|really|usually|don't|didn't|never|can't|do|not)\s+)*([\p{L}']+)/iu
        .exec(sentence.text.slice(from, from + 60))?.[1]
        ?.toLowerCase();
    const verb = word ? verbOf(word) : null;
    const fits =
      verb &&
      STRONG.has(verb.lemma) &&
      (first.progressive
        ? verb.forms.has('ing')
        : first.tense === 'past'
          ? verb.forms.has('past')
          : verb.forms.has('base') || verb.forms.has('past'));
    // ", like my sister" has no verb.
    if (/^(?:like|love|own)$/.test(verb?.lemma ?? '') && !/\b(?:and|but)\s+$/i.test(joint)) continue;
    if (!fits && !/^(?:can't|don't|am|was|have)$/.test(word ?? '')) continue;
    const suffix = first.progressive && verb?.forms.has('ing') && !verb.forms.has('base') ? 'm' : '';
    const clause = parsed(sentence, { subject: first.subject, start: first.start, suffix, from, end });
    if (clause) found.push(clause);
  }
  return found;
}
