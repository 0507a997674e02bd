import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../../access/principals.ts';
import { THUMBNAIL_SIZES } from '../../media/facts.ts';
import { digestOf } from './owners.ts';

/** Longest sides, pixels. */
export const [SMALL, LARGE] = THUMBNAIL_SIZES;
export type ThumbnailSize = (typeof THUMBNAIL_SIZES)[number];

const FOLDER_LENGTH = 32;

/** A folder into which something is written meanwhile is not empty: each try waits 50 ms longer, 10 s in all. */
const UNTIL_NOBODY_WRITES = { maxRetries: 20, retryDelay: 50 };

/** The folder of a user's thumbnails, `<hash>-<size>.webp`. */
export function thumbnailFolder(dataDirectory: string, owner: Owner): string {
  return join(dataDirectory, 'media', digestOf(owner).slice(0, FOLDER_LENGTH));
}

/** @param fileHash SHA-256 of the content, hexadecimal @param size longest side, pixels */
export function thumbnailPath(
  dataDirectory: string,
  owner: Owner,
  fileHash: string,
  size: ThumbnailSize,
): string {
  return join(thumbnailFolder(dataDirectory, owner), `${fileHash}-${size}.webp`);
}

/** Whether this server has it. */
export function hasThumbnail(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Takes away those of one content. */
export async function removeThumbnails(dataDirectory: string, owner: Owner, fileHash: string): Promise<void> {
  for (const size of THUMBNAIL_SIZES)
    await rm(thumbnailPath(dataDirectory, owner, fileHash, size), { force: true });
}

/** Takes away all that this server has of a user, also what a run that ends just now still writes there. */
export async function removeThumbnailFolder(dataDirectory: string, owner: Owner): Promise<void> {
  await rm(thumbnailFolder(dataDirectory, owner), { recursive: true, force: true, ...UNTIL_NOBODY_WRITES });
}
