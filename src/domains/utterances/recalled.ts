import { withoutEndMarks } from '../../models/end-marks.ts';
import { withoutReasoning } from '../../models/reasoning.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { saysNothingIsKnown } from './ignorance.ts';
import { asks } from './utterance.ts';

/** What `model_used` says of answers that no language model wrote. */
export const BUILT_IN_ANSWERER = 'builtin_answerer';
export const CHARACTER_DATABASE = 'character_database';
export const SECURITY_POLICY = 'security_policy';

/** The beginnings of what this server says for want of an answer; models that read it have repeated it. */
export const REMEMBERS_NOTHING = 'I remember nothing about that yet.';
export const NOT_READ = 'Not all of my memory could be read just now';
export const NO_MODEL = 'No language model could answer';
const IGNORANCE = [REMEMBERS_NOTHING.slice(0, -1), NOT_READ, NO_MODEL].map((text) => text.toLowerCase());
/** Letters in which one of them is seen: small ones are never fewer. */
const IGNORANCE_LENGTH = Math.max(...IGNORANCE.map(({ length }) => length));
/** Between these two of ASCII nothing is white, and each letter is small in one way. */
const [SPACE, DELETE] = [0x20, 0x7f];
/** Small and large. */
const FIRST_LETTERS = new Set(
  IGNORANCE.flatMap((text) => [text.charCodeAt(0), text.toUpperCase().charCodeAt(0)]),
);
/** Who answers without a model. */
const NO_MODELS: ReadonlySet<string> = new Set([BUILT_IN_ANSWERER, CHARACTER_DATABASE, SECURITY_POLICY]);
type Said = Pick<InteractionRow, 'query' | 'response' | 'status' | 'modelUsed'>;

/** What of a turn is worth remembering: its query, and its answer unless that is none, without a model's thoughts and the marks of its end. */
export function recalled(turn: Said): { readonly query: string; readonly response: string } {
  return { query: turn.query, response: hasAnswer(turn) ? answerOf(turn) : '' };
}

/** What others than models told is left as it is. */
function answerOf({ query, response, status }: Said): string {
  const text = withoutReasoning(response, query);
  return status === 'ANSWERED' ? withoutEndMarks(text, query) : text;
}

/** Whether a turn told nothing and nothing was told in return: a question without an answer. */
export function isUnanswered(turn: Said): boolean {
  return turn.status !== 'RECORDED' && !hasAnswer(turn) && asks(turn.query);
}

/** Whether what it tells is only what a language model once answered to a question, true or not. */
export function isModelsWord(turn: Said): boolean {
  return turn.status === 'ANSWERED' && hasAnswer(turn) && asks(turn.query);
}

/** Whether a turn has an answer that tells something. */
export function hasAnswer({ status, modelUsed, response }: Said): boolean {
  if (response === '' || (status !== 'ANSWERED' && status !== 'RECORDED')) return false;
  if (NO_MODELS.has(modelUsed) || isForWant(response)) return false;
  return status === 'RECORDED' || !saysNothingIsKnown(response);
}

/** Whether it begins as what this server says for want of an answer. Asked of hundreds of turns: nearly all begin with another letter. */
function isForWant(response: string): boolean {
  const first = response.charCodeAt(0);
  if (first > SPACE && first < DELETE && !FIRST_LETTERS.has(first)) return false;
  const start = response.trimStart().slice(0, IGNORANCE_LENGTH).toLowerCase();
  return IGNORANCE.some((text) => start.startsWith(text));
}
