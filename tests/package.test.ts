import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { pack } from '../bundle/pack.ts';
import { startChildServer } from './support/child-server.ts';
import { folderWith, tinyModel, tinyTokenizer } from './support/tiny-model.ts';

const ROOT = resolve(import.meta.dirname, '..');

let directory: string;
/** A package that was carried elsewhere. */
let packed: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-package-'));
  packed = join(directory, 'elsewhere');
  await rename(await pack(ROOT, directory), packed);
}, 240_000);
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
    },
  });
};

test('what was packed runs without the tree: memory, pictures, a model inside, pages, commands', async () => {
  expect((await readdir(packed)).sort()).toEqual([
    ...['CHANGELOG.md', 'dist', 'docs', 'drizzle', 'node_modules', 'package.json', 'src'],
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
    .poll(async () => (await server.graphql(read)).data, { timeout: 30_000 })
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
