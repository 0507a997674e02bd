/** One message of a conversation, oldest first. The system text travels apart from them. */
export type ModelMessage = { role: 'user' | 'assistant'; content: string };

export interface ModelRequest {
  system: string;
  messages: readonly ModelMessage[];
}

export interface ModelAnswer {
  /** The whole answer: exactly the deltas, joined. Never only white space. */
  text: string;
  /** As counted by the provider; null where it did not say. Never estimated. */
  tokensIn: number | null;
  tokensOut: number | null;
  /** `stop`, `length` (cut by the provider's limit), `content-filter`, `tool-calls` or `other`. */
  finishReason: string;
}

export interface AnswerOptions {
  /** Aborted when the caller no longer wants the answer; ends the provider's work too. */
  signal: AbortSignal;
  /** Gets each piece of text as it arrives; what it throws ends the answer and reaches the caller. */
  onDelta?: ((text: string) => void) | undefined;
}

/** Something that continues a conversation. */
export interface LanguageModel {
  /** The provider's id of the model: what `model_used` says. */
  readonly name: string;
  /**
   * Streams one answer.
   *
   * @throws ModelFailure for every expected failure; after some deltas the text sent so far is to be discarded
   */
  answer(request: ModelRequest, options: AnswerOptions): Promise<ModelAnswer>;
}

/**
 * Why a model gave no answer.
 *
 * - `TIMEOUT`: the whole answer took too long (also: the provider said 408)
 * - `STALLED`: no new text for too long
 * - `REFUSED`: the provider rejected the request (4xx: wrong key, unknown model, bad request)
 * - `UNREACHABLE`: no connection
 * - `OVERLOADED`: the provider is there and can't answer now (429, 5xx)
 * - `BROKEN_STREAM`: the answer began and did not end as an answer ends
 * - `EMPTY`: the answer was only white space
 * - `CIRCUIT_OPEN`: it failed too often lately and was not asked
 * - `ABORTED`: the caller left
 */
export type FailureReason =
  | 'TIMEOUT'
  | 'STALLED'
  | 'REFUSED'
  | 'UNREACHABLE'
  | 'OVERLOADED'
  | 'BROKEN_STREAM'
  | 'EMPTY'
  | 'CIRCUIT_OPEN'
  | 'ABORTED';

/**
 * A model did not answer. The message may be shown to a user: it holds neither keys nor addresses nor the
 * provider's own words (they can quote both). For the same reason there is no `cause`: the SDK's errors carry
 * the whole request, and would bring the text of turns into logs.
 */
export class ModelFailure extends Error {
  readonly reason: FailureReason;
  /** The HTTP status, where the provider gave one. */
  readonly status: number | null;

  constructor(reason: FailureReason, message: string, status: number | null = null) {
    super(message);
    this.name = 'ModelFailure';
    this.reason = reason;
    this.status = status;
  }
}
