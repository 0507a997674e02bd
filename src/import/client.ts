import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { type GraphQLResult, ImportRefusedError, type Operation, type Send } from './operations.ts';
import { isObject } from './records.ts';

export type SenderOptions = {
  /** The server's address without `/graphql`. */
  url: string;
  /** Sent as a bearer token; null sends none. */
  apiKey: string | null;
  log: Logger;
  /** Ends the waiting between attempts; a request in flight is finished. */
  signal?: AbortSignal;
  /** One line for whoever waits; absent: it goes to the log. */
  tell?: ((line: string) => void) | undefined;
  /** How long a server may be away, or not ready, for one request; enough for one that restarts. */
  patienceMs?: number;
  /** Wait after the first failure; doubles with each one. */
  firstDelayMs?: number;
};

/** The server could not be reached, or was not ready, for as long as it was waited for. */
export class ImportConnectionError extends Error {
  override readonly name = 'ImportConnectionError';
}

const REQUEST_TIMEOUT_MS = 60_000;
/** A server that answers and fails on one request may fail on it for ever; others must not wait behind it. */
const ATTEMPTS_OF_A_FAILING_REQUEST = 3;
const PATIENCE_MS = 120_000;
const MAX_DELAY_MS = 5_000;
/** What a server may ask for. */
const MAX_ASKED_DELAY_MS = 15_000;
const TELL_INTERVAL_MS = 3_000;
const RETRYABLE_CODES: readonly unknown[] = ['RATE_LIMITED', 'OVERLOADED', 'SERVICE_UNAVAILABLE'];

/**
 * Sends operations as `POST {url}/graphql`. What may succeed later (network errors, HTTP 429 and 5xx, errors the
 * server calls retryable) is tried again with growing waits; safe, because every operation of an import is idempotent.
 *
 * @returns a function that throws ImportConnectionError when the patience is used up, and ImportRefusedError where the
 * answer is not GraphQL
 */
export function createHttpSender(options: SenderOptions): Send {
  const { url, log, signal, patienceMs = PATIENCE_MS, firstDelayMs = 250 } = options;
  const endpoint = new URL('graphql', url.endsWith('/') ? url : `${url}/`);
  const uploads = new URL('api/characters/cards?replace=true', endpoint);
  const trouble = createTrouble(options.tell ?? ((line) => log.warn(line)));
  return async (operation) => {
    let firstFailureAt: number | null = null;
    for (let attempt = 1; ; attempt++) {
      const outcome = await post(operation.file ? uploads : endpoint, options.apiKey, operation);
      if ('result' in outcome) {
        trouble.isOver();
        return outcome.result;
      }
      if (outcome.code === 'INTERNAL' && attempt >= ATTEMPTS_OF_A_FAILING_REQUEST)
        throw new ImportRefusedError(outcome.code, outcome.failure);
      firstFailureAt ??= performance.now();
      const leftMs = firstFailureAt + patienceMs - performance.now();
      if (leftMs <= 0 || signal?.aborted) {
        const waited = Math.round((performance.now() - firstFailureAt) / 1000);
        throw new ImportConnectionError(
          `${endpoint} did not take the request for ${waited} s (attempts: ${attempt}): ${outcome.failure}`,
        );
      }
      const delayMs =
        outcome.waitMs ??
        Math.min(MAX_DELAY_MS, firstDelayMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      trouble.goesOn(outcome.failure, leftMs);
      await sleep(Math.min(delayMs, leftMs), undefined, signal ? { signal } : {}).catch(ignoreAbort);
    }
  };
}

/** Tells once for all requests that are on their way, and not at every attempt. */
function createTrouble(tell: (line: string) => void) {
  let toldAt: number | null = null;
  return {
    goesOn: (failure: string, leftMs: number) => {
      if (toldAt !== null && performance.now() - toldAt < TELL_INTERVAL_MS) return;
      toldAt = performance.now();
      tell(
        `the server does not take a request (${failure}); trying again for ${Math.ceil(leftMs / 1000)} s, nothing is lost`,
      );
    },
    isOver: () => {
      if (toldAt !== null) tell('the server takes requests again');
      toldAt = null;
    },
  };
}

/** What one attempt gave: an answer to pass on, or a reason to try again. */
type Outcome =
  | { result: GraphQLResult }
  | {
      failure: string;
      waitMs: number | null;
      /** What the server calls the failure; absent where it said nothing that can be read. */
      code?: unknown;
    };

async function post(endpoint: URL, apiKey: string | null, operation: Operation): Promise<Outcome> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': operation.file ? 'application/octet-stream' : 'application/json',
        accept: 'application/json',
        ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: operation.file ? new Uint8Array(operation.file) : JSON.stringify(operation),
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    return { failure: describeNetworkError(error), waitMs: null };
  }
  return read(status, operation.file && status === 200 ? asResult(text) : text);
}

function read(status: number, text: string): Outcome {
  const result = parseResult(text);
  const retryable = result?.errors?.find(({ extensions }) => isRetryable(extensions)) ?? null;
  if (retryable) {
    const waitMs = retryable.extensions?.retryAfterMs;
    const code = retryable.extensions?.code;
    return {
      code,
      failure: code === 'INTERNAL' ? retryable.message : `${code}: ${retryable.message}`,
      waitMs: typeof waitMs === 'number' && waitMs >= 0 ? Math.min(waitMs, MAX_ASKED_DELAY_MS) : null,
    };
  }
  if (result) return { result };
  if (status === 429 || status >= 500) return { failure: `HTTP ${status}`, waitMs: null };
  throw new ImportRefusedError(
    `HTTP_${status}`,
    `the answer is not a GraphQL result: ${JSON.stringify(text.slice(0, 200))}`,
  );
}

function isRetryable(extensions: Record<string, unknown> | undefined): boolean {
  return (
    extensions?.retryable === true ||
    (extensions?.retryable === undefined && RETRYABLE_CODES.includes(extensions?.code))
  );
}

function parseResult(text: string): GraphQLResult | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || !(Array.isArray(value.errors) || isObject(value.data))) return null;
  return value;
}

/** What the door of uploads says, as GraphQL would. */
function asResult(text: string): string {
  return `{"data":{"result":${text.replace(/^\{/, '{"__typename":"UpsertCharacterSuccess",')}}}`;
}

function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message || cause.name})` : error.message;
}

/** The loop sees the signal itself after one last attempt. */
function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
