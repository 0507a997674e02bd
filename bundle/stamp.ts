import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file of a bundle that is begun with. */
export const ENTRY = 'start.js';
/** The page of a dashboard. */
export const PAGE = 'index.html';

/** Where the bundles of a tree are, each in a folder that has the stamp of its sources. */
export const bundlesOf = (root: string) => join(root, 'dist');

/** Where the dashboards of a tree are, each in a folder that has the stamp of its sources. */
export const dashboardsOf = (root: string) => join(root, 'dist', 'dashboard');

/** Where a package is put together that needs nothing of this tree. */
export const packagesOf = (root: string) => join(root, 'dist', 'package');

/** What a bundle is made of, besides the packages that the lock file names. */
const SOURCES = ['src', 'bundle'];
const LOCK = 'package-lock.json';

/**
 * Which sources a bundle is made of: the first 16 hexadecimal digits of a SHA-256 of their names and contents. (Times say nothing: a copy
 * has others.)
 *
 * @throws where a source cannot be read
 */
export function stampOf(root: string): string {
  return hashOf(root, [
    ...SOURCES.flatMap((folder) => filesIn(root, folder, (name) => name.endsWith('.ts'))),
    LOCK,
  ]);
}

/** The same for the sources of the dashboard. @throws where a source cannot be read */
export function dashboardStampOf(root: string): string {
  return hashOf(root, [...filesIn(root, 'dashboard'), 'bundle/dashboard.ts', LOCK]);
}

function hashOf(root: string, names: readonly string[]): string {
  const hash = createHash('sha256');
  for (const name of names)
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

function filesIn(root: string, folder: string, isMeant: (name: string) => boolean = () => true): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isMeant(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
