import { boolean, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Who was erased: without a name, but so that an old copy of their turns is recognised. */
export const erasures = pgTable(
  'echo_erasures',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    receiptId: uuid('receipt_id').notNull(),
    tenantId: tenantId(),
    /** SHA-256 of tenant and user. */
    subject: bytes('subject').notNull(),
    /** What was said before this is not taken again. */
    erasedAt: instant('erased_at').notNull(),
    /** Each turn left a mark by which it is known again; without, whatever was said before counts as erased. */
    leftMarks: boolean('left_marks').notNull().default(false),
    /** Null while it is under way; an erasure that was cut off is finished by asking for it again. */
    completedAt: instant('completed_at'),
    receipt: jsonb('receipt').$type<Record<string, unknown>>(),
    signature: text('signature'),
  },
  (table) => [
    uniqueIndex('echo_erasures_receipt_key').on(table.receiptId),
    index('echo_erasures_subject_idx').on(table.subject, table.erasedAt),
  ],
);

export const duties: readonly Duty[] = [
  {
    table: erasures,
    owner: { subject: erasures.subject },
    erasure: { rows: 'keep', why: 'by them an old copy is known again; they say no name' },
    exported: { not: 'they are the server’s proof' },
    audited: [
      { on: 'INSERT', action: 'user.erase.begin', trigger: { target: erasures.receiptId } },
      {
        on: 'UPDATE',
        action: 'user.erase.end',
        trigger: { target: erasures.receiptId, of: [erasures.completedAt] },
      },
    ],
    kept: 'until they are deleted',
  },
];
