import { type FileHandle, open } from 'node:fs/promises';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Page } from '../../db/statements.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import { charactersByName } from '../characters/reads.ts';
import type { CharacterRow } from '../characters/tables.ts';
import { MAX_DISTANCE } from './bands.ts';
import { parseFileHash } from './changes.ts';
import { conditionsOf, type MediaFilter } from './filter.ts';
import { insightsByHash, type MediaStats, mediaPage, mediaStats, type TakenPosition } from './reads.ts';
import type { MediaInsightRow } from './tables.ts';

export type { MediaInsightRow } from './tables.ts';

import { type ThumbnailSize, thumbnailPath } from './thumbnails.ts';

/** A page of a user's insights, what was taken last first. @throws InvalidInput */
export async function mediaMatching(
  { db }: { readonly db: Database },
  owner: Owner,
  filter: MediaFilter,
  page: Page<TakenPosition>,
): Promise<MediaInsightRow[]> {
  const conditions = conditionsOf(owner, filter);
  return conditions ? mediaPage(db, owner, conditions, page) : [];
}

/** Figures over a user's media. */
export function statsOfMedia({ db }: { readonly db: Database }, owner: Owner): Promise<MediaStats> {
  return mediaStats(db, owner);
}

/** Characters that the user of a picture knows by these names, in their order; null where there is none. */
export function charactersNamed(
  db: Database,
  owner: Owner,
  names: readonly string[],
): Promise<(CharacterRow | null)[]> {
  return charactersByName(db, owner, names);
}

/** @throws InvalidInput unless it is 0 to MAX_DISTANCE */
export function checkDistance(maxDistance: number): number {
  if (!Number.isInteger(maxDistance) || maxDistance < 0 || maxDistance > MAX_DISTANCE)
    throw new InvalidInput('maxDistance', `must be from 0 to ${MAX_DISTANCE} bits, is ${maxDistance}`);
  return maxDistance;
}

/** A thumbnail that is open, which whoever asked for it has to close. */
export interface OpenThumbnail {
  readonly file: FileHandle;
  readonly bytes: number;
}

/**
 * Opens a thumbnail of one of a user's insights.
 *
 * @throws InvalidInput, NotFound: no such insight, or no thumbnail of it on this server
 */
export async function openThumbnail(
  { db, config }: { readonly db: Database; readonly config: Pick<Config, 'dataDirectory'> },
  owner: Owner,
  fileHash: string,
  size: ThumbnailSize,
): Promise<OpenThumbnail> {
  const hash = parseFileHash(fileHash, 'fileHash');
  const missing = new NotFound('fileHash', 'there is no such thumbnail');
  const [insight] = await insightsByHash(db, owner, [hash]);
  if (!insight) throw missing;
  let file: FileHandle | undefined;
  try {
    file = await open(thumbnailPath(config.dataDirectory, owner, hash, size));
    const { size: bytes } = await file.stat();
    return { file, bytes };
  } catch (error) {
    await file?.close();
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? missing : error;
  }
}
