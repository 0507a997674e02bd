import { pino } from 'pino';

export type Logger = pino.Logger;

/**
 * The process logger: one JSON line per event, on standard output (standard error for scripts).
 *
 * Text of turns is never passed to it: of database errors only message, code and place are kept, because their
 * details quote values; other values that look like credentials are removed by path.
 */
export function createLogger(level: string, destination: 1 | 2 = 1): Logger {
  return pino(
    {
      level,
      base: { service: 'echo-brain' },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: withoutValues },
      redact: {
        paths: [
          '*.authorization',
          '*.apiKey',
          '*.password',
          '*.token',
          'authorization',
          'apiKey',
          'password',
          'token',
        ],
        censor: '[redacted]',
      },
    },
    pino.destination({ dest: destination, sync: false }),
  );
}

/** Drizzle's errors hold the statement with its values in their message and stack; the driver's cause does not. */
function withoutValues(error: unknown): unknown {
  const isQueryError = error instanceof Error && 'query' in error && 'params' in error;
  const cause = isQueryError ? error.cause : error;
  if (!(cause instanceof Error))
    return isQueryError ? { type: 'DatabaseError', message: 'a statement failed' } : cause;
  const { code } = cause as { code?: unknown };
  return {
    type: cause.name,
    message: cause.message,
    ...(code === undefined ? {} : { code }),
    stack: cause.stack,
  };
}
