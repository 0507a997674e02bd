import { lstat, opendir } from 'node:fs/promises';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { followFiles, isAnySeenAgain, markVanished, type SeenBy, unseenBelow } from './files.ts';
import { lockMedia } from './owners.ts';
import { folderOf, keyOfPath } from './paths.ts';
import { type IndexedPlace, isStillThere } from './roots.ts';
import type { MediaFileRow } from './tables.ts';

/** Rows that are looked at, and marked, in one transaction. */
const PAGE = 500;

/** What became of known files that a run has not seen. */
export interface Vanished {
  /** Files that are certainly gone. */
  readonly vanished: number;
  /** Files of which nobody can say it: they stay as they are. */
  readonly kept: number;
  /** Why; null: none was kept. */
  readonly keptReason: string | null;
}

/**
 * Marks known files below a place that are gone, at the end of a run that came through. Each is looked for once more, and
 * counts as gone only if it is not there while its folder, or what is left of it, is on the device that it was on: of what
 * lies on a device that is not mounted nothing is said, and of a place that is not there any more neither.
 */
export async function noteVanished(
  { db }: { readonly db: Database },
  owner: Owner,
  place: IndexedPlace,
  task: RunningTask,
): Promise<Vanished> {
  const began = new Date();
  let [vanished, kept] = [0, 0];
  let keptReason: string | null = null;
  for (let after = 0; ; ) {
    task.signal.throwIfAborted();
    const unseen = await unseenBelow(db.pool, owner, place.path, { by: task, after, limit: PAGE });
    const last = unseen.at(-1);
    if (!last) return { vanished, kept, keptReason };
    after = last.id;
    const away = await absenceOf(place);
    const gone = away === null ? await goneAmong(db, owner, unseen, { by: task, before: began }) : [];
    kept += unseen.length - gone.length;
    if (gone.length < unseen.length)
      keptReason =
        away ?? keptReason ?? 'they cannot be looked for: the device, or the folder, is another one now';
    if (gone.length === 0) continue;
    await task.write(async (client) => {
      await lockMedia(client, owner);
      await markVanished(
        client,
        owner,
        gone.map(({ id }) => id),
      );
      await followFiles(client, owner, contentsOf(gone));
    });
    vanished += gone.length;
  }
}

/** Why nothing can be said of what is below a place; null: it is there. */
async function absenceOf(place: IndexedPlace): Promise<string | null> {
  if (!(await isStillThere(place))) return 'the folder is not there any more, or is another one';
  // A device that is not mounted leaves an empty folder.
  if (await isEmpty(place.root)) return 'the root is empty, as it is when nothing is mounted there';
  return null;
}

async function goneAmong(
  db: Database,
  owner: Owner,
  files: readonly MediaFileRow[],
  run: { readonly by: SeenBy; readonly before: Date },
): Promise<MediaFileRow[]> {
  const gone: MediaFileRow[] = [];
  const devices = new Map<string, Promise<boolean>>();
  for (const file of files) {
    const where = await whereIs(file);
    if (where === 'gone') gone.push(file);
    if (where !== 'elsewhere') continue;
    // Numbers of devices change over restarts of some machines: where others of its folder were seen, that is all.
    const folder = folderOf(file.path);
    const key = keyOfPath(folder);
    const isSame = devices.get(key) ?? isAnySeenAgain(db.pool, owner, folder, run);
    devices.set(key, isSame);
    if (await isSame) gone.push(file);
  }
  return gone;
}

/**
 * Where a known file is. `gone`: it is certainly not there. `elsewhere`: its folder is there, on another device than it was.
 * `unknown`: nobody can say.
 */
export async function whereIs({
  path,
  folderDevice,
}: Pick<MediaFileRow, 'path' | 'folderDevice'>): Promise<'there' | 'gone' | 'elsewhere' | 'unknown'> {
  const found = await look(path);
  if (found === 'unknown') return 'unknown';
  if (found?.isFile) return 'there';
  const folder = folderOf(path);
  let above = folder;
  let holder = await look(above);
  while (holder === null && above.length > 1) {
    above = folderOf(above);
    holder = await look(above);
  }
  if (holder === null || holder === 'unknown') return 'unknown';
  if (holder.device === folderDevice) return 'gone';
  return above.equals(folder) ? 'elsewhere' : 'unknown';
}

/** Null: nothing is there. */
async function look(path: Buffer): Promise<{ isFile: boolean; device: string } | 'unknown' | null> {
  try {
    const stats = await lstat(path, { bigint: true });
    return { isFile: stats.isFile(), device: String(stats.dev) };
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ? null : 'unknown';
  }
}

/** One that cannot be read says nothing, as an empty one does. */
async function isEmpty(path: Buffer): Promise<boolean> {
  try {
    const folder = await opendir(path);
    try {
      return (await folder.read()) === null;
    } finally {
      await folder.close();
    }
  } catch {
    return true;
  }
}

function contentsOf(files: readonly MediaFileRow[]): string[] {
  return [...new Set(files.map(({ fileHash }) => fileHash).filter((hash) => hash !== null))];
}
