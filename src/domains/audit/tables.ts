import { bigserial, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { bytes, currentTransactionId, instant, tenantId, transactionId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/**
 * Who did what: one row for each write, in its transaction, and for each refusal. Rows can be added and read; a
 * trigger refuses everything else. Names stand in `echo_audit_names`, so that erasing a person changes no row.
 */
export const auditLog = pgTable(
  'echo_audit_log',
  {
    id: bigserial('id', { mode: 'bigint' }).primaryKey(),
    transactionId: transactionId('xid').notNull().default(currentTransactionId),
    at: instant('at').notNull().defaultNow(),
    tenantId: tenantId(),
    /** Who: a pseudonym; null: the server itself. */
    actor: text('actor'),
    /** Public part of the key, or id of the token. */
    credential: text('credential'),
    /** Whose data: a pseudonym. */
    onBehalfOf: text('on_behalf_of'),
    /** From where: a pseudonym of the address. */
    address: text('address'),
    action: text('action').notNull(),
    /** What of theirs: a pseudonym. */
    target: text('target'),
    /** OK, or the code of the refusal. */
    result: text('result').notNull(),
    correlationId: text('correlation_id'),
    detail: jsonb('detail').$type<Record<string, unknown>>(),
  },
  (table) => [index('echo_audit_log_order_idx').on(table.transactionId, table.id)],
);

/** Names behind pseudonyms, each with the user whose erasure takes it away. */
export const auditNames = pgTable(
  'echo_audit_names',
  {
    pseudonym: text('pseudonym').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id'),
    name: text('name').notNull(),
  },
  (table) => [index('echo_audit_names_user_idx').on(table.userId, table.tenantId)],
);

/** The hash chain over the log: each seal covers the rows up to its place and the seal before it. */
export const auditSeals = pgTable('echo_audit_seals', {
  id: integer('id').primaryKey(),
  at: instant('at').notNull().defaultNow(),
  /** The last row that it covers. */
  lastTransaction: transactionId('last_xid').notNull(),
  lastId: text('last_id').notNull(),
  rows: integer('rows').notNull(),
  hash: bytes('hash').notNull(),
});

export const duties: readonly Duty[] = [
  {
    table: auditLog,
    owner: 'tenant',
    erasure: { rows: 'keep', why: 'it holds pseudonyms, and its rows are chained' },
    exported: { not: 'it is for those who run the server' },
    audited: { not: 'it is the log' },
    kept: { setting: 'AUDIT_RETENTION_DAYS', past: auditLog.at, inOrderOf: auditLog.id },
  },
  {
    table: auditNames,
    owner: { user: auditNames.userId },
    erasure: {
      rows: { verb: 'eraseAuditNames' },
      left: { not: 'they go behind the proof, since the end of the erasure is told in the log' },
    },
    exported: { not: 'it is for those who run the server' },
    audited: { not: 'it belongs to the log' },
    kept: 'until they are deleted',
  },
  {
    table: auditSeals,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they hold hashes over pseudonyms' },
    exported: { not: 'it belongs to the log' },
    audited: { not: 'it belongs to the log' },
    kept: 'until they are deleted',
  },
];
