import type { Owner } from '../../access/principals.ts';
import { foldLetters } from '../../ground/letters.ts';
import type { Logger } from '../../log.ts';
import type { Guard } from '../../models/guard.ts';
import { ModelFailure } from '../../models/language-model.ts';
import { askFor, UnusableAnswer } from '../../models/structured.ts';
import { keysOf } from '../facts/identity.ts';
import type { LearnedTurn, SideOfTurn } from './candidate.ts';
import { type Found, keepable, type Lesson } from './extraction.ts';
import { type Judged, judgeAnswer, type ShownSide, type ShownTurn } from './model-answer.ts';
import { Answered, Asked, SYSTEM } from './model-form.ts';
import { type ModelUse, sumOfUses } from './model-use.ts';
import { secretsIn, withoutSecrets } from './rules/secrets.ts';

export interface LearningModel {
  readonly guard: Pick<Guard, 'name' | 'answer'>;
  /** What an answer cost, by its tokens; null: nobody knows. */
  readonly costOf: (tokensIn: number | null, tokensOut: number | null) => number | null;
  /** Milliseconds that one answer may take. */
  readonly longestMs: number;
}

/** Turns of one request. */
export const TURNS_AT_ONCE = 8;
/** Requests for the same turns, before they are left to the rules. */
export const ATTEMPTS = 2;
/** After so many batches in a row that failed, the rest of a run is left to the rules. */
const MAX_IN_A_ROW = 3;
/** Characters of each side that a model is shown; what is beyond is left to the rules. */
const SHOWN_LENGTH = 4_000;
/** Turns before, and characters of them. */
const BEFORE = 2;
const BEFORE_LENGTH = 500;
/** What stands for each letter of a secret. */
const HIDDEN = '*';
/** The model is not there: to ask again at once helps nobody. */
const AWAY: readonly ModelFailure['reason'][] = ['UNREACHABLE', 'CIRCUIT_OPEN', 'QUEUE_FULL'];

/** Asks a model what turns say, beside the rules; for the time of one run. */
export class ModelLearner {
  readonly #model: LearningModel;
  readonly #log: Logger;
  #failedInARow = 0;

  constructor(model: LearningModel, log: Logger) {
    this.#model = model;
    this.#log = log;
  }

  /**
   * Adds to lessons what the model finds and the rules did not. Whatever it answers, what the rules found stays; where it
   * fails, only that is there.
   *
   * @param lessons at most `TURNS_AT_ONCE`, of one user
   * @returns null for the use where there was nothing to ask
   * @throws the signal's reason
   */
  async teach(
    owner: Owner,
    lessons: readonly Lesson[],
    signal: AbortSignal,
  ): Promise<{ lessons: readonly Lesson[]; use: ModelUse | null }> {
    const shown = lessons.map(shownTurn).filter(({ sides }) => sides.length > 0);
    if (shown.length === 0) return { lessons, use: null };
    const { judged, ...use } = await this.#ask(owner, shown, signal);
    const names = new Map(shown.map(({ name, turn }) => [turn.turnId, name]));
    return { lessons: lessons.map((lesson) => withFindings(lesson, names, judged)), use };
  }

  async #ask(
    owner: Owner,
    shown: readonly ShownTurn[],
    signal: AbortSignal,
  ): Promise<ModelUse & { judged: Judged }> {
    const { guard, costOf } = this.#model;
    const used = { in: null as number | null, out: null as number | null };
    const count = (told: { tokensIn?: number | null; tokensOut?: number | null }) => {
      if (told.tokensIn != null) used.in = (used.in ?? 0) + told.tokensIn;
      if (told.tokensOut != null) used.out = (used.out ?? 0) + told.tokensOut;
    };
    const use = (failedBatches: number) => ({
      ...{ model: guard.name, failedBatches, tokensIn: used.in, tokensOut: used.out },
      cost: costOf(used.in, used.out),
    });
    for (let attempt = 1; attempt <= ATTEMPTS && this.#failedInARow < MAX_IN_A_ROW; attempt++) {
      try {
        const answer = await askFor(
          guard,
          { system: SYSTEM, prompt: promptOf(shown), name: 'facts', schema: Answered, asked: Asked },
          { signal, caller: owner.userId },
        );
        count(answer);
        this.#failedInARow = 0;
        return { ...use(0), judged: judgeAnswer(answer.value.facts, shown) };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof UnusableAnswer || error instanceof ModelFailure)) throw error;
        if (error instanceof UnusableAnswer) count(error);
        this.#log.warn({ problem: error.message, attempt }, 'the model found no facts');
        if (!(error instanceof ModelFailure)) continue;
        if (error.reason === 'TOO_LONG' && shown.length > 1) return this.#askInHalves(owner, shown, signal);
        if (AWAY.includes(error.reason)) break;
      }
    }
    this.#failedInARow++;
    return { ...use(1), judged: { found: new Map(), refused: new Map() } };
  }

  /** What is too long for the model's window may not be in two parts. */
  async #askInHalves(owner: Owner, shown: readonly ShownTurn[], signal: AbortSignal) {
    const middle = Math.ceil(shown.length / 2);
    const one = await this.#ask(owner, shown.slice(0, middle), signal);
    const other = await this.#ask(owner, shown.slice(middle), signal);
    return {
      ...sumOfUses(one, other),
      judged: {
        found: joined(one.judged.found, other.judged.found),
        refused: joined(one.judged.refused, other.judged.refused),
      },
    };
  }
}

/** Under which a model is shown a turn. */
const nameOf = (index: number) => `t${index + 1}`;

function joined<T>(one: ReadonlyMap<string, T>, other: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...one, ...other]);
}

function shownTurn({ turn, before }: Lesson, index: number): ShownTurn {
  const sides = [
    shownSide(turn, 'query', turn.speaker ?? 'user'),
    // An assistant's words are no evidence.
    ...(turn.responder === null ? [] : [shownSide(turn, 'response', turn.responder)]),
  ].filter(({ subject, text }) => text.trim() !== '' && !turn.characters.has(foldLetters(subject)));
  return { name: nameOf(index), turn, sides, before: before.slice(-BEFORE) };
}

function shownSide(turn: LearnedTurn, field: SideOfTurn, subject: string): ShownSide {
  const secrets = secretsIn(turn[field]);
  const text = withoutSecrets(turn[field], secrets, HIDDEN).slice(0, SHOWN_LENGTH).toWellFormed();
  return { field, subject, text, secrets };
}

/** The turns as JSON, so that no text can pass for another one. */
function promptOf(shown: readonly ShownTurn[]): string {
  const turns = shown.map(({ name, sides, before }) => ({
    turn: name,
    before: before.map(({ query, response, speaker, responder }) => ({
      [speaker ?? 'user']: hidden(query),
      [responder ?? 'assistant']: hidden(response),
    })),
    ...Object.fromEntries(sides.map(({ field, subject, text }) => [field, { speaker: subject, text }])),
  }));
  return JSON.stringify({ turns });
}

function hidden(text: string): string {
  return withoutSecrets(text, secretsIn(text), HIDDEN).slice(0, BEFORE_LENGTH).toWellFormed();
}

/** What the rules found comes first: the same thing is not taken from the model, too, even in other words of the same place. */
function withFindings(
  lesson: Lesson,
  names: ReadonlyMap<string, string>,
  { found, refused }: Judged,
): Lesson {
  const name = names.get(lesson.turn.turnId);
  if (name === undefined) return lesson;
  const fresh = (found.get(name) ?? []).filter((candidate) => !isKnown(candidate, lesson.found));
  const { kept, refusals } = keepable(lesson.turn, [...lesson.found, ...fresh]);
  return {
    ...lesson,
    found: kept,
    refused: [...lesson.refused, ...(refused.get(name) ?? []), ...refusals],
  };
}

function isKnown(candidate: Found, known: readonly Found[]): boolean {
  const { polarityKey } = keysOf(candidate);
  return known.some((other) => {
    if (keysOf(other).polarityKey.equals(polarityKey)) return true;
    const isSame = other.subject === candidate.subject && other.predicate === candidate.predicate;
    const [a, b] = [other.source, candidate.source];
    return isSame && a.field === b.field && a.start < b.end && b.start < a.end;
  });
}
