import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** By this worker; one that a file removed may be there again for the next file. */
const made: string[] = [];

/** Makes a folder that goes with all that is in it when the tests of the file have ended, if it is not gone before. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `echo-${name}-`));
  made.push(folder);
  return folder;
}

export async function removeFolders(): Promise<void> {
  for (const folder of made)
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
