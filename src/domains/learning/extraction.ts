import { setImmediate as turnOfOthers } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import { MAX_PART, MAX_STATEMENT } from '../facts/by-hand.ts';
import type { FactOrigin } from '../facts/tables.ts';
import type { Candidate, Extracted, Forgotten, LearnedTurn, SideOfTurn } from './candidate.ts';
import type { TurnInContext } from './context.ts';

/** Finds what a turn says of its speaker. */
export type Extract = (turn: LearnedTurn, before: readonly LearnedTurn[]) => Extracted;

/** Something that was not taken from a turn, and why, in words of the server's own. */
export interface Refusal {
  readonly field: SideOfTurn | null;
  readonly reason: string;
  readonly count: number;
}

/** A statement and who found it. */
export interface Found extends Candidate {
  readonly origin: Exclude<FactOrigin, 'PERSON'>;
}

/** What one turn says, as far as it can be kept. */
export interface Lesson extends TurnInContext {
  readonly found: readonly Found[];
  readonly refused: readonly Refusal[];
  readonly forgotten: readonly Forgotten[];
}

/** Statements that are taken from one turn. */
export const MAX_STATEMENTS = 100;
/** Characters of the words that are kept as the source of a fact. */
export const MAX_QUOTE = 2_000;

/** The rules, which are loaded when something is to be learned. */
export async function loadRules(): Promise<Extract> {
  return (await import('./extract.ts')).extract;
}

/**
 * What turns say by the rules. A turn that the rules fail at is as one that says nothing, and is told as refused. Lets others
 * have the thread between two turns.
 */
export async function lessonsOf(
  extract: Extract,
  turns: readonly TurnInContext[],
  log: Logger,
): Promise<Lesson[]> {
  const lessons: Lesson[] = [];
  for (const each of turns) {
    await turnOfOthers();
    lessons.push(lessonOf(extract, each, log));
  }
  return lessons;
}

function lessonOf(extract: Extract, each: TurnInContext, log: Logger): Lesson {
  try {
    const { candidates, refused, forgotten } = extract(each.turn, each.before);
    const { kept, refusals } = keepable(
      each.turn,
      candidates.map((candidate) => ({ ...candidate, origin: 'RULES' })),
    );
    return {
      ...each,
      found: kept,
      forgotten,
      refused: [...refused.map(({ field, reason }) => ({ field, reason, count: 1 })), ...refusals],
    };
  } catch (error) {
    log.error({ err: error, turnId: each.turn.turnId }, 'the rules fail at a turn');
    return {
      ...each,
      found: [],
      forgotten: [],
      refused: [{ field: null, reason: 'rules failed', count: 1 }],
    };
  }
}

/**
 * Leaves out what cannot be kept: words that do not stand where they are said to, what is too long, what was said in the same words
 * before in the same turn, and what is beyond the most of one turn.
 */
export function keepable(
  turn: LearnedTurn,
  candidates: readonly Found[],
): { readonly kept: Found[]; readonly refusals: Refusal[] } {
  const letters = lettersOf(turn);
  const kept = new Map<string, Found>();
  const counts = new Map<string, Refusal>();
  const refuse = (field: SideOfTurn, reason: string) => {
    const key = `${field} ${reason}`;
    counts.set(key, { field, reason, count: (counts.get(key)?.count ?? 0) + 1 });
  };
  for (const candidate of candidates) {
    const { field } = candidate.source;
    const key = JSON.stringify([candidate.subject, candidate.predicate, candidate.object, candidate.negated]);
    const problem = problemOf(candidate, letters);
    if (problem !== null) refuse(field, problem);
    else if (kept.has(key)) continue;
    else if (kept.size >= MAX_STATEMENTS) refuse(field, 'too many statements in one turn');
    else kept.set(key, candidate);
  }
  return { kept: [...kept.values()], refusals: [...counts.values()] };
}

/** The code points of both sides, each taken apart once if it is asked for. */
function lettersOf(turn: LearnedTurn): (field: SideOfTurn) => readonly string[] {
  const known = new Map<SideOfTurn, readonly string[]>();
  return (field) => {
    const letters = known.get(field) ?? [...turn[field]];
    known.set(field, letters);
    return letters;
  };
}

function problemOf(
  { subject, predicate, object, statement, confidence, source }: Found,
  letters: (field: SideOfTurn) => readonly string[],
): string | null {
  const parts = [subject, predicate, object, statement];
  if (parts.some((part) => part.trim() === '')) return 'it says nothing';
  if (subject.length > MAX_PART || predicate.length > MAX_PART || object.length > MAX_PART) return 'too long';
  if (statement.length > MAX_STATEMENT || source.quote.length > MAX_QUOTE) return 'too long';
  if (!(confidence >= 0 && confidence <= 1)) return 'its confidence is none';
  const said = letters(source.field).slice(source.start, source.end).join('');
  return said !== '' && said === source.quote ? null : 'the quote is not in the turn';
}
