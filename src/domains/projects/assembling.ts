import { access, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../../access/principals.ts';
import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { EchoError, NotConfigured, NotFound } from '../../errors.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { findProgram } from '../../media/programs.ts';
import { joinParts, makePart, type VideoBounds, VideoTooLarge } from '../../media/video-maker.ts';
import type { VideoKeeper } from '../media-insights/made-videos.ts';
import { errorText } from '../tasks/attempt.ts';
import { TaskAborted } from '../tasks/errors.ts';
import { type AssembledSegment, type AssemblyRow, assemblies } from './tables.ts';

export interface AssemblingParts {
  readonly db: Database;
  readonly config: Pick<Config, 'media'>;
  readonly videos: VideoKeeper;
}

/** Bytes of a video, and of all that is written for it. */
const MAX_VIDEO_BYTES = 4 * 2 ** 30;
/** Milliseconds after which a folder was left by a server that came to no end with it. */
const LEFT_MS = 48 * 3_600_000;

/** A segment's picture is not there any more, each time. */
class MediumGone extends EchoError {
  override readonly name = 'MediumGone';
  readonly code = 'MEDIUM_GONE';
  constructor(at: number, { segmentId, fileHash }: AssembledSegment) {
    super(`MEDIUM_GONE: the picture ${fileHash} of segment ${at + 1} (${segmentId}) is not on this server`);
  }
}

/**
 * Assembles a video of the history: one part for each segment, which a later attempt does not make again, then all of them
 * together. Half a file is never taken for a whole one.
 */
export async function assemble(
  parts: AssemblingParts,
  assemblyId: string,
  task: RunningTask,
): Promise<{ assemblyId: string; fileHash: string }> {
  const { tenantId, userId } = task.owner;
  if (userId === null) throw new NotFound('payload.assemblyId', 'the server makes no videos of its own');
  const owner = { tenantId, userId };
  const row = await begun(owner, assemblyId, task);
  const folder = join(parts.videos.workFolder(owner), row.assemblyId);
  try {
    await removeLeft(parts.videos.workFolder(owner));
    await mkdir(folder, { recursive: true });
    const { path, size } = await made(parts, owner, row, folder, task);
    const fileHash = await parts.videos.keep(owner, path, task);
    if (fileHash === null) throw new Error('FFMPEG_FAILED: what it made is no video that can be read');
    const total = row.segments.length + 1;
    task.progress(total, total, 'the video is kept');
    const result = await task.once('stored', (client) => stored(client, owner, row, { fileHash, size }));
    await rm(folder, { recursive: true, force: true });
    return result;
  } catch (error) {
    const aborted =
      task.signal.aborted && task.signal.reason instanceof TaskAborted ? task.signal.reason.kind : null;
    // The next attempt goes on with what is there, wherever it runs.
    const isOver = aborted === 'CANCELLED' || (aborted === null && error instanceof EchoError);
    const isErased = aborted === 'LOST' && !(await isKnown(parts.db, owner, row));
    if (isOver || isErased) await rm(folder, { recursive: true, force: true });
    if (aborted !== 'STOPPING' && aborted !== 'LOST') await noteFailure(parts.db, owner, row, aborted, error);
    throw error;
  }
}

type Client = Parameters<Parameters<RunningTask['once']>[1]>[0];

/** Makes all parts that are not there, and puts them together. */
async function made(
  { config, videos }: AssemblingParts,
  owner: Owner,
  row: AssemblyRow,
  folder: string,
  task: RunningTask,
): Promise<{ path: string; size: number }> {
  const { media } = config;
  const ffmpeg = media && (await findProgram(media.ffmpeg, 'ffmpeg'));
  if (!media || !ffmpeg) throw new NotConfigured('FFMPEG_PATH', 'there is no ffmpeg any more');
  const { segments, width, height, framesPerSecond } = row;
  const total = segments.length + 1;
  let written = 0;
  const boundsAt = (at: number, seconds: number, what: string): VideoBounds => ({
    ...{ stallMs: media.fileTimeoutMs, maxBytes: MAX_VIDEO_BYTES - written, maxPixels: media.maxPixels },
    signal: task.signal,
    onProgress: (reached) =>
      task.progress(at, total, `${what}: ${Math.min(100, Math.round((100 * reached) / seconds))} %`),
  });
  const names: string[] = [];
  for (const [at, segment] of segments.entries()) {
    task.signal.throwIfAborted();
    const name = `part-${String(at + 1).padStart(4, '0')}.mp4`;
    const what = `segment ${at + 1} of ${segments.length}`;
    task.progress(at, total, what);
    const seconds = segment.durationSeconds;
    await wholeFile(folder, name, task, async (into) => {
      const work = videos.use(owner, segment.fileHash, async ({ descriptorPath: from }) => {
        const bounds = boundsAt(at, seconds, what);
        await makePart(ffmpeg, { from, seconds, into }, { width, height, framesPerSecond }, bounds);
        return true;
      });
      if ((await work) === null) throw new MediumGone(at, segment);
    });
    written += await sizeWithin(join(folder, name), MAX_VIDEO_BYTES - written);
    names.push(name);
  }
  const list = join(folder, 'parts.txt');
  await writeFile(list, names.map((name) => `file '${name}'\n`).join(''));
  const seconds = segments.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  written = 0;
  const bounds = boundsAt(segments.length, seconds, 'putting them together');
  await wholeFile(folder, 'video.mp4', task, (into) => joinParts(ffmpeg, { list, into }, bounds));
  const path = join(folder, 'video.mp4');
  return { path, size: await sizeWithin(path, MAX_VIDEO_BYTES) };
}

/** Makes a file under another name first, so that whoever finds it finds all of it. One that is there is not made again. */
async function wholeFile(
  folder: string,
  name: string,
  task: RunningTask,
  make: (into: string) => Promise<void>,
): Promise<void> {
  const path = join(folder, name);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const half = join(folder, `${name}.${task.attempt}.half`);
  try {
    await make(half);
    await rename(half, path);
  } finally {
    await rm(half, { force: true });
  }
}

/** @throws VideoTooLarge */
async function sizeWithin(path: string, maxBytes: number): Promise<number> {
  const { size } = await stat(path);
  if (size > maxBytes) throw new VideoTooLarge(MAX_VIDEO_BYTES);
  return size;
}

/** Takes away what servers left that were killed and whose tasks nobody went on with. */
async function removeLeft(workFolder: string): Promise<void> {
  for (const name of await readdir(workFolder).catch(() => [])) {
    const path = join(workFolder, name);
    const stats = await stat(path).catch(() => null);
    if (stats && stats.mtimeMs < Date.now() - LEFT_MS) await rm(path, { recursive: true, force: true });
  }
}

/** The entry of the history. */
async function begun(owner: Owner, assemblyId: string, task: RunningTask): Promise<AssemblyRow> {
  const [raw] = await task.write(
    async (client) => {
      const { rows } = await client.query<RawRow>({
        name: 'begin_assembly',
        text: `update anime_echo_orchestrations set started_at = coalesce(started_at, now()), error = null
               where assembly_id = $1 and tenant_id = $2 and user_id = $3 returning *`,
        values: [assemblyId, owner.tenantId, owner.userId],
      });
      return rows;
    },
    { isRepeated: true },
  );
  if (!raw) throw new NotFound('payload.assemblyId', `there is no assembly "${assemblyId}"`);
  return mapRow(assemblies, raw);
}

async function stored(
  client: Client,
  owner: Owner,
  { id, assemblyId }: AssemblyRow,
  { fileHash, size }: { readonly fileHash: string; readonly size: number },
) {
  await client.query({
    name: 'complete_assembly',
    text: `update anime_echo_orchestrations set file_hash = $4, file_size = $5, error = null, completed_at = now()
           where id = $1 and tenant_id = $2 and user_id = $3`,
    values: [id, owner.tenantId, owner.userId, fileHash, size],
  });
  return { assemblyId, fileHash };
}

/** Whether it was not erased meanwhile. */
async function isKnown({ pool }: Database, owner: Owner, { id }: AssemblyRow): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'is_assembly_known',
    text: 'select from anime_echo_orchestrations where id = $1 and tenant_id = $2 and user_id = $3',
    values: [id, owner.tenantId, owner.userId],
  });
  return rowCount === 1;
}

async function noteFailure(
  db: Database,
  owner: Owner,
  { id }: AssemblyRow,
  aborted: TaskAborted['kind'] | null,
  error: unknown,
): Promise<void> {
  const words = aborted === 'CANCELLED' ? 'CANCELLED: the task was cancelled' : errorText(error);
  await db.transaction(async (client) => {
    await client.query({
      name: 'fail_assembly',
      text: `update anime_echo_orchestrations set error = $4
             where id = $1 and tenant_id = $2 and user_id = $3 and completed_at is null`,
      values: [id, owner.tenantId, owner.userId, words],
    });
  });
}
