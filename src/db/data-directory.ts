import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statfsSync } from 'node:fs';

/** The data directory cannot be used; the message is for the operator. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

/** File system types (statfs(2)) on which an fsync promises less than on a disk. */
const VOLATILE: Readonly<Record<number, string>> = {
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  2035054128: 'overlayfs',
  26985: 'NFS',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
};

/**
 * Makes the data directory if it is not there.
 *
 * @returns the name of its file system if that is not fit for a journal, else null
 * @throws DataDirectoryError if it cannot be made
 */
export function makeDataDirectory(directory: string): string | null {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return volatileFileSystem(directory);
  } catch (error) {
    throw unusable(directory, (error as { code?: string }).code ?? (error as Error).message);
  }
}

/** @returns the name of a directory's file system if that is not fit for a journal, else null */
export function volatileFileSystem(directory: string): string | null {
  return VOLATILE[statfsSync(directory).type] ?? null;
}

/**
 * Makes a file of what users said that only this user can read, whoever may look into the directory. Called before the
 * file is opened: what SQLite puts beside it gets the same mode.
 */
export function makePrivate(path: string): void {
  // A file that is there is not opened: closing it would give up the locks that this process has on it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}-journal`])
    if (existsSync(file)) chmodSync(file, 0o600);
}

export function unusable(directory: string, reason: string): DataDirectoryError {
  return new DataDirectoryError(
    `DATA_DIR: "${directory}" cannot be written (${reason}); give it to the user that runs the server, or set DATA_DIR to another directory`,
  );
}

export function inUse(directory: string): DataDirectoryError {
  return new DataDirectoryError(
    `DATA_DIR: another Echo Brain server is running on "${directory}"; stop it, or set DATA_DIR to another directory`,
  );
}
