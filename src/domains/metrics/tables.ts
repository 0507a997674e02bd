import { jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Days that minutes and hours are kept. */
export const MINUTES_DAYS = 2;
export const HOURS_DAYS = 400;

const columns = () => ({
  /** When it began. */
  at: instant('at').notNull(),
  /** Of which server: the name of its data directory. */
  server: text('server').notNull(),
  /** All metrics together: one row is written and one is read. */
  rollups: jsonb('rollups').$type<Readonly<Record<string, unknown>>>().notNull(),
});

/** What a server measured in one minute. */
export const metricMinutes = pgTable('echo_metric_minutes', columns(), (table) => [
  primaryKey({ columns: [table.at, table.server] }),
]);

/** What a server measured in one hour, made of its minutes. */
export const metricHours = pgTable('echo_metric_hours', columns(), (table) => [
  primaryKey({ columns: [table.at, table.server] }),
]);

const OF_SERVER = {
  owner: 'system',
  erasure: { rows: 'keep', why: 'they count what a server does, and name nobody' },
  exported: { not: 'they are of the server' },
  audited: { not: 'the server writes them by itself' },
} as const;

export const duties: readonly Duty[] = [
  { ...OF_SERVER, table: metricMinutes, kept: { days: MINUTES_DAYS, past: metricMinutes.at } },
  { ...OF_SERVER, table: metricHours, kept: { days: HOURS_DAYS, past: metricHours.at } },
];
