import { link, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Exports, shortenedExports, shortenManifests } from '../bundle/manifests.ts';

const NAME = 'drizzle-orm';
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-manifests-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const both = (path: string) => ({ import: { default: `${path}.js` }, require: { default: `${path}.cjs` } });
const EXPORTS: Exports = {
  '.': both('./index'),
  './errors': both('./errors'),
  './core': both('./core/index'),
  './core/table': both('./core/table'),
  './core/columns': both('./core/columns/index'),
  './core/columns/text': both('./core/columns/text'),
  './other': { require: './core/table.cjs' },
  './private': null,
};
const FILES = ['index', 'errors', 'core/index', 'core/table', 'core/columns/index', 'core/columns/text'];

/** Where Node finds each path of the package, or the code of its refusal. */
function found(root: string): string[] {
  const { resolve } = createRequire(join(root, 'index.js'));
  return Object.keys(EXPORTS).map((path) => {
    try {
      return resolve(join(NAME, path)).slice(root.length);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    }
  });
}

async function installed(name: string): Promise<{ root: string; manifest: string }> {
  const root = join(directory, name);
  const folder = join(root, 'node_modules', NAME);
  for (const file of FILES) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, `${file}.cjs`), '');
  }
  const manifest = join(folder, 'package.json');
  await writeFile(manifest, JSON.stringify({ name: NAME, version: '1.2.3', exports: EXPORTS }));
  return { root, manifest };
}

test('what a shortened manifest exports is found where it was, and nothing else of it changes', async () => {
  const [long, short] = [await installed('long'), await installed('short')];
  // As a package manager leaves it that keeps each file once.
  await link(short.manifest, join(directory, 'kept-once'));
  expect(shortenManifests(short.root)).toEqual([NAME]);
  expect(found(short.root)).toEqual(found(long.root));
  expect(found(long.root).at(-1)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  const { exports, ...rest } = JSON.parse(await readFile(short.manifest, 'utf8'));
  expect(rest).toEqual({ name: NAME, version: '1.2.3' });
  expect(Object.keys(exports)).toEqual(['.', './core', './core/columns', './other', './private', './*']);
  expect(JSON.parse(await readFile(join(directory, 'kept-once'), 'utf8')).exports).toEqual(EXPORTS);
  // Once is enough.
  const { ino } = await stat(short.manifest);
  expect(shortenManifests(short.root)).toEqual([]);
  expect((await stat(short.manifest)).ino).toBe(ino);
});

test('what a link leads to is somebody else’s', async () => {
  const { root } = await installed('theirs');
  const mine = join(directory, 'mine');
  await mkdir(mine);
  await symlink(join(root, 'node_modules'), join(mine, 'node_modules'));
  expect(shortenManifests(mine)).toEqual([]);
});

test('the manifest of Drizzle is short, or will be', async () => {
  const manifest = join(import.meta.dirname, '..', 'node_modules', NAME, 'package.json');
  const { exports } = JSON.parse(await readFile(manifest, 'utf8')) as { exports: Exports };
  expect(JSON.stringify(shortenedExports(exports)).length).toBeLessThan(30_000);
});
