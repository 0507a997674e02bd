import { builder } from '../../graphql/builder.ts';
import type { MediaKind, MediaState } from './filter.ts';
import type { CameraMetadata, ColorPalette, LocationData } from './shapes.ts';
import type { MediaInsightRow } from './tables.ts';
import { LARGE, SMALL } from './thumbnails.ts';

export const StateEnum = builder.enumType('MediaState', {
  description: 'What became of the files of an insight.',
  values: {
    PRESENT: { description: 'At least one of its files was there when it was looked for last.' },
    VANISHED: { description: 'None of them was; what is known of it stays until it is forgotten.' },
    BROKEN: { description: 'Its bytes can’t be read as what they are; `analysis.problem` says why.' },
  } satisfies Record<MediaState, { description: string }>,
});

export const KindEnum = builder.enumType('MediaKind', {
  description: 'What a file is, by its content.',
  values: {
    IMAGE: { description: 'A picture, perhaps an animated one.' },
    VIDEO: { description: 'A video.' },
  } satisfies Record<MediaKind, { description: string }>,
});

export const TierEnum = builder.enumType('AnalysisTier', {
  description: 'How much is known of what a file shows. A lower tier never replaces a higher one.',
  values: {
    MODEL: { description: 'A model looked at it.' },
    FEATURES: { description: 'Colours, sharpness and the like were measured.' },
    FILE: { description: 'Only what the file says of itself.' },
  } satisfies Record<MediaInsightRow['analysisTier'], { description: string }>,
});

export const SizeEnum = builder.enumType('ThumbnailSize', {
  description: 'How large a thumbnail is.',
  values: {
    SMALL: { value: SMALL, description: `Its longest side has ${SMALL} pixels.` },
    LARGE: { value: LARGE, description: `Its longest side has ${LARGE} pixels.` },
  },
});

type TagOrigin = 'RULE' | 'MODEL' | 'PERSON';
interface Tag {
  readonly name: string;
  readonly origin: TagOrigin;
}

export const OriginEnum = builder.enumType('MediaTagOrigin', {
  description: 'Who gave a tag.',
  values: {
    RULE: { description: 'A rule, from what was measured.' },
    MODEL: { description: 'A model that looked at it.' },
    PERSON: { description: 'A person, by `tagMedia`.' },
  } satisfies Record<TagOrigin, { description: string }>,
});

export const TagRef = builder.objectRef<Tag>('MediaTag').implement({
  description: 'A word for what a file shows.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The word, or a few.' }),
    origin: t.expose('origin', { type: OriginEnum, description: 'Who gave it.' }),
  }),
});

export const ColorRef = builder.objectRef<ColorPalette[number]>('PaletteColor').implement({
  description: 'A colour of a picture.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, such as red.' }),
    hex: t.exposeString('hex', { description: 'The mean of what has this name: #rrggbb.' }),
    share: t.exposeFloat('share', { description: 'The share of the picture that has it, 0 to 1.' }),
  }),
});

export const LocationRef = builder.objectRef<MediaInsightRow>('MediaLocation').implement({
  description: 'Where something was taken, as its file says.',
  fields: (t) => ({
    latitude: t.exposeFloat('latitude', {
      nullable: true,
      description: 'Degrees, north positive; null: the file names a place without coordinates.',
    }),
    longitude: t.exposeFloat('longitude', {
      nullable: true,
      description: 'Degrees, east positive; null as latitude.',
    }),
    altitude: t.float({
      nullable: true,
      description: 'Metres above the sea, negative below; null: unknown.',
      resolve: ({ locationData }) => (locationData as LocationData | null)?.altitude ?? null,
    }),
    place: t.string({
      nullable: true,
      description: 'The words of the file for it, from the smallest place to the country; null: none.',
      resolve: placeOf,
    }),
  }),
});

export const CameraRef = builder.objectRef<MediaInsightRow>('MediaCamera').implement({
  description: 'What something was taken with, as its file says; null where it says nothing.',
  fields: (t) => {
    const number = (name: keyof CameraMetadata, description: string) =>
      t.float({
        nullable: true,
        description: `${description} Null: unknown.`,
        resolve: (row) => numberOrNull(cameraOf(row)?.[name]),
      });
    return {
      make: t.exposeString('cameraMake', { nullable: true, description: 'Who made it. Null: unknown.' }),
      model: t.exposeString('cameraModel', { nullable: true, description: 'Its name. Null: unknown.' }),
      lens: t.string({
        nullable: true,
        description: 'The lens. Null: unknown.',
        resolve: (row) => cameraOf(row)?.lens ?? null,
      }),
      iso: number('iso', 'The sensitivity.'),
      aperture: number('fNumber', 'The f-number.'),
      exposureSeconds: number('exposureSeconds', 'Seconds of exposure.'),
      focalLengthMm: number('focalLength', 'Millimetres.'),
      focalLength35Mm: number('focalLength35', 'Millimetres, as of a camera of 35 mm.'),
      flash: t.boolean({
        nullable: true,
        description: 'Whether the flash fired. Null: unknown.',
        resolve: (row) => cameraOf(row)?.flash ?? null,
      }),
    };
  },
});

export const AnalysisRef = builder.objectRef<MediaInsightRow>('MediaAnalysis').implement({
  description: 'How an insight came about.',
  fields: (t) => ({
    tier: t.expose('analysisTier', { type: TierEnum, description: 'How much is known.' }),
    method: t.exposeString('analysisMethod', {
      description: 'By what it was found out: a library, a rule, a model.',
    }),
    confidence: t.exposeFloat('analysisConfidence', { description: 'How sure that is, 0 to 1.' }),
    at: t.expose('analysisAt', { type: 'DateTime', description: 'When.' }),
    problem: t.exposeString('analysisProblem', {
      nullable: true,
      description: 'Why it is no higher tier, or why the file is broken; null: nothing went wrong.',
    }),
  }),
});

export function cameraOf({ cameraMetadata }: MediaInsightRow): Partial<CameraMetadata> | null {
  return cameraMetadata as Partial<CameraMetadata> | null;
}

export function placeOf({ locationData }: MediaInsightRow): string | null {
  const { sublocation, city, state, country } = (locationData as LocationData | null)?.places ?? {};
  return [sublocation, city, state, country].filter(Boolean).join(', ') || null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
