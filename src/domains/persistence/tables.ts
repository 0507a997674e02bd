import { index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { instant } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/**
 * The journals that keep turns for this database, one for each data directory: who has one says so again and again, so that
 * turns in the journal of a server that does not come back are missed by somebody.
 */
export const journals = pgTable(
  'echo_journals',
  {
    /** Of the data directory, whichever process works on it. */
    journalId: uuid('journal_id').primaryKey(),
    host: text('host').notNull(),
    /** The data directory, as that host names it. */
    directory: text('directory').notNull(),
    startedAt: instant('started_at').notNull(),
    /** When its server was last heard of, by the clock of the database. */
    seenAt: instant('seen_at').notNull().defaultNow(),
    /** When its server ended as it should; null: it runs, or nobody knows. */
    stoppedAt: instant('stopped_at'),
    /** Entries that waited for the database then. */
    depth: integer('depth').notNull(),
    /** Entries that were set apart, because the database refuses them, and that nobody had discarded. */
    setApart: integer('set_apart').notNull(),
    /** Since when the oldest of those that waited did; null: none waited. */
    oldestAt: instant('oldest_at'),
    /** When somebody said that nobody will bring it back. */
    givenUpAt: instant('given_up_at'),
  },
  (table) => [index('echo_journals_stopped_idx').on(table.stoppedAt)],
);

export type JournalRow = typeof journals.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: journals,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they are the servers’, and name nobody' },
    exported: { not: 'they are of these servers' },
    // In the log of the tenant whose admin does it: the rows themselves are no tenant's.
    audited: [{ on: 'UPDATE', action: 'journal.waive' }],
    kept: { days: 7, past: journals.stoppedAt, unless: journals.oldestAt },
  },
];
