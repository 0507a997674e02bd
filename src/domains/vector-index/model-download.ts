import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { UrlForbidden } from '../../errors.ts';
import {
  installedModel,
  type KnownModel,
  LocalModelProblem,
  MODEL_FILES,
  type PinnedFile,
  whyNot,
} from '../../models/local-models.ts';
import type { Fetch, Outbound } from '../../outbound/outbound.ts';
import { completeFolder } from './model-folders.ts';

/** For one file; what came until then is kept. */
const FILE_MS = 3_600_000;
const MAX_REDIRECTS = 5;
const PROGRESS_BYTES = 10_000_000;

/**
 * Fetches the files of a model, and goes on where an earlier try ended. They are used only if they are exactly the known ones.
 *
 * @throws LocalModelProblem
 */
export async function fetchModel(
  directory: string,
  model: KnownModel,
  outbound: Pick<Outbound, 'fetcher'>,
  print: (line: string) => void,
): Promise<void> {
  const isHere = await installedModel(directory, model.name).then(
    () => true,
    () => false,
  );
  if (isHere) return;
  const begun = join(directory, `${model.name}.part`);
  await mkdir(begun, { recursive: true, mode: 0o700 });
  for (const file of MODEL_FILES) {
    const pinned = model.files[file];
    const path = join(begun, file);
    const have = await sizeOf(path);
    if (have > pinned.bytes) await rm(path);
    if (have !== pinned.bytes) {
      const fetch = outbound.fetcher({ timeoutMs: FILE_MS, maxBytes: pinned.bytes });
      await fetchFile(fetch, pinned, path, print);
    }
    const problem = await whyNot(path, pinned);
    if (!problem) continue;
    // Whole but wrong: nothing to go on with.
    if ((await sizeOf(path)) >= pinned.bytes) await rm(path);
    throw new LocalModelProblem(
      `${pinned.url}: what came ${problem}; try again, or use: add ${model.name} FOLDER`,
    );
  }
  await completeFolder(directory, model.name, model);
}

/** @throws LocalModelProblem */
async function fetchFile(
  fetch: Fetch,
  { url, bytes }: PinnedFile,
  path: string,
  print: (line: string) => void,
): Promise<void> {
  const from = await sizeOf(path);
  try {
    const response = await follow(fetch, url, from);
    const isRest = response.status === 206;
    if (!response.ok || !response.body) throw new Error(`the server answers ${response.status}`);
    if (from > 0) print(isRest ? `  going on at ${from} of ${bytes} bytes` : '  beginning again');
    await save(response.body, path, isRest ? from : 0, bytes, print);
  } catch (error) {
    throw new LocalModelProblem(
      `${url}: cannot be fetched (${reasonOf(error as Error)}); ${await sizeOf(path)} of ${bytes} bytes are here, and the next try goes on from there`,
    );
  }
}

/** Follows redirects, which the client for other servers does not: each address is looked at there. */
async function follow(fetch: Fetch, url: string, from: number): Promise<Response> {
  let address = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {};
    const response = await fetch(address, { headers });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, address);
    if (address.startsWith('https:') && next.protocol !== 'https:')
      throw new Error(`it leads to ${next.origin}, which is not encrypted`);
    address = next.href;
  }
  throw new Error(`it leads on more than ${MAX_REDIRECTS} times`);
}

async function save(
  body: ReadableStream<Uint8Array>,
  path: string,
  from: number,
  bytes: number,
  print: (line: string) => void,
): Promise<void> {
  const file = createWriteStream(path, { flags: from > 0 ? 'a' : 'w', mode: 0o600 });
  const closed = once(file, 'close');
  // Told by `closed`, too; and not before whoever waits for it.
  closed.catch(() => undefined);
  let have = from;
  let told = from;
  try {
    for await (const part of Readable.fromWeb(body as never)) {
      if (!file.write(part)) await once(file, 'drain');
      have += (part as Uint8Array).length;
      if (have - told < PROGRESS_BYTES) continue;
      told = have;
      print(`  ${Math.floor((have / bytes) * 100)} %`);
    }
  } finally {
    file.end();
    await closed;
  }
}

function reasonOf(error: Error): string {
  if (error instanceof UrlForbidden) return `it must not be called: ${error.message}`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.size ?? 0;
}
