import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Parts that make up the whole, of which a flag is on for some: a hundred per cent in thousandths of a per cent. */
export const WHOLE = 100_000;

/** What is on for some and off for others, on all servers of the database. */
export const featureFlags = pgTable(
  'feature_flags',
  {
    key: text('key').primaryKey(),
    description: text('description').notNull().default(''),
    /** False: it is off for everybody. */
    enabled: boolean('enabled').notNull().default(false),
    /** Of those whom nothing else names, the share for whom it is on, of `WHOLE`. */
    share: integer('share').notNull().default(WHOLE),
    tenants: text('tenants').array().notNull().default([]),
    roles: text('roles').array().notNull().default([]),
    /** From then on it is off for everybody; null: never. */
    expiresAt: instant('expires_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    check('feature_flags_share_check', sql`${table.share} between 0 and ${sql.raw(String(WHOLE))}`),
  ],
);

/** Users for whom a flag is on, whatever its share is. */
export const featureFlagUsers = pgTable(
  'feature_flag_users',
  {
    flag: text('flag')
      .notNull()
      .references(() => featureFlags.key, { onDelete: 'cascade' }),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.flag, table.tenantId, table.userId] }),
    index('feature_flag_users_user_idx').on(table.tenantId, table.userId),
  ],
);

export type FlagRow = typeof featureFlags.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: featureFlags,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they are the server’s, and name nobody' },
    exported: { not: 'they are of this server' },
    // In the log of the tenant whose admin does it: the rows themselves are no tenant's. One statement makes and changes.
    audited: [
      { on: 'INSERT', action: 'flag.set' },
      { on: 'DELETE', action: 'flag.delete' },
    ],
    kept: 'until they are deleted',
  },
  {
    table: featureFlagUsers,
    owner: { user: featureFlagUsers.userId },
    erasure: { rows: 'delete', counted: 'featureFlags', left: 'featureFlags' },
    exported: { not: 'it is what the operator decided, on this server' },
    audited: { not: 'they are set with their flag, which is told with their number' },
    kept: 'until they are deleted',
  },
];
