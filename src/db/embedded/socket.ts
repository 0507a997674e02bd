import { lutimes, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../log.ts';
import { EmbeddedPostgresError, hasCode } from './error.ts';
import { SOCKET_PORT } from './process.ts';

/** What every system accepts (macOS 103, Linux 107). */
const MAX_SOCKET_PATH_BYTES = 103;
const PREFIX = 'echo-brain-socket-';
/** Cleaners of temporary directories remove what looks unused for days. */
const REFRESH_MS = 6 * 3_600_000;

export interface SocketPath {
  /** A directory through which clients reach the socket, short enough for the operating system. */
  readonly host: string;
  close(): Promise<void>;
}

/**
 * Finds a short way to the socket in `directory`: the directory itself or, where its path is too long, a link to it
 * in a new directory that only we can enter.
 *
 * @throws EmbeddedPostgresError when the system's temporary directory has too long a path, too
 */
export async function openSocketPath(directory: string, log: Logger): Promise<SocketPath> {
  if (isShortEnough(directory)) return { host: directory, close: async () => undefined };
  await removeStale(directory);
  const holder = await mkdtemp(join(tmpdir(), PREFIX));
  const host = join(holder, 'd');
  if (!isShortEnough(host)) {
    await rm(holder, { recursive: true });
    throw new EmbeddedPostgresError(
      `The paths "${directory}" and "${tmpdir()}" are both too long for a socket (${MAX_SOCKET_PATH_BYTES} bytes). Set DATA_DIR or TMPDIR to a shorter path.`,
    );
  }
  await symlink(directory, host);
  const refresh = setInterval(() => {
    const now = new Date();
    lutimes(host, now, now).catch((error: unknown) =>
      log.warn({ err: error, host }, 'the link to the socket is gone'),
    );
  }, REFRESH_MS).unref();
  const close = async () => {
    clearInterval(refresh);
    await rm(holder, { recursive: true, force: true });
  };
  return { host, close };
}

/** Whether the socket in a directory has a path that every system accepts. */
export function isShortEnough(host: string): boolean {
  return Buffer.byteLength(join(host, `.s.PGSQL.${SOCKET_PORT}`)) <= MAX_SOCKET_PATH_BYTES;
}

/** Links of servers that were killed. The caller holds the lock of this data directory: none is in use. */
async function removeStale(directory: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const holder = join(tmpdir(), name);
    try {
      if ((await readlink(join(holder, 'd'))) === directory)
        await rm(holder, { recursive: true, force: true });
    } catch (error) {
      // Another server's, or being removed right now.
      if (!hasCode(error, 'ENOENT', 'EACCES', 'EPERM')) throw error;
    }
  }
}
