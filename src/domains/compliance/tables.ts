import { sql } from 'drizzle-orm';
import { check, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Laws by which persons ask what is kept of them, and until when they are to be answered. */
export const REGIONS = ['EU', 'UK', 'CALIFORNIA', 'CANADA', 'BRAZIL'] as const;
export type Region = (typeof REGIONS)[number];

/** What somebody asks for. */
export const REQUEST_KINDS = ['ACCESS', 'ERASURE', 'RECTIFICATION', 'OBJECTION'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** What became of a request. */
export const REQUEST_OUTCOMES = ['DONE', 'REFUSED', 'WITHDRAWN'] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/**
 * What is to be said of a line of a report.
 *
 * - `OK`: it is as it should be, or only told
 * - `ATTENTION`: somebody is to look at it
 * - `UNKNOWN`: this server cannot know it
 */
export const LINE_STATES = ['OK', 'ATTENTION', 'UNKNOWN'] as const;
export type LineState = (typeof LINE_STATES)[number];

/** Rows that a line was made of, so that its reader can look at them. */
export interface Citation {
  /** A table; or the GraphQL query that shows them, where they lie in no table. */
  readonly source: string;
  /** SQL: which rows of the table; null: no table. */
  readonly where: string | null;
  /** Keys of the first of them. */
  readonly ids: readonly string[];
  /** How many there were. */
  readonly rows: number;
}

export interface ReportLine {
  readonly state: LineState;
  readonly text: string;
  /** By whose law, for what hangs on one. */
  readonly region?: Region;
  /** The public part of the key that it is about, whose holder is looked up when it is read. */
  readonly keyId?: string;
  readonly cites: readonly Citation[];
}

/** Parts of a report, in their order. */
export const REPORT_PARTS = [
  'REQUESTS',
  'RETENTION',
  'BACKUPS',
  'ACCESS',
  'UNUSED_KEYS',
  'FAILED_LOGINS',
  'INTEGRITY',
] as const;
export type ReportPart = (typeof REPORT_PARTS)[number];

export interface ReportSection {
  readonly part: ReportPart;
  readonly lines: readonly ReportLine[];
}

/** What persons asked for who are remembered, and until when they are to be answered. Whose it is, nobody learns from a row. */
export const dataRequests = pgTable(
  'data_subject_requests',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    requestId: uuid('request_id').notNull(),
    tenantId: tenantId(),
    /** SHA-256 of tenant and user. */
    subject: bytes('subject').notNull(),
    kind: text('kind').$type<RequestKind>().notNull(),
    /** By whose law it is to be answered. */
    region: text('region').$type<Region>().notNull(),
    /** When it came in, by whatever way. */
    askedAt: instant('asked_at').notNull(),
    dueAt: instant('due_at').notNull(),
    notedAt: instant('noted_at').notNull().defaultNow(),
    /** Null: it is open. */
    closedAt: instant('closed_at'),
    outcome: text('outcome').$type<RequestOutcome>(),
  },
  (table) => [
    uniqueIndex('data_subject_requests_request_key').on(table.requestId),
    index('data_subject_requests_tenant_idx').on(table.tenantId, table.id),
    index('data_subject_requests_subject_idx').on(table.subject),
    check(
      'data_subject_requests_closed_check',
      sql`(${table.closedAt} is null) = (${table.outcome} is null) and ${table.closedAt} >= ${table.askedAt}`,
    ),
  ],
);

/** When somebody looked whether a key should still open what it opens. */
export const accessReviews = pgTable(
  'access_reviews',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    tenantId: tenantId(),
    /** Whom the key speaks for: with them it goes. */
    userId: text('user_id').notNull(),
    /** The public part of the key. */
    keyId: text('key_id').notNull(),
    reviewedAt: instant('reviewed_at').notNull().defaultNow(),
    reviewedBy: text('reviewed_by').notNull(),
  },
  (table) => [
    index('access_reviews_key_idx').on(table.keyId, table.reviewedAt),
    index('access_reviews_user_idx').on(table.userId, table.tenantId),
  ],
);

/** What a tenant's week came to. Holders of keys are looked up when it is read: nobody's name is in it. */
export const complianceReports = pgTable(
  'compliance_reports',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    reportId: uuid('report_id').notNull(),
    tenantId: tenantId(),
    /** The Monday of the week (UTC) in which it was made, as 2026-11-23. */
    week: text('week').notNull(),
    /** What happened from then on, and before `until`, is told. */
    since: instant('since').notNull(),
    until: instant('until').notNull(),
    region: text('region').$type<Region>().notNull(),
    sections: jsonb('sections').$type<readonly ReportSection[]>().notNull(),
    madeAt: instant('made_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('compliance_reports_report_key').on(table.reportId),
    uniqueIndex('compliance_reports_week_key').on(table.tenantId, table.week),
  ],
);

export type DataRequestRow = typeof dataRequests.$inferSelect;
export type ComplianceReportRow = typeof complianceReports.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: dataRequests,
    owner: { subject: dataRequests.subject },
    erasure: { rows: 'keep', why: 'they prove that somebody was answered; they say no name' },
    exported: { not: 'they are the server’s proof' },
    audited: [
      { on: 'INSERT', action: 'request.open', trigger: { target: dataRequests.requestId } },
      {
        on: 'UPDATE',
        action: 'request.close',
        trigger: { target: dataRequests.requestId, of: [dataRequests.closedAt] },
      },
    ],
    kept: 'until they are deleted',
  },
  {
    table: accessReviews,
    owner: { user: accessReviews.userId },
    erasure: { rows: 'delete', left: 'accessReviews', names: [accessReviews.reviewedBy] },
    exported: { not: 'a key opens this server only' },
    audited: [
      {
        on: 'INSERT',
        action: 'access.review',
        trigger: { target: accessReviews.keyId, owner: accessReviews.userId },
      },
    ],
    kept: 'until they are deleted',
  },
  {
    table: complianceReports,
    owner: 'tenant',
    erasure: { rows: 'keep', why: 'they cite rows by their numbers, and name nobody' },
    exported: { not: 'they are the tenant’s, and name nobody' },
    audited: { not: 'the server makes them, as the results of its tasks' },
    kept: 'until they are deleted',
  },
];
