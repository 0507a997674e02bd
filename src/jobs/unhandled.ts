import { randomUUID } from 'node:crypto';
import type { Logger } from '../log.ts';

/** More within a minute are only counted: a log that cannot be written would otherwise report itself for ever. */
const MOST_PER_MINUTE = 20;

/**
 * Errors that nobody waited for are logged whole, told, and the process goes on; exceptions as well as rejections. What
 * this server must not lose is behind a commit, of the journal's thread or of PostgreSQL, so a function that was left in
 * its middle leaves nothing half done there; locks and connections are given back in `finally`. Ending instead would let
 * whoever finds a request that throws end the server for everybody.
 *
 * @param onError told of each by the correlation id under which it is in the log
 * @returns a function that takes the handlers away
 */
export function surviveUnhandled(log: Logger, onError: (correlationId: string) => void): () => void {
  let since = 0;
  let count = 0;
  const handle = (kind: string) => (error: unknown) => {
    if (Date.now() - since > 60_000) [since, count] = [Date.now(), 0];
    if (++count > MOST_PER_MINUTE) return;
    const correlationId = randomUUID();
    try {
      log.error({ err: error, kind, correlationId }, 'an error that nobody handled; the server goes on');
      onError(correlationId);
    } catch {
      // The log or the alerts are what failed: there is nobody left to tell.
    }
  };
  const rejected = handle('unhandledRejection');
  const thrown = handle('uncaughtException');
  process.on('unhandledRejection', rejected).on('uncaughtException', thrown);
  return () => {
    process.off('unhandledRejection', rejected).off('uncaughtException', thrown);
  };
}
