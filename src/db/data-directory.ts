import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The data directory cannot be used; the message is for the operator. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

/**
 * Makes the data directory and claims it for this process. The claim is a lock of the operating system, so it
 * ends with the process, however that ends.
 *
 * @returns a function that gives it up
 * @throws DataDirectoryError if it cannot be written, or another server works on it
 */
export function claimDataDirectory(directory: string): () => void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = new DatabaseSync(join(directory, 'server.lock'));
    lock.exec('pragma locking_mode = exclusive; begin exclusive; commit');
    return () => lock.close();
  } catch (error) {
    throw new DataDirectoryError(describe(directory, error as Error & { code?: string; errcode?: number }));
  }
}

const SQLITE_BUSY = 5;

function describe(directory: string, error: Error & { code?: string; errcode?: number }): string {
  if (error.errcode === SQLITE_BUSY) {
    return `DATA_DIR: another Echo Brain server is running on "${directory}"; stop it, or set DATA_DIR to another directory`;
  }
  return `DATA_DIR: "${directory}" cannot be written (${error.code ?? error.message}); give it to the user that runs the server, or set DATA_DIR to another directory`;
}
