import { unlink } from 'node:fs/promises';
import { matchesGlob } from 'node:path';
import { bytesOf, type RepairFolder, type RepairList } from '../../config/repairs.ts';
import { Folder } from './folder.ts';
import type { Repair, Repaired } from './repair.ts';
import type { Figures } from './tables.ts';

/** Names that one look reads; what lies beyond waits for the next. */
const MAX_LOOKED_AT = 100_000;
const MAX_LEVELS = 16;
/** Names that the figures tell. */
const SHOWN = 20;
const HOUR_MS = 3_600_000;

interface Old {
  /** From the folder, the last one a file's. */
  readonly way: readonly string[];
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Deletes old files in folders. */
export function diskCleanup(
  { folders }: Pick<RepairList, 'folders'>,
  dataDirectory: string,
): Repair<RepairFolder> {
  const inFolder = async <T>({ path }: RepairFolder, work: (folder: Folder) => Promise<T>) => {
    const folder = await Folder.open(path, dataDirectory);
    try {
      return await work(folder);
    } finally {
      await folder.close();
    }
  };
  return {
    type: 'disk_cleanup',
    description: 'Deletes files of a folder that are older than its entry in REPAIR says, the oldest first.',
    timeoutSeconds: 600,
    entryOf: (target) => folders.find(({ path }) => path === target) ?? null,
    look: (entry, signal) =>
      inFolder(entry, async (folder) => {
        const { chosen, isWhole } = await choose(folder, entry, signal);
        return {
          freeBytes: await folder.freeBytes(),
          files: chosen.length,
          bytes: sum(chosen),
          oldest: chosen.slice(0, SHOWN).map(({ way }) => way.join('/').toWellFormed()),
          sawAll: isWhole,
        };
      }),
    act: (entry, _before, signal) => inFolder(entry, (folder) => clean(folder, entry, signal)),
  };
}

async function clean(folder: Folder, entry: RepairFolder, signal: AbortSignal): Promise<Repaired> {
  const { chosen } = await choose(folder, entry, signal);
  const removed: Old[] = [];
  const problems = new Map<string, number>();
  for (const old of chosen) {
    if (signal.aborted) break;
    const problem = await remove(folder, old, entry);
    if (problem === null) removed.push(old);
    else problems.set(problem, (problems.get(problem) ?? 0) + 1);
  }
  const after: Figures = {
    freeBytes: await folder.freeBytes(),
    removedFiles: removed.length,
    removedBytes: sum(removed),
    leftFiles: chosen.length - removed.length,
  };
  const words = [...problems].map(([problem, count]) => `${count} files stay (${problem})`);
  if (signal.aborted) words.push('it was told to stop in the middle');
  const problem = words.join('; ') || null;
  return { outcome: problem === null ? 'SUCCEEDED' : 'FAILED', problem, after };
}

/** Looks once more at what goes, through the same doors. @returns why it stays; null if it went */
async function remove(folder: Folder, { way }: Old, entry: RepairFolder): Promise<string | null> {
  const [name = '', ...above] = [...way].reverse();
  const opened: Folder[] = [];
  try {
    let place = folder;
    for (const part of above.reverse()) {
      const next = await place.within(part);
      if (!next) return 'moved';
      opened.push(next);
      place = next;
    }
    const stats = await place.look(name);
    if (!stats?.isFile() || stats.mtimeMs > Date.now() - entry.olderThanHours * HOUR_MS) return 'changed';
    await unlink(place.path(name));
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    for (const each of opened) await each.close();
  }
}

/** What is old enough and called so, the oldest first, as much as one clean-up may delete. */
async function choose(
  folder: Folder,
  entry: RepairFolder,
  signal: AbortSignal,
): Promise<{ chosen: Old[]; isWhole: boolean }> {
  const found: Old[] = [];
  const look = { before: Date.now() - entry.olderThanHours * HOUR_MS, left: MAX_LOOKED_AT, signal };
  await gather(folder, [], entry, look, found);
  found.sort((a, b) => a.modifiedMs - b.modifiedMs);
  const most = bytesOf(entry);
  let bytes = 0;
  const chosen = found.slice(0, entry.maxFiles).filter((old) => {
    const isTaken = bytes + old.bytes <= most;
    if (isTaken) bytes += old.bytes;
    return isTaken;
  });
  return { chosen, isWhole: look.left > 0 && chosen.length === found.length };
}

async function gather(
  folder: Folder,
  way: readonly string[],
  entry: RepairFolder,
  look: { before: number; left: number; signal: AbortSignal },
  found: Old[],
): Promise<void> {
  for (const name of await folder.names()) {
    look.signal.throwIfAborted();
    if (look.left-- <= 0) return;
    const stats = await folder.look(name);
    if (stats?.isFile() && stats.mtimeMs <= look.before && matchesGlob(name, entry.pattern))
      found.push({ way: [...way, name], bytes: stats.size, modifiedMs: stats.mtimeMs });
    if (!stats?.isDirectory() || !entry.subfolders || way.length >= MAX_LEVELS) continue;
    const inner = await folder.within(name);
    if (!inner) continue;
    try {
      await gather(inner, [...way, name], entry, look, found);
    } finally {
      await inner.close();
    }
  }
}

function sum(files: readonly Old[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}
