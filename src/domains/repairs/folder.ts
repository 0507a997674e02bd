import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, realpath, statfs } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { RepairRefused } from './errors.ts';

/** What the system says of a name that is no folder to go into. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM']);

/**
 * A folder that was opened once and is worked in by its descriptor: whoever puts a link in the place of the folder, or of one
 * above it, meanwhile, leads nobody elsewhere. What is named within it is its own, never a link's target.
 */
export class Folder {
  readonly #handle: FileHandle;
  readonly stats: Stats;

  private constructor(handle: FileHandle, stats: Stats) {
    this.#handle = handle;
    this.stats = stats;
  }

  /**
   * @param path where it is, and nowhere else: no part of it may be a link
   * @param dataDirectory which it must neither hold nor be in
   * @throws RepairRefused
   */
  static async open(path: string, dataDirectory: string): Promise<Folder> {
    const folder = await Folder.#open(path).catch((error: NodeJS.ErrnoException) => {
      throw new RepairRefused(
        `the folder "${path}" cannot be opened (${error.code}); a link is not followed`,
      );
    });
    const place = await readlink(folder.#place);
    const data = await realpath(dataDirectory);
    const problem =
      place !== path
        ? `the folder "${path}" leads elsewhere through a link`
        : isWithin(place, data) || isWithin(data, place)
          ? 'the folder holds the data directory, or is in it'
          : null;
    if (problem === null) return folder;
    await folder.close();
    throw new RepairRefused(problem);
  }

  static async #open(path: string): Promise<Folder> {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return new Folder(handle, await handle.stat());
  }

  /** A folder in it; null if it is none any more, is another file system's, or may not be read. */
  async within(name: string): Promise<Folder | null> {
    const folder = await Folder.#open(this.path(name)).catch((error: NodeJS.ErrnoException) => {
      if (CLOSED.has(error.code)) return null;
      throw error;
    });
    if (folder === null || folder.stats.dev === this.stats.dev) return folder;
    await folder.close();
    return null;
  }

  get #place(): string {
    return `/proc/self/fd/${this.#handle.fd}`;
  }

  /** By which the system finds a name in this very folder. */
  path(name: string): string {
    return `${this.#place}/${name}`;
  }

  names(): Promise<string[]> {
    return readdir(this.#place);
  }

  /** Of what has this name itself; null: nothing has. */
  async look(name: string): Promise<Stats | null> {
    return lstat(this.path(name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  }

  /** Bytes that are left to others than root on its file system. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#place);
    return bavail * bsize;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}
