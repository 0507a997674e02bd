import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, realpath, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { expect } from 'vitest';
import { LOCAL_PRINCIPAL } from '../../src/access/principals.ts';
import { startTestApp, type TestApp } from './harness.ts';
import { type SeenTask, untilTask } from './tasks.ts';

/** A folder of the test's own, in memory where there is any. @returns its real path, and how it goes away */
export async function mediaFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const hasMemory = await statfs('/dev/shm').catch(() => null);
  const path = await realpath(await mkdtemp(join(hasMemory ? '/dev/shm' : tmpdir(), 'echo-media-')));
  return { path, remove: () => removeFolder(path) };
}

/**
 * A server with one root of media, a folder of the test's own.
 *
 * @param env settings beside it
 * @returns both, and how they go away
 */
export async function startMediaApp(env: Record<string, string> = {}) {
  const { path: root, remove } = await mediaFolder();
  const app = await startTestApp({ env: { MEDIA_ROOTS: root, MEDIA_WORKERS: '1', ...env } });
  return {
    app,
    root,
    close: async () => {
      await app.close();
      await remove();
    },
  };
}

/** Whatever is in it is called: Node removes only what has names of UTF-8. */
export async function removeFolder(path: string): Promise<void> {
  execFileSync('rm', ['-rf', '--', path]);
}

/** A small picture; each number gives another one, which looks different, too. */
export async function picture(number: number, format: 'jpeg' | 'png' = 'jpeg'): Promise<Buffer> {
  const [columns, rows] = [9, 8];
  const noise = Buffer.alloc(columns * rows * 3);
  for (let at = 0; at < noise.length; at += 32)
    createHash('sha256').update(`${number} ${at}`).digest().copy(noise, at);
  const raw = { width: columns, height: rows, channels: 3 as const };
  return sharp(noise, { raw }).resize(72, 64, { kernel: 'nearest' }).toFormat(format).toBuffer();
}

export const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Writes a picture. @returns its hash */
export async function writePicture(path: string | Buffer, number: number): Promise<string> {
  const bytes = await picture(number);
  await writeFile(path, bytes);
  return hashOf(bytes);
}

const INDEX = `mutation ($path: String!, $userId: String) { indexMedia(path: $path, userId: $userId) { __typename
  ... on CreateTaskSuccess { task { taskId status } } ... on Error { message code } ... on InvalidInputError { field } } }`;

/** Asks for a run. @returns what clients get */
// biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
export async function askToIndex(app: TestApp, path: string, userId?: string, as?: string): Promise<any> {
  const { data, errors } = await app.graphql(INDEX, { path, userId }, as);
  return data?.indexMedia ?? errors;
}

/** How often a request is sent again whose answer says that it may succeed later. */
const ASKS = 30;

/**
 * Asks for a run as a client has to: again, where the answer says that it may succeed later, as under load.
 *
 * @throws Error with the answer that named no task
 */
export async function taskAt(app: TestApp, path: string, userId?: string, as?: string): Promise<SeenTask> {
  for (let asks = 1; ; asks++) {
    const answer = await askToIndex(app, path, userId, as);
    if (answer.task) return answer.task;
    const { retryable, retryAfterMs = 1_000 } = answer[0]?.extensions ?? {};
    if (!retryable || asks === ASKS) throw new Error(`no task for ${path}: ${JSON.stringify(answer)}`);
    await setTimeout(retryAfterMs);
  }
}

/** Indexes a path. @returns the task, when it is done; what its result counts fits together */
export async function index(app: TestApp, path: string, userId?: string): Promise<SeenTask> {
  const { taskId } = await taskAt(app, path, userId);
  const done = await untilTask(app, taskId, 'COMPLETED', undefined, 120_000);
  expectWhole(done.result);
  expect(await miscounted(app)).toEqual([]);
  return done;
}

/** Insights of which another number of files is there than they say. */
function miscounted(app: TestApp): Promise<unknown[]> {
  return app.sql(
    `select file_path, copies from echo_media_insights i where copies <> (select count(*) from echo_media_files f
     where f.file_hash = i.file_hash and f.tenant_id = i.tenant_id and f.user_id = i.user_id and f.state = 'PRESENT')`,
  );
}

/** Each file that was seen was counted once. */
export function expectWhole(
  result: Record<string, number> & { ignoredBecause: Record<string, number> },
): void {
  const { seen, unchanged, changed, moved, duplicates, broken, unreadable, ignored, failed, ignoredBecause } =
    result;
  const counts = [result.new, unchanged, changed, moved, duplicates, broken, unreadable, ignored, failed];
  expect(counts.reduce((sum = 0, count) => sum + (count ?? Number.NaN), 0)).toBe(seen);
  expect(Object.values(ignoredBecause).reduce((sum, count) => sum + count, 0)).toBe(ignored);
}

export interface SeenInsight {
  readonly hash: string;
  readonly path: string;
  readonly state: string;
}

/** What is known, by path. */
export function insights(app: TestApp, userId = LOCAL_PRINCIPAL.userId): Promise<SeenInsight[]> {
  return app.sql<{ hash: string; path: string; state: string }>(
    'select file_hash as hash, file_path as path, state from echo_media_insights where user_id = $1 order by file_path',
    [userId],
  );
}

export interface SeenFile {
  readonly path: string;
  readonly state: string;
  readonly problem: string | null;
  readonly hash: string | null;
}

/** Rows of files, by path. */
export function files(app: TestApp, userId = LOCAL_PRINCIPAL.userId): Promise<SeenFile[]> {
  return app.sql<{ path: string; state: string; problem: string | null; hash: string | null }>(
    `select shown_path as path, state, problem, file_hash as hash from echo_media_files
     where user_id = $1 order by shown_path`,
    [userId],
  );
}
