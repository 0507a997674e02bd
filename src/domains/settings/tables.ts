import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

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

export const duties: readonly Duty[] = [
  {
    table: userSettings,
    owner: { user: userSettings.userId },
    erasure: { rows: 'delete', counted: 'settings', left: 'settings' },
    exported: { lines: 'settings' },
    audited: [
      {
        on: 'INSERT',
        action: 'settings.change',
        trigger: { target: userSettings.userId, owner: userSettings.userId },
      },
      {
        on: 'UPDATE',
        action: 'settings.change',
        trigger: { target: userSettings.userId, owner: userSettings.userId },
      },
      {
        on: 'DELETE',
        action: 'settings.remove',
        trigger: { target: userSettings.userId, owner: userSettings.userId },
      },
    ],
    kept: 'until they are deleted',
  },
];
