import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';

/** What users chose for themselves; who chose nothing has no row. */
export const userSettings = pgTable(
  'echo_user_settings',
  {
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    /** IANA name; null: the server's default. */
    timeZone: text('time_zone'),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.tenantId] })],
);
