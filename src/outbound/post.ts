import { UrlForbidden } from '../errors.ts';
import type { Fetch } from './outbound.ts';
import { signatureHeaders } from './signature.ts';

/** What a receiver answered, or why there was no answer. */
export interface Posted {
  /** Of the answer; null: there was none. */
  readonly status: number | null;
  /** Null: it was taken. */
  readonly error: string | null;
  /** Whether the receiver as a whole does not answer, and not only for this message. */
  readonly isAway: boolean;
  /** What the receiver asked for; null: it did not. */
  readonly retryAfterMs: number | null;
}

export interface Message {
  /** The same with each attempt. */
  readonly id: string;
  readonly body: string;
  /** With which it is signed; null: it is not. */
  readonly key: Uint8Array | null;
  /** Beside those of every message. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers of something before the receiver, which would be the same for every message. */
const AWAY = [429, 502, 503, 504];

/**
 * Posts JSON in the form of Standard Webhooks, signed anew each time, since receivers refuse old signatures. Redirects are not
 * followed, and nothing of the answer's body is read.
 *
 * @throws what `signal` was aborted with
 */
export async function post(
  fetch: Fetch,
  url: string,
  message: Message,
  signal: AbortSignal,
): Promise<Posted> {
  const { id, body, key, headers } = message;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'echo-brain',
        ...headers,
        ...(key ? signatureHeaders({ id, at: new Date(), body }, key) : { 'webhook-id': id }),
      },
      body,
      signal,
    });
    await response.body?.cancel().catch(() => undefined);
    const { status } = response;
    const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
    return { status, error: problemOf(status), isAway: AWAY.includes(status), retryAfterMs };
  } catch (error) {
    if (signal.aborted) throw error;
    return { status: null, error: wordsOf(error), isAway: true, retryAfterMs: null };
  }
}

function problemOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `it answered ${status}; redirects are not followed`;
  return `it answered ${status}`;
}

/** Milliseconds of `Retry-After`, in seconds or as a date. */
function retryAfterOf(header: string | null): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header.trim()) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** Without the addresses that a library's words may have: who saved a name may not learn what it stands for. */
function wordsOf(error: unknown): string {
  if (error instanceof UrlForbidden) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return 'it could not be reached';
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : '';
  return `it could not be reached${code}`;
}
