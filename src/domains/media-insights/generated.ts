import { createHash } from 'node:crypto';
import { lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Owner } from '../../access/principals.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { TaskLost } from '../tasks/errors.ts';
import type { IndexingParts } from './indexing.ts';
import { IndexingRun } from './indexing-run.ts';
import { hashInName, keptFolder } from './kept-files.ts';
import { insightsByHash } from './reads.ts';
import { removeThumbnails } from './thumbnails.ts';

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
    if (error instanceof TaskLost && !(await isWanted(parts.db, owner, path, task)))
      await discard(parts, owner, path);
    throw error;
  }
}

/**
 * Whether somebody goes on with a file: an attempt that has taken the task over, or whoever knows of its content already. An erasure
 * takes the tasks of its user away, and deletes them at last.
 */
async function isWanted(
  { pool }: IndexingParts['db'],
  owner: Owner,
  path: string,
  { taskId }: RunningTask,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'kept_file_is_wanted',
    text: `select from autonomous_tasks where task_id = $1 and tenant_id = $2 and user_id = $3 and status <> 'CANCELLED'
           union all select from echo_media_insights where file_hash = $4 and tenant_id = $2 and user_id = $3`,
    values: [taskId, owner.tenantId, owner.userId, hashInName(basename(path))],
  });
  return (rowCount ?? 0) > 0;
}

/** With the thumbnails that were made of it. */
async function discard({ places }: IndexingParts, owner: Owner, path: string): Promise<void> {
  await rm(path, { force: true });
  const fileHash = hashInName(basename(path));
  if (fileHash !== null) await removeThumbnails(places.dataDirectory, owner, fileHash);
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
