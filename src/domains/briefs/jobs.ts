import { z } from 'zod';
import * as input from '../../ground/input.ts';
import { defineJob, type Job } from '../../jobs/job.ts';
import { WRITE_BRIEF } from './job-names.ts';
import { MAX_ATTEMPTS, MAX_JUDGINGS } from './limits.ts';
import { type WorkParts, workOnBrief } from './working.ts';

/** Beside the models' own time: waiting for others that ask them. */
const PATIENCE = 4;
const MAX_SECONDS = 6 * 3_600;

/** What has briefs written and judged. There is none of it without the two models. */
export function writingJob(parts: WorkParts): Job {
  const longest = (parts.models.longestMs * MAX_ATTEMPTS * (1 + MAX_JUDGINGS) * PATIENCE) / 1_000;
  return defineJob({
    name: WRITE_BRIEF,
    description:
      'Has a brief written by one model and judged by another, until it is good enough. Made by `submitBrief`.',
    payload: z.strictObject({ briefId: input.text(100).describe('Of the brief in `briefs`.') }),
    mayCreate: 'SERVER',
    isForOwner: true,
    timeoutSeconds: Math.min(Math.ceil(longest), MAX_SECONDS),
    retry: { limit: 5, delaySeconds: 5, maxDelaySeconds: 600 },
    run: (_services: unknown, { briefId }, task) => workOnBrief(parts, briefId, task),
  });
}
