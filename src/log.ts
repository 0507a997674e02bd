import { pino } from 'pino';

export type Logger = pino.Logger;

/**
 * The process logger: one JSON line per event, on standard output (standard error for scripts).
 *
 * Text of turns is never passed to it; values that look like credentials are removed by path.
 */
export function createLogger(level: string, destination: 1 | 2 = 1): Logger {
  return pino(
    {
      level,
      base: { service: 'echo-brain' },
      timestamp: pino.stdTimeFunctions.isoTime,
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
