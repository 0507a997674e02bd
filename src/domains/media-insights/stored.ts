import { drizzle } from 'drizzle-orm/node-postgres';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type MediaFacts, READER_VERSION } from '../../media/facts.ts';
import { bitsOf } from './bands.ts';
import { matchCopiesOf } from './character-matching.ts';
import { charactersShown, referencePictures } from './character-references.ts';
import { notePairs } from './pairs.ts';
import { categoriesOf, ruleTagsOf } from './rule-tags.ts';
import type { VisualAnalysis } from './shapes.ts';
import { type MediaInsightRow, mediaInsights } from './tables.ts';
import { TERMS_VERSION, termsOf } from './terms.ts';

/** A content that was read, and one of the files that hold it. */
export interface ReadMedia {
  readonly fileHash: string;
  /** Bytes. */
  readonly size: number;
  readonly shownPath: string;
  readonly facts: MediaFacts;
}

/** How sure what is said of a picture is, by what it was found by; 0 says that the file is broken. */
const CONFIDENCE = { BROKEN: 0, FILE: 0.3, FEATURES: 0.6 };
const RANK = { FILE: 0, FEATURES: 1, MODEL: 2 };
const MAX_MEDIA_TYPE = 50;

/** Whether its bytes can't be read as what they are, also while none of its files is there. */
export function isBroken({ analysisConfidence }: Pick<MediaInsightRow, 'analysisConfidence'>): boolean {
  return analysisConfidence === CONFIDENCE.BROKEN;
}

/** What is known of a content; nobody changes it before the commit. */
export async function insightToChange(
  client: PoolClient,
  { tenantId, userId }: Owner,
  fileHash: string,
): Promise<MediaInsightRow | null> {
  const { rows } = await client.query<RawRow>({
    name: 'media_insight_to_change',
    text: 'select * from echo_media_insights where file_hash = $1 and tenant_id = $2 and user_id = $3 for update',
    values: [fileHash, tenantId, userId],
  });
  return rows[0] ? mapRow(mediaInsights, rows[0]) : null;
}

/**
 * Writes down what a file says, under `lockMedia`. What persons and models have added stays; of what was found by a better
 * way than this time nothing is replaced.
 *
 * @returns what was known of this content; null: nothing
 */
export async function storeInsight(
  client: PoolClient,
  owner: Owner,
  media: ReadMedia,
): Promise<MediaInsightRow | null> {
  const before = await insightToChange(client, owner, media.fileHash);
  const read = storable(valuesOf(media, before));
  const added = {
    tags: before?.tags ?? [],
    modelTags: before?.modelTags ?? [],
    compositionNotes: before?.compositionNotes ?? null,
    stylePreferences: before?.stylePreferences ?? null,
  };
  const { fileHash, shownPath } = media;
  const compared = { fileHash, perceptualBits: read.perceptualBits };
  const references = await referencePictures(client, owner, { ...compared, shownPath });
  const characterReferences = charactersShown(
    { ...compared, characterReferences: before?.characterReferences ?? null },
    references,
  );
  const found = {
    characterReferences,
    termsVersion: TERMS_VERSION,
    searchTerms: termsOf({ ...owner, ...added, ...read, characterReferences }),
  };
  const now = new Date();
  const [row] = await drizzle({ client })
    .insert(mediaInsights)
    .values({
      ...owner,
      fileHash,
      ...read,
      ...found,
      dateIndexed: now,
      copies: firstCopies(media),
    })
    .onConflictDoUpdate({
      target: [mediaInsights.fileHash, mediaInsights.tenantId, mediaInsights.userId],
      // Tags of persons and what is learned are not named: they stay, and their triggers say nothing.
      set: { ...read, ...found, dateIndexed: now, updatedAt: now },
    })
    .returning({ id: mediaInsights.id });
  if (!row) throw new Error('an insight that was stored is not there');
  if (before?.perceptualBits !== read.perceptualBits)
    await notePairs(client, { ...owner, id: row.id, perceptualBits: read.perceptualBits });
  await matchCopiesOf(client, owner, { id: row.id, fileHash }, references);
  return before;
}

/** With its first file; what comes and goes later is told by `addCopies` and `followFiles`. */
function firstCopies({ facts }: ReadMedia): number {
  return facts.isBroken ? 0 : 1;
}

function valuesOf({ facts, shownPath, size }: ReadMedia, before: MediaInsightRow | null) {
  const { camera, location, placeNames, taken } = facts;
  return {
    filePath: before?.filePath ?? shownPath,
    state: facts.isBroken ? ('BROKEN' as const) : ('PRESENT' as const),
    mediaType: facts.mediaType.slice(0, MAX_MEDIA_TYPE),
    ...{ width: facts.width, height: facts.height, durationSeconds: facts.durationSeconds, fileSize: size },
    dateTaken: taken && instantOf(taken.local, taken.offset),
    dateTakenLocal: taken?.local ?? null,
    dateTakenOffset: taken?.offset ?? null,
    dateTakenSource: taken?.source ?? null,
    latitude: location?.latitude ?? null,
    longitude: location?.longitude ?? null,
    locationData:
      location || placeNames ? { altitude: location?.altitude ?? null, places: placeNames } : null,
    cameraMake: camera?.make ?? null,
    cameraModel: camera?.model ?? null,
    cameraMetadata: camera,
    ruleTags: ruleTagsOf(facts),
    categories: before?.analysisTier === 'MODEL' ? before.categories : categoriesOf(facts),
    readerVersion: READER_VERSION,
    ...measuredOf(facts, before),
    ...analysisOf(facts, before),
  };
}

/** What was measured of its pixels once is not lost because they can't be read this time: the bytes are the same. */
function measuredOf(facts: MediaFacts, before: MediaInsightRow | null) {
  const { features, words, codec } = facts;
  const seen = (before?.visualAnalysis ?? {}) as VisualAnalysis;
  if (!features && before && !facts.isBroken && seen.features) {
    const { colorPalette, perceptualHash, perceptualBits, qualityScore } = before;
    const visualAnalysis = { ...seen, words, codec };
    return { colorPalette, perceptualHash, perceptualBits, qualityScore, visualAnalysis };
  }
  const measured = features && {
    ...{ sharpness: features.sharpness, exposure: features.exposure, noise: features.noise },
  };
  return {
    colorPalette: features?.palette ?? null,
    perceptualHash: features?.perceptualHash ?? null,
    perceptualBits: features?.perceptualHash ? bitsOf(features.perceptualHash) : null,
    qualityScore: features?.qualityScore ?? null,
    visualAnalysis: { ...seen, features: measured, words, codec } satisfies VisualAnalysis,
  };
}

/** A lower tier never takes the place of a higher one. */
function analysisOf(
  { features, isBroken: broken, method, problem }: MediaFacts,
  before: MediaInsightRow | null,
) {
  const tier = features ? ('FEATURES' as const) : ('FILE' as const);
  if (before && RANK[before.analysisTier] > RANK[tier] && !broken) {
    const { analysisTier, analysisMethod, analysisConfidence, analysisAt, analysisProblem } = before;
    return { analysisTier, analysisMethod, analysisConfidence, analysisAt, analysisProblem };
  }
  return {
    analysisTier: tier,
    analysisMethod: method,
    analysisConfidence: broken ? CONFIDENCE.BROKEN : CONFIDENCE[tier],
    analysisAt: new Date(),
    analysisProblem: problem,
  };
}

/** The instant of a wall clock; where no offset is known, the clock is taken for UTC. Null: it is no date. */
function instantOf(local: string, offset: string | null): Date | null {
  const milliseconds = local.replace(/(\.\d{3})\d+$/, '$1');
  const instant = new Date(`${milliseconds}${offset ?? 'Z'}`);
  return Number.isNaN(instant.getTime()) ? null : instant;
}

/** Texts of files may hold what PostgreSQL cannot. */
function storable<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed() as T;
  if (Array.isArray(value)) return value.map(storable) as T;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [storable(name), storable(item)]),
  ) as T;
}
