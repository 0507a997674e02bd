import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import * as input from '../../ground/input.ts';
import { type Box, boxAround, type Circle, MAX_RADIUS_KM } from './places.ts';
import { exactTerm, type RequiredTerms, requiredCamera, requiredTerms } from './terms.ts';

export const MEDIA_STATES = ['PRESENT', 'VANISHED', 'BROKEN'] as const;
export const MEDIA_KINDS = ['IMAGE', 'VIDEO'] as const;
export type MediaState = (typeof MEDIA_STATES)[number];
export type MediaKind = (typeof MEDIA_KINDS)[number];

const latitude = z
  .number({ error: 'must be a number' })
  .refine((value) => Math.abs(value) <= 90, { error: 'must be from -90 to 90 degrees' });
const longitude = z
  .number({ error: 'must be a number' })
  .refine((value) => Math.abs(value) <= 180, { error: 'must be from -180 to 180 degrees' });

const Filter = z.object({
  mediaType: input.text(50).nullish(),
  kind: z.enum(MEDIA_KINDS).nullish(),
  takenAfter: input.instant.nullish(),
  takenBefore: input.instant.nullish(),
  camera: input.text(200).nullish(),
  box: z
    .object({ south: latitude, north: latitude, west: longitude, east: longitude })
    .refine(({ south, north }) => south <= north, {
      error: 'south must not lie north of north',
      path: ['south'],
    })
    .nullish(),
  near: z
    .object({
      latitude,
      longitude,
      radiusKm: z
        .number({ error: 'must be a number' })
        .refine((value) => value > 0 && value <= MAX_RADIUS_KM, {
          error: `must be more than 0 and at most ${MAX_RADIUS_KM} km`,
        }),
    })
    .nullish(),
  tag: input.text(100).nullish(),
  category: input.text(100).nullish(),
  character: input.text(100).nullish(),
  minQuality: z
    .number({ error: 'must be a number' })
    .refine((value) => value >= 0 && value <= 1, { error: 'must be from 0 to 1' })
    .nullish(),
  learned: z.boolean().nullish(),
  state: z.enum(MEDIA_STATES).nullish(),
  text: input.text(1_000).nullish(),
});
export type MediaFilter = z.input<typeof Filter>;

/** What is asked of rows; all conditions must hold. */
export interface MediaConditions {
  readonly mediaType?: string | null | undefined;
  readonly kind?: MediaKind | null | undefined;
  readonly takenAfter?: Date | null | undefined;
  readonly takenBefore?: Date | null | undefined;
  readonly boxes: readonly Box[];
  readonly near?: Circle | null | undefined;
  readonly minQuality?: number | null | undefined;
  readonly learned?: boolean | null | undefined;
  readonly state?: MediaState | null | undefined;
  /** Of each list one of the terms. */
  readonly terms: RequiredTerms;
}

/**
 * What a filter asks of the rows of a user.
 *
 * @returns null if nothing can fulfil it: a text without any word that carries meaning
 * @throws InvalidInput
 */
export function conditionsOf(owner: Owner, given: MediaFilter): MediaConditions | null {
  const { text, camera, tag, category, character, box, near, ...plain } = input.parseInput(
    Filter,
    given,
    'filter',
  );
  const terms: (readonly string[])[] = [];
  for (const required of [
    text == null ? null : requiredTerms(owner, text),
    camera == null ? null : requiredCamera(owner, camera),
  ]) {
    if (required?.length === 0) return null;
    terms.push(...(required ?? []));
  }
  for (const [kind, value] of Object.entries({ tag, category, character }))
    if (value != null) terms.push([exactTerm(owner, kind as 'tag', value)]);
  const boxes = [...(box ? [box] : []), ...(near ? [boxAround(near)] : [])];
  return { ...plain, near, boxes, terms };
}
