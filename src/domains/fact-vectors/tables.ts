import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';
import { learnedFacts } from '../facts/tables.ts';

/**
 * Vectors of facts, by which they are found in other words than their own. A trigger of the facts keeps the rows: one for each
 * that can be found, without a vector where its words are new. So they go with the fact, in its transaction. All can be made again.
 */
export const factVectors = pgTable(
  'echo_fact_vectors',
  {
    fact: integer('fact')
      .primaryKey()
      .references(() => learnedFacts.id, { onDelete: 'cascade' }),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    /** Grows with each change of the words, so that a vector of earlier ones is not taken for theirs. */
    revision: integer('revision').notNull().default(0),
    /** The key of the model that was last asked; null: none since the words are as they are. */
    model: text('model'),
    /** When it was asked; null: none was since the words are as they are. */
    askedAt: instant('asked_at'),
    /** Its direction, a signed byte for each dimension; null: it waits, or the model refused the words. */
    vector: bytes('vector'),
  },
  (table) => [
    index('echo_fact_vectors_user_idx').on(table.userId, table.tenantId),
    // Whoever makes them goes along what has no model, or another.
    index('echo_fact_vectors_model_idx').on(table.model, table.fact),
  ],
);

export const duties: readonly Duty[] = [
  {
    table: factVectors,
    owner: { user: factVectors.userId },
    erasure: { rows: 'delete', left: 'facts' },
    exported: { not: 'they are made again from the facts' },
    audited: { not: 'they say nothing that the facts do not' },
    kept: 'until they are deleted',
  },
];
