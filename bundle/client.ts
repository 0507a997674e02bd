/** The text of an operation, which knows what it takes and gives. */
export type Operation<Data, Variables> = string & { readonly of?: (variables: Variables) => Data };

/** Why there is no data: as the server said it, or what went wrong on the way. */
export class EchoBrainError extends Error {
  override readonly name = 'EchoBrainError';
  /** For programs, such as `BAD_USER_INPUT`; `NO_ANSWER` where no server answered. */
  readonly code: string;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  /** When, at the earliest. */
  readonly retryAfterMs: number | null;
  constructor(message: string, code: string, retryable: boolean, retryAfterMs: number | null = null) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface ClientOptions {
  /** Of the server, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** A key or token; absent where nobody is asked for one. */
  readonly apiKey?: string | undefined;
  /** Milliseconds that an answer may take; absent: 60,000. */
  readonly timeoutMs?: number;
}

/** Sends queries and mutations. Expected failures of a mutation are data (`... on Error`); all others are thrown. */
export function createEchoBrain({ url, apiKey, timeoutMs = 60_000 }: ClientOptions) {
  return async <Data, Variables>(
    operation: Operation<Data, Variables>,
    ...[variables]: Record<string, never> extends Variables ? [variables?: Variables] : [variables: Variables]
  ): Promise<Data> => {
    const response = await fetch(new URL('/graphql', url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ query: operation, variables: variables ?? {} }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      throw new EchoBrainError(`no server answered: ${String(error)}`, 'NO_ANSWER', true);
    });
    const { data, errors } = (await response.json()) as { data?: Data | null; errors?: readonly Failure[] };
    const [failure] = errors ?? [];
    if (failure) {
      const { code = 'UNKNOWN', retryable = false, retryAfterMs = null } = failure.extensions ?? {};
      throw new EchoBrainError(failure.message, code, retryable, retryAfterMs);
    }
    if (!data) throw new EchoBrainError(`the server answered ${response.status}`, 'NO_ANSWER', false);
    return data;
  };
}

interface Failure {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number;
  };
}
