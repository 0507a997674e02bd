import { type SQL, sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  serial,
  smallint,
  text,
  uniqueIndex,
  varchar,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Bits of a perceptual hash, from the most significant: five bands, of which near hashes have one in common, or nearly. */
const band = (name: string, from: number, width: number) =>
  smallint(name).generatedAlwaysAs(
    (): SQL => sql.raw(`((perceptual_bits >> ${64 - from - width}) & ${2 ** width - 1})::smallint`),
  );
const words = (name: string) => text(name).array().notNull().default(sql`'{}'::text[]`);

/** What is known of one image or video, keyed by the hash of its content: however many files hold it. */
export const mediaInsights = pgTable(
  'echo_media_insights',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    /** Of one of its files, as text (`media-files` has the bytes). */
    filePath: text('file_path').notNull(),
    /** SHA-256, hexadecimal. */
    fileHash: text('file_hash').notNull(),
    /** PRESENT: at least one of its files is there. VANISHED: none is. BROKEN: its bytes can't be read as what they are. */
    state: text('state', { enum: ['PRESENT', 'VANISHED', 'BROKEN'] }).notNull(),
    /** 64 bits, hexadecimal; null where a picture has too little structure to be compared. */
    perceptualHash: text('perceptual_hash'),
    /** The same as a number, by which neighbours are found. */
    perceptualBits: bigint('perceptual_bits', { mode: 'bigint' }),
    bandA: band('band_a', 0, 13),
    bandB: band('band_b', 13, 13),
    bandC: band('band_c', 26, 13),
    bandD: band('band_d', 39, 13),
    bandE: band('band_e', 52, 12),
    /** By content, such as image/jpeg. */
    mediaType: varchar('media_type', { length: 50 }).notNull(),
    /** Pixels, as displayed. */
    width: integer('width'),
    height: integer('height'),
    durationSeconds: doublePrecision('duration_seconds'),
    /** Bytes. */
    fileSize: bigint('file_size', { mode: 'number' }),
    /** The instant; where no offset is known, the wall clock is taken for UTC. */
    dateTaken: instant('date_taken'),
    /** The wall clock as the file says it, such as 2024-05-01T12:30:00.25. */
    dateTakenLocal: text('date_taken_local'),
    /** Such as +02:00; null: unknown. */
    dateTakenOffset: text('date_taken_offset'),
    /** Which field of the file says so. */
    dateTakenSource: text('date_taken_source'),
    dateIndexed: instant('date_indexed').notNull().defaultNow(),
    /** Files that hold it and are there. */
    copies: integer('copies').notNull().default(0),
    /** What a model saw, and what was measured: JSON. */
    visualAnalysis: jsonb('visual_analysis'),
    analysisTier: text('analysis_tier', { enum: ['MODEL', 'FEATURES', 'FILE'] }).notNull(),
    analysisMethod: text('analysis_method').notNull(),
    /** 0 to 1. */
    analysisConfidence: real('analysis_confidence').notNull(),
    analysisAt: instant('analysis_at').notNull().defaultNow(),
    /** Why it is no higher tier, or why the file is broken. */
    analysisProblem: text('analysis_problem'),
    /** Pictures shown to a model whose answer could not be used. */
    modelAttempts: smallint('model_attempts').notNull().default(0),
    /** Of the program that read the file: a newer one reads it again. */
    readerVersion: integer('reader_version').notNull(),
    characterReferences: jsonb('character_references'),
    stylePreferences: jsonb('style_preferences'),
    /** Named colours with their shares: `[{ name, hex, share }]`. */
    colorPalette: jsonb('color_palette'),
    compositionNotes: text('composition_notes'),
    learnedByEcho: boolean('learned_by_echo').notNull().default(false),
    /** 0 to 1. */
    qualityScore: real('quality_score'),
    categories: words('categories'),
    /** By hand. */
    tags: words('tags'),
    ruleTags: words('rule_tags'),
    modelTags: words('model_tags'),
    /** What the text filter looks in: words of all that is known, as searches analyse them. */
    searchTerms: words('search_terms'),
    /** Of the analysis that made them (`terms.ts`): those of an older one are made again. */
    termsVersion: integer('terms_version').notNull().default(0),
    /** Decimal degrees. */
    latitude: doublePrecision('latitude'),
    longitude: doublePrecision('longitude'),
    /** All that the file says of the place: JSON. */
    locationData: jsonb('location_data'),
    cameraMake: text('camera_make'),
    cameraModel: text('camera_model'),
    cameraMetadata: jsonb('camera_metadata'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => {
    const bandIndex = (name: string, band: AnyPgColumn) =>
      index(`echo_media_insights_band_${name}_idx`).on(
        table.userId,
        table.tenantId,
        band,
        table.perceptualBits,
        table.id,
      );
    return [
      uniqueIndex('echo_media_insights_file_hash_key').on(table.fileHash, table.tenantId, table.userId),
      index('echo_media_insights_learned_idx').on(table.learnedByEcho),
      index('echo_media_insights_quality_idx').on(table.qualityScore),
      index('echo_media_insights_user_idx').on(table.userId, table.tenantId, table.id),
      // What has no date comes last where the newest comes first.
      index('echo_media_insights_taken_idx').on(
        table.userId,
        table.tenantId,
        sql`(coalesce(date_taken, '-infinity'::timestamptz))`,
        table.id,
      ),
      // Few of many.
      index('echo_media_insights_copies_idx')
        .on(table.userId, table.tenantId, table.id)
        .where(sql`copies > 1`),
      index('echo_media_insights_place_idx').on(
        table.userId,
        table.tenantId,
        table.latitude,
        table.longitude,
      ),
      index('echo_media_insights_terms_idx').using('gin', table.searchTerms),
      index('echo_media_insights_undescribed_idx')
        .on(table.id)
        .where(sql`state = 'PRESENT' and analysis_tier <> 'MODEL'`),
      index('echo_media_insights_terms_version_idx').on(table.termsVersion),
      // With all that is compared, so that no row is read but those that look alike.
      bandIndex('a', table.bandA),
      bandIndex('b', table.bandB),
      bandIndex('c', table.bandC),
      bandIndex('d', table.bandD),
      bandIndex('e', table.bandE),
      check('echo_media_insights_state_check', sql`${table.state} in ('PRESENT', 'VANISHED', 'BROKEN')`),
      check('echo_media_insights_tier_check', sql`${table.analysisTier} in ('MODEL', 'FEATURES', 'FILE')`),
    ];
  },
);

/** A file that was seen in one of the roots. Files with the same content share an insight. */
export const mediaFiles = pgTable(
  'echo_media_files',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    /** As the file system has it: names need not be UTF-8. */
    path: bytes('path').notNull(),
    /** SHA-256 of the path; an index holds no 4,096 bytes. */
    pathHash: bytes('path_hash').generatedAlwaysAs(sql`sha256(path)`),
    /** For people; what is no UTF-8 is written as \xNN. */
    shownPath: text('shown_path').notNull(),
    /** SHA-256 of the content, hexadecimal; null where it could not be read. */
    fileHash: text('file_hash'),
    /** Bytes. */
    size: bigint('size', { mode: 'number' }),
    /** Nanoseconds since 1970. */
    modifiedAt: bigint('modified_ns', { mode: 'bigint' }),
    device: text('device'),
    inode: text('inode'),
    /** Of the folder in which it lies: where that is on another one now, the file may be on one that is not mounted. */
    folderDevice: text('folder_device'),
    /** UNREADABLE: it could not be opened or read to its end. IGNORED: it is no image and no video. */
    state: text('state', { enum: ['PRESENT', 'VANISHED', 'BROKEN', 'UNREADABLE', 'IGNORED'] }).notNull(),
    /** Why it is not PRESENT. */
    problem: text('problem'),
    /** Attempts in a row that ended without an answer: the process that read it died, or took too long. */
    failures: integer('failures').notNull().default(0),
    /** Of the program that read it. */
    readerVersion: integer('reader_version').notNull(),
    /** What lay beside it when it was read and said something of it, as `sidecarMark` writes it; null: nothing. */
    sidecar: text('sidecar'),
    /** The indexing task that saw it last, a slash, and the number of the attempt. */
    seenInTask: text('seen_in_task'),
    /** What it was for that task: as its result counts it. */
    seenAs: text('seen_as', { enum: ['new', 'unchanged', 'changed', 'moved', 'duplicates'] }),
    seenAt: instant('seen_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('echo_media_files_path_key').on(table.pathHash, table.tenantId, table.userId),
    index('echo_media_files_hash_idx').on(table.fileHash, table.tenantId, table.userId),
    index('echo_media_files_user_idx').on(table.userId, table.tenantId, table.id),
    // A new file of a size that none has is a new content.
    index('echo_media_files_size_idx').on(table.userId, table.tenantId, table.size),
    // By which files of one content are counted, without a look at the rows.
    index('echo_media_files_present_idx')
      .on(table.userId, table.tenantId, table.fileHash)
      .where(sql`state = 'PRESENT'`),
    check(
      'echo_media_files_state_check',
      sql`${table.state} in ('PRESENT', 'VANISHED', 'BROKEN', 'UNREADABLE', 'IGNORED')`,
    ),
  ],
);

/**
 * Pictures of one user that look alike, cut into cells: each picture that is not the centre of one is a member of one.
 * There is such a partition for each number of bits in which a member may differ from its centre, 0 to 12.
 */
export const mediaPairs = pgTable(
  'echo_media_pairs',
  {
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    centre: integer('centre')
      .notNull()
      .references(() => mediaInsights.id, { onDelete: 'cascade' }),
    member: integer('member')
      .notNull()
      .references(() => mediaInsights.id, { onDelete: 'cascade' }),
    /** Bits in which their perceptual hashes differ. */
    distance: smallint('distance').notNull(),
    /** In which of the partitions: bit n is that of n bits. */
    partitions: smallint('partitions').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.centre, table.member] }),
    index('echo_media_pairs_member_idx').on(table.member),
    index('echo_media_pairs_user_idx').on(table.userId, table.tenantId, table.centre),
  ],
);

export type MediaInsightRow = typeof mediaInsights.$inferSelect;
export type MediaFileRow = typeof mediaFiles.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: mediaInsights,
    owner: { user: mediaInsights.userId },
    // Thumbnails belong to a row.
    erasure: { rows: { verb: 'eraseMedia' }, counted: 'media', left: 'media' },
    exported: { lines: 'mediaInsight' },
    audited: [
      {
        on: 'UPDATE',
        action: 'media.change',
        trigger: {
          target: mediaInsights.fileHash,
          owner: mediaInsights.userId,
          of: [mediaInsights.tags, mediaInsights.learnedByEcho],
        },
      },
      {
        on: 'DELETE',
        action: 'media.forget',
        trigger: { target: mediaInsights.fileHash, owner: mediaInsights.userId },
      },
    ],
    kept: 'until they are deleted',
  },
  {
    table: mediaFiles,
    owner: { user: mediaFiles.userId },
    erasure: { rows: { verb: 'eraseMedia' }, left: 'media' },
    // Those that the server keeps itself. Where the others lie is no part of what is known of them; indexing finds them again.
    exported: { lines: 'kept_file' },
    audited: { not: 'the change of the insight is' },
    kept: 'until they are deleted',
  },
  {
    table: mediaPairs,
    owner: { user: mediaPairs.userId },
    erasure: { rows: { verb: 'eraseMedia' }, left: 'media' },
    exported: { not: 'it is made again from the insights' },
    audited: { not: 'it follows from the insights' },
    kept: 'until they are deleted',
  },
];
