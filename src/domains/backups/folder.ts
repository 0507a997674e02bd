import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupPlaceUnusable } from './errors.ts';
import type { BackupPlace, PlacedFile } from './place.ts';

/** Of files that are not whole. */
const PARTIAL = '.partial';
const LEFT_MS = 3_600_000;
/** What a name may be: no path. */
const NAME = /^[\w.-]{1,200}$/;

/** Backups in a folder, which is made when the first one comes. Nobody but this user can read them. */
export class BackupFolder implements BackupPlace {
  readonly name: string;
  readonly #path: string;

  constructor(path: string) {
    this.name = path;
    this.#path = path;
  }

  async put(name: string, content: Readable, signal?: AbortSignal): Promise<void> {
    const partial = this.#pathOf(`${name}.${randomUUID()}${PARTIAL}`);
    try {
      await this.#usable(() => mkdir(this.#path, { recursive: true, mode: 0o700 }));
      // Asked for by whoever may read it: another name is in nobody's way.
      const file = createWriteStream(partial, { mode: 0o600, flags: 'wx', flush: true });
      const failed = new Promise<never>((_resolve, reject) => {
        file.once('error', (error: NodeJS.ErrnoException) => {
          if (error.code !== undefined && error.syscall !== undefined) reject(this.#problem(error));
        });
      });
      failed.catch(() => undefined);
      await Promise.race([pipeline(content, file, signal ? { signal } : {}), failed]);
      await this.#usable(() => rename(partial, this.#pathOf(name)));
      await this.#usable(() => syncFolder(this.#path));
    } catch (error) {
      content.destroy();
      await rm(partial, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async read(name: string): Promise<Readable | null> {
    const path = this.#pathOf(name);
    const found = await this.#usable(() => stat(path).catch(orNull));
    return found && createReadStream(path, { highWaterMark: 262_144 });
  }

  async list(): Promise<readonly PlacedFile[]> {
    const names = (await this.#usable(() => readdir(this.#path).catch(orNull))) ?? [];
    const files: PlacedFile[] = [];
    for (const name of names.filter((each) => !each.endsWith(PARTIAL) && NAME.test(each))) {
      const found = await this.#usable(() => stat(this.#pathOf(name)).catch(orNull));
      if (found?.isFile()) files.push({ name, bytes: found.size });
    }
    return files;
  }

  async remove(name: string): Promise<void> {
    await this.#usable(() => rm(this.#pathOf(name), { force: true }));
  }

  async tidy(): Promise<void> {
    const names = (await this.#usable(() => readdir(this.#path).catch(orNull))) ?? [];
    for (const name of names.filter((each) => each.endsWith(PARTIAL))) {
      const found = await this.#usable(() => stat(this.#pathOf(name)).catch(orNull));
      // Who writes still writes often.
      if (found && Date.now() - found.mtimeMs > LEFT_MS) await this.remove(name);
    }
  }

  #pathOf(name: string): string {
    if (!NAME.test(name)) throw new RangeError(`"${name}" is no name of a file`);
    return join(this.#path, name);
  }

  async #usable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#problem(error as NodeJS.ErrnoException);
    }
  }

  #problem({ code, message }: NodeJS.ErrnoException): BackupPlaceUnusable {
    const reasons: Record<string, string> = {
      ENOSPC: 'the disk is full',
      EDQUOT: 'the quota of the disk is used up',
      EFBIG: 'the file is larger than the file system or a limit of this process allows',
      EACCES: 'this user may not write there',
      EPERM: 'this user may not write there',
      EROFS: 'it can only be read',
      EIO: 'the disk fails',
    };
    return new BackupPlaceUnusable(
      `BACKUP_DIR: backups cannot be kept in "${this.#path}": ${reasons[code ?? ''] ?? message}; nothing of it was left there`,
    );
  }
}

function orNull(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
