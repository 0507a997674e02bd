import { foldLetters } from '../../ground/letters.ts';
import { predicateOf } from '../facts/predicates.ts';
import { Calendar } from '../spoken-times/calendar.ts';
import type { Candidate, CandidateSource, Extracted, LearnedTurn, SideOfTurn } from './candidate.ts';
import { type Clause, clausesOf } from './rules/clauses.ts';
import { FAMILIES } from './rules/families.ts';
import type { Finding, Known, Setting } from './rules/family.ts';
import { toForget } from './rules/forgetting.ts';
import { isUnmeant, playIn } from './rules/frames.ts';
import { HIDDEN, hideUnsaid } from './rules/hidden.ts';
import { secretsIn, withoutSecrets } from './rules/secrets.ts';
import { type Sentence, sentencesOf } from './rules/sentences.ts';
import { statementOf } from './rules/statements.ts';

/** Characters of a fact's object: what is longer says more than one thing. */
const MAX_OBJECT = 200;

interface Side {
  readonly field: SideOfTurn;
  readonly text: string;
  /** Null: an assistant. */
  readonly subject: string | null;
  /** What was said right before. */
  readonly asked: string;
}

/**
 * What a turn says of those who speak in it, by rules alone: it takes time in proportion to the length of the turn, and
 * reads nothing else.
 *
 * @param before a few turns of the same conversation, oldest first
 */
export function extract(turn: LearnedTurn, before: readonly LearnedTurn[]): Extracted {
  const found: Extracted = { candidates: [], refused: [], forgotten: [] };
  const isPlay = isPlaying(turn, before);
  for (const side of sidesOf(turn, before)) {
    const secrets = secretsIn(side.text);
    for (const { reason } of secrets) found.refused.push({ reason, field: side.field });
    if (side.subject === null || turn.characters.has(folded(side.subject)) || isPlay) continue;
    read(turn, side, withoutSecrets(side.text, secrets, HIDDEN), before, found);
  }
  return found;
}

/** @param text of the side, without its secrets */
function read(
  turn: LearnedTurn,
  side: Side,
  text: string,
  before: readonly LearnedTurn[],
  found: Extracted,
): void {
  const subject = side.subject ?? 'user';
  const shown = hideUnsaid(text);
  const sentences = sentencesOf(shown);
  const setting: Setting = {
    calendar: new Calendar(turn.saidAt, turn.timeZone),
    asked: side.asked,
    known: once(() => knownOf(subject, before)),
    isForm: FORM.test(shown),
  };
  const places = new CodePoints(side.text);
  const seen = new Set<string>();
  const candidates: Candidate[] = [];
  for (const [index, sentence] of sentences.entries()) {
    const next = sentences[index + 1];
    for (const { about, start, end } of toForget(sentence, next, setting.known))
      found.forgotten.push({ subject, about, source: sourceOf(side, sentence, start, end, places) });
    if (isUnmeant(sentence, next)) continue;
    for (const { finding, family } of findingsOf(sentence, setting)) {
      const candidate = candidateOf(finding, { family, subject, side, sentence, places });
      const key =
        candidate && JSON.stringify([candidate.predicate, candidate.object.toLowerCase(), candidate.negated]);
      if (!candidate || key === null || seen.has(key)) continue;
      seen.add(key);
      candidates.push(candidate);
    }
  }
  found.candidates.push(...withoutReplaced(candidates));
}

/** Two lines or more of data: "Name: …". */
const FORM = /^[ \t]*\p{L}[\p{L} ]{1,15}:[^\n]{1,60}\n[ \t]*\p{L}[\p{L} ]{1,15}:[^\n]{1,60}$/mu;
/** Turns before that a correction or "forget that" may be about. */
const RECENT = 4;

function knownOf(subject: string, before: readonly LearnedTurn[]): Known[] {
  return before.slice(-RECENT).flatMap((turn, index, recent) => {
    // What those turns correct themselves is not looked into: one step back is enough.
    const earlier = recent.slice(Math.max(0, index - 1), index);
    return extract(
      { ...turn },
      index === 0 ? [] : earlier.map((each) => ({ ...each, query: '', response: '' })),
    ).candidates.filter((each) => each.subject === subject);
  });
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function sidesOf(turn: LearnedTurn, before: readonly LearnedTurn[]): Side[] {
  const last = before.at(-1);
  const asked = last ? last.response || last.query : '';
  return [
    { field: 'query', text: turn.query, subject: turn.speaker ?? 'user', asked },
    { field: 'response', text: turn.response, subject: turn.responder, asked: turn.query },
  ];
}

/** A play goes on until somebody ends it. */
function isPlaying(turn: LearnedTurn, before: readonly LearnedTurn[]): boolean {
  const now = playIn(turn.query);
  if (now !== null) return now === 'play';
  for (const earlier of before.toReversed()) {
    const then = playIn(earlier.query) ?? playIn(earlier.response);
    if (then !== null) return then === 'play';
  }
  return false;
}

interface Found {
  readonly finding: Finding;
  readonly family: string;
}

/** What only retells a clause that an earlier family understood better. */
const RETELLS = /^(?:did|routine)$/;

function findingsOf(sentence: Sentence, setting: Setting): Found[] {
  const clauses = clausesOf(sentence);
  const understood = new Set<Clause>();
  return FAMILIES.flatMap((family) => {
    const said = clauses.flatMap((clause) => {
      const rule =
        family.verbs && Object.hasOwn(family.verbs, clause.verb) ? family.verbs[clause.verb] : undefined;
      const found = [rule?.(clause, setting) ?? family.any?.(clause, setting) ?? []].flat() as Finding[];
      if (understood.has(clause)) return found.filter(({ predicate }) => !RETELLS.test(predicate));
      if (found.length > 0) understood.add(clause);
      return found;
    });
    return [...said, ...(family.sentence?.(sentence, setting) ?? [])].map((finding) => ({
      finding,
      family: family.name,
    }));
  });
}

/** In the words of one turn, a new value says that the old one is over: "I'm not vegan any more, I'm pescatarian". */
function withoutReplaced(candidates: readonly Candidate[]): Candidate[] {
  const stated = new Set(candidates.filter(({ negated }) => !negated).map(({ predicate }) => predicate));
  return candidates.filter(
    ({ predicate, negated }) => !(negated && predicateOf(predicate).isSingle && stated.has(predicate)),
  );
}

interface Origin {
  readonly family: string;
  readonly subject: string;
  readonly side: Side;
  readonly sentence: Sentence;
  readonly places: CodePoints;
}

function candidateOf(finding: Finding, origin: Origin): Candidate | null {
  const { subject, side, sentence, places } = origin;
  const object = finding.object.replace(/\s+/g, ' ').trim();
  if (object === '' || object.length > MAX_OBJECT || object.includes(HIDDEN)) return null;
  const negated = finding.negated ?? false;
  // A quote never repeats what is hidden: a secret, or the words of somebody else.
  const said = sentence.text.slice(finding.start, finding.end);
  if (said.trim() === '' || said.includes(HIDDEN)) return null;
  const statement = finding.statement ?? statementOf(subject, finding.predicate, object, negated);
  return {
    subject,
    predicate: finding.predicate,
    object,
    statement: inThirdPerson(statement.replace('{subject}', () => subject)),
    category: predicateOf(finding.predicate).category,
    negated,
    kind: finding.kind ?? 'STATES',
    confidence: finding.confidence ?? 0.8,
    validFrom: finding.from?.date ?? null,
    validUntil: finding.until?.date ?? null,
    precision: finding.from?.precision ?? finding.until?.precision ?? null,
    source: sourceOf(side, sentence, finding.start, finding.end, places),
    family: origin.family,
  };
}

/** "user likes my coffee black" is said of the user, not by them. */
function inThirdPerson(statement: string): string {
  return statement.replace(/(?<=\s)(my|our|myself|ourselves)(?=\s|$)/g, (word) =>
    word.endsWith('s') || word.endsWith('f') ? 'themselves' : 'their',
  );
}

function sourceOf(
  side: Side,
  sentence: Sentence,
  from: number,
  to: number,
  places: CodePoints,
): CandidateSource {
  const start = sentence.start + from;
  const end = sentence.start + to;
  return {
    field: side.field,
    quote: side.text.slice(start, end),
    start: places.at(start),
    end: places.at(end),
  };
}

const folded = (name: string) => foldLetters(name.normalize('NFKC').toLowerCase()).trim();

/** Counts code points; the text is read once. */
class CodePoints {
  /** Places of characters that take two code units. */
  readonly #wide: number[] = [];

  constructor(text: string) {
    for (const { index } of text.matchAll(/[\u{10000}-\u{10ffff}]/gu)) this.#wide.push(index);
  }

  at(unit: number): number {
    let low = 0;
    let high = this.#wide.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#wide[middle] ?? 0) < unit) low = middle + 1;
      else high = middle;
    }
    return unit - low;
  }
}
