import { sql } from 'drizzle-orm';
import { customType, text, timestamp } from 'drizzle-orm/pg-core';

/** An instant in UTC with the precision of a JavaScript `Date`, so that cursors made of it lose nothing. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** The tenant that owns a row; every owned table has it. */
export const tenantId = () => text('tenant_id').notNull().default('default');

/** The 64-bit id of the writing transaction; together with a snapshot it orders events without gaps. */
export const transactionId = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' });

/** Raw bytes (a hash). */
export const bytes = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });

/** The number of the writing transaction, which goes on where the database was loaded into another cluster. */
export const currentTransactionId = sql`echo_transaction_id()`;
