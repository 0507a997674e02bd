import { setTimeout as wait } from 'node:timers/promises';
import { APICallError, type LanguageModel as SdkModel, StreamProviderError, streamText } from 'ai';
import { UrlForbidden } from '../domains/errors.ts';
import {
  type AnswerOptions,
  type LanguageModel,
  type ModelAnswer,
  ModelFailure,
  type ModelRequest,
} from './language-model.ts';
import { AnswerText, tokenCount } from './model-output.ts';
import { createProvider, type ProviderOptions } from './provider.ts';

export interface OpenAiCompatibleOptions extends ProviderOptions {
  /** The provider's id of the model. */
  model: string;
  /** Limit for the whole answer, retries and their delays included. */
  timeoutMs: number;
  /** Limit for the wait between two pieces of text, and before the first. */
  stallMs: number;
  /** Characters of an answer; what is beyond is cut off. */
  maxCharacters: number;
  /** The wait before the first retry; it doubles with each. Tests shorten it. */
  retryDelayMs?: number;
}

/**
 * A model behind an endpoint that speaks the OpenAI chat protocol (Ollama, vLLM, llama.cpp, hosted ones).
 *
 * Until a first piece of text was handed on, connection failures, 408, 429, 5xx and stalls are retried twice;
 * afterwards nothing is, because the caller has shown a part already. Leading white space is held back until
 * text follows it, so a blank answer is never shown.
 */
export function createOpenAiCompatibleModel(options: OpenAiCompatibleOptions): LanguageModel {
  const sdkModel = createProvider(options).chatModel(options.model);
  const failureOf = (reason: 'TIMEOUT' | 'ABORTED') => {
    const what =
      reason === 'TIMEOUT'
        ? `did not finish within ${seconds(options.timeoutMs)}`
        : 'was stopped by the caller';
    return new ModelFailure(reason, `The model "${options.model}" ${what}.`);
  };

  return {
    name: options.model,
    async answer(request, { signal, onDelta }) {
      const stop = new AbortController();
      const leave = () => stop.abort(failureOf('ABORTED'));
      const deadline = setTimeout(() => stop.abort(failureOf('TIMEOUT')), options.timeoutMs);
      const endsAt = performance.now() + options.timeoutMs;
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      try {
        for (let retries = 0; ; retries += 1) {
          stop.signal.throwIfAborted();
          const outcome = await attempt(sdkModel, options, request, { signal: stop.signal, onDelta });
          if ('answer' in outcome) return outcome.answer;
          const delayMs = delayBefore(outcome, retries, options.retryDelayMs ?? firstRetryDelayMs);
          if (delayMs === null || performance.now() + delayMs >= endsAt) throw outcome.failure;
          // Rejects only when `stop` was aborted; the loop then throws the reason of that.
          await wait(delayMs, undefined, { signal: stop.signal }).catch(() => stop.signal.throwIfAborted());
        }
      } finally {
        clearTimeout(deadline);
        signal.removeEventListener('abort', leave);
      }
    },
  };
}

const maxRetries = 2;
const firstRetryDelayMs = 500;
/** A provider that wants a longer pause than this is not waited for: another model can answer sooner. */
const maxRetryAfterMs = 10_000;

// The SDK prints warnings on the console unless told otherwise; the log is pino's alone.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** How long to wait before trying again, in ms; null when it is not worth trying. */
function delayBefore(outcome: Failed, retries: number, firstDelayMs: number): number | null {
  if (!outcome.retryable || retries >= maxRetries) return null;
  if (outcome.retryAfterMs !== null && outcome.retryAfterMs > maxRetryAfterMs) return null;
  const backoffMs = firstDelayMs * 2 ** retries * (0.5 + Math.random() / 2);
  return Math.max(backoffMs, outcome.retryAfterMs ?? 0);
}

/** One request. Only what `onDelta` throws, and the reasons of `signal`, come as exceptions. */
async function attempt(
  sdkModel: SdkModel,
  options: OpenAiCompatibleOptions,
  request: ModelRequest,
  { signal, onDelta }: AnswerOptions,
): Promise<Answered | Failed> {
  const stall = new AbortController();
  const stallTimer = setTimeout(() => stall.abort(), options.stallMs);
  const answer = new AnswerText(options.maxCharacters);
  let heldBack = '';
  let isShown = false;
  /** White space is held back until text follows it. */
  const show = (piece: string) => {
    heldBack += piece;
    if (heldBack === '' || (!isShown && heldBack.trim() === '')) return;
    isShown = true;
    onDelta?.(heldBack);
    heldBack = '';
  };
  try {
    for await (const event of readStream(sdkModel, request, AbortSignal.any([signal, stall.signal]))) {
      signal.throwIfAborted();
      if (event.type === 'progress') stallTimer.refresh();
      else if (event.type === 'text') {
        stallTimer.refresh();
        show(answer.push(event.text));
        if (answer.isFull)
          return { answer: { text: answer.text, tokensIn: null, tokensOut: null, finishReason: 'length' } };
      } else if (event.type === 'end') {
        show(answer.end());
        if (!isShown) return failed(options, 'EMPTY', 'answered with nothing');
        return { answer: { text: answer.text, ...event.counts } };
      } else {
        const outcome = stall.signal.aborted
          ? { ...failed(options, 'STALLED', `sent nothing for ${seconds(options.stallMs)}`), retryable: true }
          : describeError(options, event.error);
        return { ...outcome, retryable: outcome.retryable && !isShown };
      }
    }
    return failed(options, 'BROKEN_STREAM', 'broke off its answer');
  } finally {
    clearTimeout(stallTimer);
    // After a failure inside the stream the connection would be read to its end; this closes it.
    stall.abort();
  }
}

/** The stream in our words. Every error of the SDK or the network becomes one last `error` event. */
async function* readStream(
  sdkModel: SdkModel,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  try {
    const { stream } = streamText({
      model: sdkModel,
      ...(request.system === '' ? {} : { instructions: request.system }),
      messages: [...request.messages],
      abortSignal: signal,
      maxRetries: 0,
      telemetry: { isEnabled: false },
      // Errors arrive as parts too; without a handler the SDK prints them on the console.
      onError: () => undefined,
    });
    let counts = { tokensIn: null as number | null, tokensOut: null as number | null };
    for await (const part of stream) {
      if (part.type === 'text-delta' && part.text !== '') yield { type: 'text', text: part.text };
      else if (part.type === 'reasoning-delta' && part.text !== '') yield { type: 'progress' };
      else if (part.type === 'finish-step') counts = countTokens(part.usage.raw);
      else if (part.type === 'finish')
        yield { type: 'end', counts: { ...counts, finishReason: part.finishReason } };
      else if (part.type === 'error') return yield { type: 'error', error: part.error };
      else if (part.type === 'abort') return yield { type: 'error', error: signal.reason };
    }
  } catch (error) {
    yield { type: 'error', error };
  }
}

/** Read from the provider's own object: the SDK turns a missing count into 0. */
function countTokens(raw: Record<string, unknown> | undefined) {
  return { tokensIn: tokenCount(raw?.prompt_tokens), tokensOut: tokenCount(raw?.completion_tokens) };
}

function describeError(options: OpenAiCompatibleOptions, error: unknown): Failed {
  if (StreamProviderError.isInstance(error) && error.statusCode !== undefined) {
    return describeStatus(options, error.statusCode, null);
  }
  if (APICallError.isInstance(error)) {
    const status = error.statusCode;
    if (status === undefined) {
      return {
        ...failed(options, 'UNREACHABLE', `could not be reached${codeOf(error.cause)}`),
        retryable: true,
      };
    }
    if (status >= 300)
      return describeStatus(options, status, readRetryAfter(error.responseHeaders?.['retry-after']));
    // The request was accepted. The SDK calls it retryable when the connection broke, and only then.
    return { ...failed(options, 'BROKEN_STREAM', 'broke off its answer'), retryable: error.isRetryable };
  }
  if (error instanceof UrlForbidden)
    return failed(options, 'REFUSED', `must not be called: ${error.message}`);
  const name = error instanceof Error ? error.name : typeof error;
  return failed(options, 'BROKEN_STREAM', `sent an answer that can't be read (${name})`);
}

function describeStatus(
  options: OpenAiCompatibleOptions,
  status: number,
  retryAfterMs: number | null,
): Failed {
  if (status === 408)
    return { ...failed(options, 'TIMEOUT', 'took too long (408)', status), retryable: true, retryAfterMs };
  if (status === 429 || status >= 500) {
    return {
      ...failed(options, 'OVERLOADED', `can't answer now (${status})`, status),
      retryable: true,
      retryAfterMs,
    };
  }
  return failed(options, 'REFUSED', `refused the request (${status})`, status);
}

function failed(
  { model }: OpenAiCompatibleOptions,
  reason: ModelFailure['reason'],
  what: string,
  status: number | null = null,
): Failed {
  const failure = new ModelFailure(reason, `The model "${model}" ${what}.`, status);
  return { failure, retryable: false, retryAfterMs: null };
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). @returns ms, or null if it is neither */
function readRetryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  const ms = Number.isNaN(Number(header)) ? Date.parse(header) - Date.now() : Number(header) * 1000;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

/** The system's word for a broken connection (`ECONNREFUSED`): useful, and free of addresses. */
function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? ` (${code})` : '';
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

type Answered = { answer: ModelAnswer };
type Failed = { failure: ModelFailure; retryable: boolean; retryAfterMs: number | null };
type StreamEvent =
  | { type: 'text'; text: string }
  | { type: 'progress' }
  | { type: 'end'; counts: Omit<ModelAnswer, 'text'> }
  | { type: 'error'; error: unknown };
