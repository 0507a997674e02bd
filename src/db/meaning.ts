import { DrizzleQueryError } from 'drizzle-orm/errors';
import { DeadlineExceeded, isConnectionError } from './deadline.ts';

/**
 * What an error of the database means for the work that met it.
 *
 * - `unavailable`: nobody is there who would work for us (starting, stopping, no free connection, not let in, not the
 *   database that was used before)
 * - `overloaded`: it answers, but cannot do this now, whoever asks (disk full, read-only, out of memory, files damaged)
 * - `retry`: somebody else was in the way (deadlock, serialization, a lock); the same work may succeed at once
 * - `cancelled`: the statement was ended from outside, or took too long
 * - `refused`: these data will always be refused
 * - `defect`: the statement does not fit the schema or the rights, whatever the data are; an operator has to look
 * - `unknown`: no error of the database
 */
export type DatabaseMeaning =
  | 'unavailable'
  | 'overloaded'
  | 'retry'
  | 'cancelled'
  | 'refused'
  | 'defect'
  | 'unknown';

/** Somebody answers at the database's address, but it is not the database; the message is for the operator. */
export class OtherDatabase extends Error {
  override readonly name = 'OtherDatabase';
}

/** What answers as a replica cannot be read in the database's place; the message is for the operator. */
export class NoReplica extends Error {
  override readonly name = 'NoReplica';
}

/** Classes of PostgreSQL's appendix A (and single codes, which go first). What is not listed is a defect. */
const MEANINGS: Readonly<Record<string, Exclude<DatabaseMeaning, 'unknown'>>> = {
  '08': 'unavailable',
  // Data: exceptions, constraints, views with check option, limits that a value is too large for.
  '21': 'refused',
  '22': 'refused',
  '23': 'refused',
  '44': 'refused',
  '54': 'refused',
  // Too deep a nesting and too many columns or arguments are of the statement, not of the data.
  '54001': 'defect',
  '54011': 'defect',
  '54023': 'defect',
  '25006': 'overloaded',
  // The session took too long within a transaction, and was ended.
  '25P03': 'cancelled',
  '25P04': 'cancelled',
  '28': 'unavailable',
  '3D': 'unavailable',
  '40': 'retry',
  // A deferred constraint was violated at the commit.
  '40002': 'refused',
  '53': 'overloaded',
  '53300': 'unavailable',
  '55': 'defect',
  '55006': 'retry',
  '55P03': 'retry',
  '57': 'cancelled',
  '57P01': 'unavailable',
  '57P02': 'unavailable',
  '57P03': 'unavailable',
  '57P04': 'unavailable',
  '57P05': 'unavailable',
  '58': 'overloaded',
  F0: 'overloaded',
  XX: 'overloaded',
};

/** What an error of the database means: the one place that knows SQLSTATEs and the driver's own errors. */
export function judgeDatabaseError(error: unknown): DatabaseMeaning {
  const cause = driverError(error);
  // Our own patience ended; whether anybody is there, the look at the database says.
  if (cause instanceof DeadlineExceeded) return 'cancelled';
  if (cause instanceof OtherDatabase || cause instanceof NoReplica) return 'unavailable';
  const { code, severity } = (cause ?? {}) as { code?: unknown; severity?: unknown };
  // Only errors that the server itself reported have a severity.
  if (severity === undefined || typeof code !== 'string')
    return cause instanceof Error && isConnectionError(cause) ? 'unavailable' : 'unknown';
  return MEANINGS[code] ?? MEANINGS[code.slice(0, 2)] ?? 'defect';
}

/** Whether the same request may succeed later without anybody changing it. */
export function isPassing(meaning: DatabaseMeaning): boolean {
  return ['unavailable', 'overloaded', 'retry', 'cancelled'].includes(meaning);
}

/** What the driver threw. Drizzle wraps it in an error whose message holds the statement with its values. */
export function driverError(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
}

/** An error's words for logs and alerts: without the statement's values, with its SQLSTATE. */
export function wordsOf(error: unknown): string {
  const { message, code } = driverError(error) as { message?: unknown; code?: unknown };
  return typeof code === 'string' ? `${String(message)} (${code})` : String(message);
}
