import { open } from 'node:fs/promises';

/** What was made, renamed or removed in a directory is so after a power cut, too. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
