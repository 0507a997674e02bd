import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { type GenerationServices, generateImage, MAX_ASKED } from '../generations/generations.ts';
import type { TaskRow } from '../tasks/tables.ts';
import * as limits from './limits.ts';
import { bindGeneration, lockedSegment } from './segments.ts';

/** Characters of what a picture must not have. */
export const MAX_NEGATIVE = MAX_ASKED;

const DrawSegment = z.object({
  segmentId: limits.id,
  negativePrompt: input.text(MAX_NEGATIVE, 0).nullish(),
  workflow: input.text(50).nullish(),
  seed: z.number().nullish(),
  width: z.int().nullish(),
  height: z.int().nullish(),
});
export type DrawSegmentInput = z.input<typeof DrawSegment>;

/**
 * Makes the task that draws the picture of a segment, which is bound to it with the same commit. One that it had before stays
 * in the history.
 *
 * @throws NotConfigured, InvalidInput (also while it is being drawn), NotFound
 */
export async function drawSegment(
  services: GenerationServices,
  owner: Owner,
  given: DrawSegmentInput,
): Promise<TaskRow> {
  const { segmentId, ...how } = input.parseInput(DrawSegment, given);
  const generationId = randomUUID();
  const { segment } = await services.db.transaction((client) =>
    lockedSegment(client, owner, segmentId, 'segmentId'),
  );
  const asked = { ...how, prompt: segment.prompt, character: segment.characterName };
  return generateImage(services, owner, asked, generationId, async (client) => {
    const { segment: now } = await lockedSegment(client, owner, segmentId, 'segmentId');
    if (now.status === 'QUEUED' || now.status === 'DRAWING')
      throw new InvalidInput(
        'segmentId',
        `the task ${now.taskId} draws it already; wait for its end, or cancel it`,
      );
    if (now.prompt !== segment.prompt || now.characterName !== segment.characterName)
      throw new InvalidInput('segmentId', 'it was changed at the same time; draw it again');
    await bindGeneration(client, owner, now, generationId);
  });
}
