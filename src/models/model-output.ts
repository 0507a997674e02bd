/**
 * What a model or its server says is input like any other: everything of it that is shown or stored goes through here,
 * and comes out as something that the database, the journal and clients can hold.
 */

import { storableText } from '../texts.ts';
import { EndMarkFilter } from './end-marks.ts';
import type { FinishReason, ToolCallPiece } from './language-model.ts';
import { blocksAskedFor, namesReasoningMarks, ReasoningFilter } from './reasoning.ts';

/** Columns and the schema's Int hold no more. */
const MAX_COUNT = 2_147_483_647;

/**
 * The text of one answer, piece by piece: U+0000 and lone surrogates, which PostgreSQL cannot store, become U+FFFD;
 * the two halves of a character may come in two pieces. What is beyond the limit is left out.
 */
export class AnswerText {
  readonly #maxCharacters: number;
  #text = '';
  #characters = 0;
  /** A high surrogate whose other half may come with the next piece. */
  #half = '';

  /** @param maxCharacters in Unicode code points */
  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** All of it so far. */
  get text(): string {
    return this.#text;
  }

  /** Whether the limit is reached: nothing more will be taken. */
  get isFull(): boolean {
    return this.#characters >= this.#maxCharacters;
  }

  /** @returns what the piece adds to the text; may be empty */
  push(piece: string): string {
    const joined = this.#half + piece;
    const cut = /[\ud800-\udbff]$/.test(joined) ? joined.length - 1 : joined.length;
    this.#half = joined.slice(cut);
    return this.#add(joined.slice(0, cut));
  }

  /** Nothing follows. @returns what is still to be added */
  end(): string {
    const rest = this.#half;
    this.#half = '';
    return this.#add(rest);
  }

  #add(raw: string): string {
    const storable = storableText(raw);
    let end = 0;
    for (const character of storable) {
      if (this.isFull) break;
      this.#characters++;
      end += character.length;
    }
    const added = storable.slice(0, end);
    this.#text += added;
    return added;
  }
}

/**
 * What a model says, marked as such, instead of an answer. It is held back until it is whole: another model may answer.
 */
export class Refusal {
  readonly #words: AnswerText;

  constructor(maxCharacters: number) {
    this.#words = new AnswerText(maxCharacters);
  }

  get isFull(): boolean {
    return this.#words.isFull;
  }

  push(piece: string): void {
    this.#words.push(piece);
  }

  /** Nothing follows. @returns its words; empty where nothing of them can be seen */
  end(): string {
    this.#words.end();
    return VISIBLE.test(this.#words.text) ? this.#words.text : '';
  }
}

/** What a reader can see: no white space, nothing without a shape of its own, and no stand-in for what cannot be stored. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\ufffd]/u;

/** Who gets the text of an answer as it comes. */
export interface OutputReader {
  onDelta?: ((text: string) => void) | undefined;
  onToolCall?: ((piece: ToolCallPiece) => void) | undefined;
  /** What was given so far is void. */
  onRestart?: (() => void) | undefined;
}

/**
 * The answer of one model: its pieces without what the model thinks and the marks of its end, without blank pieces
 * before its first word, as far as they can be stored. What the reader gets, joined, is the text.
 */
export class ModelOutput {
  readonly #reader: OutputReader;
  readonly #maxCharacters: number;
  readonly #reasoning: ReasoningFilter;
  readonly #question: string;
  #endMarks: EndMarkFilter;
  #answer: AnswerText;
  #heldBack = '';
  #isShown = false;

  /** @param options.instructions what else was asked for, beside the question */
  constructor(options: {
    maxCharacters: number;
    question: string;
    instructions?: string;
    reader: OutputReader;
  }) {
    this.#reader = options.reader;
    this.#maxCharacters = options.maxCharacters;
    this.#reasoning = new ReasoningFilter(
      namesReasoningMarks(options.question),
      blocksAskedFor(`${options.instructions ?? ''}\n${options.question}`),
    );
    this.#question = options.question;
    this.#endMarks = new EndMarkFilter(this.#question);
    this.#answer = new AnswerText(options.maxCharacters);
  }

  /** Whether the reader has text. */
  get isShown(): boolean {
    return this.#isShown;
  }

  get isFull(): boolean {
    return this.#answer.isFull;
  }

  push(piece: string): void {
    const { text, restart } = this.#reasoning.push(piece);
    if (restart) {
      this.#answer = new AnswerText(this.#maxCharacters);
      this.#endMarks = new EndMarkFilter(this.#question);
      this.#heldBack = '';
      if (this.#isShown) this.#reader.onRestart?.();
      this.#isShown = false;
    }
    this.#show(this.#answer.push(this.#endMarks.push(text)));
  }

  /** Nothing follows. @returns the whole answer; empty where nothing of it can be seen, or it was only thoughts */
  end(): string {
    this.#show(this.#answer.push(this.#endMarks.push(this.#reasoning.finish())));
    this.#show(this.#answer.push(this.#endMarks.finish(this.#answer.text)));
    this.#show(this.#answer.end());
    return this.#isShown ? this.#answer.text : '';
  }

  /**
   * What a refusal says behind text or calls, which stay: what was shown is not taken back for words that say less.
   *
   * @returns the whole answer
   */
  append(refusal: string): string {
    this.#show(this.#answer.push(this.#isShown ? `\n\n${refusal}` : refusal));
    return this.#answer.text;
  }

  #show(piece: string): void {
    this.#heldBack += piece;
    if (this.#heldBack === '' || (!this.#isShown && !VISIBLE.test(this.#heldBack))) return;
    const text = this.#heldBack;
    this.#heldBack = '';
    this.#isShown = true;
    this.#reader.onDelta?.(text);
  }
}

/** How servers name the ends of answers, beside our own words. */
const FINISH_WORDS: Readonly<Record<string, readonly string[]>> = {
  stop: ['stop', 'eos', 'eos_token', 'end_turn', 'stop_sequence', 'complete', 'completed'],
  length: ['length', 'max_tokens', 'max_output_tokens', 'model_length', 'model_context_window_exceeded'],
  content_filter: [
    'content_filter',
    'content-filter',
    'safety',
    'refusal',
    'recitation',
    'prohibited_content',
  ],
};
const FAILURE_WORDS = ['error', 'abort', 'aborted', 'failed'];

/** How an answer ended, in our words; null where the server says that it failed. */
export function finishReasonOf(said: string): FinishReason | null {
  const word = said.toLowerCase();
  if (FAILURE_WORDS.includes(word)) return null;
  const known = Object.entries(FINISH_WORDS).find(([, words]) => words.includes(word));
  return known ? (known[0] as FinishReason) : 'other';
}

/** A number of tokens, as a provider counted them; null for everything that is no such number. */
export function tokenCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT
    ? value
    : null;
}
