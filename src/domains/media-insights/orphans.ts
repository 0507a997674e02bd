import { lstat, opendir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClientBase } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { IndexingParts } from './indexing.ts';
import { KEPT_FOLDER } from './kept-files.ts';
import { thumbnailFolder } from './thumbnails.ts';

/** Thumbnails are written before the row of their content: younger ones may have theirs in a moment. */
const YOUNG_MS = 3_600_000;
const PAGE = 500;
const THUMBNAIL = /^([0-9a-f]{64})-\d+\.webp$/;

/**
 * Deletes what lies among the thumbnails on this server and belongs to no insight: of contents that were forgotten and
 * users that were erased by another server (pictures that were drawn for them, too), and what a killed one has half written.
 *
 * @param owner whose; null: everybody's
 * @returns how many files went
 */
export async function removeOrphans(
  { db, places }: IndexingParts,
  owner: Owner | null,
  signal: AbortSignal,
): Promise<number> {
  const folders = new Map<string, Owner | null>();
  if (owner) folders.set(thumbnailFolder(places.dataDirectory, owner), owner);
  else {
    const media = join(places.dataDirectory, 'media');
    for await (const name of namesIn(media)) folders.set(join(media, name), null);
    for (const known of await ownersOf(db)) folders.set(thumbnailFolder(places.dataDirectory, known), known);
  }
  let removed = 0;
  for (const [folder, whose] of folders) {
    signal.throwIfAborted();
    removed += await removeFrom(db, folder, whose);
    if (whose !== null) continue;
    removed += await removeKept(join(folder, KEPT_FOLDER));
    await removeIfEmpty(folder);
  }
  return removed;
}

async function removeFrom(db: Database, folder: string, owner: Owner | null): Promise<number> {
  let removed = 0;
  let names: string[] = [];
  const removeUnknown = async () => {
    const hashes = names.flatMap((name) => THUMBNAIL.exec(name)?.[1] ?? []);
    const known = owner ? await hashesKnown(db, owner, hashes) : new Set<string>();
    for (const name of names) {
      const path = join(folder, name);
      if (known.has(THUMBNAIL.exec(name)?.[1] ?? '') || !(await isOldFile(path))) continue;
      await rm(path, { force: true });
      removed++;
    }
    names = [];
  };
  for await (const name of namesIn(folder)) {
    names.push(name);
    if (names.length === PAGE) await removeUnknown();
  }
  await removeUnknown();
  return removed;
}

/** Of a user of whom nothing is known, what the server kept goes, too: they were erased by another server. */
async function removeKept(folder: string): Promise<number> {
  let removed = 0;
  for await (const name of namesIn(folder)) {
    if (!(await isOldFile(join(folder, name)))) continue;
    await rm(join(folder, name), { force: true });
    removed++;
  }
  await removeIfEmpty(folder);
  return removed;
}

async function removeIfEmpty(folder: string): Promise<void> {
  // Some systems call a folder that is not empty one that exists.
  await rmdir(folder).catch(expecting('ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'));
}

async function isOldFile(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(expecting('ENOENT'));
  return stats?.isFile() === true && stats.mtimeMs < Date.now() - YOUNG_MS;
}

/** Takes these failures for an answer: nothing is there, or not only what would go. Others are the caller's to hear. */
function expecting(...codes: readonly string[]) {
  return (error: NodeJS.ErrnoException): null => {
    if (codes.includes(error.code ?? '')) return null;
    throw error;
  };
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  const opened = await opendir(folder).catch(expecting('ENOENT', 'ENOTDIR'));
  if (opened) for await (const { name } of opened) yield name;
}

/** Who has insights. */
export async function ownersOf({ pool }: { readonly pool: Pick<ClientBase, 'query'> }): Promise<Owner[]> {
  const { rows } = await pool.query<Owner>({
    name: 'media_owners',
    text: 'select distinct tenant_id as "tenantId", user_id as "userId" from echo_media_insights',
  });
  return rows;
}

async function hashesKnown(
  { pool }: Database,
  { tenantId, userId }: Owner,
  hashes: readonly string[],
): Promise<Set<string>> {
  const { rows } = await pool.query<{ hash: string }>({
    name: 'media_hashes_known',
    text: `select file_hash as hash from echo_media_insights
           where file_hash = any($3) and tenant_id = $1 and user_id = $2`,
    values: [tenantId, userId, hashes],
  });
  return new Set(rows.map(({ hash }) => hash));
}
