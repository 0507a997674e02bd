import type { BigIntStats, Dir, Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import type { FileStat } from '../../media/facts.ts';
import { folderOf, joined } from './paths.ts';
import { type IndexedPlace, problemOf } from './roots.ts';

/** Something that is no folder. Links are not followed: what they lead to within the roots is found there. */
export interface Found {
  readonly path: Buffer;
  /** `special`: FIFO, socket or device, which is never opened. `lost`: its name was listed, and nothing is said of it. */
  readonly kind: 'file' | 'link' | 'special' | 'lost';
  /** Of a file. */
  readonly stat: FileStat | null;
  /** Why it is lost. */
  readonly problem: string | null;
  /** Of the folder in which it lies. */
  readonly folderDevice: string;
}

export interface WalkOptions {
  readonly signal: AbortSignal;
  /** A folder was opened, or (with why) it could not be read, or not to its end. */
  readonly onFolder: (path: Buffer, problem: string | null) => void;
}

/** Entries that are looked at together; more are never held of one folder. */
const BATCH = 256;

/** Everything below a place, some at a time; folders whose list is long are read piece by piece. */
export async function* walk(place: IndexedPlace, options: WalkOptions): AsyncGenerator<Found[]> {
  if (!place.isFolder) {
    const { dev } = await lstat(folderOf(place.path), { bigint: true });
    yield [await look(place.path, String(dev))].map(({ found }) => found);
    return;
  }
  const folders = [place.path];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    options.signal.throwIfAborted();
    if (folder.equals(place.dataDirectory)) continue;
    try {
      for await (const { found, inner } of listed(folder, options.signal)) {
        folders.push(...inner);
        if (found.length > 0) yield found;
      }
      options.onFolder(folder, null);
    } catch (error) {
      // Our own, or that of whoever takes the entries, has no code of the system.
      if (options.signal.aborted || !isOfSystem(error)) throw error;
      options.onFolder(folder, problemOf(error));
    }
  }
}

/** How many entries there are below a place that are no folders, by their names alone. @throws what the system says */
export async function countEntries(place: IndexedPlace, signal: AbortSignal): Promise<number> {
  let count = 0;
  const folders = [place.path];
  for (let folder = folders.pop(); folder; folder = folders.pop())
    for await (const entry of await openFolder(folder)) {
      signal.throwIfAborted();
      const path = joined(folder, nameOf(entry));
      if (!entry.isDirectory()) count++;
      else if (!path.equals(place.dataDirectory)) folders.push(path);
    }
  return count;
}

async function* listed(
  folder: Buffer,
  signal: AbortSignal,
): AsyncGenerator<{ readonly found: Found[]; readonly inner: Buffer[] }> {
  const device = String((await lstat(folder, { bigint: true })).dev);
  let names: Buffer[] = [];
  for await (const entry of await openFolder(folder)) {
    names.push(nameOf(entry));
    if (names.length < BATCH) continue;
    yield await lookAtAll(folder, names, device);
    names = [];
    signal.throwIfAborted();
  }
  yield await lookAtAll(folder, names, device);
}

async function lookAtAll(folder: Buffer, names: readonly Buffer[], device: string) {
  const looks = await Promise.all(names.map((name) => look(joined(folder, name), device)));
  return {
    found: looks.filter(({ isFolder }) => !isFolder).map(({ found }) => found),
    inner: looks.filter(({ isFolder }) => isFolder).map(({ found }) => found.path),
  };
}

/** What is there itself, never what it leads to. */
async function look(path: Buffer, folderDevice: string): Promise<{ found: Found; isFolder: boolean }> {
  const nothing = { path, stat: null, problem: null, folderDevice };
  try {
    const stats = await lstat(path, { bigint: true });
    const kind = stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'link' : 'special';
    const stat = kind === 'file' ? statOf(stats) : null;
    return { found: { ...nothing, kind, stat }, isFolder: stats.isDirectory() };
  } catch (error) {
    const problem = problemOf(error as NodeJS.ErrnoException);
    return { found: { ...nothing, kind: 'lost', problem }, isFolder: false };
  }
}

/** By which one sees that a file is as it was. */
export function statOf({ size, mtimeNs, dev, ino }: BigIntStats): FileStat {
  return { size: Number(size), modifiedNs: mtimeNs, device: String(dev), inode: String(ino) };
}

function openFolder(path: Buffer): Promise<Dir> {
  // The types know no names of bytes.
  return opendir(path, { encoding: 'buffer' as never, bufferSize: BATCH });
}

function nameOf(entry: Dirent): Buffer {
  return entry.name as unknown as Buffer;
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
