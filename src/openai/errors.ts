import { EchoError, InvalidInput } from '../errors.ts';
import type { Problem } from '../http/problem.ts';

/** A field of a request is refused, in the way that clients of this protocol know. Names the field and the limit. */
export class BadField extends EchoError {
  override readonly name = 'BadField';
  override readonly code: string = 'INVALID_VALUE';
  override readonly httpStatus: number = 400;
  readonly field: string;
  constructor(field: string, problem: string) {
    super(`${field}: ${problem}`);
    this.field = field;
  }
}

/** No model has this name. */
export class UnknownModel extends BadField {
  override readonly code = 'MODEL_NOT_FOUND';
  override readonly httpStatus = 404;
  constructor(name: string, known: readonly string[]) {
    super('model', `there is no model "${name.slice(0, 100)}" here; there are ${known.join(', ')}`);
  }
}

/** What a verb refused, under the name that its value has in this protocol. */
export function renamed(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof InvalidInput)) return error;
  const problem = error.message.slice(error.field.length + 2);
  return new BadField(names[error.field] ?? error.field, problem);
}

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};
/** Where the status alone does not tell. */
const TYPES_OF_CODES: Readonly<Record<string, string>> = { QUOTA_EXCEEDED: 'insufficient_quota' };
const CODES: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  RATE_LIMITED: 'rate_limit_exceeded',
  BAD_USER_INPUT: 'invalid_value',
};

/** A failure as clients of this protocol are told of it. */
export function present({ status, code, message, details, correlationId }: Problem) {
  return {
    error: {
      message: code === 'INTERNAL' ? `${message}; correlation id ${correlationId}` : message,
      type:
        TYPES_OF_CODES[code] ?? TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
      param: details.field ?? null,
      code: CODES[code] ?? code.toLowerCase(),
    },
  };
}

/** Seconds that SDKs of this protocol wait at most before they try again by themselves. */
const PATIENCE_S = 60;

/** SDKs go by the status alone where nothing says whether to send it again, and so send once more what is refused for good with a 409. */
export function headersOf({ retryable, retryAfterSeconds }: Problem): Record<string, string> {
  return { 'x-should-retry': String(retryable && (retryAfterSeconds ?? 0) <= PATIENCE_S) };
}
