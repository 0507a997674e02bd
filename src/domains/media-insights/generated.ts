import { createHash } from 'node:crypto';
import { lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../../access/principals.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { TaskLost } from '../tasks/errors.ts';
import type { IndexingParts } from './indexing.ts';
import { IndexingRun } from './indexing-run.ts';
import { keptFolder } from './kept-files.ts';
import { insightsByHash } from './reads.ts';

/** Keeps pictures and videos that the server was given, and indexes them like those of folders. */
export interface PictureKeeper {
  /** @returns SHA-256 of the bytes; null: they are nothing that can be read, and nothing is kept */
  keep(owner: Owner, bytes: Buffer, task: RunningTask): Promise<string | null>;
}

/** How their bytes begin, hexadecimal. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['png', /^89504e470d0a1a0a/],
  ['jpg', /^ffd8ff/],
  ['webp', /^52494646.{8}57454250/],
  ['gif', /^474946383[79]61/],
  ['mp4', /^.{8}66747970/],
  ['webm', /^1a45dfa3/],
];

/** @param parts of the indexing of folders */
export function pictureKeeper(parts: IndexingParts): PictureKeeper {
  return {
    keep: async (owner, bytes, task) => {
      const head = bytes.subarray(0, 16).toString('hex');
      const kind = KINDS.find(([, form]) => form.test(head))?.[0];
      if (kind === undefined) return null;
      const fileHash = createHash('sha256').update(bytes).digest('hex');
      const folder = keptFolder(parts.places.dataDirectory, owner);
      await mkdir(folder, { recursive: true });
      const path = join(folder, `${fileHash}.${kind}`);
      await writeWhole(path, bytes, task.taskId);
      await indexOwn(parts, owner, folder, path, task);
      const [insight] = await insightsByHash(parts.db, owner, [fileHash]);
      if (insight && insight.state !== 'BROKEN') return fileHash;
      await rm(path, { force: true });
      return null;
    },
  };
}

/** Whoever finds the file finds all of it. */
async function writeWhole(path: string, bytes: Buffer, taskId: string): Promise<void> {
  const half = `${path}.${taskId}.half`;
  const file = await open(half, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, path);
}

/**
 * Indexes one file of the server's own, in this folder. Of somebody who was erased meanwhile it does not stay: who erased them
 * may have been there before it was.
 *
 * @throws what the indexing throws
 */
export async function indexOwn(
  parts: IndexingParts,
  owner: Owner,
  folder: string,
  path: string,
  task: RunningTask,
): Promise<void> {
  try {
    await indexOne(parts, owner, folder, path, task);
  } catch (error) {
    if (error instanceof TaskLost && !(await isThere(parts.db, owner, task))) await rm(path, { force: true });
    throw error;
  }
}

/** Whether a task is kept: an erasure takes those of its user away. */
async function isThere(
  { pool }: IndexingParts['db'],
  owner: Owner,
  { taskId }: RunningTask,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'task_is_there',
    text: 'select from autonomous_tasks where task_id = $1 and tenant_id = $2 and user_id = $3',
    values: [taskId, owner.tenantId, owner.userId],
  });
  return rowCount === 1;
}

/** Indexes one file of the server's own, in this folder. What it tells of its progress is not the task's, of which it is the last step. */
async function indexOne(
  parts: IndexingParts,
  owner: Owner,
  folder: string,
  path: string,
  task: RunningTask,
): Promise<void> {
  const [real, root] = [Buffer.from(await realpath(path)), Buffer.from(await realpath(folder))];
  const stats = await lstat(real, { bigint: true });
  const place = {
    ...{ path: real, root, roots: [root], dataDirectory: Buffer.from(parts.places.dataDirectory) },
    ...{ isFolder: false, device: String(stats.dev), inode: String(stats.ino) },
  };
  const quiet: RunningTask = { ...task, progress: () => undefined };
  const own = { ...parts, places: { ...parts.places, roots: [folder] } };
  await parts.readers.use((reader) => new IndexingRun(own, reader, owner, place, quiet).run());
}
