import { open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { exists } from './binaries.ts';
import { hasCode } from './error.ts';
import { syncDirectory } from './sync.ts';

/** Where the new cluster is made, and what says that it is whole and takes the place of the old one. */
const NEXT = '.next';
const MARK = '.moving';

/** A cluster that is made beside another one, and takes its place once it holds the same. */
export interface ClusterMove {
  /** Of the cluster that there is. */
  readonly directory: string;
  /** Where the new one is made; nothing is there yet. */
  readonly next: string;
  /** Major version of PostgreSQL that made the old one. */
  readonly major: string;
  /** Puts the new one, which nothing runs on, into the place of the old one. @returns where the old one is kept */
  finish(): Promise<string>;
}

/**
 * Begins to replace a cluster. Until `finish` nothing of it is touched, and what was made beside it by a run that was killed goes.
 *
 * @returns null where there is no cluster
 */
export async function beginMove(given: string): Promise<ClusterMove | null> {
  const directory = await realpath(given).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return given;
    throw error;
  });
  await finishMove(directory);
  const major = await majorOf(directory);
  if (major === null) return null;
  const next = `${directory}${NEXT}`;
  await rm(next, { recursive: true, force: true, maxRetries: 20 });
  const finish = async () => {
    const kept = `${basename(directory)}-${major}-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    await writeDurably(`${directory}${MARK}`, kept);
    await finishMove(directory);
    return join(dirname(directory), kept);
  };
  return { directory, next, major, finish };
}

/** Ends what was begun by `finish`, wherever it was cut off. */
export async function finishMove(directory: string): Promise<void> {
  const mark = `${directory}${MARK}`;
  const kept = await readFile(mark, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (kept === null) return;
  const [next, parent] = [`${directory}${NEXT}`, dirname(directory)];
  // The new one is there until it has its place.
  if (await exists(next)) {
    if (await exists(directory)) await rename(directory, join(parent, kept));
    await rename(next, directory);
    await syncDirectory(parent);
  }
  await rm(mark);
  await syncDirectory(parent);
}

/** Major version of PostgreSQL that made a cluster; null: there is none. */
export async function majorOf(directory: string): Promise<string | null> {
  try {
    return (await readFile(join(directory, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** A mark that is there is whole. */
async function writeDurably(path: string, content: string): Promise<void> {
  await writeFile(`${path}.partial`, content, { mode: 0o600 });
  const file = await open(`${path}.partial`, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.partial`, path);
  await syncDirectory(dirname(path));
}
