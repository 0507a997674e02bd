import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedPostgresError, hasCode } from './error.ts';

/** Who runs PostgreSQL. `switched` = we are root and must become somebody else for it. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly switched: boolean;
}

/** The conventional `nobody`: initdb needs an account that has a name. */
const NOBODY_ID = 65_534;

/**
 * Decides as whom PostgreSQL runs: as ourselves or, because it refuses to run as root, as the owner of
 * the data directory, else as `nobody`.
 *
 * @throws EmbeddedPostgresError when the directory belongs to somebody else, or on a system where root cannot do this
 */
export async function chooseAccount(directory: string): Promise<Account> {
  if (!process.geteuid || !process.getegid) {
    throw new EmbeddedPostgresError(
      'There is no embedded database on this system (it needs unix sockets). Set DATABASE_URL to a PostgreSQL server.',
    );
  }
  const uid = process.geteuid();
  const owner = await readOwner(directory);
  if (uid !== 0) {
    if (owner && owner.uid !== uid) throw belongsToAnother(directory, owner.uid);
    return { uid, gid: process.getegid(), switched: false };
  }
  if (process.platform !== 'linux') {
    throw new EmbeddedPostgresError(
      'The embedded database cannot be started by root on this system. Start the server as an ordinary user, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
  if (owner && owner.uid !== 0) return { ...owner, switched: true };
  return { uid: NOBODY_ID, gid: NOBODY_ID, switched: true };
}

/**
 * How to start a PostgreSQL program on a data directory: as the account, inside the directory, with an
 * environment that holds none of our secrets.
 *
 * The working directory is entered before root is given up, and `/proc/self/cwd` leads into it without
 * walking its path: so the directory may lie below one that only root can enter.
 */
export function launchAs(account: Account, directory: string) {
  return {
    dataArgument: account.switched ? '/proc/self/cwd' : directory,
    options: {
      cwd: directory,
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' },
      ...(account.switched && { uid: account.uid, gid: account.gid }),
    },
  };
}

/** Puts a refusal by the file system into the operator's terms; other errors come back unchanged. */
export async function explainRefusal(directory: string, error: unknown): Promise<unknown> {
  if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) return error;
  const path = await nearestVisible(directory);
  const owner = (await readOwner(path))?.uid ?? 'unknown';
  return new EmbeddedPostgresError(
    `The embedded database cannot use "${directory}": this server runs as uid ${process.geteuid?.()} and may not use "${path}", which belongs to uid ${owner} (${error.code}). Set DATA_DIR to a directory of your own, or have the owner of "${path}" give it to you.`,
    error,
  );
}

async function readOwner(directory: string): Promise<{ uid: number; gid: number } | null> {
  try {
    const { uid, gid } = await stat(directory);
    return { uid, gid };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw await explainRefusal(directory, error);
  }
}

/** The deepest part of a path that we can see: the place where access ends. */
async function nearestVisible(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR') && dirname(path) !== path)
      return nearestVisible(dirname(path));
    throw error;
  }
}

function belongsToAnother(directory: string, owner: number): EmbeddedPostgresError {
  const uid = process.geteuid?.();
  const first = owner === NOBODY_ID ? ' (root started the server first)' : '';
  return new EmbeddedPostgresError(
    `The embedded database cannot use "${directory}": it belongs to uid ${owner}${first}, and this server runs as uid ${uid}. Start the server as its earlier user, or let root run \`chown -R ${uid} '${dirname(directory)}'\`, or set DATA_DIR to another directory.`,
  );
}
