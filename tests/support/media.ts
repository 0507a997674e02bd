import { createHash } from 'node:crypto';
import { bitsOf } from '../../src/domains/media-insights/bands.ts';
import { lockMedia } from '../../src/domains/media-insights/owners.ts';
import { notePairs } from '../../src/domains/media-insights/pairs.ts';
import type { MediaInsightRow } from '../../src/domains/media-insights/tables.ts';
import { TERMS_VERSION, termsOf } from '../../src/domains/media-insights/terms.ts';
import type { TestApp } from './harness.ts';

/** What a test says of an insight; the rest is as of a picture of which little is known. */
export type GivenInsight = Partial<Omit<MediaInsightRow, 'id' | 'perceptualBits'>> & {
  /** Files that hold it; absent: its one. */
  readonly paths?: readonly string[];
};

/** The hash of a content that a test names. */
export function hashNamed(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** Puts an insight and its files into the database, as indexing does. @returns the number of its row */
export async function storeInsight(
  { app, sql }: Pick<TestApp, 'app' | 'sql'>,
  userId: string,
  name: string,
  { paths, ...given }: GivenInsight = {},
): Promise<number> {
  const insight = {
    ...{ tenantId: 'default', userId, fileHash: hashNamed(name), filePath: `/photos/${name}` },
    ...{ state: 'PRESENT', mediaType: 'image/jpeg', fileSize: 1_000, width: 40, height: 30 },
    ...{ analysisTier: 'FEATURES', analysisMethod: 'sharp', analysisConfidence: 1, readerVersion: 1 },
    ...{ dateTaken: null, dateTakenLocal: null, latitude: null, longitude: null, perceptualHash: null },
    ...{ tags: [], ruleTags: [], modelTags: [], categories: [], colorPalette: null, compositionNotes: null },
    ...{ visualAnalysis: null, stylePreferences: null, locationData: null, characterReferences: null },
    ...{ cameraMake: null, cameraModel: null, cameraMetadata: null, ...given },
  } as unknown as MediaInsightRow;
  const perceptualBits = insight.perceptualHash === null ? null : bitsOf(insight.perceptualHash);
  const row: Record<string, unknown> = {
    ...insight,
    perceptualBits,
    copies: (paths ?? [insight.filePath]).length,
    searchTerms: termsOf(insight),
    termsVersion: TERMS_VERSION,
  };
  const columns = Object.keys(row).map((key) =>
    key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  const json = [
    'visualAnalysis',
    'locationData',
    'colorPalette',
    'cameraMetadata',
    'characterReferences',
    'stylePreferences',
  ];
  const values = Object.entries(row).map(([key, value]) =>
    json.includes(key) && value !== null ? JSON.stringify(value) : value,
  );
  const { tenantId } = insight;
  for (const path of paths ?? [insight.filePath])
    await sql(
      `insert into echo_media_files (tenant_id, user_id, path, shown_path, file_hash, size, state, reader_version)
       values ($1, $2, $3, $4, $5, $6, 'PRESENT', 1)`,
      [tenantId, userId, Buffer.from(path), path, insight.fileHash, insight.fileSize],
    );
  return app.services.db.transaction(async (client) => {
    await lockMedia(client, { tenantId, userId });
    const { rows } = await client.query<{ id: number }>(
      `insert into echo_media_insights (${columns.join(', ')}) values (${columns.map((_, at) => `$${at + 1}`).join(', ')}) returning id`,
      values,
    );
    const id = rows[0]?.id ?? 0;
    await notePairs(client, { tenantId, userId, id, perceptualBits });
    return id;
  });
}
