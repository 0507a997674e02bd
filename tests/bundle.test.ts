import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { inAscii } from '../bundle/bundle.ts';
import { AT_START, dependenciesPage } from '../bundle/dependencies.ts';
import { bundlesOf, ENTRY, stampOf } from '../bundle/stamp.ts';
import { startChildServer } from './support/child-server.ts';

const ROOT = resolve(import.meta.dirname, '..');
const COPIED = ['src', 'scripts', 'bundle', 'drizzle', 'package.json', 'package-lock.json'];

/** A program's first file: when it ends, it leaves the names of Node's own parts that it has loaded. */
const TELLS_WHAT_WAS_LOADED = `if (require('node:worker_threads').isMainThread) process.on('exit', () =>
  require('node:fs').writeFileSync(\`\${__filename}-\${process.pid}\`, process.moduleLoadList.join()));
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-bundle-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Another tree of the same sources, without a bundle. */
async function tree(name: string): Promise<string> {
  const root = join(directory, name);
  await mkdir(root);
  for (const copied of COPIED) await cp(join(ROOT, copied), join(root, copied), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  return root;
}

describe('npm start', () => {
  test('makes a bundle, runs it with its threads and what it loads later, and uses it again', async () => {
    const root = await tree('first');
    const data = join(directory, 'data');
    const preload = join(directory, 'tells-what-was-loaded.cjs');
    await writeFile(preload, TELLS_WHAT_WAS_LOADED);
    for (const round of ['made', 'used again']) {
      const server = await startChildServer(data, { NODE_OPTIONS: `--require=${preload}` }, root);
      // One that is left behind would keep the whole run from ending.
      onTestFinished(() => void server.signal('SIGTERM'));
      expect(await readdir(bundlesOf(root))).toEqual([stampOf(root)]);
      await expectAscii(join(bundlesOf(root), stampOf(root)));
      // It has become the bundle: what took the types out of scripts/start.ts is no part of it.
      const { pid } = JSON.parse(server.logged.find((line) => line.includes('"url"')) ?? '{}');
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
      expect(words).toContain(join(bundlesOf(root), stampOf(root), ENTRY));
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).toContain('MALLOC_ARENA_MAX=2\0');
      const record = `mutation ($query: String!) { recordTurns(input: { conversationId: "c", turns: [{ query: $query, response: "yes" }] }) {
        ... on RecordTurnsSuccess { interactions { sequence } } } }`;
      expect((await server.graphql(record, { query: `The lighthouse is ${round}.` })).data).toMatchObject({
        recordTurns: { interactions: [{ sequence: round === 'made' ? 1 : 2 }] },
      });
      const search = `{ memorySearch(query: "lighthouse") { hits { interaction { query } } } }`;
      await expect
        .poll(async () => JSON.stringify((await server.graphql(search)).data))
        .toContain(`The lighthouse is ${round}.`);
      const page = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain('renderYogaGraphiQL');
      server.signal('SIGTERM');
      expect(await server.exited).toBe(0);
      const loaded = (await readFile(`${preload}-${pid}`, 'utf8')).split(',');
      expect(loaded).toContain('NativeModule _http_server');
      // It was called and called nobody: Node's client, HTTP/2 and TLS would take 7 MB.
      expect(loaded.filter((name) => /undici|http2|tls/.test(name))).toEqual([]);
    }
  });

  test('stops when npm does, which passes no signal on', async () => {
    const root = await tree('by-npm');
    const npm = spawn('npm', ['start'], { cwd: root, env: startedWith(root) });
    let said = '';
    npm.stdout.on('data', (text: Buffer) => {
      said += text;
    });
    await expect.poll(() => said, { timeout: 60_000 }).toContain('is listening');
    npm.kill('SIGTERM');
    // Closed when the server has ended, which holds the other end, too.
    await once(npm.stdout, 'close');
    expect(said).toContain('"signal":"end of npm"');
  });

  test('starts no server where npm has ended while the bundle was made', async () => {
    const root = await tree('without-npm');
    const build = join(root, 'scripts/build.ts');
    // Slower than any machine, and the sources are run in the end.
    await writeFile(
      build,
      "import { writeFileSync } from 'node:fs';\nwriteFileSync('building', '');\nsetTimeout(() => process.exit(1), 1_500);",
    );
    const npm = spawn('npm', ['start'], { cwd: root, env: startedWith(root) });
    let said = '';
    npm.stdout.on('data', (text: Buffer) => {
      said += text;
    });
    await expect.poll(() => existsSync(join(root, 'building')), { timeout: 60_000 }).toBe(true);
    npm.kill('SIGTERM');
    const ends = once(npm.stdout, 'close');
    await expect.poll(() => said, { timeout: 60_000 }).toMatch(/npm has ended meanwhile|is listening/);
    const pid = /"pid":(\d+),"msg":"Echo Brain is listening"/.exec(said)?.[1];
    if (pid) process.kill(Number(pid));
    await ends;
    expect(said).toContain('npm has ended meanwhile');
    expect(existsSync(join(root, 'data'))).toBe(false);
  });

  test('stops once where npm and the server are told to, and answers who is there', async () => {
    const root = await tree('by-group');
    const npm = spawn('npm', ['start'], { cwd: root, env: startedWith(root), detached: true });
    let said = '';
    npm.stdout.on('data', (text: Buffer) => {
      said += text;
    });
    await expect.poll(() => said, { timeout: 60_000 }).toContain('is listening');
    const { hostname, port } = new URL(/"url":"([^"]+)"/.exec(said)?.[1] ?? '');
    const asked = request({ hostname, port, path: '/graphql', method: 'POST' });
    const answer = once(asked, 'response') as Promise<[IncomingMessage]>;
    asked.setHeader('content-type', 'application/json').write('{"query":');
    await sleep(200);
    process.kill(-(npm.pid ?? 0), 'SIGTERM');
    // Twice as long as it takes to see that npm has ended.
    await sleep(1_000);
    asked.end('"{ __typename }"}');
    expect((await answer)[0].statusCode).toBe(200);
    await once(npm.stdout, 'close');
    expect(said.match(/"msg":"stopping"/g)).toHaveLength(1);
  });

  test('does not take the place of a program that loads it', async () => {
    const root = await tree('loaded-by-others');
    const load = `await import(${JSON.stringify(join(root, 'scripts/start.ts'))})`;
    await mkdir(join(bundlesOf(root), stampOf(root)), { recursive: true });
    await writeFile(
      join(bundlesOf(root), stampOf(root), ENTRY),
      'console.log("in", process.argv[1], globalThis.kept);',
    );
    const run = async (...words: string[]) =>
      (await promisify(execFile)(process.execPath, words, { cwd: root, timeout: 60_000 })).stdout.trim();
    await writeFile(join(root, 'other.mjs'), `globalThis.kept = 'kept'; ${load}`);
    await writeFile(
      join(root, 'thread.mjs'),
      `import { Worker } from 'node:worker_threads'; new Worker('./scripts/start.ts');`,
    );
    // It would begin anew, for ever.
    expect(await run('--input-type=module', '-e', `globalThis.kept = 'kept'; ${load}`)).toBe(
      'in undefined kept',
    );
    expect(await run('other.mjs')).toMatch(/^in .*other\.mjs kept$/);
    expect(await run('thread.mjs')).toMatch(/^in .*start\.ts undefined$/);
    expect(await run('--permission', '--allow-fs-read=*', 'scripts/start.ts')).toMatch(
      /start\.ts undefined$/,
    );
    expect(await run('scripts/start.ts')).toMatch(/\/start\.js undefined$/);
  });

  test('runs the sources, and says why, where no bundle can be made', async () => {
    const root = await tree('second');
    await writeFile(bundlesOf(root), 'in the way');
    const list = join(directory, 'loaded');
    await writeFile(join(directory, 'lists-packages.mjs'), listsPackages(list));
    const { stdout, stderr } = await startAndStop(root, `--import=${join(directory, 'lists-packages.mjs')}`);
    expect(stdout).toContain('the program is put together');
    expect(stdout).toMatch(/"level":40.*the sources are run as they are: .*(ENOTDIR|EEXIST)/);
    expect(stderr).toBe('');
    expect(stdout).toContain('Echo Brain is listening');
    // A server that nothing is configured for pays for nothing of it.
    const loaded = (await readFile(list, 'utf8')).split('\n');
    expect(loaded).toEqual(expect.arrayContaining(['graphql', 'drizzle-orm', 'pg']));
    expect(loaded.filter((name) => LATER.test(name))).toEqual([]);
    const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect([...AT_START].sort()).toEqual(
      Object.keys(dependencies)
        .filter((name) => loaded.includes(name))
        .sort(),
    );
  });
});

test('what a bundle loads later works: other servers, and processes that read pictures', async () => {
  const root = await tree('later');
  const pictures = join(directory, 'pictures');
  await mkdir(pictures);
  const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } });
  await picture.jpeg().toFile(join(pictures, 'teal.jpg'));
  const asked: string[] = [];
  const model = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}');
  }).listen(0, '127.0.0.1');
  await once(model, 'listening');
  const { port } = model.address() as AddressInfo;
  const server = await startChildServer(
    join(directory, 'later-data'),
    { MEDIA_ROOTS: pictures, LLM_BASE_URL: `http://127.0.0.1:${port}/v1`, LLM_MODELS: 'quick=small' },
    root,
  );
  await server.graphql(
    'mutation { processQuery(input: { query: "Where is the lighthouse?" }) { __typename } }',
  );
  expect(asked).toContain('/v1/chat/completions');
  await server.graphql('mutation ($path: String!) { indexMedia(path: $path) { __typename } }', {
    path: pictures,
  });
  const read = '{ mediaInsights(first: 5) { nodes { mediaType width height analysis { tier } } } }';
  await expect
    .poll(async () => (await server.graphql(read)).data.mediaInsights.nodes)
    .toEqual([{ mediaType: 'image/jpeg', width: 64, height: 48, analysis: { tier: 'FEATURES' } }]);
  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);
  model.closeAllConnections();
  model.close();
});

test.each([
  ['/[–—]/u', '–', 'a'],
  ['/^[😀-😂]$/u', '😁', '\\ud83d'],
  ['/^\\–$/', '–', '\\\\–'],
  ['/^\\\\–$/', '\\–', '–'],
  ['new RegExp(String.raw`^(?:qué|誰)\\s`, "iu")', '誰 ', 'que '],
])('characters beyond ASCII are written as escapes, which mean the same: %s', (code, matches, other) => {
  const escaped = inAscii(code);
  expect(escaped).toMatch(ASCII);
  for (const expression of [code, escaped].map((text) => new Script(text).runInThisContext() as RegExp))
    expect([matches, other].map((text) => expression.test(text))).toEqual([true, false]);
});

test('a bundle is of the sources as they are, whatever their times', async () => {
  const root = await tree('third');
  const stamp = stampOf(root);
  expect(stamp).toBe(stampOf(ROOT));
  await utimes(join(root, 'src/main.ts'), 1, 1);
  expect(stampOf(root)).toBe(stamp);
  await writeFile(join(root, 'src/more.ts'), '');
  expect(stampOf(root)).not.toBe(stamp);
});

test('the page of dependencies has each of them, as it is installed', async () => {
  expect(await readFile(join(ROOT, 'docs/dependencies.md'), 'utf8')).toBe(dependenciesPage(ROOT));
});

/** One character beyond Latin-1 doubles what a file takes of memory, as long as the server runs. */
async function expectAscii(bundle: string): Promise<void> {
  const programs = (await readdir(bundle)).filter((name) => name.endsWith('.js'));
  expect(programs).toContain('main.js');
  for (const name of programs)
    expect(ASCII.test(await readFile(join(bundle, name), 'utf8')), name).toBe(true);
}

const ASCII = /^[\0-\x7f]*$/;

/** Packages for what has to be configured, or asked for. */
const LATER =
  /^(?:onnxruntime|@huggingface|nodemailer|@qdrant|undici|sharp|@img|libheif|mediabunny|exifreader|@graphql-yoga.render-graphiql|@modelcontextprotocol|age-encryption|@noble|aws4fetch|tar-stream|yauzl|yazl|@opentelemetry.(?!api$))/;

/** A module that writes which packages were loaded, at the end of each process and thread. */
function listsPackages(to: string): string {
  return `import { registerHooks } from 'node:module';
    import { appendFileSync } from 'node:fs';
    const names = new Set();
    registerHooks({ load(url, context, next) {
      const name = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
      if (name) names.add(name);
      return next(url, context);
    } });
    process.on('exit', () => appendFileSync(${JSON.stringify(to)}, [...names, ''].join('\\n')));`;
}

async function startAndStop(root: string, nodeOptions: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['scripts/start.ts'], {
    cwd: root,
    env: { ...startedWith(root), NODE_OPTIONS: nodeOptions },
  });
  const said = { stdout: '', stderr: '' };
  let isStopping = false;
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (text: Buffer) => {
      said[name] += text;
      // Once: a second signal would end it without its database.
      if (!isStopping && said.stdout.includes('is listening')) isStopping = child.kill('SIGTERM');
    });
  await once(child, 'close');
  return said;
}

function startedWith(root: string): Record<string, string | undefined> {
  return { PATH: process.env.PATH, HOME: root, PORT: '0', DATA_DIR: join(root, 'data'), SEED: 'off' };
}
