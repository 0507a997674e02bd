import { execFile } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE = '3G';

/**
 * A file system whose device is a file, so that a power cut can be played: the file is copied while the file system
 * is in use, and the copy is used from then on. What was not written to the device by then (no fsync, and the kernel
 * had not come to it) is lost, as it would be from memory. A write cache of the device itself is not played: what
 * was handed to the device counts as kept, flushed or not.
 */
export class PowerDisk {
  readonly mountPoint: string;
  readonly #image: string;
  #device: string | null = null;

  constructor(directory: string) {
    this.mountPoint = `${directory}/disk`;
    this.#image = `${directory}/disk.img`;
  }

  /** @throws if this system has no loop devices for us (it takes root and e2fsprogs) */
  async create(): Promise<void> {
    await mkdir(this.mountPoint, { recursive: true });
    await run('truncate', ['-s', SIZE, this.#image]);
    await run('mkfs.ext4', [
      '-q',
      '-F',
      '-m',
      '0',
      '-E',
      'lazy_itable_init=0,lazy_journal_init=0',
      // Few inodes: their tables are written in full.
      '-N',
      '20000',
      this.#image,
    ]);
    await this.#mount();
  }

  /** What was written until now survives: the ground on which the next cut falls. */
  async sync(): Promise<void> {
    await run('sync', ['-f', this.mountPoint]);
  }

  /**
   * The cut itself. Call it while all that writes is frozen; the copy takes about as long as its data is large, and
   * must be of one moment.
   */
  async snapshot(): Promise<void> {
    await run('cp', ['--sparse=always', this.#image, `${this.#image}.cut`]);
  }

  /** Starts over from the snapshot. Call it when nothing uses the file system any more. */
  async restore(): Promise<void> {
    await this.close();
    await rename(`${this.#image}.cut`, this.#image);
    await this.#mount();
  }

  async close(): Promise<void> {
    if (this.#device === null) return;
    await run('umount', [this.mountPoint]);
    await run('losetup', ['-d', this.#device]);
    this.#device = null;
  }

  async #mount(): Promise<void> {
    const { stdout } = await run('losetup', ['--find', '--show', this.#image]);
    this.#device = stdout.trim();
    await run('mount', ['-t', 'ext4', this.#device, this.mountPoint]);
  }
}

/** A file system in memory that can be full from one moment to the next. */
export class SmallDisk {
  readonly mountPoint: string;
  #mounted = false;

  constructor(directory: string) {
    this.mountPoint = `${directory}/disk`;
  }

  /** @throws if this system does not let us mount (it takes root) */
  async create(): Promise<void> {
    await mkdir(this.mountPoint, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'torture', this.mountPoint]);
    this.#mounted = true;
  }

  /** Leaves not one free page. */
  async fill(): Promise<void> {
    const { stdout } = await run('df', ['--output=used', '-k', this.mountPoint]);
    const used = Number(stdout.trim().split('\n').at(-1));
    await this.#resize(`${used + 4}k`);
  }

  async free(): Promise<void> {
    await this.#resize(SIZE);
  }

  async close(): Promise<void> {
    if (this.#mounted) await run('umount', [this.mountPoint]);
    this.#mounted = false;
  }

  async #resize(size: string): Promise<void> {
    await run('mount', ['-o', `remount,size=${size}`, this.mountPoint]);
  }
}
