import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import * as input from '../../ground/input.ts';
import { type ExportedLine, type Place, sectionOfRows } from '../../ground/section.ts';
import { MAX_TEXT } from '../../media/facts.ts';
import { bitsOf } from './bands.ts';
import { MAX_TAGS, tag } from './changes.ts';
import { MEDIA_STATES } from './filter.ts';
import { lockMedia } from './owners.ts';
import { notePairs } from './pairs.ts';
import { type MediaInsightRow, mediaInsights } from './tables.ts';
import { TERMS_VERSION, termsOf } from './terms.ts';

/** Characters of one value of JSON, as text. */
const MAX_JSON = 1_000_000;
/** A NUL or half a surrogate pair, in JSON; no jsonb holds it. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i;

const json = z.unknown().superRefine((value, context) => {
  const written = JSON.stringify(value) ?? '';
  if (written.length > MAX_JSON)
    context.addIssue({ code: 'custom', message: `must have at most ${MAX_JSON} characters as JSON` });
  if (UNSTORABLE.test(written))
    context.addIssue({ code: 'custom', message: 'must not contain U+0000 or broken UTF-16' });
});
const words = (maximum: number) => z.array(input.text(1_000)).max(maximum);
const wholeNumber = z.int32().nonnegative();
const share = z.number().min(0).max(1);

/** An insight: what was found in its file, and what persons and models said of it. */
const MediaLine = z.object({
  kind: z.literal('mediaInsight'),
  tenantId: z.string(),
  userId: z.string(),
  fileHash: z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 of 64 hexadecimal digits' }),
  filePath: input.text(100_000),
  state: z.enum(MEDIA_STATES),
  mediaType: input.text(50),
  fileSize: z.int().nonnegative().nullable(),
  width: wholeNumber.nullable(),
  height: wholeNumber.nullable(),
  durationSeconds: z.number().nonnegative().nullable(),
  dateTaken: input.writtenInstant.nullable(),
  dateTakenLocal: input.text(100).nullable(),
  dateTakenOffset: input.text(20).nullable(),
  dateTakenSource: input.text(200).nullable(),
  latitude: z.number().min(-90).max(90).nullable(),
  longitude: z.number().min(-180).max(180).nullable(),
  locationData: json,
  cameraMake: input.text(MAX_TEXT).nullable(),
  cameraModel: input.text(MAX_TEXT).nullable(),
  cameraMetadata: json,
  perceptualHash: z
    .string()
    .regex(/^[0-9a-f]{16}$/, { error: 'must have 16 hexadecimal digits' })
    .nullable(),
  qualityScore: share.nullable(),
  colorPalette: json,
  visualAnalysis: json,
  compositionNotes: input.text(100_000).nullable(),
  stylePreferences: json,
  characterReferences: json,
  categories: words(1_000),
  tags: z.array(tag).max(MAX_TAGS),
  ruleTags: words(1_000),
  modelTags: words(1_000),
  learned: z.boolean(),
  analysisTier: z.enum(['MODEL', 'FEATURES', 'FILE']),
  analysisMethod: input.text(1_000),
  analysisConfidence: share,
  analysisAt: input.writtenInstant,
  analysisProblem: input.text(10_000).nullable(),
  readerVersion: wholeNumber,
  dateIndexed: input.writtenInstant,
  createdAt: input.writtenInstant,
  updatedAt: input.writtenInstant,
});
type MediaLine = z.output<typeof MediaLine>;

/** A user's insights, in the order in which they came. One that is there already stays as it is. */
export const media = sectionOfRows<{ readonly db: Database }, MediaLine>({
  kind: 'mediaInsight',
  schema: MediaLine,
  dated: 'updatedAt',
  read: exportedMedia,
  restore: restoreMedia,
});

async function exportedMedia(
  { db }: { readonly db: Database },
  owner: Owner,
  { number: after }: Place,
  limit: number,
): Promise<ExportedLine[]> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'export_media',
    text: `select * from echo_media_insights where user_id = $1 and tenant_id = $2 and id > $3 order by id limit $4`,
    values: [owner.userId, owner.tenantId, after, limit],
  });
  return rows
    .map((raw) => mapRow(mediaInsights, raw))
    .map((row) => ({ line: JSON.stringify(exportedInsight(row)), after: { key: '', number: row.id } }));
}

function exportedInsight(row: MediaInsightRow) {
  const line: Record<string, unknown> = {
    kind: 'mediaInsight',
    tenantId: row.tenantId,
    userId: row.userId,
    learned: row.learnedByEcho,
  };
  for (const field of Object.keys(MediaLine.shape))
    if (!(field in line)) line[field] = row[field as keyof MediaInsightRow];
  return line;
}

async function restoreMedia(client: PoolClient, owner: Owner, lines: readonly MediaLine[]): Promise<number> {
  await lockMedia(client, owner);
  let stored = 0;
  for (const line of lines) if (await restoreInsight(client, owner, line)) stored++;
  return stored;
}

/** @returns whether it was not there yet */
async function restoreInsight(client: PoolClient, owner: Owner, line: MediaLine): Promise<boolean> {
  const { kind: _, learned, ...facts } = line;
  const perceptualBits = line.perceptualHash === null ? null : bitsOf(line.perceptualHash);
  const row = {
    ...facts,
    ...owner,
    perceptualBits,
    learnedByEcho: learned,
    searchTerms: termsOf(line as unknown as MediaInsightRow),
    termsVersion: TERMS_VERSION,
  };
  const columns = Object.entries(row).map(([field, value]) => {
    const column = mediaInsights[field as keyof typeof row];
    return { name: column.name, value: value === null ? null : column.mapToDriverValue(value) };
  });
  const { rows } = await client.query<{ id: number }>({
    name: 'restore_media',
    text: `insert into echo_media_insights (${columns.map(({ name }) => name).join(', ')})
           values (${columns.map((_column, at) => `$${at + 1}`).join(', ')})
           on conflict (file_hash, tenant_id, user_id) do nothing returning id`,
    values: columns.map(({ value }) => value),
  });
  const id = rows[0]?.id;
  if (id === undefined) return false;
  await notePairs(client, { ...owner, id, perceptualBits });
  return true;
}
