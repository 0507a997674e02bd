import { foldLetters } from '../../ground/letters.ts';
import { predicateOf } from '../facts/predicates.ts';
import { Calendar } from '../spoken-times/calendar.ts';
import type { Candidate, Extracted, Forgotten, LearnedTurn, Refused, SideOfTurn } from './candidate.ts';
import { clausesOf } from './rules/clauses.ts';
import { FAMILIES } from './rules/families.ts';
import type { Finding, Known, Setting } from './rules/family.ts';
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
  const candidates: Candidate[] = [];
  const refused: Refused[] = [];
  const forgotten: Forgotten[] = [];
  const known = before.slice(-3).flatMap((earlier) => readTurn(earlier, [], []).candidates);
  const read = readTurn(turn, before, known);
  candidates.push(...read.candidates);
  refused.push(...read.refused);
  forgotten.push(...read.forgotten);
  return { candidates, refused, forgotten };
}

function readTurn(turn: LearnedTurn, before: readonly LearnedTurn[], known: readonly Candidate[]): Extracted {
  const found: Extracted = { candidates: [], refused: [], forgotten: [] };
  const calendar = new Calendar(turn.saidAt, turn.timeZone);
  const isPlay = isPlaying(turn, before);
  for (const side of sidesOf(turn, before)) {
    const { field, text, subject } = side;
    const secrets = secretsIn(text);
    for (const { reason } of secrets) found.refused.push({ reason, field });
    if (subject === null || turn.characters.has(folded(subject)) || isPlay) continue;
    const setting: Setting = { calendar, asked: side.asked, known: known as readonly Known[] };
    const shown = hideUnsaid(withoutSecrets(text, secrets, HIDDEN));
    const sentences = sentencesOf(shown);
    const places = new CodePoints(text);
    const seen = new Set<string>();
    for (const [index, sentence] of sentences.entries()) {
      if (isUnmeant(sentence, sentences[index + 1])) continue;
      for (const { finding, family } of findingsOf(sentence, setting)) {
        const candidate = candidateOf(finding, { family, subject, field, text, sentence, places });
        const key =
          candidate &&
          JSON.stringify([candidate.predicate, candidate.object.toLowerCase(), candidate.negated]);
        if (!candidate || key === null || seen.has(key)) continue;
        seen.add(key);
        found.candidates.push(candidate);
      }
    }
  }
  return found;
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

function findingsOf(sentence: Sentence, setting: Setting): { finding: Finding; family: string }[] {
  const clauses = clausesOf(sentence);
  return FAMILIES.flatMap((family) => {
    const said = clauses.flatMap((clause) => {
      const rule =
        family.verbs && Object.hasOwn(family.verbs, clause.verb) ? family.verbs[clause.verb] : undefined;
      return (rule?.(clause, setting) ?? family.any?.(clause, setting) ?? []) as Finding | readonly Finding[];
    });
    return [...said, ...(family.sentence?.(sentence, setting) ?? [])].map((finding) => ({
      finding,
      family: family.name,
    }));
  });
}

interface Origin {
  readonly family: string;
  readonly subject: string;
  readonly field: SideOfTurn;
  readonly text: string;
  readonly sentence: Sentence;
  readonly places: CodePoints;
}

function candidateOf(finding: Finding, origin: Origin): Candidate | null {
  const { subject, field, text, sentence, places } = origin;
  const object = finding.object.replace(/\s+/g, ' ').trim();
  if (object === '' || object.length > MAX_OBJECT || object.includes(HIDDEN)) return null;
  const negated = finding.negated ?? false;
  const first = sentence.start + finding.start;
  const last = sentence.start + finding.end;
  const quote = text.slice(first, last);
  // A quote never repeats what is hidden: a secret, or the words of somebody else.
  if (quote.trim() === '' || sentence.text.slice(finding.start, finding.end).includes(HIDDEN)) return null;
  const statement = finding.statement ?? statementOf(subject, finding.predicate, object, negated);
  return {
    subject,
    predicate: finding.predicate,
    object,
    statement: statement.replace('{subject}', () => subject),
    category: predicateOf(finding.predicate).category,
    negated,
    kind: finding.kind ?? 'STATES',
    confidence: finding.confidence ?? 0.8,
    validFrom: finding.from?.date ?? null,
    validUntil: finding.until?.date ?? null,
    precision: finding.from?.precision ?? finding.until?.precision ?? null,
    source: { field, quote, start: places.at(first), end: places.at(last) },
    family: origin.family,
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
