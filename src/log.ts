import { pino } from 'pino';
import { currentPlace } from './tracing/current.ts';

export type Logger = pino.Logger;

/**
 * The process logger: one JSON line per event, on standard output (standard error for scripts).
 *
 * Text of turns is never passed to it: of database errors only message, code and place are kept, because their
 * details quote values; other values that look like credentials are removed by path.
 */
export function createLogger(level: string, destination: 1 | 2 = 1): Logger {
  const latest: string[] = [];
  const out = pino.destination({ dest: destination, sync: false });
  const keeping = {
    write: (line: string) => {
      latest.push(line.length > MAX_KEPT_LENGTH ? '' : line);
      if (latest.length > KEPT_LINES) latest.shift();
      out.write(line);
    },
    flushSync: () => out.flushSync(),
  };
  const log = pino(
    {
      level,
      base: { service: 'echo-brain' },
      timestamp: pino.stdTimeFunctions.isoTime,
      // What belongs to a trace says to which.
      mixin: () => {
        const place = currentPlace();
        return place ? { trace_id: place.traceId, span_id: place.spanId } : {};
      },
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
    keeping,
  );
  kept.set(log, latest);
  return log;
}

/** Lines that are kept for who asks for them, and how long one may be. */
const KEPT_LINES = 100;
const MAX_KEPT_LENGTH = 4_000;
const kept = new WeakMap<Logger, readonly string[]>();

/** What is told of a line to somebody who may not see all that is in it. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

/** The last lines of a logger, oldest first: when, how bad and what, without what else they say. */
export function latestLines(log: Logger): LogLine[] {
  return (kept.get(log) ?? []).flatMap((line) => {
    if (line === '') return [];
    const { time, level, msg } = JSON.parse(line) as { time: string; level: number; msg?: string };
    return [{ time, level: pino.levels.labels[level] ?? String(level), message: msg ?? '' }];
  });
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
