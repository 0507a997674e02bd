import { access, constants, lstat } from 'node:fs/promises';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { createRest } from '../../ground/pressure.ts';
import type { RunningTask } from '../../jobs/job.ts';
import type { MediaReader } from '../../media/facts.ts';
import { THUMBNAIL_SIZES } from '../../media/facts.ts';
import { isAsKnown } from './content.ts';
import type { IndexingParts } from './indexing.ts';
import { keptFolder } from './kept-files.ts';
import { removeOrphans } from './orphans.ts';
import { thumbnailsMissing as missing } from './promises.ts';
import { renewTerms } from './renewed-terms.ts';
import { type MediaFileRow, mediaFiles } from './tables.ts';
import { hasThumbnail, thumbnailFolder, thumbnailPath } from './thumbnails.ts';
import { whereIs } from './vanished.ts';
import { statOf } from './walk.ts';

/** Rows that are compared with their files in one step. */
const PAGE = 200;
/** Files that are read again in one check; the next one goes on with the others. */
const MOST_REPAIRS = 5_000;

/** What a check has found, and mended. */
export interface MediaCheck {
  readonly files: number;
  /** They are not where they were; indexing notes it. */
  readonly missing: number;
  /** They are others than those that were read; indexing reads them again. */
  readonly changed: number;
  readonly unreadable: number;
  /** Contents whose thumbnails were missing on this server, and were made again. */
  readonly thumbnailsMade: number;
  /** The same, which could not be made: the file is missing, changed or unreadable, or nothing can be written. */
  readonly thumbnailsMissing: number;
  /** Files among the thumbnails of which nothing is known. */
  readonly thumbnailsRemoved: number;
  /** Insights that are found by the words of today’s analysis again. */
  readonly termsRenewed: number;
}

interface Compared {
  /** Behind which file it goes on; null: it was the last one. */
  readonly next: number | null;
  readonly files: number;
  readonly missing: number;
  readonly changed: number;
  readonly unreadable: number;
  /** Numbers of rows whose content has no thumbnails here. */
  readonly without: readonly number[];
}

/**
 * Compares what is known of media with the files, and with the thumbnails on this server. What was made of files is made
 * again, and what belongs to nothing goes; the rest is only counted. Each page is a step: whoever takes over goes on.
 *
 * @param owner whose; null: everybody's
 */
export async function checkMedia(
  parts: IndexingParts,
  owner: Owner | null,
  task: RunningTask,
): Promise<MediaCheck> {
  const rest = createRest(parts.pressure);
  task.signal.addEventListener('abort', rest.end, { once: true });
  const counts = { files: 0, missing: 0, changed: 0, unreadable: 0 };
  let [thumbnailsMade, thumbnailsMissing, repairs] = [0, 0, 0];
  for (let after: number | null = 0; after !== null; ) {
    task.signal.throwIfAborted();
    await rest.take();
    const from: number = after;
    const page = await task.once(`files behind ${from}`, () => comparePage(parts, owner, from));
    counts.files += page.files;
    counts.missing += page.missing;
    counts.changed += page.changed;
    counts.unreadable += page.unreadable;
    const due = page.without.slice(0, MOST_REPAIRS - repairs);
    repairs += due.length;
    const made = due.length > 0 ? await makeThumbnails(parts, due, task) : 0;
    thumbnailsMade += made;
    thumbnailsMissing += page.without.length - made;
    task.progress(counts.files, null, `${counts.files} files compared, ${thumbnailsMade} made anew`);
    after = page.next;
  }
  // A check of one user says nothing of the others.
  if (owner === null) parts.alerts.set(missing, thumbnailsMissing > 0 ? { count: thumbnailsMissing } : null);
  const thumbnailsRemoved = await removeOrphans(parts, owner, task.signal);
  const termsRenewed = await renewTerms(parts.db, owner, parts.pressure, task.signal);
  return { ...counts, thumbnailsMade, thumbnailsMissing, thumbnailsRemoved, termsRenewed };
}

async function comparePage(
  { db, places }: IndexingParts,
  owner: Owner | null,
  after: number,
): Promise<Compared> {
  const { rows } = await db.pool.query<RawRow & { has_pixels: boolean }>({
    name: 'media_files_to_check',
    text: `select f.*, i.analysis_tier <> 'FILE' as has_pixels from echo_media_files f
           join echo_media_insights i
             on i.file_hash = f.file_hash and i.tenant_id = f.tenant_id and i.user_id = f.user_id
           where f.id > $1 and f.state in ('PRESENT', 'BROKEN')
             and ($2::text is null or f.tenant_id = $2 and f.user_id = $3)
           order by f.id limit ${PAGE}`,
    values: [after, owner?.tenantId, owner?.userId],
  });
  const counts = { missing: 0, changed: 0, unreadable: 0 };
  const without: number[] = [];
  for (const raw of rows) {
    const file = mapRow(mediaFiles, raw);
    const standing = await standingOf(file);
    if (standing !== 'same') counts[standing]++;
    if (raw.has_pixels && !(await hasAll(places.dataDirectory, file))) without.push(file.id);
  }
  const last = rows.length < PAGE ? null : Number(rows.at(-1)?.id);
  return { next: last, files: rows.length, ...counts, without };
}

async function standingOf(file: MediaFileRow): Promise<'same' | 'missing' | 'changed' | 'unreadable'> {
  const where = await whereIs(file);
  if (where !== 'there') return where === 'unknown' ? 'unreadable' : 'missing';
  try {
    const stats = await lstat(file.path, { bigint: true });
    if (!isAsKnown(file, statOf(stats))) return 'changed';
    await access(file.path, constants.R_OK);
    return 'same';
  } catch {
    return 'unreadable';
  }
}

async function hasAll(dataDirectory: string, file: MediaFileRow): Promise<boolean> {
  for (const size of THUMBNAIL_SIZES)
    if (!(await hasThumbnail(thumbnailPath(dataDirectory, file, file.fileHash ?? '', size)))) return false;
  return true;
}

/** @returns of how many files the thumbnails are there now */
async function makeThumbnails(
  { db, places, readers, pressure }: IndexingParts,
  ids: readonly number[],
  { signal }: RunningTask,
): Promise<number> {
  const files = await filesById(db, ids);
  const rest = createRest(pressure);
  signal.addEventListener('abort', rest.end, { once: true });
  const read = async (reader: MediaReader) => {
    let made = 0;
    for (const file of files) {
      signal.throwIfAborted();
      await rest.take();
      // A copy of it was read meanwhile, or an earlier attempt has read it.
      if (!(await hasAll(places.dataDirectory, file))) {
        const thumbnails = thumbnailFolder(places.dataDirectory, file);
        // What the server keeps itself lies in none of the folders of the operator.
        const roots = [...places.roots, keptFolder(places.dataDirectory, file)];
        const reading = await reader.read(file.path, { roots, thumbnails }, signal);
        if (reading.outcome !== 'media' || reading.fileHash !== file.fileHash) continue;
      }
      if (await hasAll(places.dataDirectory, file)) made++;
    }
    return made;
  };
  return readers.use(read);
}

async function filesById({ pool }: Database, ids: readonly number[]): Promise<MediaFileRow[]> {
  const { rows } = await pool.query<RawRow>({
    name: 'media_files_by_id',
    // Of all owners: the server asks, for itself.
    text: 'select * from echo_media_files where id = any($1) and tenant_id is not null order by id',
    values: [ids],
  });
  return rows.map((raw) => mapRow(mediaFiles, raw));
}
