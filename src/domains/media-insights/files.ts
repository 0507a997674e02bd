import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { type FileStat, READER_VERSION } from '../../media/facts.ts';
import { forgetFactsOfMedia } from '../facts/forget.ts';
import { keyOfPath, rangeBelow, shownPath } from './paths.ts';
import { type MediaFileRow, type MediaInsightRow, mediaFiles, mediaInsights } from './tables.ts';
import { TERMS_VERSION, termsOf } from './terms.ts';

/** Whoever sends statements: the pool, or the client of a transaction. */
export type Sender = Pick<PoolClient, 'query'>;

/** What a file was for a run: as its result counts it. */
export type SeenAs = NonNullable<MediaFileRow['seenAs']>;

/** A run as rows name it: the task, and which attempt at it. */
export interface SeenBy {
  readonly taskId: string;
  readonly attempt: number;
}

export function markOf({ taskId, attempt }: SeenBy): string {
  return `${taskId}/${attempt}`;
}

/** Whether an attempt at this task has seen it. */
export function wasSeenBy({ seenInTask }: MediaFileRow, { taskId }: SeenBy): boolean {
  return seenInTask?.startsWith(`${taskId}/`) ?? false;
}

/** What is known of files, by the keys of their paths. */
export async function filesAt(
  sender: Sender,
  { tenantId, userId }: Owner,
  paths: readonly Buffer[],
): Promise<Map<string, MediaFileRow>> {
  const { rows } = await sender.query<RawRow>({
    name: 'media_files_at',
    text: `select f.* from unnest($3::bytea[]) p(path) join echo_media_files f on f.path_hash = sha256(p.path)
           where f.tenant_id = $1 and f.user_id = $2`,
    values: [tenantId, userId, paths],
  });
  const files = rows.map((raw) => mapRow(mediaFiles, raw));
  return new Map(files.map((file) => [keyOfPath(file.path), file]));
}

/** Some of the files with a content, which may be very many. */
export async function filesOf(
  sender: Sender,
  { tenantId, userId }: Owner,
  fileHash: string,
  limit: number,
): Promise<MediaFileRow[]> {
  const { rows } = await sender.query<RawRow>({
    name: 'media_files_of_content',
    text: `select * from echo_media_files where file_hash = $1 and tenant_id = $2 and user_id = $3 limit $4`,
    values: [fileHash, tenantId, userId, limit],
  });
  return rows.map((raw) => mapRow(mediaFiles, raw));
}

/** Those of some sizes (bytes) that a file with a known content has. */
export async function sizesKnown(
  sender: Sender,
  { tenantId, userId }: Owner,
  sizes: readonly number[],
): Promise<Set<number>> {
  const { rows } = await sender.query<{ size: string }>({
    name: 'media_sizes_known',
    text: `select s.size from (select distinct unnest($3::bigint[]) as size) s where exists (
             select from echo_media_files f where f.user_id = $2 and f.tenant_id = $1 and f.size = s.size
               and f.file_hash is not null)`,
    values: [tenantId, userId, sizes],
  });
  return new Set(rows.map(({ size }) => Number(size)));
}

/** Files that are as they were. */
export async function markSeen(
  client: PoolClient,
  { tenantId, userId }: Owner,
  ids: readonly number[],
  by: SeenBy,
): Promise<void> {
  await client.query({
    name: 'mark_media_files_seen',
    text: `update echo_media_files set seen_in_task = $4, seen_at = now(),
             seen_as = case when split_part(seen_in_task, '/', 1) = $5 then seen_as else 'unchanged' end
           where id = any($3) and tenant_id = $1 and user_id = $2`,
    values: [tenantId, userId, ids, markOf(by), by.taskId],
  });
}

/** What a run says of a file. */
export interface SeenFile {
  readonly path: Buffer;
  readonly folderDevice: string;
  readonly stat: FileStat | null;
  /** Null: its bytes are not known. */
  readonly fileHash: string | null;
  readonly state: MediaFileRow['state'];
  readonly problem: string | null;
  readonly failures: number;
  /** Null: of what has no insight nothing is said. */
  readonly seenAs: SeenAs | null;
  /** What lay beside it when it was read; null: nothing. */
  readonly sidecar: string | null;
}

/** Writes down what was seen of a file. */
export async function storeFile(
  client: PoolClient,
  { tenantId, userId }: Owner,
  file: SeenFile,
  by: SeenBy,
): Promise<void> {
  await client.query({
    name: 'store_media_file',
    text: `insert into echo_media_files (tenant_id, user_id, path, shown_path, folder_device, size, modified_ns, device, inode,
             file_hash, state, problem, failures, seen_as, reader_version, seen_in_task, sidecar)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
           on conflict (path_hash, tenant_id, user_id) do update set folder_device = excluded.folder_device,
             size = excluded.size, modified_ns = excluded.modified_ns, device = excluded.device, inode = excluded.inode,
             file_hash = excluded.file_hash, state = excluded.state, problem = excluded.problem,
             failures = excluded.failures, seen_as = excluded.seen_as, reader_version = excluded.reader_version,
             seen_in_task = excluded.seen_in_task, sidecar = excluded.sidecar, seen_at = now()`,
    values: [
      ...[tenantId, userId, file.path, shownPath(file.path), file.folderDevice],
      ...[file.stat?.size, file.stat?.modifiedNs, file.stat?.device, file.stat?.inode],
      ...[file.fileHash, file.state, file.problem?.replaceAll('\0', '').toWellFormed(), file.failures],
      ...[file.seenAs, READER_VERSION, markOf(by), file.sidecar],
    ],
  });
}

/** Takes away rows of files that are elsewhere now. */
export async function removeFiles(
  client: PoolClient,
  { tenantId, userId }: Owner,
  ids: readonly number[],
): Promise<void> {
  await client.query({
    name: 'remove_media_files',
    text: 'delete from echo_media_files where id = any($3) and tenant_id = $1 and user_id = $2',
    values: [tenantId, userId, ids],
  });
}

/** Known files below a folder that a run has not seen, some behind one of them. */
export async function unseenBelow(
  sender: Sender,
  { tenantId, userId }: Owner,
  folder: Buffer,
  { by, after, limit }: { readonly by: SeenBy; readonly after: number; readonly limit: number },
): Promise<MediaFileRow[]> {
  const { from, before } = rangeBelow(folder);
  const { rows } = await sender.query<RawRow>({
    name: 'unseen_media_files',
    text: `select * from echo_media_files where tenant_id = $1 and user_id = $2 and id > $3 and path >= $4 and path < $5
             and state <> 'VANISHED' and seen_in_task is distinct from $6 order by id limit $7`,
    values: [tenantId, userId, after, from, before, markOf(by), limit],
  });
  return rows.map((raw) => mapRow(mediaFiles, raw));
}

/** Whether a run saw a file again, anywhere below a folder, that was known before it. */
export async function isAnySeenAgain(
  sender: Sender,
  { tenantId, userId }: Owner,
  folder: Buffer,
  { by, before: began }: { readonly by: SeenBy; readonly before: Date },
): Promise<boolean> {
  const { from, before } = rangeBelow(folder);
  const { rowCount } = await sender.query({
    name: 'any_media_file_seen_again',
    text: `select from echo_media_files where tenant_id = $1 and user_id = $2 and path >= $3 and path < $4
             and seen_in_task = $5 and created_at < $6 limit 1`,
    values: [tenantId, userId, from, before, markOf(by), began],
  });
  return rowCount === 1;
}

/** Files that are certainly gone: what is known of their content stays; of the others nothing does. */
export async function markVanished(
  client: PoolClient,
  { tenantId, userId }: Owner,
  ids: readonly number[],
): Promise<void> {
  const values = [tenantId, userId, ids];
  await client.query({
    name: 'remove_vanished_media_files',
    text: `delete from echo_media_files where id = any($3) and tenant_id = $1 and user_id = $2
             and (file_hash is null or state = 'IGNORED')`,
    values,
  });
  await client.query({
    name: 'mark_media_files_vanished',
    text: `update echo_media_files set state = 'VANISHED' where id = any($3) and tenant_id = $1 and user_id = $2`,
    values,
  });
}

/** Notes that a content has more files, or fewer, which are there. Under `lockMedia`. */
export async function addCopies(
  client: PoolClient,
  { tenantId, userId }: Owner,
  fileHash: string,
  more: number,
): Promise<void> {
  if (more === 0) return;
  await client.query({
    name: 'add_media_copies',
    text: `update echo_media_insights set copies = copies + $4
           where file_hash = $3 and tenant_id = $1 and user_id = $2`,
    values: [tenantId, userId, fileHash, more],
  });
}

/**
 * Lets insights follow their files, under `lockMedia`: whether one of them is there, how many, and where. Of files that
 * could not be read this time nothing is concluded. What has vanished is no source of facts any more.
 */
export async function followFiles(
  client: PoolClient,
  { tenantId, userId }: Owner,
  hashes: readonly string[],
): Promise<void> {
  const { rows } = await client.query<RawRow & Following>({
    name: 'media_insights_behind',
    text: `select i.*, f.next_state, f.next_path, f.next_copies from echo_media_insights i cross join lateral (
             select case when bool_or(f.state = 'PRESENT') then 'PRESENT' when bool_or(f.state = 'BROKEN') then 'BROKEN'
                 when bool_or(f.state = 'UNREADABLE') then i.state else 'VANISHED' end as next_state,
               coalesce((array_agg(f.shown_path order by f.state = 'VANISHED', f.shown_path <> i.file_path, f.id))[1],
                 i.file_path) as next_path,
               (count(*) filter (where f.state = 'PRESENT'))::int as next_copies
             from echo_media_files f where f.file_hash = i.file_hash and f.tenant_id = i.tenant_id and f.user_id = i.user_id
           ) f
           where i.file_hash = any($3) and i.tenant_id = $1 and i.user_id = $2
             and (i.state <> f.next_state or i.file_path <> f.next_path or i.copies <> f.next_copies)`,
    values: [tenantId, userId, hashes],
  });
  const vanished = rows.filter((raw) => raw.next_state === 'VANISHED').map((raw) => String(raw.file_hash));
  await forgetFactsOfMedia(client, { tenantId, userId }, vanished);
  for (const raw of rows) {
    const next = { state: raw.next_state, filePath: raw.next_path, copies: raw.next_copies };
    const insight = { ...mapRow(mediaInsights, raw), ...next };
    await client.query({
      name: 'media_insight_follows',
      text: `update echo_media_insights set state = $4, file_path = $5, search_terms = $6, terms_version = $7,
               copies = $8, updated_at = now()
             where id = $3 and tenant_id = $1 and user_id = $2`,
      values: [
        ...[tenantId, userId, insight.id, insight.state, insight.filePath, termsOf(insight), TERMS_VERSION],
        insight.copies,
      ],
    });
  }
}

interface Following {
  readonly next_state: MediaInsightRow['state'];
  readonly next_path: string;
  readonly next_copies: number;
}
