import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { currentTransactionId, instant, tenantId, transactionId } from '../db/columns.ts';
import type { Duty } from '../db/duty.ts';

/**
 * Durable events, written in the transaction of the change that they tell of.
 *
 * Their order is (transaction, id): ids alone are not safe to page by, because a transaction that took a lower
 * id can commit after one with a higher id, and a reader that has passed it would never see it.
 */
export const events = pgTable(
  'echo_events',
  {
    id: bigserial('id', { mode: 'bigint' }).primaryKey(),
    transactionId: transactionId('xid').notNull().default(currentTransactionId),
    tenantId: tenantId(),
    userId: text('user_id'),
    kind: text('kind').notNull(),
    conversationId: text('conversation_id'),
    turnId: uuid('turn_id'),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull().default({}),
    /** The process that told it before the database could take it, and its number there; null for all others. */
    origin: text('origin'),
    originNumber: integer('origin_number'),
    at: instant('at').notNull().defaultNow(),
  },
  (table) => [
    index('echo_events_cursor_idx').on(table.transactionId, table.id),
    index('echo_events_user_idx').on(table.userId, table.tenantId, table.transactionId),
    index('echo_events_kind_idx').on(table.kind, table.tenantId, table.id),
    uniqueIndex('echo_events_origin_key').on(table.origin, table.originNumber),
    index('echo_events_activity_idx').on(table.transactionId, table.id).where(sql`kind = 'activity'`),
  ],
);

/**
 * Up to where events of a kind were pruned: who resumes before that has missed some, and is told. An erasure leaves no
 * such mark: what it takes was its user's alone.
 */
export const eventsPruned = pgTable('echo_events_pruned', {
  kind: text('kind').primaryKey(),
  transactionId: transactionId('xid').notNull(),
  id: bigint('id', { mode: 'bigint' }).notNull(),
});

export const duties: readonly Duty[] = [
  {
    table: events,
    owner: { user: events.userId },
    erasure: { rows: 'delete', counted: 'events', left: 'events' },
    exported: { not: 'they told of what is exported itself' },
    audited: { not: 'they tell of changes that are audited' },
    kept: {
      until:
        'EVENTS_RETENTION_DAYS have gone by (`pruned.ts` marks where they were); of the kind activity so many at most as the domain says',
    },
  },
  {
    table: eventsPruned,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they name places, and nobody' },
    exported: { not: 'they say nothing of anybody' },
    audited: { not: 'what is pruned has outlived its use' },
    kept: { until: 'the kind is pruned again' },
  },
];
