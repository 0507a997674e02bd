/** Something that was asked did not come. Its message is for people, and says what can be done. */
export class ServerProblem extends Error {
  readonly code: string;
  /** The same may succeed later, unchanged. */
  readonly isPassing: boolean;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.extensions = extensions;
    this.isPassing = code === 'NETWORK' || extensions.retryable === true;
  }
}

interface GivenError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** What people are told of a list of GraphQL errors. @param isChange of a mutation, which nobody sends again by itself */
export function problemOf([first]: readonly GivenError[], isChange = false): ServerProblem {
  const code = String(first?.extensions?.code ?? 'UNKNOWN');
  return new ServerProblem(code, wordsFor(code, first, isChange), first?.extensions);
}

function wordsFor(code: string, given: GivenError | undefined, isChange: boolean): string {
  const words = given?.message ?? 'the server answered with nothing';
  if (isChange && code === 'SERVICE_UNAVAILABLE')
    return 'The database does not answer right now. Try again in a moment.';
  if (isChange && code === 'RATE_LIMITED') return sentence(words);
  switch (code) {
    case 'SERVICE_UNAVAILABLE':
      return 'The database does not answer right now. Nothing is lost: what comes in waits in the journal.';
    case 'RATE_LIMITED':
      return `${sentence(words)} RATE_LIMIT_READS says how much may be read in a minute.`;
    case 'INTERNAL':
      return `The server met something unexpected. Its log has more under ${String(given?.extensions?.correlationId)}.`;
    case 'FORBIDDEN':
      return `${sentence(words)} Sign in with a key that may do this.`;
    default:
      return sentence(words);
  }
}

/** With a capital and a full stop. */
export function sentence(words: string): string {
  const text = words.trim();
  if (text === '') return text;
  return `${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}

/** The success of a result that may be an expected error. @throws ServerProblem if it is one */
export function succeeded<Result extends { readonly __typename: string }>(
  result: Result,
): Exclude<Result, { readonly code: string; readonly message: string }> {
  if ('code' in result && 'message' in result)
    throw new ServerProblem(String(result.code), sentence(String(result.message)), { ...result });
  return result as Exclude<Result, { readonly code: string; readonly message: string }>;
}
