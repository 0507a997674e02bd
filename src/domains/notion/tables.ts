import { sql } from 'drizzle-orm';
import { bigserial, boolean, check, index, jsonb, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/**
 * How the mirror of a kind stands.
 *
 * - `WAITING`: nobody has looked at its database in Notion yet
 * - `MIRRORING`: rows go there
 * - `PARTIAL`: rows go there, but for properties that were deleted, or got a type that cannot hold them
 * - `BROKEN`: nothing goes there: its database cannot be reached, or has nothing by which a page is found again
 */
export const SOURCE_STATES = ['WAITING', 'MIRRORING', 'PARTIAL', 'BROKEN'] as const;
export type SourceState = (typeof SOURCE_STATES)[number];

/** A property of a database in Notion that a field goes to. Its id stays when people rename it. */
export interface MappedProperty {
  readonly field: string;
  /** What the settings say: a name or an id. Where that changes, the property is looked for anew. */
  readonly asked: string;
  readonly id: string;
  /** When it was last looked at. */
  readonly name: string;
  readonly type: string;
  /** Why nothing goes there; null: it does. */
  readonly problem: string | null;
  /** It is read, and never written. */
  readonly isRead: boolean;
}

/** Where each kind goes, as it was found in Notion. */
export const notionSources = pgTable(
  'echo_notion_sources',
  {
    kind: text('kind').primaryKey(),
    /** As the settings have it. */
    databaseId: text('database_id').notNull(),
    dataSourceId: text('data_source_id'),
    title: text('title'),
    properties: jsonb('properties').$type<readonly MappedProperty[]>().notNull().default([]),
    state: text('state', { enum: SOURCE_STATES }).notNull().default('WAITING'),
    problem: text('problem'),
    /** When somebody last looked at it in Notion, for rows that are new, and for pages that people set to be tasks. */
    resolvedAt: instant('resolved_at'),
    comparedAt: instant('compared_at'),
    polledAt: instant('polled_at'),
    /** Since when there is more that is new than the outbox takes at once; null: there is not. */
    behindSince: instant('behind_since'),
  },
  (table) => [
    check(
      'echo_notion_sources_state_check',
      sql`${table.state} in ('WAITING', 'MIRRORING', 'PARTIAL', 'BROKEN')`,
    ),
  ],
);

/**
 * What is, or is to be, a page in Notion. When a row goes, a trigger puts the removal of its page into the outbox: what an
 * erasure deletes here leaves Notion, too.
 */
export const notionPages = pgTable(
  'echo_notion_pages',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    tenantId: tenantId(),
    /** Of whom it tells; null: of nobody. */
    userId: text('user_id'),
    kind: text('kind').notNull(),
    /** By which Notion knows it, in a property of its own. */
    externalId: text('external_id').notNull(),
    /** Null: none is known. */
    pageId: text('page_id'),
    /** SHA-256 of what the page should say, and of what it was last told. */
    wanted: bytes('wanted').notNull(),
    written: bytes('written'),
    writtenAt: instant('written_at'),
    /** What it tells of may still change, however many newer ones there are. */
    isOpen: boolean('is_open').notNull().default(true),
    /** What brings it there, in the outbox. */
    deliveryId: uuid('delivery_id'),
    /** When Notion was last asked for a page of this external id, and had none. */
    missedAt: instant('missed_at'),
    /** Somebody asks Notion to make it, and until when nobody else does. */
    makingUntil: instant('making_until'),
    /** Notion was asked to make it, and nobody knows whether it did. */
    uncertain: boolean('uncertain').notNull().default(false),
    /** When it was found that somebody deleted it in Notion. */
    goneAt: instant('gone_at'),
  },
  (table) => [
    unique('echo_notion_pages_external_key').on(table.kind, table.externalId),
    unique('echo_notion_pages_page_key').on(table.pageId),
    index('echo_notion_pages_user_idx').on(table.userId, table.tenantId),
    index('echo_notion_pages_open_idx').on(table.kind, table.externalId).where(sql`${table.isOpen}`),
  ],
);

/** When the next request to Notion may go out, of all servers of the database. */
export const notionPace = pgTable('echo_notion_pace', {
  name: text('name').primaryKey(),
  nextAt: instant('next_at').notNull().defaultNow(),
  /** Notion asked for a pause. */
  pausedUntil: instant('paused_until'),
});

/** Pages that people set to be tasks and that cannot be: what was wrong is written there, once for each thing they say. */
export const notionRefusals = pgTable(
  'echo_notion_refusals',
  {
    pageId: text('page_id').primaryKey(),
    /** SHA-256 of what it said. */
    said: bytes('said').notNull(),
    problem: text('problem').notNull(),
    at: instant('at').notNull().defaultNow(),
  },
  (table) => [index('echo_notion_refusals_at_idx').on(table.at)],
);

export type SourceRow = typeof notionSources.$inferSelect;
export type PageRow = typeof notionPages.$inferSelect;

/** Days for which it is known that a page was refused. */
export const REFUSALS_KEPT_DAYS = 90;

const OF_SERVER = {
  owner: 'system',
  exported: { not: 'it is of this server’s mirror' },
  audited: { not: 'the server itself writes it' },
} as const;

export const duties: readonly Duty[] = [
  {
    table: notionPages,
    owner: { user: notionPages.userId },
    erasure: { rows: 'delete', counted: 'notionPages', left: 'notionPages' },
    exported: { not: 'they are copies of what is exported itself' },
    audited: { not: 'what they are copies of is' },
    kept: 'until they are deleted',
  },
  {
    ...OF_SERVER,
    table: notionSources,
    erasure: { rows: 'keep', why: 'they name databases, and no user' },
    kept: 'until they are deleted',
  },
  {
    ...OF_SERVER,
    table: notionPace,
    erasure: { rows: 'keep', why: 'it names nobody' },
    kept: 'until they are deleted',
  },
  {
    ...OF_SERVER,
    table: notionRefusals,
    erasure: { rows: 'keep', why: 'they name pages of the operator, and no user' },
    kept: { days: REFUSALS_KEPT_DAYS, past: notionRefusals.at },
  },
];
