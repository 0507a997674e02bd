import { builder } from '../../graphql/builder.ts';
import { ownerFor } from '../../ground/ownership.ts';
import { MAX_PLACES, type MediaPlace, placesOfMedia, SQUARE_DEGREES, squareAround } from './place-list.ts';
import type { Box } from './places.ts';

const SquareRef = builder.objectRef<Box>('MediaSquare').implement({
  description: 'A part of the globe, as `box` of `MediaFilter` takes it.',
  fields: (t) => ({
    south: t.exposeFloat('south', { description: 'The least latitude, degrees.' }),
    north: t.exposeFloat('north', { description: 'The largest latitude, degrees.' }),
    west: t.exposeFloat('west', { description: 'The least longitude, degrees.' }),
    east: t.exposeFloat('east', { description: 'The largest longitude, degrees.' }),
  }),
});

const PlaceRef = builder.objectRef<MediaPlace>('MediaPlace').implement({
  description: `A square of the globe, ${SQUARE_DEGREES} degrees wide and high, in which something was taken.`,
  fields: (t) => ({
    latitude: t.exposeFloat('latitude', { description: 'Its middle, degrees, north positive.' }),
    longitude: t.exposeFloat('longitude', { description: 'Its middle, degrees, east positive.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'What most of its files that say so call it; null: none does.',
    }),
    count: t.exposeInt('count', { description: 'Insights of what was taken there.' }),
    latest: t.expose('latest', {
      type: 'DateTime',
      nullable: true,
      description: 'When the latest of them was taken; null: none says so.',
    }),
    square: t.field({
      type: SquareRef,
      description: 'Around it: what a filter takes to find them.',
      resolve: squareAround,
    }),
  }),
});

builder.queryFields((t) => ({
  mediaPlaces: t.field({
    type: [PlaceRef],
    description: `Where images and videos of one user were taken, the places with the most first; at most ${MAX_PLACES}.`,
    args: {
      userId: t.arg.string({
        description: 'Whose, for those who may act for others; absent: the caller’s own.',
      }),
    },
    resolve: (_root, { userId }, { services: { db }, principal }) =>
      placesOfMedia(db, ownerFor(principal, userId)),
  }),
}));
