import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import type { Pressure } from '../../ground/pressure.ts';
import type { AlertTeller } from '../../ground/promise.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { Logger } from '../../log.ts';
import { TaskLost } from '../tasks/errors.ts';
import { unfinishedTasks } from '../tasks/reads.ts';
import { IndexingRun } from './indexing-run.ts';
import { INDEX_MEDIA } from './job-names.ts';
import { shownPath } from './paths.ts';
import type { Readers } from './readers.ts';
import { hasMedia } from './reads.ts';
import { type MediaPlaces, mediaPath, openPlace } from './roots.ts';
import type { Tally } from './tally.ts';
import { removeThumbnailFolder } from './thumbnails.ts';
import { noteVanished, type Vanished } from './vanished.ts';

export interface IndexingParts {
  readonly db: Database;
  readonly log: Logger;
  readonly pressure: Pick<Pressure, 'pauseMs' | 'workers'>;
  readonly places: MediaPlaces;
  readonly readers: Readers;
  readonly alerts: Pick<AlertTeller, 'set'>;
}

/** What a run comes to: `seen` is the sum of what files were. */
export type IndexingResult = ReturnType<Tally['result']> &
  Vanished & {
    /** Where it really was, all links resolved. */
    readonly path: string;
    /** Which attempt came through; seconds and what was read are its own. */
    readonly attempt: number;
  };

/**
 * Lets all that is known of media in a file or a folder be as the files are. It may be cut off anywhere: what was stored
 * stays, and whoever goes on does not read it again.
 *
 * @throws InvalidInput: the path is no longer what it was when it was asked for, or another task is at it; and the reason of
 *   the task's signal
 */
export async function indexMedia(
  parts: IndexingParts,
  { path }: { readonly path: string },
  task: RunningTask,
): Promise<IndexingResult> {
  const { tenantId, userId } = task.owner;
  if (userId === null) throw new NotFound('payload.path', 'the server has no media of its own');
  const owner: Owner = { tenantId, userId };
  const place = await openPlace(parts.places, path, 'payload.path');
  await refuseSecond(parts.db, task, path);
  const tally = await parts.readers
    .use((reader) => new IndexingRun(parts, reader, owner, place, task).run())
    .catch((error: unknown) => withoutLeftovers(parts, owner, error));
  // Only now: whoever was told to stop has not seen all.
  const vanished = place.isFolder
    ? await noteVanished(parts, owner, place, task)
    : { vanished: 0, kept: 0, keptReason: null };
  return { path: shownPath(place.path), ...tally.result(), ...vanished, attempt: task.attempt };
}

/** Of a user who was erased meanwhile, pictures that were just being read have left thumbnails. @throws the error */
async function withoutLeftovers({ db, places }: IndexingParts, owner: Owner, error: unknown): Promise<never> {
  if (error instanceof TaskLost && !(await hasMedia(db, owner)))
    await removeThumbnailFolder(places.dataDirectory, owner);
  throw error;
}

/** One run at a time over the same path of a user: what began later, ends. @throws InvalidInput */
async function refuseSecond(db: Database, { taskId, owner }: RunningTask, path: string): Promise<void> {
  const tasks = await unfinishedTasks(db.pool, owner, INDEX_MEDIA);
  const own = tasks.find((each) => each.taskId === taskId);
  if (!own) return;
  const beganAt = ({ startedAt }: typeof own) => startedAt?.getTime() ?? 0;
  const other = tasks.find(
    (each) =>
      each.status === 'RUNNING' &&
      pathOf(each.payload) === path &&
      (beganAt(each) < beganAt(own) || (beganAt(each) === beganAt(own) && each.id < own.id)),
  );
  if (other)
    throw new InvalidInput('payload.path', `the task ${other.taskId} indexes it already; wait for its end`);
}

/** What a payload of an indexing task names; null: it is none. */
export function pathOf(payload: unknown): string | null {
  const named = mediaPath.safeParse((payload as { path?: unknown } | null)?.path);
  return named.success ? named.data : null;
}
