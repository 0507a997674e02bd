import { z } from 'zod';
import * as input from '../../ground/input.ts';
import { defineJob, type Job } from '../../jobs/job.ts';
import { type DrawingParts, drawPicture } from './drawing.ts';
import { GENERATE_IMAGE } from './job-names.ts';

/** Seconds that one attempt may wait in ComfyUI's queue and run. */
const MAX_SECONDS = 6 * 3_600;

/** What draws pictures. There is none of it without a ComfyUI. */
export function drawingJob(parts: DrawingParts): Job {
  return defineJob({
    name: GENERATE_IMAGE,
    description: 'Lets ComfyUI draw a picture, keeps it and indexes it. Made by `generateImage`.',
    payload: z.strictObject({ generationId: input.text(100).describe('Of the entry in `generations`.') }),
    mayCreate: 'SERVER',
    isForOwner: true,
    timeoutSeconds: MAX_SECONDS,
    retry: { limit: 3, delaySeconds: 5, maxDelaySeconds: 300 },
    run: (_services: unknown, { generationId }, task) => drawPicture(parts, generationId, task),
  });
}
