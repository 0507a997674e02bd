import { UrlForbidden } from '../errors.ts';
import { ServerError, UnreadableAnswer } from './chat-stream.ts';
import { ModelFailure } from './language-model.ts';
import { type Lesson, lessonOf } from './refusals.ts';

/** A model, by the provider's id of it. */
interface Named {
  readonly model: string;
}

export type Failed = {
  failure: ModelFailure;
  retryable: boolean;
  retryAfterMs: number | null;
  lesson: Lesson | null;
};

/** Of a refusal, so much is read. */
const MAX_REFUSAL_BYTES = 65_536;

/** What providers call it where a filter of theirs refuses a request, before any model reads it. */
const FILTER_CODES: readonly unknown[] = [
  'content_filter',
  'content_policy_violation',
  'responsibleaipolicyviolation',
  'data_inspection_failed',
];

/** A failure in words that may be shown. */
export function failed(
  { model }: Named,
  reason: ModelFailure['reason'],
  what: string,
  status: number | null = null,
): Failed {
  const failure = new ModelFailure(reason, `The model "${model}" ${what}.`, status);
  return { failure, retryable: false, retryAfterMs: null, lesson: null };
}

/** What an error of an exchange comes to, for the caller. */
export function describeError(options: Named, error: unknown): Failed {
  if (error instanceof HttpRefusal)
    return describeStatus(options, error.status, error.said, error.retryAfterMs);
  if (error instanceof ServerError) {
    const { said } = error;
    const status = statusIn(said);
    if (status !== null || lessonOf(said).isTooLong || isFiltered(said))
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

function describeStatus(options: Named, status: number, said: unknown, retryAfterMs: number | null): Failed {
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
  if (isFiltered(said)) return { ...failed(options, 'DECLINED', DECLINED, status), lesson: null };
  return { ...failed(options, 'REFUSED', `refused the request (${status})`, status), lesson };
}

/** What is said of a model that would not answer. */
export const DECLINED = 'declined to answer this';

function isFiltered(said: unknown): boolean {
  const { error } = Object(said) as { error?: unknown };
  const { code, type } = Object(error ?? said) as { code?: unknown; type?: unknown };
  return [code, type].some((word) => FILTER_CODES.includes(String(word).toLowerCase()));
}

/** What a response that refuses says. */
export async function refusalOf(response: Response): Promise<Error> {
  const said = await readRefusal(response);
  return new HttpRefusal(response.status, readRetryAfter(response.headers.get('retry-after')), said);
}

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
