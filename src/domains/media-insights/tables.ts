import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  real,
  serial,
  text,
  uniqueIndex,
  varchar,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** What is known of one image or video file, keyed by its content hash. */
export const mediaInsights = pgTable(
  'echo_media_insights',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    filePath: text('file_path').notNull(),
    fileHash: text('file_hash').notNull(),
    perceptualHash: text('perceptual_hash'),
    mediaType: varchar('media_type', { length: 50 }).notNull(),
    width: integer('width'),
    height: integer('height'),
    /** Bytes. */
    fileSize: bigint('file_size', { mode: 'number' }),
    dateTaken: instant('date_taken'),
    dateIndexed: instant('date_indexed').notNull().defaultNow(),
    visualAnalysis: jsonb('visual_analysis'),
    characterReferences: jsonb('character_references'),
    stylePreferences: jsonb('style_preferences'),
    colorPalette: jsonb('color_palette'),
    compositionNotes: text('composition_notes'),
    learnedByEcho: boolean('learned_by_echo').notNull().default(false),
    qualityScore: real('quality_score'),
    categories: text('categories').array().notNull().default(sql`'{}'::text[]`),
    tags: text('tags').array().notNull().default(sql`'{}'::text[]`),
    locationData: jsonb('location_data'),
    cameraMetadata: jsonb('camera_metadata'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('echo_media_insights_file_hash_key').on(table.fileHash, table.tenantId),
    index('echo_media_insights_learned_idx').on(table.learnedByEcho),
    index('echo_media_insights_quality_idx').on(table.qualityScore),
  ],
);

export const duties: readonly Duty[] = [
  {
    table: mediaInsights,
    owner: 'tenant',
    erasure: { rows: 'keep', why: 'they are the tenant’s' },
    exported: { not: 'they are the tenant’s' },
    audited: { not: 'this version writes none' },
    kept: 'until they are deleted',
  },
];
