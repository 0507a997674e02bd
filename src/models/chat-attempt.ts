import { UrlForbidden } from '../errors.ts';
import { readChat, ServerError, UnreadableAnswer } from './chat-stream.ts';
import { type FinishReason, type ModelAnswer, ModelFailure, type ModelRequest } from './language-model.ts';
import { finishReasonOf, ModelOutput, type OutputReader, tokenCount } from './model-output.ts';
import { connectionTo, type ProviderOptions } from './provider.ts';
import { type Lesson, lessonOf } from './refusals.ts';

/** A model behind an endpoint, and how long it may take for how much. */
export interface ChatOptions extends ProviderOptions {
  /** The provider's id of the model. */
  model: string;
  /** Limit for the whole answer, from its first piece on. */
  timeoutMs: number;
  /** Limit for the wait for the first piece, retries and their delays included; at most `timeoutMs`. */
  firstTokenMs: number;
  /** Limit for the wait between two pieces. */
  stallMs: number;
  /** Characters of an answer; what is beyond is cut off. */
  maxCharacters: number;
}

export type Answered = { answer: ModelAnswer };
export type Failed = {
  failure: ModelFailure;
  retryable: boolean;
  retryAfterMs: number | null;
  lesson: Lesson | null;
};

export interface Attempt {
  readonly options: ChatOptions;
  readonly request: ModelRequest;
  /** Further fields of the request. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly firstTokenMs: number;
  readonly reader: OutputReader;
}

/** How long a server that said why the answer ends may take to say the rest (counts, the end mark). */
const AFTERWORD_MS = 2_000;
/** Of a refusal, so much is read. */
const MAX_REFUSAL_BYTES = 65_536;

/** One request. Only what the reader throws comes as an exception. */
export async function attempt(given: Attempt): Promise<Answered | Failed> {
  const { options, request, signal, reader } = given;
  const question = request.messages.at(-1)?.content ?? '';
  const output = new ModelOutput({ maxCharacters: options.maxCharacters, question, reader });
  const progress: Progress = { hasBegun: false, finish: null, tokensIn: null, tokensOut: null };
  const clock = new Clock(given);
  const cancel = () => clock.stop('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    const ended = await clock.watch(() => exchange(given, clock, output, progress));
    return conclude(given, ended, output, progress);
  } finally {
    signal.removeEventListener('abort', cancel);
    // Whatever is left of the connection is closed.
    clock.close();
  }
}

interface Progress {
  hasBegun: boolean;
  /** As the server named it. */
  finish: string | null;
  tokensIn: number | null;
  tokensOut: number | null;
}

/** How an exchange ended: by itself, by our clock or caller, or by an error. */
type Ended = { by: 'end' | 'done' | 'full' } | { by: Stop } | { by: 'error'; error: unknown };
type Stop = 'cancelled' | 'timeout' | 'silent' | 'stalled';

/** Ends an exchange that takes too long: before its first piece, between two, or altogether. */
class Clock {
  readonly #given: Attempt;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | null = null;
  #stopped: Stop | null = null;

  constructor(given: Attempt) {
    this.#given = given;
    this.#timer = setTimeout(() => this.stop('silent'), given.firstTokenMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A piece came. */
  tick(): void {
    const { timeoutMs, stallMs } = this.#given.options;
    this.#deadline ??= setTimeout(() => this.stop('timeout'), timeoutMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop('stalled'), stallMs);
  }

  /** The server said that the answer ends. */
  awaitAfterword(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop('stalled'), Math.min(this.#given.options.stallMs, AFTERWORD_MS));
  }

  stop(reason: Stop): void {
    this.#stopped ??= reason;
    this.#controller.abort();
  }

  /** Runs an exchange until it ends or is stopped; what the reader throws is thrown. */
  async watch(exchange: () => Promise<Ended>): Promise<Ended> {
    try {
      return await exchange();
    } catch (error) {
      if (error instanceof ReaderFailed) throw error.cause;
      return this.#stopped ? { by: this.#stopped } : { by: 'error', error };
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#deadline) clearTimeout(this.#deadline);
    this.#controller.abort();
  }
}

/** The reader threw: no failure of the model. */
class ReaderFailed extends Error {}

class HttpRefusal extends Error {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly said: unknown;
  constructor(status: number, retryAfterMs: number | null, said: unknown) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.said = said;
  }
}

async function exchange(
  given: Attempt,
  clock: Clock,
  output: ModelOutput,
  progress: Progress,
): Promise<Ended> {
  clock.signal.throwIfAborted();
  const response = await send(given, clock.signal);
  for await (const event of readChat(response)) {
    clock.signal.throwIfAborted();
    if (event.type === 'done') return { by: 'done' };
    if (event.type === 'usage') {
      progress.tokensIn = tokenCount(event.tokensIn) ?? progress.tokensIn;
      progress.tokensOut = tokenCount(event.tokensOut) ?? progress.tokensOut;
    } else if (event.type === 'finish') {
      progress.finish = event.reason;
      clock.awaitAfterword();
    } else {
      progress.hasBegun = true;
      if (progress.finish === null) clock.tick();
      if (event.type !== 'text') continue;
      try {
        output.push(event.text);
      } catch (error) {
        throw new ReaderFailed('the reader failed', { cause: error });
      }
      if (output.isFull) return { by: 'full' };
    }
  }
  clock.signal.throwIfAborted();
  return { by: 'end' };
}

async function send({ options, request, fields }: Attempt, signal: AbortSignal): Promise<Response> {
  const { url, fetch } = connectionTo(options);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`;
  const system = request.system === '' ? [] : [{ role: 'system', content: request.system }];
  const body = {
    model: options.model,
    messages: [...system, ...request.messages],
    stream: true,
    ...fields,
  };
  const response = await fetch(url.href, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream, application/json' },
    body: JSON.stringify(body),
    signal,
  });
  if (response.ok) return response;
  const said = await readRefusal(response);
  throw new HttpRefusal(response.status, readRetryAfter(response.headers.get('retry-after')), said);
}

/** The beginning of what a refusal says; only to be recognised. */
async function readRefusal(response: Response): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // The status alone says enough.
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What the exchange comes to: text that was written is kept where only its rest is missing by our own doing. */
function conclude(
  { options, signal }: Attempt,
  ended: Ended,
  output: ModelOutput,
  progress: Progress,
): Answered | Failed {
  const { tokensIn, tokensOut, hasBegun } = progress;
  const answerWith = (finishReason: FinishReason, missing: () => Failed): Answered | Failed => {
    const text = output.end();
    return text === '' ? missing() : { answer: { text, tokensIn, tokensOut, finishReason } };
  };
  const empty = () =>
    failed(options, 'EMPTY', hasBegun ? 'answered with nothing but thoughts' : 'answered with nothing');
  if (ended.by === 'full') return answerWith('length', empty);
  if (ended.by === 'cancelled' || signal.aborted)
    return answerWith('cancelled', () => failed(options, 'ABORTED', 'was stopped by the caller'));
  if (progress.finish !== null) {
    const reason = finishReasonOf(progress.finish);
    return reason === null ? brokenOff(options, output) : answerWith(reason, empty);
  }
  if (ended.by === 'done') return answerWith('other', empty);
  if (ended.by === 'timeout')
    return answerWith('timeout', () =>
      failed(options, 'TIMEOUT', `did not finish within ${seconds(options.timeoutMs)}`),
    );
  if (ended.by === 'silent') {
    const ms = Math.min(options.firstTokenMs, options.timeoutMs);
    return failed(options, 'STALLED', `did not begin within ${seconds(ms)}`);
  }
  if (ended.by === 'stalled') {
    const outcome = failed(options, 'STALLED', `sent nothing for ${seconds(options.stallMs)}`);
    return { ...outcome, failure: new ModelFailure('STALLED', outcome.failure.message, null, hasBegun) };
  }
  if (ended.by !== 'error') return failed(options, 'BROKEN_STREAM', 'broke off its answer');
  const outcome = describeError(options, ended.error);
  return output.isShown ? { ...outcome, retryable: false, lesson: null } : outcome;
}

function brokenOff(options: ChatOptions, output: ModelOutput): Failed {
  return { ...failed(options, 'BROKEN_STREAM', 'broke off its answer'), retryable: !output.isShown };
}

function describeError(options: ChatOptions, error: unknown): Failed {
  if (error instanceof HttpRefusal)
    return describeStatus(options, error.status, error.said, error.retryAfterMs);
  if (error instanceof ServerError) {
    const { said } = error;
    const status = statusIn(said);
    if (status !== null || lessonOf(said).isTooLong)
      return describeStatus(options, status ?? 400, said, null);
    return failed(options, 'BROKEN_STREAM', 'reported an error in its answer');
  }
  if (error instanceof UnreadableAnswer)
    return failed(options, 'BROKEN_STREAM', "sent an answer that can't be read");
  if (error instanceof UrlForbidden)
    return failed(options, 'REFUSED', `must not be called: ${error.message}`);
  // `fetch` says so where there was no answer; while one is read, other words are used.
  const { message, cause } = error instanceof Error ? error : new Error(typeof error);
  if (message === 'fetch failed')
    return { ...failed(options, 'UNREACHABLE', `could not be reached${codeOf(cause)}`), retryable: true };
  return { ...failed(options, 'BROKEN_STREAM', 'broke off its answer'), retryable: true };
}

/** An HTTP status as errors within a stream give it, as a number or a text. */
function statusIn(said: unknown): number | null {
  if (typeof said !== 'object' || said === null) return null;
  const { status, code } = said as { status?: unknown; code?: unknown };
  const found = [status, code].map(Number).find((value) => value >= 400 && value < 600);
  return found ?? null;
}

function describeStatus(
  options: ChatOptions,
  status: number,
  said: unknown,
  retryAfterMs: number | null,
): Failed {
  const lesson = [400, 413, 422, 500].includes(status) ? lessonOf(said) : null;
  if (lesson?.isTooLong)
    return {
      ...failed(options, 'TOO_LONG', 'has a window that is too small for this query', status),
      lesson,
    };
  if (status === 408)
    return { ...failed(options, 'TIMEOUT', 'took too long (408)', status), retryable: true, retryAfterMs };
  if (status === 429 || status >= 500) {
    return {
      ...failed(options, 'OVERLOADED', `can't answer now (${status})`, status),
      retryable: true,
      retryAfterMs,
    };
  }
  return { ...failed(options, 'REFUSED', `refused the request (${status})`, status), lesson };
}

/** A failure in words that may be shown. */
export function failed(
  { model }: Pick<ChatOptions, 'model'>,
  reason: ModelFailure['reason'],
  what: string,
  status: number | null = null,
): Failed {
  const failure = new ModelFailure(reason, `The model "${model}" ${what}.`, status);
  return { failure, retryable: false, retryAfterMs: null, lesson: null };
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). @returns ms, or null if it is neither */
function readRetryAfter(header: string | null): number | null {
  if (header === null) return null;
  const ms = Number.isNaN(Number(header)) ? Date.parse(header) - Date.now() : Number(header) * 1000;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

/** The system's word for a broken connection (`ECONNREFUSED`): useful, and free of addresses. */
function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? ` (${code})` : '';
}

export function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
