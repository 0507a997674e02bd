import { execFile } from 'node:child_process';
import { chmod, chown, lchown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../../log.ts';
import { type Account, explainRefusal, launchAs } from './account.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError, hasCode } from './error.ts';
import { finishMove } from './moving.ts';
import { syncDirectory } from './sync.ts';

/** The one role: the cluster's superuser, reachable only through the socket in a directory of mode 0700. */
export const SUPERUSER = 'echo_brain';

const INITDB_LIMIT_MS = 120_000;

/**
 * Character classes for text search and trigrams come from the C library: under plain `C`, `—` counts as a
 * letter and `é` has no trigrams. Ordering and case do not depend on it (see `initializeIn`).
 */
const CHARACTER_LOCALES = ['C.UTF-8', 'en_US.UTF-8', 'C'] as const;

export interface ClusterPlace {
  readonly directory: string;
  readonly account: Account;
  readonly binaries: Binaries;
  readonly log: Logger;
  readonly maxConnections: number;
}

/**
 * Makes `directory` a data directory that the account can use: creates it when it is missing or empty,
 * repairs mode and owner when it exists.
 *
 * @throws EmbeddedPostgresError when it holds something else or another version, or must not be used
 */
export async function prepareCluster(place: ClusterPlace): Promise<void> {
  const { directory, binaries } = place;
  try {
    await mkdir(dirname(directory), { recursive: true });
    await removeUnfinished(directory);
    await finishMove(directory);
    const found = await readClusterVersion(directory);
    if (found === null) return await createCluster(place);
    const wanted = binaries.version.split('.')[0];
    if (found !== wanted) {
      throw new EmbeddedPostgresError(
        `The database in "${directory}" was made by PostgreSQL ${found}, and the embedded one is ${wanted}. Run: npm run upgrade-database (it keeps the old files), or run PostgreSQL ${found} on it and set DATABASE_URL.`,
      );
    }
    await repairAccess(place);
  } catch (error) {
    throw await explainRefusal(directory, error);
  }
}

/** Returns null when there is no cluster yet. */
async function readClusterVersion(directory: string): Promise<string | null> {
  try {
    return (await readFile(join(directory, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  const entries = await readdir(directory).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  if (entries.length === 0) return null;
  throw new EmbeddedPostgresError(
    `"${directory}" is not empty and holds no database (found "${entries[0]}"). Move it away, or set DATA_DIR to another directory.`,
  );
}

/** A cluster appears complete or not at all: it is made beside its place and moved there. */
async function createCluster(place: ClusterPlace): Promise<void> {
  const { directory, account, log } = place;
  log.info({ directory }, 'creating the embedded database; this takes some seconds, once');
  const partial = await mkdtemp(`${directory}${UNFINISHED}`);
  try {
    if (account.switched) await chown(partial, account.uid, account.gid);
    await initializeIn(partial, place);
    await rename(partial, directory);
  } catch (error) {
    await rm(partial, { recursive: true, force: true, maxRetries: 20 });
    throw error;
  }
  await syncDirectory(dirname(directory));
}

const UNFINISHED = '.initializing-';

/** Left by a process that was killed; its initdb may still be writing for a moment, hence the retries. */
async function removeUnfinished(directory: string): Promise<void> {
  const parent = dirname(directory);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(directory)}${UNFINISHED}`)) continue;
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

async function initializeIn(partial: string, place: ClusterPlace): Promise<void> {
  for (const locale of CHARACTER_LOCALES) {
    if (locale === 'C') {
      place.log.warn(
        'this system has no UTF-8 locale: text search will not recognise words outside of ASCII well',
      );
    }
    if (await runInitdb(partial, locale, place)) return;
  }
  throw new EmbeddedPostgresError(
    'initdb accepts no locale on this system. Set DATABASE_URL to a PostgreSQL server.',
  );
}

/**
 * Runs initdb. Order and case are PostgreSQL's own `C.UTF-8` (code points, Unicode case): the same everywhere, so no
 * upgrade of a C library can silently invalidate an index.
 *
 * @returns false when the system does not know the locale
 */
async function runInitdb(partial: string, characterLocale: string, place: ClusterPlace): Promise<boolean> {
  const { dataArgument, options } = launchAs(place.account, partial);
  const settings = [
    ['--pgdata', dataArgument],
    ['--username', SUPERUSER],
    ['--encoding', 'UTF8'],
    ['--locale', 'C'],
    ['--lc-ctype', characterLocale],
    ['--locale-provider', 'builtin'],
    ['--builtin-locale', 'C.UTF-8'],
    ['--auth-local', 'trust'],
    ['--auth-host', 'reject'],
  ].map(([name, value]) => `${name}=${value}`);
  try {
    const run = promisify(execFile);
    await run(place.binaries.initdb, [...settings, '--data-checksums', '--no-instructions'], {
      ...options,
      timeout: INITDB_LIMIT_MS,
    });
    return true;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    if (said.includes('invalid locale name')) return false;
    const reason = said || (error instanceof Error ? error.message : String(error));
    throw new EmbeddedPostgresError(
      `The embedded database could not be created in "${place.directory}": ${reason}. Check the space and the rights in DATA_DIR, or set DATABASE_URL to a PostgreSQL server.`,
      error,
    );
  }
}

/** PostgreSQL refuses directories that copying, restoring or a volume driver gave to another mode or to root. */
async function repairAccess({ directory, account, log }: ClusterPlace): Promise<void> {
  const { uid } = await stat(directory);
  if (account.switched && uid !== account.uid) {
    log.warn(
      { directory, uid: account.uid },
      'the data directory belongs to root; giving it to the user of PostgreSQL',
    );
    const entries = await readdir(directory, { recursive: true });
    // The top comes last: its owner says whether this was finished.
    for (const path of [...entries.map((entry) => join(directory, entry)), directory]) {
      await lchown(path, account.uid, account.gid);
    }
  }
  await chmod(directory, 0o700);
}
