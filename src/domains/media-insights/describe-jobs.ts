import { z } from 'zod';
import { defineJob, type Job } from '../../jobs/job.ts';
import { type DescribingParts, describeMedia } from './describing.ts';
import type { Readers } from './readers.ts';

const MOST = 100_000;
const limitError = { error: `must be a whole number from 1 to ${MOST}` };

/** Lets a model look at pictures. Only where LLM_VISION_MODEL names one. */
export function describeJob({
  readers,
  ...parts
}: Omit<DescribingParts, 'reader'> & { readonly readers: Readers }): Job {
  return defineJob({
    name: 'describe_media',
    description:
      'Shows pictures that no model has looked at to the vision model, a reduced copy of each, and keeps what it says beside what was measured. By itself every hour.',
    payload: z.strictObject({
      limit: z.int(limitError).min(1, limitError).max(MOST, limitError).default(1_000).describe('Pictures.'),
    }),
    priority: 'LOW',
    timeoutSeconds: 14_400,
    retry: { limit: 2, delaySeconds: 300, maxDelaySeconds: 3_600 },
    mayCreate: 'ADMIN',
    schedule: { cron: '35 * * * *', timeZone: 'UTC', missed: 'SKIP' },
    run: (_services: unknown, { limit }, task) => {
      const { tenantId, userId } = task.owner;
      const owner = userId === null ? null : { tenantId, userId };
      return readers.use((reader) => describeMedia({ ...parts, reader }, { owner, limit }, task));
    },
  });
}
