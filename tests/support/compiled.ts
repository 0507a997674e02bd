import { glob, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const DAYS = 3;

/**
 * Test files are loaded under a new name in each run, and kept compiled under each of them: what is older goes. Where it
 * is still in use, it is compiled again.
 */
export default async function setup({ config }: TestProject): Promise<void> {
  const directory = config.env.NODE_COMPILE_CACHE;
  if (typeof directory !== 'string') return;
  const before = Date.now() - DAYS * 86_400_000;
  for await (const name of glob('*/*', { cwd: directory })) {
    const path = join(directory, name);
    // Another run may remove the same.
    const found = await stat(path).catch(() => null);
    if (found?.isFile() && found.mtimeMs < before) await rm(path, { force: true });
  }
}
