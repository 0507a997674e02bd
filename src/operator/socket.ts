import { join, relative } from 'node:path';

/** What every system accepts (macOS 103, Linux 107). */
const MAX_PATH_BYTES = 103;

/**
 * Where the server of a data directory hears its operator: a socket that only the user can open that runs the server.
 *
 * @param from the working directory: a path from there may be shorter
 * @returns null where the system has no such sockets, or the path is too long for one
 */
export function socketOf(dataDirectory: string, from = process.cwd()): string | null {
  if (process.platform === 'win32') return null;
  const whole = join(dataDirectory, 'operator.sock');
  return [whole, relative(from, whole)].find((path) => Buffer.byteLength(path) <= MAX_PATH_BYTES) ?? null;
}
