import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  check,
  index,
  pgTable,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

export const ALERT_STATUSES = ['OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

export const ALERT_CHANGES = [
  'RAISED',
  'ACKNOWLEDGED',
  'SNOOZED',
  'WOKEN',
  'ESCALATED',
  'REOPENED',
  'RESOLVED',
] as const;
export type AlertChangeKind = (typeof ALERT_CHANGES)[number];

/** Days that an alert is kept when it is over. */
export const ALERTS_KEPT_DAYS = 400;

/** Dangers, each from its beginning to its end, whichever of the servers on the database see it. */
export const alerts = pgTable(
  'echo_alerts',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    alertId: uuid('alert_id').notNull(),
    /** Which danger. */
    name: text('name').notNull(),
    severity: text('severity', { enum: ['WARNING', 'CRITICAL'] }).notNull(),
    message: text('message').notNull(),
    runbook: text('runbook'),
    status: text('status', { enum: ALERT_STATUSES }).notNull().default('OPEN'),
    raisedAt: instant('raised_at').notNull(),
    snoozedUntil: instant('snoozed_until'),
    resolvedAt: instant('resolved_at'),
    /** Who was told: names of channels, the first one first. */
    told: text('told').array().notNull().default([]),
    toldAt: instant('told_at'),
    /** When somebody is told of it again; null: nobody is. */
    tellAt: instant('tell_at'),
  },
  (table) => [
    unique('echo_alerts_alert_id_key').on(table.alertId),
    uniqueIndex('echo_alerts_open_idx').on(table.name).where(sql`${table.status} <> 'RESOLVED'`),
    index('echo_alerts_name_idx').on(table.name, table.id),
    index('echo_alerts_tell_idx').on(table.tellAt).where(sql`${table.tellAt} is not null`),
    index('echo_alerts_told_idx').on(table.toldAt),
    index('echo_alerts_resolved_idx').on(table.resolvedAt),
    check('echo_alerts_severity_check', sql`${table.severity} in ('WARNING', 'CRITICAL')`),
    check(
      'echo_alerts_status_check',
      sql`${table.status} in ('OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED')`,
    ),
  ],
);

/** Which server sees a danger, and since when: an alert is over when none does any more. */
export const alertSightings = pgTable(
  'echo_alert_sightings',
  {
    /** The alert's id on the server that saw it. */
    sightingId: uuid('sighting_id').primaryKey(),
    alert: bigint('alert', { mode: 'number' })
      .notNull()
      .references(() => alerts.id, { onDelete: 'cascade' }),
    /** Names its data directory. */
    server: text('server').notNull(),
    beganAt: instant('began_at').notNull(),
    /** When the server last said that it still sees it. */
    seenAt: instant('seen_at').notNull().defaultNow(),
    endedAt: instant('ended_at'),
  },
  (table) => [
    index('echo_alert_sightings_alert_idx').on(table.alert),
    index('echo_alert_sightings_open_idx').on(table.server).where(sql`${table.endedAt} is null`),
  ],
);

/** What became of alerts, and who did it. */
export const alertChanges = pgTable(
  'echo_alert_changes',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    /** Of whoever did it. */
    tenantId: tenantId(),
    alert: bigint('alert', { mode: 'number' })
      .notNull()
      .references(() => alerts.id, { onDelete: 'cascade' }),
    kind: text('kind', { enum: ALERT_CHANGES }).notNull(),
    at: instant('at').notNull().defaultNow(),
    /** Who did it; null: the server. */
    changedBy: text('changed_by'),
    /** More, in the server's own words; null: nothing. */
    note: text('note'),
  },
  (table) => [
    index('echo_alert_changes_alert_idx').on(table.alert, table.id),
    index('echo_alert_changes_by_idx').on(table.changedBy, table.tenantId),
    check(
      'echo_alert_changes_kind_check',
      sql`${table.kind} in ('RAISED', 'ACKNOWLEDGED', 'SNOOZED', 'WOKEN', 'ESCALATED', 'REOPENED', 'RESOLVED')`,
    ),
  ],
);

export type AlertRow = typeof alerts.$inferSelect;
export type AlertChangeRow = typeof alertChanges.$inferSelect;

const OF_THE_SERVER = 'they are of the server, and for those who run it';

export const duties: readonly Duty[] = [
  {
    table: alerts,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they are dangers to the server, and name no user' },
    exported: { not: OF_THE_SERVER },
    audited: { not: 'their changes say who did what' },
    kept: { days: ALERTS_KEPT_DAYS, past: alerts.resolvedAt },
  },
  {
    table: alertSightings,
    owner: 'system',
    erasure: { rows: 'keep', why: 'they name servers, and no user' },
    exported: { not: OF_THE_SERVER },
    audited: { not: 'the server itself writes them' },
    kept: { until: 'their alert goes' },
  },
  {
    table: alertChanges,
    owner: 'tenant',
    erasure: {
      rows: 'keep',
      why: 'they say what became of dangers to the server',
      names: [alertChanges.changedBy],
    },
    exported: { not: OF_THE_SERVER },
    // In the log of the tenant whose admin does it.
    audited: [
      { on: 'INSERT', action: 'alert.acknowledge' },
      { on: 'INSERT', action: 'alert.snooze' },
      { on: 'INSERT', action: 'alert.resolve' },
    ],
    kept: { until: 'their alert goes' },
  },
];
