import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The id of the journal of a data directory, made the first time. It stays with the directory, wherever that is moved.
 *
 * @throws if the file can be neither read nor written
 */
export function journalIdOf(directory: string): string {
  const path = join(directory, 'journal.id');
  try {
    const id = readFileSync(path, 'utf8').trim();
    if (UUID.test(id)) return id;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // There is none, or a crash left half of one.
  const id = randomUUID();
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, `${id}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return id;
}
