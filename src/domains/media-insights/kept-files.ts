import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import { followFiles } from './files.ts';
import { thumbnailFolder } from './thumbnails.ts';

/** Below the folder of a user's thumbnails, so that an erasure takes both away. */
export const KEPT_FOLDER = 'generated';
/** What pictures and videos that are kept may be, as their names end. */
export const KEPT_KINDS = ['png', 'jpg', 'webp', 'gif', 'mp4', 'webm'] as const;
/** Name of a kept file: SHA-256 of its bytes, and what it is. */
const NAME = new RegExp(`^(?<hash>[0-9a-f]{64})\\.(?:${KEPT_KINDS.join('|')})$`);
/** Its path below `DATA_DIR/media`. */
const PATH = new RegExp(`^[0-9a-f]{32}/${KEPT_FOLDER}/(?<name>[^/]+)$`);

/** A picture or video that the server keeps itself, since it is nowhere else. */
export interface KeptFile {
  /** Below `DATA_DIR/media`. */
  readonly path: string;
  readonly name: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly fileHash: string;
  readonly size: number;
}

/** Whether this is the path of a kept file below `DATA_DIR/media`, and of nothing else. */
export function isKeptPath(path: string): boolean {
  return hashInName(PATH.exec(path)?.groups?.name ?? '') !== null;
}

/** @returns null: no kept file is called so */
export function hashInName(name: string): string | null {
  return NAME.exec(name)?.groups?.hash ?? null;
}

export function keptFolder(dataDirectory: string, owner: Owner): string {
  return join(thumbnailFolder(dataDirectory, owner), KEPT_FOLDER);
}

/** What this server keeps of a user, by name. @param content only what has this SHA-256; absent: all */
export async function keptFilesOf(
  dataDirectory: string,
  owner: Owner,
  content: string | null = null,
): Promise<KeptFile[]> {
  const folder = keptFolder(dataDirectory, owner);
  const names = content === null ? await readdir(folder).catch(orNothing) : namesOf(content);
  const files: KeptFile[] = [];
  for (const name of [...(names ?? [])].sort()) {
    const fileHash = hashInName(name);
    const stats = fileHash === null ? null : await stat(join(folder, name)).catch(orNothing);
    if (fileHash === null || !stats?.isFile()) continue;
    const path = join(folder, name).slice(join(dataDirectory, 'media').length + 1);
    files.push({ path, name, fileHash, size: stats.size });
  }
  return files;
}

/** Takes away what this server made of one content: it is nobody's but the server's, and lies in no folder of MEDIA_ROOTS. */
export async function removeKeptFiles(dataDirectory: string, owner: Owner, fileHash: string): Promise<void> {
  for (const name of namesOf(fileHash))
    await rm(join(keptFolder(dataDirectory, owner), name), { force: true });
}

/**
 * Takes over a file that a server kept. Whoever finds it finds all of it.
 *
 * @param path of a kept file, below `DATA_DIR/media`
 * @returns whether it is there now: its bytes are those that its name says
 */
export async function takeKeptFile(
  dataDirectory: string,
  path: string,
  content: AsyncIterable<Buffer>,
): Promise<boolean> {
  const into = join(dataDirectory, 'media', path);
  await mkdir(dirname(into), { recursive: true });
  const half = `${into}.${process.pid}.half`;
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(content, hashed, createWriteStream(half, { mode: 0o600, flush: true }));
    if (hash.digest('hex') !== hashInName(into.slice(dirname(into).length + 1))) return false;
    await rename(half, into);
    return true;
  } finally {
    await rm(half, { force: true });
  }
}

/** Lets all that is known of a user's kept files be of this data directory: they were in another one. */
export async function noteMoved(client: PoolClient, dataDirectory: string, owner: Owner): Promise<void> {
  const files = await keptFilesOf(dataDirectory, owner);
  if (files.length === 0) return;
  const folder = await realpath(keptFolder(dataDirectory, owner));
  const { dev } = await lstat(folder, { bigint: true });
  const moved = [];
  for (const { name, fileHash } of files) {
    const { mtimeNs, ino } = await lstat(join(folder, name), { bigint: true });
    moved.push({
      hash: fileHash,
      path: join(folder, name),
      name,
      modified: String(mtimeNs),
      inode: String(ino),
    });
  }
  await client.query({
    name: 'media_files_moved',
    text: `update echo_media_files f set path = convert_to(n.path, 'UTF8'), shown_path = n.path, modified_ns = n.modified,
             device = $4, folder_device = $4, inode = n.inode, state = 'PRESENT'
           from json_to_recordset($3) as n(hash text, path text, name text, modified bigint, inode text)
           where f.file_hash = n.hash and f.tenant_id = $1 and f.user_id = $2 and f.state in ('PRESENT', 'VANISHED')
             and f.shown_path ~ ('/${KEPT_FOLDER}/' || n.name || '$')`,
    values: [owner.tenantId, owner.userId, JSON.stringify(moved), String(dev)],
  });
  const hashes = files.map(({ fileHash }) => fileHash);
  await followFiles(client, owner, hashes);
}

const namesOf = (hash: string) => KEPT_KINDS.map((kind) => `${hash}.${kind}`);

function orNothing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
