import { builder } from '../../graphql/builder.ts';
import { type CursorFormat, connect, timePosition } from '../../graphql/connections.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { parseFileHash } from './changes.ts';
import { KindEnum, StateEnum } from './facts-graphql.ts';
import type { MediaFilter } from './filter.ts';
import { InsightRef } from './graphql.ts';
import { mediaMatching, statsOfMedia } from './media.ts';
import { MAX_RADIUS_KM } from './places.ts';
import {
  insightsByHash,
  type MediaStats,
  type MediaTypeCount,
  type TakenPosition,
  USUAL_DISTANCE,
} from './reads.ts';
import type { MediaInsightRow } from './tables.ts';

const BoxInput = builder.inputType('MediaBox', {
  description: 'A part of the globe between two parallels and two meridians, in degrees.',
  fields: (t) => ({
    south: t.float({ required: true, description: 'The least latitude, -90 to 90.' }),
    north: t.float({ required: true, description: 'The largest latitude, -90 to 90.' }),
    west: t.float({
      required: true,
      description: 'Where it begins, -180 to 180; larger than east where it crosses the date line.',
    }),
    east: t.float({ required: true, description: 'Where it ends, -180 to 180.' }),
  }),
});

const NearInput = builder.inputType('MediaNear', {
  description: 'All places within a distance of one.',
  fields: (t) => ({
    latitude: t.float({ required: true, description: 'Degrees, -90 to 90.' }),
    longitude: t.float({ required: true, description: 'Degrees, -180 to 180.' }),
    radiusKm: t.float({
      required: true,
      description: `Kilometres, more than 0, at most ${MAX_RADIUS_KM.toLocaleString('en-US')}.`,
    }),
  }),
});

const FilterInput = builder.inputType('MediaFilter', {
  description: 'Which media; all conditions must hold.',
  fields: (t) => ({
    text: t.string({
      description:
        'Words that must all occur, in any form of theirs, in what is known of it: tags, categories, names of colours, title, caption, keywords, places, camera, characters, names of file and folders, what a model saw, its type, and its date (“2024”, “May”, “2024-05”, “6 May 2024”, “Saturday”, “weekend”, “summer”). 1 to 1,000 characters; a text without such words finds nothing.',
    }),
    kind: t.field({ type: KindEnum, description: 'Only images, or only videos.' }),
    mediaType: t.string({ description: 'Only of this type, such as image/jpeg.' }),
    takenAfter: t.field({ type: 'DateTime', description: 'Taken then or later.' }),
    takenBefore: t.field({ type: 'DateTime', description: 'Taken before.' }),
    camera: t.string({ description: 'Words that must all occur in the make and model of its camera.' }),
    box: t.field({ type: BoxInput, description: 'Taken there.' }),
    near: t.field({ type: NearInput, description: 'Taken there.' }),
    tag: t.string({
      description: 'It has this tag, of whatever origin, in any case, with or without accents.',
    }),
    category: t.string({ description: 'It is of this category, in any case.' }),
    character: t.string({ description: 'The character of this name is in it, in any case.' }),
    minQuality: t.float({ description: 'Its qualityScore is at least this, 0 to 1.' }),
    learned: t.boolean({ description: 'Whether something was learned of it.' }),
    state: t.field({ type: StateEnum, description: 'What became of its files.' }),
    userId: t.string({ description: 'Whose, for those who may act for others; absent: the caller’s own.' }),
  }),
});

const TypeCountRef = builder.objectRef<MediaTypeCount>('MediaTypeCount').implement({
  description: 'How much there is of one type.',
  fields: (t) => ({
    mediaType: t.exposeString('mediaType', { description: 'Such as image/jpeg.' }),
    count: t.exposeInt('count', { description: 'Insights.' }),
    bytes: t.exposeFloat('bytes', { description: 'Of their contents, each counted once.' }),
  }),
});

const StatsRef = builder.objectRef<MediaStats>('MediaStats').implement({
  description: 'Figures over the media of one user.',
  fields: (t) => ({
    total: t.exposeInt('total', { description: 'Insights.' }),
    learned: t.exposeInt('learned', { description: 'Of which something was learned.' }),
    last24Hours: t.exposeInt('last24Hours', { description: 'That were indexed first in the last 24 hours.' }),
    present: t.exposeInt('present', { description: 'Of which a file is there.' }),
    vanished: t.exposeInt('vanished', { description: 'Of which no file is there any more.' }),
    broken: t.exposeInt('broken', { description: 'Whose bytes can’t be read.' }),
    bytes: t.exposeFloat('bytes', { description: 'Of all contents, each counted once.' }),
    byType: t.expose('byType', { type: [TypeCountRef], description: 'By type, the most frequent first.' }),
    withDate: t.exposeInt('withDate', { description: 'That say when they were taken.' }),
    withLocation: t.exposeInt('withLocation', { description: 'That say where.' }),
    problems: t.exposeInt('problems', { description: 'Insights with a problem, see `analysis.problem`.' }),
    unreadableFiles: t.exposeInt('unreadableFiles', {
      description: 'Files that could not be opened or read to their end, of which there is no insight.',
    }),
    copies: t.exposeInt('copies', { description: 'Files beyond the first of the same content.' }),
    nearDuplicates: t.exposeInt('nearDuplicates', {
      description: `Pictures that look like another one (within ${USUAL_DISTANCE} bits) which came before them.`,
    }),
  }),
});

const latestTaken: CursorFormat<MediaInsightRow, TakenPosition> = {
  encode: ({ dateTaken, id }) => `${dateTaken?.getTime() ?? 'none'}.${id}`,
  decode: (cursor) => {
    const [, at = '', id = ''] = /^(none|-?\d{1,15})\.(\d{1,10})$/.exec(cursor) ?? [];
    const position = timePosition(at === 'none' ? 0 : Number(at), Number(id));
    return at === '' || !position ? null : at === 'none' ? { at: null, id: position.id } : position;
  },
};

builder.queryFields((t) => ({
  mediaInsights: t.connection(
    {
      type: InsightRef,
      description:
        'Images and videos of one user, the one that was taken last first; those without a date come behind all others, the one that was indexed last first.',
      args: { filter: t.arg({ type: FilterInput, description: 'Which ones.' }) },
      resolve: (_root, args, { services, principal }) => {
        const { userId, ...filter } = args.filter ?? {};
        const owner = ownerFor(principal, userId, 'filter.userId');
        return connect(args, latestTaken, (page) =>
          mediaMatching(services, owner, filter as MediaFilter, page),
        );
      },
    },
    { name: 'MediaInsightConnection' },
    { name: 'MediaInsightEdge' },
  ),
  mediaInsight: t.field({
    type: InsightRef,
    nullable: true,
    description: 'One insight of a user; null if there is none.',
    args: {
      fileHash: t.arg.string({ required: true, description: 'SHA-256 of the bytes, hexadecimal.' }),
      userId: t.arg.string({
        description: 'Whose, for those who may act for others; absent: the caller’s own.',
      }),
    },
    resolve: (_root, { fileHash, userId }, { loader, services, principal }) => {
      const owner = ownerFor(principal, userId);
      return loader({
        name: `media by hash ${JSON.stringify(owner)}`,
        load: (hashes: readonly string[]) => insightsByHash(services.db, owner, hashes),
        key: parseFileHash(fileHash, 'fileHash'),
      });
    },
  }),
  mediaStats: t.field({
    type: StatsRef,
    description: 'Figures over the media of one user.',
    args: {
      userId: t.arg.string({
        description: 'Whose, for those who may act for others; absent: the caller’s own.',
      }),
    },
    resolve: (_root, { userId }, { services, principal }) =>
      statsOfMedia(services, ownerFor(principal, userId)),
  }),
}));
