import type { Principal } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import { NotConfigured } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { ownerFor, requireAdmin } from '../../ground/ownership.ts';
import { unfinishedTasks } from '../tasks/reads.ts';
import type { TaskRow } from '../tasks/tables.ts';
import { enqueueTask, type TaskServices } from '../tasks/tasks.ts';
import { pathOf } from './indexing.ts';
import { INDEX_MEDIA } from './job-names.ts';
import { lockMedia } from './owners.ts';
import { mediaPath, openPlace } from './roots.ts';

type Services = TaskServices & { readonly config: Pick<Config, 'media' | 'dataDirectory'> };

/**
 * Makes the task that indexes a file or a folder for a user; while one for the same path waits or runs, that one is the
 * answer. Only for admins: what lies in the folders of the server is not for everybody to see.
 *
 * @throws Forbidden, NotConfigured, InvalidInput
 */
export async function requestIndexing(
  { db, events, tasks, config }: Services,
  principal: Principal,
  given: { readonly path: string; readonly userId?: string | null | undefined },
): Promise<TaskRow> {
  requireAdmin(principal);
  const path = input.parseInput(mediaPath, given.path, 'path');
  const job = tasks.jobs.get(INDEX_MEDIA);
  if (config.media === null || config.media.roots.length === 0 || !job)
    throw new NotConfigured(
      'MEDIA_ROOTS',
      'no folders of media are configured; the operator lists them there',
    );
  const owner = ownerFor(principal, given.userId);
  await openPlace({ roots: config.media.roots, dataDirectory: config.dataDirectory }, path, 'path');
  const row = await db.transaction(async (client) => {
    // Two requests at once make one task.
    await lockMedia(client, owner);
    const unfinished = await unfinishedTasks(client, owner, INDEX_MEDIA);
    const same = unfinished.find(({ payload }) => pathOf(payload) === path);
    const task = { type: INDEX_MEDIA, owner, createdBy: principal.userId, payload: { path } };
    return same ?? enqueueTask(client, job, task);
  });
  events.wake();
  tasks.wake(row.dueAt.getTime() - Date.now());
  return row;
}
