import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { modelsCommand } from '../src/domains/vector-index/models-command.ts';
import { createLogger } from '../src/log.ts';
import type { KnownModel } from '../src/models/local-models.ts';
import { Outbound } from '../src/outbound/outbound.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { EXPLODES, folderWith, TINY_DIMENSIONS, tinyModel, tinyTokenizer } from './support/tiny-model.ts';

const folders: string[] = [];
const servers: ReturnType<typeof createServer>[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  for (const server of servers) server.close();
});
async function folderOf(files: Record<string, string | Buffer>): Promise<string> {
  const folder = await folderWith(files);
  folders.push(folder);
  return folder;
}
const outbound = new Outbound({ allowed: ['127.0.0.1'] });
/** `npm run models` with these words. */
async function models(dataDirectory: string, args: readonly string[], known?: readonly KnownModel[]) {
  const lines: string[] = [];
  const open = () => ({ dataDirectory, outbound, ...(known && { known }) });
  const code = await modelsCommand(args, open, (line) => lines.push(line));
  return { code, output: lines.join('\n') };
}
const tiny = (changes: Parameters<typeof tinyModel>[0] = {}) => ({
  'model.onnx': tinyModel(changes),
  'tokenizer.json': tinyTokenizer(),
});

describe('a model that is taken from a folder', () => {
  test.each([
    ['without a tokenizer', { 'model.onnx': tinyModel() }, 'must hold one tokenizer.json, holds 0'],
    ['with two models', { ...tiny(), 'other.onnx': tinyModel() }, 'must hold one .onnx file, holds 2'],
    ['that is cut short', { ...tiny(), 'model.onnx': tinyModel().subarray(0, 300) }, 'not usable together'],
    ['that asks for pictures', tiny({ input: 'pixel_values' }), 'it asks for pixel_values'],
    ['with a tokenizer that is none', { ...tiny(), 'tokenizer.json': '{"model":' }, 'not usable together'],
    [
      'with the tokenizer of another',
      { ...tiny({ rows: 3 }), 'tokenizer.json': tinyTokenizer({ goldfish: 6_009 }) },
      'not usable together',
    ],
  ])('%s is refused, and nothing of it stays', async (_what, files, message) => {
    const data = await folderOf({});
    const { code, output } = await models(data, ['add', 'tiny', await folderOf(files)]);
    expect(output).toContain(message);
    expect(code).toBe(1);
    expect(await readdir(join(data, 'models')).catch(() => [])).toEqual([]);
  });

  test('under a known name must have its bytes, whatever its files are called', async () => {
    const data = await folderOf({});
    const { code, output } = await models(data, ['add', 'minilm', await folderOf(tiny())]);
    expect(output).toMatch(/no file in .* is the model.onnx of minilm: .* bytes instead of 22972370/);
    expect(code).toBe(1);
    const folder = await folderOf({ 'a.onnx': tinyModel(), 'b.json': tinyTokenizer() });
    expect((await models(data, ['add', 'tiny', folder], [pinned('http://127.0.0.1')])).code).toBe(0);
    expect((await models(data, ['list'], [pinned('')])).output).toMatch(/tiny .*MB, CC0-1.0; here$/);
  });

  test('with a name that is no folder of models', async () => {
    const data = await folderOf({});
    const { code, output } = await models(data, ['add', '../up', await folderOf(tiny())]);
    expect([code, output]).toEqual([2, expect.stringContaining('NAME: must be 1 to 40 small letters')]);
  });
});

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
const files = tiny();
/** A model as the house knows them, at an address of the tests. */
function pinned(url: string): KnownModel {
  const file = (name: keyof typeof files) => ({
    url: `${url}/${name}`,
    bytes: Buffer.byteLength(files[name]),
    sha256: sha256(files[name]),
  });
  return {
    ...{ name: 'tiny', about: 'of the tests', licence: 'CC0-1.0' },
    ...{ dimensions: TINY_DIMENSIONS, maxTokens: 64, prefixes: { question: '', turn: '' } },
    files: { 'model.onnx': file('model.onnx'), 'tokenizer.json': file('tokenizer.json') },
  };
}

describe('a model that is fetched', () => {
  /** Serves the files after a redirect, with ranges; what is in `cuts` only until that byte, once. */
  async function serve(cuts: Record<string, number>, content: Record<string, string | Buffer> = files) {
    const ranges: string[] = [];
    const answer = (name: string, range: string | undefined, response: ServerResponse) => {
      const whole = Buffer.from(content[name] ?? '');
      const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
      ranges.push(`${name} ${from}`);
      const rest = whole.subarray(from);
      response.writeHead(range ? 206 : 200, { 'content-length': rest.length });
      const cut = cuts[name];
      if (cut === undefined) return response.end(rest);
      delete cuts[name];
      response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
    };
    const server = createServer(({ url = '', headers }, response) => {
      const name = url.split('/').at(-1) ?? '';
      if (!url.startsWith('/at/')) return response.writeHead(302, { location: `/at/${name}` }).end();
      answer(name, headers.range, response);
    });
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return { ranges, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  test('goes on where it was cut, shows what it is, and is fetched once', async () => {
    const data = await folderOf({});
    const server = await serve({ 'model.onnx': 100 });
    const known = [pinned(server.url)];
    const first = await models(data, ['get', 'tiny'], known);
    expect(first.output).toContain(`100 of ${files['model.onnx'].length} bytes are here`);
    expect(first.code).toBe(1);
    expect((await models(data, ['list'], known)).output).toMatch(/begun/);
    const second = await models(data, ['get', 'tiny'], known);
    expect(second.output).toContain('going on at 100');
    expect(second.output).toContain(sha256(files['model.onnx']));
    expect(second.output).toContain('CC0-1.0');
    expect(second.code).toBe(0);
    expect((await models(data, ['get', 'tiny'], known)).code).toBe(0);
    expect(server.ranges).toEqual(['model.onnx 0', 'model.onnx 100', 'tokenizer.json 0']);
  });

  test('with another hash is not taken', async () => {
    const data = await folderOf({});
    const wrong = Buffer.from(files['model.onnx']);
    wrong[40] = (wrong[40] ?? 0) ^ 1;
    const server = await serve({}, { ...files, 'model.onnx': wrong });
    const { code, output } = await models(data, ['get', 'tiny'], [pinned(server.url)]);
    expect(output).toMatch(/what came has the SHA-256 .* instead of/);
    expect(code).toBe(1);
    expect(await readdir(join(data, 'models', 'tiny.part'))).toEqual([]);
  });

  test('is none that nobody knows', async () => {
    const { code, output } = await models(await folderOf({}), ['get', 'other']);
    expect([code, output]).toEqual([2, expect.stringContaining('NAME: must be one of minilm, e5-small')]);
  });
});

describe('a server with the model inside', () => {
  const LINES = [
    'My beagle barked all night',
    'We walked along the harbour',
    'She plays the violin',
    'Nothing of it is known',
  ];
  const VECTORS = '{ persistence { vectors { stored embedded failed coverage } } }';
  const SEARCH = `query ($query: String!) { memorySearch(query: $query, limit: 10) {
    degraded hits { tier interaction { query } } } }`;
  const settled = { timeout: 60_000, interval: 200 };
  let data: string;
  let app: TestApp;
  const threads: Worker[] = [];
  const noteThread = (worker: Worker) => {
    if (worker.resourceLimits?.maxOldGenerationSizeMb === 1_024) threads.push(worker);
  };
  const vectors = async () => (await app.graphql(VECTORS)).data.persistence.vectors;
  const search = async (query: string) => (await app.graphql(SEARCH, { query })).data.memorySearch;
  const health = async () =>
    (await app.graphql('{ health { checks { name status } } }')).data.health.checks.find(
      (check: { name: string }) => check.name === 'vectors',
    ).status;

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'echo-local-'));
    folders.push(data);
    expect((await models(data, ['add', 'tiny', await folderOf(tiny())])).code).toBe(0);
    process.on('worker', noteThread);
    app = await startTestApp({ env: { DATA_DIR: data, EMBEDDINGS: 'local', EMBEDDINGS_MODEL: 'tiny' } });
    await app.record('talk', LINES);
  });
  afterAll(async () => {
    process.off('worker', noteThread);
    await app.close();
  });

  test('finds what shares no word with the question', async () => {
    await expect.poll(vectors, settled).toMatchObject({ stored: 4, embedded: 4, coverage: 1 });
    for (const [question, line] of [
      ['pets', LINES[0]],
      ['meer', LINES[1]],
      ['melody', LINES[2]],
    ] as const) {
      const { hits, degraded } = await search(question);
      expect([degraded, hits[0]?.interaction.query]).toEqual([false, line]);
    }
    expect(await health()).toBe('HEALTHY');
  });

  test('makes a vector of whatever is said, but for what it has no memory for', async () => {
    const long = { query: 'ask', response: 'a harbour '.repeat(20_000) };
    const languages = (
      'Hej allihopa|Hallo zusammen|Bonjour tout le monde|Buenos días amigos|Bom dia pessoal|Buongiorno ragazzi|Hyvää huomenta|Dzień dobry|' +
      'Dobré ráno|Jó reggelt|Bună dimineața|Günaydın arkadaşlar|Chào buổi sáng|Selamat pagi|Habari za asubuhi|Tere hommikust|' +
      'Labas rytas|Góðan daginn|Привет всем|Доброго ранку|Καλημέρα σας|בוקר טוב|صباح الخير|صبح بخیر|सुप्रभात|おはようございます|안녕하세요 여러분|' +
      '你好世界|สวัสดีตอนเช้า|Բարի լույս|დილა მშვიდობისა|እንደምን አደሩ|காலை வணக்கம்'
    ).split('|');
    expect(languages.length).toBeGreaterThan(30);
    await app.record('odd', [long, '🙂🙃🙂', ...languages]);
    await expect
      .poll(vectors, settled)
      .toMatchObject({ stored: LINES.length + 2 + languages.length, coverage: 1 });
    for (const said of ['🙂🙃🙂', ...languages]) {
      const { hits, degraded } = await search(said);
      expect([said, degraded]).toEqual([said, false]);
      if (said !== '🙂🙃🙂')
        expect(hits.map((hit: { interaction: { query: string } }) => hit.interaction.query)).toContain(said);
    }
    await app.record('explodes', [EXPLODES, 'a dog']);
    const stored = LINES.length + 4 + languages.length;
    await expect.poll(vectors, settled).toMatchObject({ stored, embedded: stored - 1, failed: 1 });
    expect(
      (await search('pets')).hits.map((hit: { interaction: { query: string } }) => hit.interaction.query),
    ).toEqual(expect.arrayContaining(['a dog', LINES[0]]));
    await app.sql('delete from echo_unified_interactions where query = $1', [EXPLODES]);
  });

  // Each kill is a round that failed, after which the next one comes later.
  test('goes on when its thread is killed again and again', { timeout: 240_000 }, async () => {
    const { stored } = await vectors();
    const queries = Array.from({ length: 3 }, (_, at) => `Dog number ${at}`);
    for (const [at, query] of queries.entries()) {
      await threads.at(-1)?.terminate();
      await app.record('killed', [query]);
      const covered = { embedded: stored + at + 1, failed: 0, coverage: 1 };
      await expect.poll(vectors, settled).toMatchObject(covered);
    }
    // In the middle of many.
    const many = Array.from({ length: 40 }, (_, at) => `A harbour, number ${at}`);
    const before = threads.length;
    const embedded = stored + queries.length;
    await app.record('many', many);
    await expect
      .poll(async () => (await vectors()).embedded, { ...settled, interval: 5 })
      .toBeGreaterThan(embedded);
    await threads.at(-1)?.terminate();
    expect((await search('meer')).hits.length).toBeGreaterThan(0);
    await expect.poll(vectors, settled).toMatchObject({ embedded: embedded + many.length, failed: 0 });
    expect(before).toBeGreaterThan(queries.length);
    await expect.poll(health, settled).toBe('HEALTHY');
  });

  test('does not start without the files, or with others', async () => {
    const start = async (model: string) => {
      const env = {
        DATA_DIR: data,
        EMBEDDINGS: 'local',
        EMBEDDINGS_MODEL: model,
        PORT: '0',
        DATABASE_URL: app.databaseUrl,
      };
      const other = await createApp(readConfig(env, data), createLogger('silent'), { migrate: true });
      await other.close();
    };
    await app.app.close();
    await expect(start('minilm')).rejects.toThrow(
      /^EMBEDDINGS: there is no model "minilm" in .*; run: npm run models -- get minilm/,
    );
    const tokenizer = join(data, 'models', 'tiny', 'tokenizer.json');
    await writeFile(tokenizer, tinyTokenizer().replace('beagle', 'poodle'));
    await expect(start('tiny')).rejects.toThrow(/tokenizer.json has the SHA-256 .* instead of/);
    await truncate(tokenizer, 10);
    await expect(start('tiny')).rejects.toThrow(/tokenizer.json has 10 bytes instead of/);
    await rm(tokenizer);
    await expect(start('tiny')).rejects.toThrow(/tokenizer.json is missing/);
    await appendFile(join(data, 'models', 'tiny', 'model.json'), 'x');
    await expect(start('tiny')).rejects.toThrow(/model.json cannot be read/);
  });
});
