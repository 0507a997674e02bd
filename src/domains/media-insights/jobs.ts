import { z } from 'zod';
import { defineJob, type Job } from '../../jobs/job.ts';
import { MATCH_CHARACTERS } from '../characters/reference-images.ts';
import { matchCharacters } from './character-matching.ts';
import { type IndexingParts, indexMedia } from './indexing.ts';
import { checkMedia } from './integrity.ts';
import { INDEX_MEDIA } from './job-names.ts';
import { keptJob } from './kept-indexing.ts';
import { learnFromMedia } from './learning.ts';
import { mediaPath, openPlace } from './roots.ts';

/** Hours of one attempt: what it has not come to, the next one does. */
const MAX_HOURS = 24;

/** What is done in the background with media. There is none of it without folders of media. */
export function mediaJobs(parts: IndexingParts): Job[] {
  return [
    keptJob(parts),
    defineJob({
      name: INDEX_MEDIA,
      description:
        'Looks through a file or a folder of MEDIA_ROOTS for pictures and videos, and keeps what is found in them. Files that are as they were are not read; moved, changed and vanished ones are noticed. Only for admins.',
      payload: z.strictObject({
        path: mediaPath.describe('Absolute path of a file or a folder in one of MEDIA_ROOTS, on the server.'),
      }),
      mayCreate: 'ADMIN',
      timeoutSeconds: MAX_HOURS * 3_600,
      check: async ({ path }) => void (await openPlace(parts.places, path, 'payload.path')),
      run: (_services: unknown, order, task) => indexMedia(parts, order, task),
    }),
    defineJob({
      name: 'check_media',
      description:
        'Compares what is known of media with the files and the thumbnails on this server: makes missing thumbnails again, deletes those that belong to nothing, and counts files that are missing, changed or unreadable. By itself every week, for all users; of an admin, for their own.',
      payload: z.strictObject({}),
      mayCreate: 'ADMIN',
      priority: 'LOW',
      timeoutSeconds: MAX_HOURS * 3_600,
      schedule: { cron: '20 3 * * SUN', timeZone: 'UTC', missed: 'RUN_ONCE' },
      run: (_services: unknown, _order, task) => {
        const { tenantId, userId } = task.owner;
        return checkMedia(parts, userId === null ? null : { tenantId, userId }, task);
      },
    }),
    defineJob({
      name: 'learn_from_media',
      description:
        'Makes facts of what the pictures of a user have in common: what they show, where and when they were taken, their colours; each with pictures as its sources. By itself every night, for all users; of a user, for their own.',
      payload: z.strictObject({}),
      priority: 'LOW',
      timeoutSeconds: 4 * 3_600,
      schedule: { cron: '50 2 * * *', timeZone: 'UTC', missed: 'SKIP' },
      run: (_services: unknown, _order, task) => {
        const { tenantId, userId } = task.owner;
        return learnFromMedia(parts, userId === null ? null : { tenantId, userId }, task);
      },
    }),
    defineJob({
      name: MATCH_CHARACTERS,
      description:
        'Looks again which pictures are, or are near copies of, reference images of characters. By itself when these change, and every night for all users; of a user, for their own.',
      payload: z.strictObject({}),
      priority: 'LOW',
      timeoutSeconds: 4 * 3_600,
      schedule: { cron: '40 2 * * *', timeZone: 'UTC', missed: 'SKIP' },
      run: (_services: unknown, _order, task) => matchCharacters(parts, task.owner, task),
    }),
  ];
}
