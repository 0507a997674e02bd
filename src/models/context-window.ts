import type { ModelRequest } from './language-model.ts';
import type { Lesson } from './refusals.ts';

/** What an answer must have at least; a prompt that leaves less is too long. */
const MIN_ANSWER_TOKENS = 64;
/** No model has a smaller one; a server that counts otherwise must not teach us one. */
const MIN_WINDOW = 256;
/** Of a window, what is kept for the answer where it would like more. */
const ANSWER_SHARE = 1 / 4;
/** Estimates miss by a little; a prompt of exactly the window would be refused again. */
const MARGIN = 0.95;
/** Real tokens to estimated ones: what models differ by. */
const RATIO = { least: 0.5, most: 6 };

/**
 * What is known of one model's window, from the configuration or from what its server refused, and how long a prompt
 * and an answer may be. Prompts are measured by estimates; what the server counts corrects them.
 */
export class ContextWindow {
  #window: number | null;
  #maxTokens: number;
  #ratio = 1;
  /** What a refusal told; some servers count otherwise in answers, for example without what they had cached. */
  #leastRatio: number = RATIO.least;

  /** @param options tokens; `window` null: not known yet */
  constructor(options: { window: number | null; maxTokens: number }) {
    this.#window = options.window;
    this.#maxTokens = options.maxTokens;
  }

  /** Tokens of prompt and answer together; null: not known. */
  get window(): number | null {
    return this.#window;
  }

  /** Tokens, as estimated, that a prompt may have; null: no limit is known. */
  get promptTokens(): number | null {
    if (this.#window === null) return null;
    const answer = Math.max(
      Math.min(this.#maxTokens, Math.floor(this.#window * ANSWER_SHARE)),
      MIN_ANSWER_TOKENS,
    );
    return Math.max(0, Math.floor(((this.#window - answer) * MARGIN) / this.#ratio));
  }

  /** Tokens that the answer to a prompt of this size may have. */
  answerTokens(request: ModelRequest): number {
    if (this.#window === null) return this.#maxTokens;
    const left = Math.floor(this.#window * MARGIN - estimate(request) * this.#ratio);
    return Math.min(this.#maxTokens, Math.max(left, MIN_ANSWER_TOKENS));
  }

  /** The request, with less around its query where it is too long; null: it cannot be made short enough. */
  fit(request: ModelRequest): ModelRequest | null {
    const limit = this.promptTokens;
    if (limit === null || estimate(request) <= limit) return request;
    return request.within?.(limit) ?? null;
  }

  /** The server counted a prompt. */
  counted(request: ModelRequest, tokens: number): void {
    const estimated = estimate(request);
    if (tokens > 0 && estimated > 0) this.#ratio = clamp(tokens / estimated, this.#leastRatio);
  }

  /** An answer was cut: before the tokens that it was asked to have at most, so at the end of the window. */
  cut({ tokensIn, tokensOut }: { tokensIn: number | null; tokensOut: number | null }, asked: number): void {
    if (tokensIn === null || tokensOut === null || tokensOut >= asked) return;
    const window = tokensIn + tokensOut;
    if (window >= MIN_WINDOW && (this.#window === null || window < this.#window)) this.#window = window;
  }

  /** The server refused a request for its size. @returns whether another one may fare better */
  learn(request: ModelRequest, lesson: Lesson): boolean {
    if (lesson.maxTokens !== null) {
      const lower = lesson.maxTokens < this.#maxTokens;
      this.#maxTokens = Math.min(this.#maxTokens, lesson.maxTokens);
      return lower;
    }
    if (!lesson.isTooLong) return false;
    const before = { limit: this.promptTokens, answer: this.answerTokens(request) };
    if (lesson.promptTokens !== null) {
      this.#leastRatio = RATIO.least;
      this.counted(request, lesson.promptTokens);
    }
    // A server that names no number gets half of what was too long.
    this.#window =
      lesson.window ?? Math.max(Math.floor(estimate(request) * this.#ratio * 0.5), MIN_ANSWER_TOKENS);
    if (this.#fits(request) && this.answerTokens(request) >= before.answer)
      this.#ratio = clamp(this.#ratio * 1.5);
    this.#leastRatio = this.#ratio;
    return this.promptTokens !== before.limit || this.answerTokens(request) !== before.answer;
  }

  #fits(request: ModelRequest): boolean {
    return estimate(request) <= (this.promptTokens ?? Number.POSITIVE_INFINITY);
  }
}

/** A token is about four characters. */
function estimate({ tokens, system, messages }: ModelRequest): number {
  const characters = messages.reduce((sum, { content }) => sum + content.length, system.length);
  return tokens ?? Math.ceil(characters / 4);
}

function clamp(ratio: number, least: number = RATIO.least): number {
  return Math.min(Math.max(ratio, least), RATIO.most);
}
