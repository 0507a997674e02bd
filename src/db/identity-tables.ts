import { sql } from 'drizzle-orm';
import { boolean, check, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { Duty } from './duty.ts';

/** One row: which database this is. Whoever keeps something for it elsewhere marks it with the id. */
export const databaseIdentity = pgTable(
  'echo_database',
  {
    isOnlyRow: boolean('is_only_row').primaryKey().default(true),
    id: uuid('id').notNull().defaultRandom(),
    /** Cluster and number of the database that the id was given to; null: not looked at yet. */
    place: text('place'),
    /** The timeline on which the numbers of transactions go on; null: not looked at yet. */
    timeline: integer('timeline'),
  },
  (table) => [check('echo_database_one_row', sql`${table.isOnlyRow}`)],
);

export const duties: readonly Duty[] = [
  {
    table: databaseIdentity,
    owner: 'system',
    erasure: { rows: 'keep', why: 'it says nothing of users' },
    exported: { not: 'it is this database’s own' },
    audited: { not: 'only the server writes it' },
    kept: 'until they are deleted',
  },
];
