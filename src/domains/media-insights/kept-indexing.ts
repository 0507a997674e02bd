import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../../errors.ts';
import { defineJob, type Job } from '../../jobs/job.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import { indexOwn } from './generated.ts';
import type { IndexingParts } from './indexing.ts';
import { INDEX_KEPT } from './job-names.ts';
import { hashInName, keptFolder } from './kept-files.ts';
import { insightsByHash } from './reads.ts';

/** Indexes a picture or video that came back with an export. */
export function keptJob(parts: IndexingParts): Job {
  return defineJob({
    name: INDEX_KEPT,
    description:
      'Indexes a drawn picture or a made video that came back with an export. Made by `restoreUser`.',
    payload: z.strictObject({
      name: z
        .string()
        .refine((name) => hashInName(name) !== null)
        .describe('Of the file, below `DATA_DIR/media`.'),
    }),
    mayCreate: 'SERVER',
    isForOwner: true,
    timeoutSeconds: 3_600,
    retry: { limit: 2, delaySeconds: 2, maxDelaySeconds: 60 },
    run: async (_services: unknown, { name }, task) => {
      const { tenantId, userId } = task.owner;
      if (userId === null) throw new NotFound('payload.name', 'the server keeps nothing of its own');
      const owner = { tenantId, userId };
      const folder = keptFolder(parts.places.dataDirectory, owner);
      await indexOwn(parts, owner, folder, join(folder, name), task);
      const [insight] = await insightsByHash(parts.db, owner, [hashInName(name) ?? '']);
      if (insight && insight.state !== 'BROKEN') return { fileHash: insight.fileHash };
      await rm(join(folder, name), { force: true });
      throw new NotFound('payload.name', 'it is no picture and no video that can be read');
    },
  });
}

/** Makes the task that indexes it. Without folders of media there is none. */
export async function indexKept(
  { db, tasks, events }: TaskServices,
  owner: Owner,
  name: string,
): Promise<void> {
  const job = tasks.jobs.get(INDEX_KEPT);
  if (!job) return;
  const row = await db.transaction((client) =>
    enqueueTask(client, job, {
      ...{ type: INDEX_KEPT, owner, createdBy: owner.userId, payload: { name } },
      name: 'Index what was restored',
    }),
  );
  events.wake();
  tasks.wake(row.dueAt.getTime() - Date.now());
}

/** Whether one of a user's files is known to have this content, and to lie among what the server keeps. */
export async function isKeptIndexed({ pool }: Database, owner: Owner, name: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'is_kept_indexed',
    text: `select from echo_media_files where file_hash = $3 and tenant_id = $1 and user_id = $2 and state = 'PRESENT'
             and shown_path like '%/generated/' || $4`,
    values: [owner.tenantId, owner.userId, hashInName(name), name],
  });
  return (rowCount ?? 0) > 0;
}
