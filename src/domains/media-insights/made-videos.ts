import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { type OpenFile, openInside, readContent, UnreadableFile } from '../../media/opening.ts';
import { indexOwn } from './generated.ts';
import type { IndexingParts } from './indexing.ts';
import { keptFolder } from './kept-files.ts';
import { insightsByHash } from './reads.ts';
import { mediaFiles } from './tables.ts';
import { thumbnailFolder } from './thumbnails.ts';

/** Lends media to who makes videos of them, and keeps what comes of it. */
export interface VideoKeeper {
  /** Lets somebody work with one of a user's media, which is open meanwhile. @returns null: it is not there any more */
  use<T>(owner: Owner, fileHash: string, work: (file: OpenFile) => Promise<T>): Promise<T | null>;
  /** Where something of a user's is made; an erasure takes it away with all the rest. */
  workFolder(owner: Owner): string;
  /**
   * Takes a video over, and indexes it like those of folders.
   *
   * @param path of a file in the user's `workFolder`, which is not there any more then
   * @returns SHA-256 of its bytes; null: it is no video that can be read, and nothing is kept
   */
  keep(owner: Owner, path: string, task: RunningTask): Promise<string | null>;
}

/** Below the folder of a user's thumbnails. */
const WORK = 'work';
/** Files of one content that are tried. */
const MAX_TRIED = 20;

/** @param parts of the indexing of folders */
export function videoKeeper(parts: IndexingParts): VideoKeeper {
  const folderOf = (owner: Owner) => thumbnailFolder(parts.places.dataDirectory, owner);
  return {
    use: async (owner, fileHash, work) => {
      const roots = [...parts.places.roots, keptFolder(parts.places.dataDirectory, owner)];
      const file = await opened(parts, owner, fileHash, roots);
      if (!file) return null;
      try {
        return await work(file);
      } finally {
        await file.handle.close();
      }
    },
    workFolder: (owner) => join(folderOf(owner), WORK),
    keep: async (owner, made, task) => {
      const fileHash = await hashOfWhole(made);
      const folder = keptFolder(parts.places.dataDirectory, owner);
      await mkdir(folder, { recursive: true });
      const path = join(folder, `${fileHash}.mp4`);
      await rename(made, path);
      await indexOwn(parts, owner, folder, path, task);
      const [insight] = await insightsByHash(parts.db, owner, [fileHash]);
      if (insight && insight.state !== 'BROKEN') return fileHash;
      await rm(path, { force: true });
      return null;
    },
  };
}

/** One of the files that hold a content; null: none does any more. */
async function opened(
  { db }: IndexingParts,
  owner: Owner,
  fileHash: string,
  roots: readonly string[],
): Promise<OpenFile | null> {
  const { rows } = await db.pool.query<RawRow>({
    name: 'files_of_content',
    text: `select * from echo_media_files
           where file_hash = $1 and tenant_id = $2 and user_id = $3 and state = 'PRESENT' order by id limit ${MAX_TRIED}`,
    values: [fileHash, owner.tenantId, owner.userId],
  });
  for (const { path } of rows.map((row) => mapRow(mediaFiles, row))) {
    const file = await openInside(path, roots).catch(orUnreadable);
    if (!file) continue;
    // It may be another one by now.
    const content = await readContent(file).catch(orUnreadable);
    if (content?.fileHash === fileHash) return file;
    await file.handle.close();
  }
  return null;
}

function orUnreadable(error: unknown): null {
  if (error instanceof UnreadableFile) return null;
  throw error;
}

/** Of a file that is on disk then, whatever happens. */
async function hashOfWhole(path: string): Promise<string> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
