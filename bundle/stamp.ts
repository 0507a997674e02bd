import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file of a bundle that is begun with. */
export const ENTRY = 'main.js';

/** Where the bundles of a tree are, each in a folder that has the stamp of its sources. */
export const bundlesOf = (root: string) => join(root, 'dist');

/** What a bundle is made of, besides the packages that the lock file names. */
const SOURCES = ['src', 'bundle'];
const FILES = ['package-lock.json'];

/**
 * Which sources a bundle is made of: the first 16 hexadecimal digits of a SHA-256 of their names and contents. (Times say nothing: a copy
 * has others.)
 *
 * @throws where a source cannot be read
 */
export function stampOf(root: string): string {
  const hash = createHash('sha256');
  for (const name of [...SOURCES.flatMap((folder) => sourcesIn(root, folder)), ...FILES])
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

function sourcesIn(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
