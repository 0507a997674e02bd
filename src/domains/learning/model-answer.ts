import { foldLetters } from '../../ground/letters.ts';
import { PREDICATES, predicateOf } from '../facts/predicates.ts';
import { FACT_CATEGORIES } from '../facts/tables.ts';
import { wordsOf } from '../word-index/analysis.ts';
import type { LearnedTurn, SideOfTurn } from './candidate.ts';
import type { Found, Refusal } from './extraction.ts';
import { MAX_PER_TURN, Stated } from './model-form.ts';
import { type Secret, secretsIn } from './rules/secrets.ts';
import { statementOf } from './rules/statements.ts';

/** A side of a turn whose words count, as a model is shown it. */
export interface ShownSide {
  readonly field: SideOfTurn;
  readonly subject: string;
  /** Without its secrets; as long as the text itself. */
  readonly text: string;
  readonly secrets: readonly Secret[];
}

/** A turn that a model is shown, under a name of its own in the request. */
export interface ShownTurn {
  readonly name: string;
  readonly turn: LearnedTurn;
  readonly sides: readonly ShownSide[];
  readonly before: readonly LearnedTurn[];
}

/** What can be taken from an answer, and what cannot; by the names of the turns. */
export interface Judged {
  readonly found: ReadonlyMap<string, readonly Found[]>;
  readonly refused: ReadonlyMap<string, readonly Refusal[]>;
}

/** A model is never as sure as a rule that was tried. */
const SUREST = 0.85;
const FAVOURITE = /^favou?rite_[a-z]/;

/**
 * Looks at each fact of an answer for itself. It counts only if its quote stands in a turn that the model was shown, on a side whose
 * words count, if its object is of words that were said there, and if it has no secret. What names no turn that was shown is told
 * of the first one.
 */
export function judgeAnswer(facts: readonly unknown[], shown: readonly ShownTurn[]): Judged {
  const found = new Map<string, Found[]>();
  const refused = new Map<string, Refusal[]>();
  const [first] = shown;
  if (!first) return { found, refused };
  const refuse = (name: string, field: SideOfTurn | null, reason: string, count = 1) =>
    refused.set(name, [...(refused.get(name) ?? []), { field, reason, count }]);
  const most = MAX_PER_TURN * shown.length;
  if (facts.length > most) refuse(first.name, null, 'more facts than a model may state', facts.length - most);
  for (const given of facts.slice(0, most)) {
    const judged = judge(given, shown);
    if ('reason' in judged) refuse(judged.name ?? first.name, judged.field ?? null, judged.reason);
    else found.set(judged.name, [...(found.get(judged.name) ?? []), judged.found]);
  }
  return { found, refused };
}

type Verdict =
  | { readonly name: string; readonly found: Found }
  | { readonly name?: string; readonly field?: SideOfTurn; readonly reason: string };

function judge(given: unknown, shown: readonly ShownTurn[]): Verdict {
  const parsed = Stated.safeParse(given);
  if (!parsed.success) return { reason: problemOfForm(given) };
  const stated = parsed.data;
  const turn = shown.find(({ name }) => name === stated.turn);
  if (!turn) return { reason: 'it names a turn that the model was not shown' };
  const side = turn.sides.find(({ field }) => field === stated.side);
  const { name } = turn;
  if (!side) return { name, field: stated.side, reason: 'nobody whose words count said it' };
  const at = side.text.indexOf(stated.quote);
  const reason = problemOf(stated, turn, side, at);
  if (reason !== null) return { name, field: side.field, reason };
  return { name, found: foundBy(stated, turn, side, at) };
}

/** What a model wrote is not repeated. */
function problemOfForm(given: unknown): string {
  const category = (given as { category?: unknown } | null)?.category;
  const isKnown = (FACT_CATEGORIES as readonly unknown[]).includes(category);
  return category === undefined || isKnown ? 'it is in no form of a fact' : 'its category is unknown';
}

function problemOf(
  { quote, subject, predicate, object }: Stated,
  turn: ShownTurn,
  side: ShownSide,
  at: number,
): string | null {
  if (at < 0) return 'the quote is not in the turn';
  const isSecret = side.secrets.some(({ start, end }) => start < at + quote.length && end > at);
  if (isSecret || secretsIn(object).length > 0) return 'secret';
  if (!Object.hasOwn(PREDICATES, predicate) && !FAVOURITE.test(predicate)) return 'its predicate is unknown';
  if (foldLetters(subject) !== foldLetters(side.subject) && !hasWords(side.text, subject))
    return 'its subject was not named there';
  const said = [side.text, ...turn.before.flatMap(({ query, response }) => [query, response])];
  return said.some((text) => hasWords(text, object)) ? null : 'its object was not said there';
}

/** Whether a text has all words of another one, in any form and order. */
function hasWords(text: string, wanted: string): boolean {
  const has = new Set(wordsOf(text).map(({ term }) => term));
  const words = wordsOf(wanted);
  if (words.length === 0) return text.includes(wanted);
  return words.every(({ term }) => has.has(term));
}

function foundBy(stated: Stated, { turn }: ShownTurn, side: ShownSide, at: number): Found {
  const { quote, predicate, object, kind } = stated;
  const subject = foldLetters(stated.subject) === foldLetters(side.subject) ? side.subject : stated.subject;
  const negated = stated.negated || kind === 'ENDS';
  const own = predicateOf(predicate).category;
  const start = [...turn[side.field].slice(0, at)].length;
  return {
    ...{ subject, predicate, object, negated, kind },
    statement: statementOf(subject, predicate, object, negated),
    category: own === 'OTHER' ? stated.category : own,
    confidence: Math.min(stated.confidence, SUREST),
    ...{ validFrom: null, validUntil: null, precision: null },
    source: { field: side.field, quote, start, end: start + [...quote].length },
    ...{ family: 'model', origin: 'MODEL' },
  };
}
