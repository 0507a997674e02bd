import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import type { FileIdentity, FileStat, Reading } from './facts.ts';

/** Files up to this size are read once, into memory; of larger ones only the beginning is kept. */
export const MAX_BYTES_IN_MEMORY = 48 * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;

type Unreadable = Extract<Reading, { outcome: 'unreadable' }>;

/** Why a file can't be read, in words for people. */
export class UnreadableFile extends Error {
  readonly isGone: boolean;

  constructor(problem: string, isGone = false) {
    super(problem);
    this.isGone = isGone;
  }

  get reading(): Unreadable {
    return { outcome: 'unreadable', problem: this.message, isGone: this.isGone };
  }
}

/** A regular file below one of the roots, which stays the same one however its path changes meanwhile. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Without links. */
  readonly path: Buffer;
  /** By which other programs and libraries open this very file. */
  readonly descriptorPath: string;
  readonly stat: FileStat;
}

export interface FileContent extends FileIdentity {
  /** All of it, or its first {@link MAX_BYTES_IN_MEMORY} bytes. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/**
 * Opens a file that lies below one of the roots once all links are resolved, which is looked at again after it was
 * opened: a folder may have become a link in between. FIFOs, sockets and devices are refused before they are opened.
 *
 * @throws UnreadableFile
 */
export async function openInside(path: Buffer, roots: readonly string[]): Promise<OpenFile> {
  const realRoots = await realPathsOf(roots);
  if (realRoots.length === 0) throw new UnreadableFile('none of the folders for media is there');
  const real = await realpath(path, { encoding: 'buffer' }).catch(refuse);
  refuseOutside(real, realRoots);
  if (!(await lstat(real).catch(refuse)).isFile()) throw new UnreadableFile('it is no regular file');
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(real, flags).catch(refuse);
  try {
    const stat = await regularStat(handle);
    const opened = await openedPath(handle, real, stat);
    refuseOutside(opened, realRoots);
    return { handle, path: opened, descriptorPath: descriptorPathOf(handle, opened), stat };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @throws UnreadableFile it changed while it was read */
export async function readContent(file: OpenFile): Promise<FileContent> {
  const { handle, stat } = file;
  const hash = createHash('sha256');
  const kept = Buffer.allocUnsafe(Math.min(stat.size, MAX_BYTES_IN_MEMORY));
  // One byte more than it has: a file that has grown is noticed.
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, stat.size + 1));
  let position = 0;
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position).catch(refuse);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
    if (position < kept.length) chunk.copy(kept, position, 0, Math.min(bytesRead, kept.length - position));
    position += bytesRead;
    if (position > stat.size) break;
  }
  await refuseChanged(file);
  if (position !== stat.size) throw changed();
  return { bytes: kept, isWhole: kept.length === stat.size, fileHash: hash.digest('hex'), stat };
}

/** @throws UnreadableFile it changed since it was opened */
export async function refuseChanged({ handle, stat }: OpenFile): Promise<void> {
  const now = await regularStat(handle);
  const isSame =
    now.size === stat.size &&
    now.modifiedNs === stat.modifiedNs &&
    now.inode === stat.inode &&
    now.device === stat.device;
  if (!isSame) throw changed();
}

const changed = () => new UnreadableFile('it changed while it was read');

async function realPathsOf(roots: readonly string[]): Promise<Buffer[]> {
  const found = await Promise.all(
    roots.map((root) => realpath(root, { encoding: 'buffer' }).catch(() => null)),
  );
  return found.filter((root) => root !== null);
}

function refuseOutside(path: Buffer, roots: readonly Buffer[]): void {
  const isInside = roots.some(
    (root) => path.subarray(0, root.length).equals(root) && path[root.length] === '/'.charCodeAt(0),
  );
  if (!isInside) throw new UnreadableFile('it lies outside the folders for media');
}

async function regularStat(handle: FileHandle): Promise<FileStat> {
  const stat = await handle.stat({ bigint: true }).catch(refuse);
  if (!stat.isFile()) throw new UnreadableFile('it is no regular file');
  return {
    size: Number(stat.size),
    modifiedNs: stat.mtimeNs,
    device: String(stat.dev),
    inode: String(stat.ino),
  };
}

/** Where the opened file lies: the kernel says it, or else the path must still lead to the same file. */
async function openedPath(handle: FileHandle, path: Buffer, stat: FileStat): Promise<Buffer> {
  if (process.platform === 'linux') {
    const opened = await readlink(`/proc/self/fd/${handle.fd}`, { encoding: 'buffer' }).catch(refuse);
    if ((await handle.stat()).nlink === 0) throw new UnreadableFile('it was deleted', true);
    return opened;
  }
  const now = await realpath(path, { encoding: 'buffer' }).catch(refuse);
  const there = await lstat(now, { bigint: true }).catch(refuse);
  if (String(there.dev) !== stat.device || String(there.ino) !== stat.inode) throw changed();
  return now;
}

function descriptorPathOf(handle: FileHandle, path: Buffer): string {
  return process.platform === 'linux' ? `/proc/${process.pid}/fd/${handle.fd}` : path.toString();
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'it is not there',
  ELOOP: 'its links lead in a circle, or it became a link',
  EACCES: 'the server may not read it',
  EPERM: 'the server may not read it',
  ENAMETOOLONG: 'its name is too long',
  EISDIR: 'it is a folder',
  EMFILE: 'the server has too many files open',
  EIO: 'its disk has an error',
};

function refuse(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '') throw error;
  const isGone = code === 'ENOENT' || code === 'ENOTDIR';
  throw new UnreadableFile(PROBLEMS[code] ?? `it can't be read (${code})`, isGone);
}
