/** One message of a conversation, oldest first. The system text travels apart from them. */
export type ModelMessage = { role: 'user' | 'assistant'; content: string };

/** A picture that is shown with the last message. */
export interface ModelImage {
  /** Such as `image/webp`. */
  mediaType: string;
  base64: string;
}

/** JSON that an answer is to be. Servers that cannot be bound to it are asked without: whoever asks checks the answer. */
export interface AnswerFormat {
  /** Letters, digits, - and _. */
  name: string;
  /** A JSON schema. */
  schema: Readonly<Record<string, unknown>>;
}

/** A conversation as a client of the chat protocol wrote it: a model gets it as it is. */
export interface VerbatimChat {
  readonly messages: readonly object[];
  /** What else the client asks for: tools, formats, how to choose words; a limit of tokens as `max_tokens`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A piece of what a model wants to have called. */
export interface ToolCallPiece {
  /** Which of the calls of the answer it belongs to, from 0. */
  readonly index: number;
  /** Given once, with the first piece. */
  readonly id?: string;
  readonly name?: string;
  /** More of the arguments, which are JSON once they are whole. */
  readonly arguments?: string;
}

/** What a model wants to have called before it goes on. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}

export interface ModelRequest {
  system: string;
  messages: readonly ModelMessage[];
  /** Sent in the place of `system` and `messages`, which then only say what it is about. */
  verbatim?: VerbatimChat;
  images?: readonly ModelImage[];
  format?: AnswerFormat;
  /** From 0, the likeliest words; absent: as the server has it. */
  temperature?: number;
  /** About how many tokens it has; absent: counted by its characters. */
  tokens?: number;
  /** The same with less around the query, of about so many tokens at most; null: it cannot be so short. */
  within?(tokens: number): ModelRequest | null;
}

/**
 * How an answer ended.
 *
 * - `stop`: the model had no more to say
 * - `length`: cut at the limit of tokens or characters
 * - `content_filter`: cut by the provider's filter, or a refusal that is marked as one
 * - `timeout`: still being written when its time was over
 * - `cancelled`: still being written when the caller had enough
 * - `other`: the provider did not say, or said something else
 */
export const FINISH_REASONS = ['stop', 'length', 'content_filter', 'timeout', 'cancelled', 'other'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

export interface ModelAnswer {
  /**
   * The whole answer: exactly the deltas since the start or the last restart, joined. Never only white space. Of a refusal,
   * its words, of which nothing was handed on before.
   */
  text: string;
  /** As counted by the provider; null where it did not say. Never estimated. */
  tokensIn: number | null;
  tokensOut: number | null;
  finishReason: FinishReason;
  /** What it wants to have called; only where the request was verbatim, and then there may be no text. */
  toolCalls?: readonly ToolCall[];
  /** The model said, marked as such, that it will not answer, and nothing else. */
  isRefusal?: true;
}

export interface AnswerOptions {
  /**
   * Aborted when the caller no longer wants the answer; ends the provider's work too. What was written by then is
   * the answer, if anything was.
   */
  signal: AbortSignal;
  /** Gets each piece of text as it arrives; what it throws ends the answer and reaches the caller. */
  onDelta?: ((text: string) => void) | undefined;
  /** The same for what is to be called, of a verbatim request. */
  onToolCall?: ((piece: ToolCallPiece) => void) | undefined;
  /** Told when the text so far turned out to be no answer. */
  onRestart?: (() => void) | undefined;
  /** Told of each request as it is sent: the one that was given, or a shorter one. */
  onRequest?: ((request: ModelRequest) => void) | undefined;
  /** Told of each failure after which the same model is asked again in another way. */
  onRetry?: ((failure: ModelFailure) => void) | undefined;
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
 * - `TIMEOUT`: it took too long, and there is no text (also: the provider said 408)
 * - `STALLED`: no first piece, or no further one, for too long
 * - `TOO_LONG`: the prompt does not fit into the model's window
 * - `QUEUE_FULL`: too many wait for the model already
 * - `REFUSED`: the provider rejected the request (4xx: wrong key, unknown model, bad request)
 * - `UNREACHABLE`: no connection
 * - `OVERLOADED`: the provider is there and can't answer now (429, 5xx)
 * - `BROKEN_STREAM`: the answer began and did not end as an answer ends
 * - `EMPTY`: nothing of the answer can be seen: none came, white space, thoughts
 * - `DECLINED`: it, or the filter of its provider, would not answer this, marked as such
 * - `CIRCUIT_OPEN`: it failed too often lately and was not asked
 * - `ABORTED`: the caller left
 */
export type FailureReason =
  | 'TIMEOUT'
  | 'STALLED'
  | 'TOO_LONG'
  | 'QUEUE_FULL'
  | 'REFUSED'
  | 'UNREACHABLE'
  | 'OVERLOADED'
  | 'BROKEN_STREAM'
  | 'EMPTY'
  | 'DECLINED'
  | 'CIRCUIT_OPEN'
  | 'ABORTED';

/**
 * A model did not answer. The message may be shown to a user: it holds neither keys nor addresses nor the
 * provider's own words (they can quote both). For the same reason there is no `cause`.
 */
export class ModelFailure extends Error {
  readonly reason: FailureReason;
  /** The HTTP status, where the provider gave one. */
  readonly status: number | null;
  /** Whether the model had begun: a first piece, of text or of thought, had come. */
  readonly hasBegun: boolean;

  constructor(reason: FailureReason, message: string, status: number | null = null, hasBegun = false) {
    super(message);
    this.name = 'ModelFailure';
    this.reason = reason;
    this.status = status;
    this.hasBegun = hasBegun;
  }
}
