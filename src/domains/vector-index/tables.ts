import { integer, pgTable, uuid } from 'drizzle-orm/pg-core';
import { instant } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/**
 * Turns that a worker may embed now: one row for all that it took together. In the rows of the turns themselves each lease
 * wrote a wide row and its places in all indexes anew.
 */
export const vectorLeases = pgTable('echo_vector_leases', {
  /** The worker's for this once. */
  token: uuid('token').primaryKey(),
  /** From when on others may have the turns. */
  until: instant('until').notNull(),
  interactionIds: integer('interaction_ids').array().notNull(),
});

export const duties: readonly Duty[] = [
  {
    table: vectorLeases,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they are numbers of turns, for a minute at most' },
    exported: { not: 'they say nothing of anybody' },
    audited: { not: 'only the server writes it' },
    kept: { until: 'the worker is done with the turns, or the next one finds that the lease is over' },
  },
];
