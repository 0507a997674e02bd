import { z } from 'zod';
import { databaseUrls, oneOf, type RawSettings, wholeNumber } from './values.ts';

/** What keeps turns: the database, the journal, and what is asked of both. */
export const settings = {
  DATABASE_URL: databaseUrls.optional(),
  DATABASE_READ_URL: databaseUrls.optional(),
  SLOW_QUERY_MS: wholeNumber(0, 600_000).prefault('100'),
  SQL_ECHO: oneOf('true', 'false').prefault('false'),
  ACK_POLICY: oneOf('journal', 'strict').prefault('journal'),
  ACK_DEADLINE_MS: wholeNumber(10, 60_000).prefault('1000'),
  JOURNAL_MAX_BYTES: wholeNumber(1_048_576, 1_099_511_627_776).prefault('1073741824'),
  SERVER_LEASE_MS: wholeNumber(1_000, 3_600_000).prefault('60000'),
  CANARY_INTERVAL_MS: wholeNumber(0, 3_600_000).prefault('60000'),
};
const Values = z.object(settings);

/** What no value is wrong in by itself. */
export function checkDurability(raw: RawSettings): string[] {
  if (!raw.DATABASE_READ_URL || raw.DATABASE_URL) return [];
  return ['DATABASE_READ_URL: needs DATABASE_URL, whose standby it names; the embedded database has none'];
}

export function durabilityOf(values: z.output<typeof Values>) {
  return {
    /** One, or several of which one leads to the primary; empty: embedded. */
    databaseUrls: values.DATABASE_URL ?? [],
    /** Standbys that are read in its place, one at a time; empty: none. */
    databaseReadUrls: values.DATABASE_READ_URL ?? [],
    slowQueryMs: values.SLOW_QUERY_MS,
    sqlEcho: values.SQL_ECHO === 'true',
    ackPolicy: values.ACK_POLICY,
    ackDeadlineMs: values.ACK_DEADLINE_MS,
    journalMaxBytes: values.JOURNAL_MAX_BYTES,
    serverLeaseMs: values.SERVER_LEASE_MS,
    canaryIntervalMs: values.CANARY_INTERVAL_MS,
  } as const;
}
