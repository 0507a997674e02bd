import { constants } from 'node:fs';
import { access, lstat, realpath } from 'node:fs/promises';
import { isAbsolute, normalize } from 'node:path';
import { InvalidInput } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { isWithin } from './paths.ts';

/** Where media may lie, and where none is looked for. */
export interface MediaPlaces {
  /** Absolute paths, as the setting MEDIA_ROOTS lists them. */
  readonly roots: readonly string[];
  /** The server's own: thumbnails would be indexed like pictures, and have thumbnails. */
  readonly dataDirectory: string;
}

/** A file or a folder in one of the roots, where it really is: all links are resolved. */
export interface IndexedPlace {
  readonly path: Buffer;
  /** The root that it lies in, or is. */
  readonly root: Buffer;
  /** All of them. */
  readonly roots: readonly Buffer[];
  readonly dataDirectory: Buffer;
  readonly isFolder: boolean;
  readonly device: string;
  readonly inode: string;
}

/** Bytes of a path, as Linux takes it. */
const MAX_PATH_BYTES = 4_095;

/** What a caller may name: whether it is there, and in a root, only a look at it tells (`openPlace`). */
export const mediaPath = input
  .text(MAX_PATH_BYTES)
  .transform((path) => (path.length > 1 ? path.replace(/\/+$/, '') : path))
  .refine((path) => isAbsolute(path), { error: 'must be an absolute path' })
  .refine((path) => normalize(path) === path, { error: 'must not contain "..", "." or "//"' })
  .refine((path) => Buffer.byteLength(path) <= MAX_PATH_BYTES, {
    error: `must have at most ${MAX_PATH_BYTES} bytes`,
  });

/**
 * Finds what is to be indexed.
 *
 * @param field names it in messages
 * @throws InvalidInput: nothing is there, it is outside of all roots once links are resolved, it is neither a file nor a
 *   folder, or it may not be read
 */
export async function openPlace(places: MediaPlaces, named: string, field: string): Promise<IndexedPlace> {
  const roots = await realRoots(places.roots);
  const rule = `must lie in one of the folders of MEDIA_ROOTS (${places.roots.join(', ')}), also after all links are resolved`;
  const asked = Buffer.from(named);
  // Of what is elsewhere nobody learns whether it is there.
  if (![...places.roots.map((root) => Buffer.from(root)), ...roots].some((root) => isWithin(asked, root)))
    throw new InvalidInput(field, rule);
  const path = await real(asked).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInput(field, `${problemOf(error)}; it ${rule}`);
  });
  const root = roots.filter((each) => isWithin(path, each)).sort((a, b) => b.length - a.length)[0];
  if (!root) throw new InvalidInput(field, rule);
  const dataDirectory = await real(Buffer.from(places.dataDirectory));
  if (isWithin(path, dataDirectory))
    throw new InvalidInput(field, 'must not lie in the data directory of the server');
  const stats = await lstat(path, { bigint: true });
  if (!stats.isFile() && !stats.isDirectory())
    throw new InvalidInput(field, `must be a file or a folder, and no FIFO, socket or device; it ${rule}`);
  await access(path, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInput(field, `${problemOf(error)}; it ${rule}`);
  });
  return {
    ...{ path, root, roots, dataDirectory, isFolder: stats.isDirectory() },
    ...{ device: String(stats.dev), inode: String(stats.ino) },
  };
}

/** Whether a place is the same as when it was opened. */
export async function isStillThere({ path, device, inode }: IndexedPlace): Promise<boolean> {
  const stats = await lstat(path, { bigint: true }).catch(() => null);
  return stats !== null && String(stats.dev) === device && String(stats.ino) === inode;
}

/** Where the roots really are; one that is not there is left out. */
export async function realRoots(roots: readonly string[]): Promise<Buffer[]> {
  const found = await Promise.all(roots.map((root) => real(Buffer.from(root)).catch(() => null)));
  return found.filter((root) => root !== null);
}

function real(path: Buffer): Promise<Buffer> {
  return realpath(path, { encoding: 'buffer' });
}

/** What the system says of a path, in words. */
export function problemOf({ code, message }: NodeJS.ErrnoException): string {
  const words: Record<string, string> = {
    ENOENT: 'nothing is there',
    ENOTDIR: 'nothing is there',
    EACCES: 'the server may not read it',
    EPERM: 'the server may not read it',
    ELOOP: 'its links lead in a circle',
    ENAMETOOLONG: 'its path is too long for the system',
  };
  return words[code ?? ''] ?? `the system cannot read it (${code ?? message})`;
}
