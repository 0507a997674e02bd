import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';

/** One file of the dashboard, as it is sent. */
export interface BuiltFile {
  readonly type: string;
  readonly tag: string;
  /** By content coding; `identity` is always there. */
  readonly bytes: Readonly<Partial<Record<Coding, Buffer>>> & { readonly identity: Buffer };
}
export type Coding = 'br' | 'gzip' | 'identity';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const CODINGS = { '.br': 'br', '.gz': 'gzip' } as const;

/** Reads the files of a built dashboard, some hundred kilobytes. @returns them by their path, such as `assets/main-x1.js` */
export async function readBuiltFiles(directory: string): Promise<ReadonlyMap<string, BuiltFile>> {
  const found = new Map<string, Partial<Record<Coding, Buffer>>>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const ending = extname(path) as keyof typeof CODINGS;
    const name = relative(directory, ending in CODINGS ? path.slice(0, -ending.length) : path);
    const key = name.replaceAll('\\', '/');
    found.set(key, { ...found.get(key), [CODINGS[ending] ?? 'identity']: await readFile(path) });
  }
  const files = new Map<string, BuiltFile>();
  for (const [name, { identity, ...coded }] of found) {
    const type = TYPES[extname(name)];
    if (!type || !identity) continue;
    const tag = createHash('sha256').update(identity).digest('base64url').slice(0, 22);
    files.set(name, { type, tag, bytes: { identity, ...coded } });
  }
  return files;
}
