import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { scopeOf } from '../../ground/ownership.ts';
import { CharacterRef } from '../characters/graphql.ts';
import { MAX_DISTANCE } from './bands.ts';
import {
  AnalysisRef,
  CameraRef,
  ColorRef,
  cameraOf,
  KindEnum,
  LocationRef,
  placeOf,
  SizeEnum,
  StateEnum,
  TagRef,
} from './facts-graphql.ts';
import type { MediaKind } from './filter.ts';
import { charactersNamed, checkDistance } from './media.ts';
import {
  insightsByNumber,
  MAX_NEIGHBOURS,
  MAX_PATHS,
  type NearInsight,
  nearInsights,
  pathsOf,
  USUAL_DISTANCE,
} from './reads.ts';
import type { CharacterReferences, ColorPalette, VisualAnalysis } from './shapes.ts';
import type { MediaInsightRow } from './tables.ts';
import { charactersIn } from './terms.ts';
import { hasThumbnail, SMALL, type ThumbnailSize, thumbnailPath } from './thumbnails.ts';

export const InsightRef = builder.objectRef<MediaInsightRow>('MediaInsight');

const NearRef = builder.objectRef<NearInsight>('NearDuplicate').implement({
  description: 'A picture that looks like another.',
  fields: (t) => ({
    distance: t.exposeInt('distance', { description: 'Bits of 64 in which their perceptual hashes differ.' }),
    insight: t.expose('insight', { type: InsightRef, description: 'The picture.' }),
  }),
});

interface CharacterMatch {
  readonly character: typeof CharacterRef.$inferType;
  readonly method: 'REFERENCE' | null;
  readonly distance: number | null;
}

const MatchEnum = builder.enumType('MediaCharacterMethod', {
  description: 'How it is known that a character is in a picture.',
  values: {
    REFERENCE: {
      description: 'It is one of the character’s reference images, or a near copy of one.',
    },
  } satisfies Record<NonNullable<CharacterMatch['method']>, { description: string }>,
});

const CharacterMatchRef = builder.objectRef<CharacterMatch>('MediaCharacterMatch').implement({
  description: 'A character in a picture, and how that is known.',
  fields: (t) => ({
    character: t.expose('character', { type: CharacterRef, description: 'Who it is.' }),
    method: t.expose('method', {
      type: MatchEnum,
      nullable: true,
      description: 'How it is known; null: an imported line says so.',
    }),
    distance: t.exposeInt('distance', {
      nullable: true,
      description:
        'Bits of 64 in which its perceptual hash differs from that of the reference image; null: nothing was compared.',
    }),
  }),
});

const ownerOf = ({ tenantId, userId }: MediaInsightRow) => ({ tenantId, userId });

builder.node(InsightRef, {
  description:
    'What is known of one image or video. It is of a content, named by the hash of its bytes, however many files hold it.',
  id: { resolve: ({ id }) => String(id) },
  loadMany: (ids, { services, principal }) =>
    insightsByNumber(services.db, scopeOf(principal), ids.map(rowNumber)),
  fields: (t) => ({
    fileHash: t.exposeID('fileHash', { description: 'SHA-256 of the bytes, hexadecimal.' }),
    userId: t.exposeString('userId', { description: 'Whose insight it is.' }),
    filePath: t.exposeString('filePath', {
      description: 'One of the files that hold it; bytes of its name that are no UTF-8 are written as \\xNN.',
    }),
    filePaths: t.stringList({
      description: `All files that hold it now, by name; the first ${MAX_PATHS}. None of one that has vanished.`,
      resolve: (row, _args, { loader, services }) => {
        const owner = ownerOf(row);
        return loader({
          name: `paths of media ${JSON.stringify(owner)}`,
          load: (hashes: readonly string[]) => pathsOf(services.db, owner, hashes),
          key: row.fileHash,
        });
      },
    }),
    kind: t.field({ type: KindEnum, description: 'Image or video.', resolve: kindOf }),
    mediaType: t.exposeString('mediaType', { description: 'By content, such as image/jpeg.' }),
    width: t.exposeInt('width', { nullable: true, description: 'Pixels, as displayed; null: unknown.' }),
    height: t.exposeInt('height', { nullable: true, description: 'Pixels, as displayed; null: unknown.' }),
    durationSeconds: t.exposeFloat('durationSeconds', {
      nullable: true,
      description: 'Of a video or an animation; null: none, or unknown.',
    }),
    fileSize: t.float({ description: 'Bytes.', resolve: ({ fileSize }) => fileSize ?? 0 }),
  }),
});

/** When it was taken, and what its file says in words. */
builder.objectFields(InsightRef, (t) => ({
  dateTaken: t.expose('dateTaken', {
    type: 'DateTime',
    nullable: true,
    description:
      'When it was taken; where no offset is known, the wall clock is taken for UTC. Null: the file does not say.',
  }),
  dateTakenLocal: t.exposeString('dateTakenLocal', {
    nullable: true,
    description: 'The wall clock as the file says it, such as 2024-05-01T12:30:00.25; null as dateTaken.',
  }),
  dateTakenOffset: t.exposeString('dateTakenOffset', {
    nullable: true,
    description: 'Its offset from UTC, such as +02:00; null: unknown.',
  }),
  dateTakenSource: t.exposeString('dateTakenSource', {
    nullable: true,
    description: 'Which field of the file says so; null as dateTaken.',
  }),
  dateIndexed: t.expose('dateIndexed', { type: 'DateTime', description: 'When it was indexed first.' }),
  title: t.string({
    nullable: true,
    description: 'As the file says; null: none.',
    resolve: (row) => wordsOfFile(row)?.title ?? null,
  }),
  caption: t.string({
    nullable: true,
    description: 'As the file says; null: none.',
    resolve: (row) => wordsOfFile(row)?.caption ?? null,
  }),
  keywords: t.stringList({
    description: 'As the file says.',
    resolve: (row) => [...(wordsOfFile(row)?.keywords ?? [])],
  }),
}));

/** Where and with what it was taken, and what was measured. */
builder.objectFields(InsightRef, (t) => ({
  location: t.field({
    type: LocationRef,
    nullable: true,
    description: 'Where it was taken; null: the file does not say.',
    resolve: (row) => (row.latitude === null && placeOf(row) === null ? null : row),
  }),
  camera: t.field({
    type: CameraRef,
    nullable: true,
    description: 'What it was taken with; null: the file does not say.',
    resolve: (row) =>
      row.cameraMake === null && row.cameraModel === null && cameraOf(row) === null ? null : row,
  }),
  colorPalette: t.field({
    type: [ColorRef],
    description: 'Its colours, the largest share first; empty where pixels could not be read.',
    resolve: ({ colorPalette }) => (Array.isArray(colorPalette) ? (colorPalette as ColorPalette) : []),
  }),
  perceptualHash: t.exposeString('perceptualHash', {
    nullable: true,
    description:
      '64 bits, hexadecimal, which change little where a picture does; null where it has too little structure to be compared.',
  }),
  qualityScore: t.exposeFloat('qualityScore', {
    nullable: true,
    description: 'Sharpness, exposure and noise in one, 0 to 1; null where pixels could not be read.',
  }),
}));

/** What is known of it and said of it. */
builder.objectFields(InsightRef, (t) => ({
  analysis: t.field({ type: AnalysisRef, description: 'How this came about.', resolve: (row) => row }),
  visualAnalysis: t.expose('visualAnalysis', {
    type: 'JSON',
    nullable: true,
    description: 'All that was measured, that the file says in words, and that a model saw; null: nothing.',
  }),
  compositionNotes: t.exposeString('compositionNotes', {
    nullable: true,
    description: 'How the picture is composed; null: nobody said.',
  }),
  categories: t.exposeStringList('categories', { description: 'What kind of picture it is.' }),
  tags: t.field({
    type: [TagRef],
    description: 'Words for what it shows: those of persons, then of models, then of rules.',
    resolve: (row) => [
      ...row.tags.map((name) => ({ name, origin: 'PERSON' as const })),
      ...row.modelTags.map((name) => ({ name, origin: 'MODEL' as const })),
      ...row.ruleTags.map((name) => ({ name, origin: 'RULE' as const })),
    ],
  }),
  characters: t.field({
    type: [CharacterRef],
    description: 'Characters in it, as far as its user knows them.',
    resolve: async (row, _args, context) => {
      const names = [...new Set(charactersIn(row.characterReferences))];
      const found = await Promise.all(names.map((name) => loadCharacter(context, row, name)));
      return found.filter((character) => character !== null);
    },
  }),
  characterMatches: t.field({
    type: [CharacterMatchRef],
    description: 'The same, with how it is known of each.',
    resolve: async (row, _args, context) => {
      const said = (row.characterReferences ?? []) as CharacterReferences;
      const found = await Promise.all(
        said.map(async ({ name, method = null, distance = null }) => {
          const character = await loadCharacter(context, row, name);
          return character ? [{ character, method, distance }] : [];
        }),
      );
      return found.flat();
    },
  }),
  learned: t.exposeBoolean('learnedByEcho', {
    description: 'Whether preferences were learned of it, or somebody said so by `markMediaLearned`.',
  }),
  state: t.expose('state', { type: StateEnum, description: 'What became of its files.' }),
  updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When any of this changed last.' }),
}));

/** What belongs to it beside its row. */
builder.objectFields(InsightRef, (t) => ({
  thumbnailUrl: t.string({
    nullable: true,
    description:
      'Path of a small picture of it, to be read with the same credentials; null where this server has none.',
    args: { size: t.arg({ type: SizeEnum, defaultValue: SMALL, description: 'How large.' }) },
    resolve: async (row, { size }, { services, principal }) => {
      const wanted = (size ?? SMALL) as ThumbnailSize;
      const path = thumbnailPath(services.config.dataDirectory, ownerOf(row), row.fileHash, wanted);
      if (!(await hasThumbnail(path))) return null;
      const whose = row.userId === principal.userId ? '' : `?userId=${encodeURIComponent(row.userId)}`;
      return `/media/${row.fileHash}/${wanted}.webp${whose}`;
    },
  }),
  nearDuplicates: t.field({
    type: [NearRef],
    description: `Pictures of the same user that look like it and are there, the nearest first; the nearest ${MAX_NEIGHBOURS}. None for one without a perceptual hash.`,
    complexity: { field: 5, multiplier: 5 },
    args: {
      maxDistance: t.arg.int({
        defaultValue: USUAL_DISTANCE,
        description: `Bits in which the perceptual hashes may differ, 0 to ${MAX_DISTANCE}.`,
      }),
    },
    resolve: (row, args, { loader, services }) => {
      const maxDistance = checkDistance(args.maxDistance ?? USUAL_DISTANCE);
      if (row.perceptualBits === null) return [];
      const owner = ownerOf(row);
      return loader({
        name: `near media ${maxDistance} ${JSON.stringify(owner)}`,
        load: (pictures: readonly { id: number; bits: string }[]) =>
          nearInsights(
            services.db,
            owner,
            pictures.map(({ id, bits }) => ({ id, bits: BigInt(bits) })),
            maxDistance,
          ),
        key: { id: row.id, bits: String(row.perceptualBits) },
      });
    },
  }),
}));

function loadCharacter({ loader, services }: Context, row: MediaInsightRow, name: string) {
  const owner = ownerOf(row);
  return loader({
    name: `characters by name ${JSON.stringify(owner)}`,
    load: (names: readonly string[]) => charactersNamed(services.db, owner, names),
    key: name,
  });
}

function kindOf({ mediaType }: MediaInsightRow): MediaKind {
  return mediaType.startsWith('video/') ? 'VIDEO' : 'IMAGE';
}

function wordsOfFile({ visualAnalysis }: MediaInsightRow) {
  return (visualAnalysis as VisualAnalysis | null)?.words ?? null;
}

/** 0, which no row has, for what is no number. */
function rowNumber(id: string): number {
  return /^\d{1,10}$/.test(id) && Number(id) <= 2_147_483_647 ? Number(id) : 0;
}
