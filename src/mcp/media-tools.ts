import { z } from 'zod';
import { MEDIA_KINDS, MEDIA_STATES } from '../domains/media-insights/filter.ts';
import { type MediaInsightRow, mediaMatching } from '../domains/media-insights/media.ts';
import { MAX_RADIUS_KM } from '../domains/media-insights/places.ts';
import * as argument from './arguments.ts';
import { cursorOf, fitted, positionOf, positions } from './paging.ts';
import { NOTICE, nextCursor, notice, userId } from './shapes.ts';
import { defineTool } from './tool.ts';

const degrees = (most: number) => {
  const error = `must be from -${most} to ${most} degrees`;
  return z.number({ error: 'must be a number' }).min(-most, { error }).max(most, { error });
};

const Media = z.object({
  fileHash: z.string().describe('SHA-256 of the content; names it everywhere.'),
  filePath: z.string(),
  mediaType: z.string(),
  state: z.enum(MEDIA_STATES),
  takenAt: z.string().nullable().describe('The instant, ISO 8601; null: unknown.'),
  takenLocal: z.string().nullable().describe('The wall clock where it was taken, as the file says it.'),
  width: z.number().nullable(),
  height: z.number().nullable(),
  durationSeconds: z.number().nullable(),
  latitude: z.number().nullable(),
  longitude: z.number().nullable(),
  camera: z.string().nullable(),
  categories: z.array(z.string()),
  tags: z.array(z.string()),
  characters: z.array(z.string()).describe('Who is in it.'),
  qualityScore: z.number().nullable().describe('0 to 1.'),
});

export const findMedia = defineTool({
  name: 'find_media',
  title: 'Find pictures and videos',
  description:
    'Finds the user’s indexed pictures and videos by words (tags, places, names, colours, dates such as "May 2024"), kind, date, place, tag or who is in them, what was taken last first. It gives what is known of each, not the picture.',
  effect: 'reads',
  isIdempotent: true,
  input: argument.argumentsOf({
    text: argument.text(1_000, 'Words that must all occur in what is known of it.').optional(),
    kind: argument.oneOf(MEDIA_KINDS, 'Only images, or only videos.').optional(),
    takenAfter: argument.instant('Taken then or later.').optional(),
    takenBefore: argument.instant('Taken before.').optional(),
    near: argument
      .argumentsOf({
        latitude: degrees(90),
        longitude: degrees(180),
        radiusKm: z
          .number({ error: 'must be a number' })
          .describe(`Kilometres, more than 0, at most ${MAX_RADIUS_KM}.`),
      })
      .optional()
      .describe('Taken there.'),
    tag: argument.text(100, 'It has this tag.').optional(),
    category: argument.text(100, 'It is of this category.').optional(),
    character: argument.text(100, 'The character of this name is in it.').optional(),
    camera: argument.text(200, 'Words in the make and model of its camera.').optional(),
    limit: argument.limit(20),
    maxTokens: argument.maxTokens,
    cursor: argument.cursor,
  }),
  output: z.object({ userId, notice, media: z.array(Media), nextCursor }),
  run: async ({ services, owner }, { cursor, limit, maxTokens, ...filter }) => {
    const after = positionOf('media', positions.taken, cursor);
    const page = { after, before: null, limit: limit + 1, inverted: false };
    const rows = await mediaMatching(services, owner, filter, page);
    const { shown } = fitted(rows.slice(0, limit).map(shownMedia), maxTokens, (each) => ({
      ...each,
      tags: each.tags.slice(0, 10),
      categories: each.categories.slice(0, 10),
    }));
    const last = rows[shown.length - 1];
    return {
      userId: owner.userId,
      notice: NOTICE,
      media: [...shown],
      nextCursor:
        last && rows.length > shown.length
          ? cursorOf('media', [last.dateTaken?.getTime() ?? null, last.id])
          : null,
    };
  },
});

function shownMedia(row: MediaInsightRow): z.output<typeof Media> {
  const { fileHash, filePath, mediaType, state, width, height, durationSeconds, latitude, longitude } = row;
  const names = (row.characterReferences ?? []) as readonly { readonly name: string }[];
  return {
    ...{ fileHash, filePath, mediaType, state, width, height, durationSeconds, latitude, longitude },
    takenAt: row.dateTaken?.toISOString() ?? null,
    takenLocal: row.dateTakenLocal,
    camera: [row.cameraMake, row.cameraModel].filter(Boolean).join(' ') || null,
    categories: row.categories,
    tags: [...new Set([...row.tags, ...row.ruleTags, ...row.modelTags])],
    characters: names.map(({ name }) => name),
    qualityScore: row.qualityScore,
  };
}
