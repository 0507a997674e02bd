import { setTimeout as wait } from 'node:timers/promises';
import { attempt, type ChatOptions } from './chat-attempt.ts';
import { type Failed, failed } from './chat-failure.ts';
import { ContextWindow } from './context-window.ts';
import type { LanguageModel, ModelRequest } from './language-model.ts';

export interface OpenAiCompatibleOptions extends ChatOptions {
  /** Tokens that an answer is asked to have at most. */
  maxTokens: number;
  /** Tokens of prompt and answer together that the model takes; null: found out from what it refuses. */
  window: number | null;
  /** The wait before the first retry; it doubles with each. Tests shorten it. */
  retryDelayMs?: number;
}

/**
 * A model behind an endpoint that speaks the OpenAI chat protocol (Ollama, vLLM, llama.cpp, hosted ones).
 *
 * Until a first piece of text was handed on, connection failures, 408, 429 and 5xx are retried twice; afterwards
 * nothing is, because the caller has shown a part already. A stall is not retried: the same request would wait again,
 * behind all others. A refusal that says how to ask better is followed, and remembered.
 */
export function createOpenAiCompatibleModel(options: OpenAiCompatibleOptions): LanguageModel {
  const window = new ContextWindow(options);
  const dialect: Dialect = {
    tokenLimit: 'max_tokens',
    asksForUsage: true,
    format: 'json_schema',
    setsTemperature: true,
  };
  const isFull = (text: string) => text.length >= options.maxCharacters;
  const firstTokenMs = Math.min(options.firstTokenMs, options.timeoutMs);
  return {
    name: options.model,
    async answer(request, { signal, onDelta, onToolCall, onRestart, onRequest, onRetry }) {
      const endsAt = performance.now() + firstTokenMs;
      let lessons = 0;
      for (let retries = 0; ; ) {
        const fitted = window.fit(request);
        if (!fitted)
          throw failed(options, 'TOO_LONG', 'has a window that is too small for this query').failure;
        onRequest?.(fitted);
        const maxTokens = Math.min(window.answerTokens(fitted), askedTokens(fitted));
        const outcome = await attempt({
          options,
          request: fitted,
          fields: fieldsOf(dialect, maxTokens, fitted),
          signal,
          firstTokenMs: Math.max(1, endsAt - performance.now()),
          reader: { onDelta, onToolCall, onRestart },
        });
        if ('answer' in outcome) {
          if (outcome.answer.tokensIn !== null) window.counted(fitted, outcome.answer.tokensIn);
          if (outcome.answer.finishReason === 'length' && !isFull(outcome.answer.text))
            window.cut(outcome.answer, maxTokens);
          return outcome.answer;
        }
        if (lessons < MAX_LESSONS && learn(outcome, fitted, window, dialect)) {
          lessons++;
          onRetry?.(outcome.failure);
          continue;
        }
        const delayMs = delayBefore(outcome, retries, options.retryDelayMs ?? FIRST_RETRY_DELAY_MS);
        if (delayMs === null || performance.now() + delayMs >= endsAt) throw outcome.failure;
        retries++;
        await wait(delayMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** What a server knows of the protocol, as far as it has told. */
interface Dialect {
  tokenLimit: 'max_tokens' | 'max_completion_tokens' | null;
  asksForUsage: boolean;
  /** How it is bound to a format; null: not at all. */
  format: 'json_schema' | 'json_object' | null;
  setsTemperature: boolean;
}

const MAX_RETRIES = 2;
/** Refusals of one query that are learned from. */
const MAX_LESSONS = 5;
const FIRST_RETRY_DELAY_MS = 500;
/** A provider that wants a longer pause than this is not waited for: another model can answer sooner. */
const MAX_RETRY_AFTER_MS = 10_000;

function fieldsOf(dialect: Dialect, tokens: number, request: ModelRequest): Record<string, unknown> {
  const { tokenLimit, asksForUsage, format, setsTemperature } = dialect;
  const { max_tokens: _, ...verbatim } = request.verbatim?.fields ?? {};
  return {
    ...verbatim,
    ...(tokenLimit && { [tokenLimit]: tokens }),
    ...(asksForUsage && { stream_options: { include_usage: true } }),
    ...(setsTemperature && request.temperature !== undefined && { temperature: request.temperature }),
    ...(format &&
      request.format && {
        response_format:
          format === 'json_schema'
            ? { type: format, json_schema: { ...request.format, strict: true } }
            : { type: format },
      }),
  };
}

/** Tokens that a client wants the answer to have at most. */
function askedTokens({ verbatim }: ModelRequest): number {
  const asked = verbatim?.fields.max_tokens;
  return typeof asked === 'number' ? asked : Number.POSITIVE_INFINITY;
}

/** What a client asked for in its own words is left as it is, and refused where it is. */
const CLIENTS_OWN: readonly (string | null)[] = ['response_format', 'temperature'];

/** Whether the refusal told how to ask so that the model may answer. */
function learn({ lesson }: Failed, request: ModelRequest, window: ContextWindow, dialect: Dialect): boolean {
  if (!lesson || (request.verbatim && CLIENTS_OWN.includes(lesson.unknown))) return false;
  if (lesson.unknown === null) return window.learn(request, lesson);
  if (lesson.unknown === 'stream_options') {
    const asked = dialect.asksForUsage;
    dialect.asksForUsage = false;
    return asked;
  }
  if (lesson.unknown === 'response_format') return request.format !== undefined && learnFormat(dialect);
  if (lesson.unknown === 'temperature') {
    const set = dialect.setsTemperature && request.temperature !== undefined;
    dialect.setsTemperature = false;
    return set;
  }
  if (lesson.unknown !== dialect.tokenLimit) return false;
  dialect.tokenLimit = dialect.tokenLimit === 'max_tokens' ? 'max_completion_tokens' : null;
  return true;
}

/** @returns whether there is a looser way left to ask for JSON, or to ask without */
function learnFormat(dialect: Dialect): boolean {
  const before = dialect.format;
  dialect.format = before === 'json_schema' ? 'json_object' : null;
  return before !== null;
}

/** How long to wait before trying again, in ms; null when it is not worth trying. */
function delayBefore(outcome: Failed, retries: number, firstDelayMs: number): number | null {
  if (!outcome.retryable || retries >= MAX_RETRIES) return null;
  if (outcome.retryAfterMs !== null && outcome.retryAfterMs > MAX_RETRY_AFTER_MS) return null;
  const backoffMs = firstDelayMs * 2 ** retries * (0.5 + Math.random() / 2);
  return Math.max(backoffMs, outcome.retryAfterMs ?? 0);
}
