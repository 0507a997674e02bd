import { isPassing, judgeDatabaseError } from '../db/meaning.ts';
import {
  CursorExpired,
  EchoError,
  fieldOf,
  QuotaExceeded,
  RateLimited,
  SubscriberTooSlow,
} from '../errors.ts';
import type { Logger } from '../log.ts';
import { HttpProblem } from './body.ts';

/** What a caller is told of a failure; each door has its own words for it. */
export interface Problem {
  /** Over HTTP. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean;
  /** What more is known: the field, when to try again (milliseconds), the cursor to go on after. */
  readonly details: Readonly<{ field?: string; retryAfterMs?: number; cursor?: string }>;
  /** Under which the log has the whole error. */
  readonly correlationId: string;
  /** Seconds after which the same request may be taken, for the header `retry-after`; null: not said. */
  readonly retryAfterSeconds: number | null;
}

/**
 * The one place that judges what went wrong, for every door: what a caller may expect is told as it is, a database
 * that cannot work now as unavailable, and anything else only as unexpected, with the whole of it in the log.
 *
 * @param where the door or the path of a field, for the log
 */
export function problemOf(
  error: unknown,
  correlationId: string,
  log: Logger,
  where: Readonly<Record<string, unknown>>,
): Problem {
  if (error instanceof HttpProblem) return ofRequest(error, correlationId);
  if (error instanceof EchoError) return expected(error, correlationId);
  const meaning = judgeDatabaseError(error);
  if (isPassing(meaning)) {
    log.warn({ err: error, ...where, correlationId }, 'the database was needed and did not answer');
    return {
      status: 503,
      code: 'SERVICE_UNAVAILABLE',
      message: `the database ${meaning === 'unavailable' ? 'does not answer' : 'cannot do this'} now; try again`,
      retryable: true,
      details: { retryAfterMs: 1_000 },
      correlationId,
      retryAfterSeconds: 1,
    };
  }
  log.error({ err: error, ...where, correlationId }, 'unexpected error');
  return {
    status: 500,
    code: 'INTERNAL',
    message: 'Unexpected error',
    retryable: true,
    details: {},
    correlationId,
    retryAfterSeconds: null,
  };
}

function ofRequest({ status, code, message, retryAfterMs }: HttpProblem, correlationId: string): Problem {
  const retryable = retryAfterMs !== null;
  return {
    ...{ status, code, message, retryable, correlationId },
    details: retryable ? { retryAfterMs } : {},
    retryAfterSeconds: retryable ? Math.ceil(retryAfterMs / 1_000) : null,
  };
}

function expected(error: EchoError, correlationId: string): Problem {
  const { httpStatus: status, code, message, retryable } = error;
  const wait = waitOf(error);
  const field = fieldOf(error);
  return {
    ...{ status, code, message, retryable, correlationId },
    details: {
      ...(field !== null && { field }),
      ...((error instanceof SubscriberTooSlow || error instanceof CursorExpired) && { cursor: error.cursor }),
      ...(wait !== null && wait !== Infinity && { retryAfterMs: wait }),
    },
    retryAfterSeconds: retryable && wait !== Infinity ? Math.ceil((wait ?? 1_000) / 1_000) : null,
  };
}

/** Milliseconds after which the same request is taken; infinite: not by waiting; null: not known. */
function waitOf(error: EchoError): number | null {
  if (error instanceof RateLimited) return error.retryAfterMs;
  if (!(error instanceof QuotaExceeded)) return null;
  return error.resetsAt ? Math.max(error.resetsAt.getTime() - Date.now(), 1_000) : Infinity;
}
