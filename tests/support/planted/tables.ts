import { boolean, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../../src/db/columns.ts';
import type { Duty } from '../../../src/db/duty.ts';

/** What users wish for: the table of a domain that is not the product's. */
export const wishes = pgTable(
  'wishes',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    wishId: uuid('wish_id').notNull(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    said: text('said').notNull(),
    dueAt: instant('due_at'),
    /** Noted by the rounds. */
    isLate: boolean('is_late').notNull().default(false),
    madeAt: instant('made_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('wishes_wish_id_key').on(table.wishId),
    index('wishes_owner_idx').on(table.userId, table.tenantId, table.id),
  ],
);

export type WishRow = typeof wishes.$inferSelect;

export const duty: Duty = {
  table: wishes,
  owner: { user: wishes.userId },
  erasure: { rows: 'delete', counted: 'wishes', left: 'wishes' },
  exported: { lines: 'wish' },
  audited: [{ on: 'INSERT', action: 'wish.make', trigger: { target: wishes.wishId, owner: wishes.userId } }],
  kept: { days: 400, past: wishes.madeAt },
};
