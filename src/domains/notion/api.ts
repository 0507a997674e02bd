import { APIResponseError, Client, LogLevel, UnknownHTTPResponseError } from '@notionhq/client';
import { UrlForbidden } from '../../errors.ts';
import type { Fetch } from '../../outbound/outbound.ts';
import { NoTurn, type Pace } from './pace.ts';

/**
 * Why Notion did not do something.
 *
 * - `PAUSE`: it asks for one, or others are before us
 * - `AWAY`: it does not answer, or not as itself; nobody knows whether it did it
 * - `REFUSED`: the integration may not
 * - `MISSING`: it is not there, or was not shared with the integration
 * - `INVALID`: it cannot be as it was said
 */
export type ProblemKind = 'PAUSE' | 'AWAY' | 'REFUSED' | 'MISSING' | 'INVALID';

export class NotionProblem extends Error {
  override readonly name = 'NotionProblem';
  readonly kind: ProblemKind;
  readonly status: number | null;
  readonly retryAfterMs: number | null;

  constructor(kind: ProblemKind, message: string, status: number | null, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

interface ApiOptions {
  /** Asked with each request: it may be changed while the server runs. */
  readonly token: () => string | null;
  readonly apiUrl: string;
  readonly fetch: Fetch;
  readonly pace: Pace;
}

/** The client names a part of what `fetch` is. */
type ClientFetch = NonNullable<NonNullable<ConstructorParameters<typeof Client>[0]>['fetch']>;

/** Longer than a turn is waited for and an answer may take; both have limits of their own. */
const TIMEOUT_MS = 45_000;
/** Of Notion's words in an error. */
const MAX_WORDS = 300;
/** A pause that Notion does not name. */
const USUAL_PAUSE_MS = 1_000;
const BUSY = [429, 529];

/** Notion, through its own client: each request has its turn, and none is repeated here. */
export class NotionApi {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /**
   * Asks Notion for something.
   *
   * @throws NotionProblem, and what `signal` was aborted with
   */
  async ask<T>(signal: AbortSignal, question: (notion: Client) => Promise<T>): Promise<T> {
    const { token, apiUrl } = this.#options;
    const auth = token();
    if (auth === null) throw new NotionProblem('REFUSED', 'NOTION_TOKEN is not set any more', null);
    const notion = new Client({
      ...{ auth, baseUrl: apiUrl, timeoutMs: TIMEOUT_MS, retry: false, logLevel: LogLevel.ERROR },
      logger: () => undefined,
      fetch: ((url: string, init: RequestInit) => this.#send(url, init, signal)) as ClientFetch,
    });
    try {
      return await question(notion);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw problemOf(error);
    }
  }

  async #send(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
    const { fetch, pace } = this.#options;
    await pace.turn(signal);
    const response = await fetch(url, { ...init, signal });
    if (BUSY.includes(response.status)) {
      const asked = Number(response.headers.get('retry-after') ?? Number.NaN) * 1_000;
      await pace.pause(Number.isFinite(asked) ? asked : USUAL_PAUSE_MS);
    }
    return response;
  }
}

function problemOf(error: unknown): NotionProblem {
  if (error instanceof NotionProblem) return error;
  if (error instanceof NoTurn) return new NotionProblem('PAUSE', error.message, null, error.retryAfterMs);
  if (APIResponseError.isAPIResponseError(error)) {
    const { status, code, message } = error;
    const words = `Notion answered ${status} (${code}): ${message.slice(0, MAX_WORDS)}`;
    return new NotionProblem(kindOf(status), words, status);
  }
  if (UnknownHTTPResponseError.isUnknownHTTPResponseError(error))
    return new NotionProblem(
      kindOf(error.status),
      `it answered ${error.status}, not as Notion does`,
      error.status,
    );
  // Nothing of a library's words, which may hold the address.
  const words =
    error instanceof UrlForbidden
      ? `${error.code}: ${error.message}`
      : error instanceof Error && error.name.includes('Timeout')
        ? 'Notion did not answer in time'
        : 'Notion could not be reached';
  return new NotionProblem('AWAY', words, null);
}

function kindOf(status: number): ProblemKind {
  if (BUSY.includes(status)) return 'PAUSE';
  if (status === 401 || status === 403) return 'REFUSED';
  if (status === 404) return 'MISSING';
  return status === 400 ? 'INVALID' : 'AWAY';
}
