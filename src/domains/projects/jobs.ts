import { z } from 'zod';
import * as input from '../../ground/input.ts';
import { defineJob, type Job } from '../../jobs/job.ts';
import { type AssemblingParts, assemble } from './assembling.ts';
import { ASSEMBLE_VIDEO } from './job-names.ts';

/** Seconds of one attempt; the next one goes on with its parts. */
const MAX_SECONDS = 6 * 3_600;

/** What assembles videos. */
export function assemblingJob(parts: AssemblingParts): Job {
  return defineJob({
    name: ASSEMBLE_VIDEO,
    description: 'Lets ffmpeg make a video of the segments of a project. Made by `assembleVideo`.',
    payload: z.strictObject({
      assemblyId: input.text(100).describe('Of the entry in `assemblies` of the project.'),
    }),
    mayCreate: 'SERVER',
    isForOwner: true,
    timeoutSeconds: MAX_SECONDS,
    retry: { limit: 2, delaySeconds: 2, maxDelaySeconds: 60 },
    run: (_services: unknown, { assemblyId }, task) => assemble(parts, assemblyId, task),
  });
}
