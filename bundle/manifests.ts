import { existsSync, lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages with hundreds of ES modules, and a manifest that names each of them. */
export const SHORTENED = ['drizzle-orm'];

/** What `exports` of a package.json has for a path within the package. */
type Target = string | null | { readonly [condition: string]: Target };
export type Exports = Readonly<Record<string, Target>>;

/**
 * One pattern for all the paths whose targets it gives as they are; the others stay by name, which goes before the pattern.
 *
 * @param exports of a package.json, by path
 */
export function shortenedExports(exports: Exports): Exports {
  const named = Object.entries(exports).filter(([path]) => path !== '.' && !path.includes('*'));
  const count = new Map<string, number>();
  for (const [path, target] of named) {
    const pattern = patternOf(path, target);
    count.set(pattern, (count.get(pattern) ?? 0) + 1);
  }
  const [pattern, times] = [...count].sort(([, one], [, other]) => other - one)[0] ?? ['', 0];
  if (times < 2 || './*' in exports) return exports;
  const apart = Object.entries(exports).filter(([path, target]) => patternOf(path, target) !== pattern);
  return { ...Object.fromEntries(apart), './*': JSON.parse(pattern) as Target };
}

const patternOf = (path: string, target: Target) =>
  JSON.stringify(target, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(`${path}.`) ? `./*${value.slice(path.length)}` : value,
  );

/**
 * Shortens the manifests of packages that have many ES modules: Node takes a copy of it for each of them, which is five sixths of what
 * it costs a command to load Drizzle. What can be imported stays.
 *
 * @param root with `node_modules`; what links lead to is left alone
 * @returns the packages whose manifests are shorter now; who may not write there keeps the longer ones, which work, too
 */
export function shortenManifests(root: string): string[] {
  return SHORTENED.filter((name) => {
    const path = join(root, 'node_modules', name, 'package.json');
    if (!existsSync(path)) return false;
    if ([join(root, 'node_modules'), join(path, '..')].some((folder) => lstatSync(folder).isSymbolicLink()))
      return false;
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { exports?: Exports };
    const exports = manifest.exports && shortenedExports(manifest.exports);
    if (!exports || exports === manifest.exports) return false;
    // Others may have the same file, by a link of the file system.
    const written = `${path}.${process.pid}`;
    try {
      writeFileSync(written, `${JSON.stringify({ ...manifest, exports }, null, 2)}\n`);
      renameSync(written, path);
    } catch (error) {
      if (!UNWRITABLE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return false;
    }
    return true;
  });
}

const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS'];
