import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDashboard } from '../bundle/dashboard.ts';
import { operationsModule } from '../bundle/operations.ts';
import { Figures } from '../dashboard/operations.ts';
import { amountOf } from '../dashboard/view/words.ts';
import { READS_A_SECOND } from '../src/ground/shared-reads.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const ROOT = resolve(import.meta.dirname, '..');
/** What a first visit may load, compressed; all pages together have to fit. */
const MAX_FIRST_LOAD_BYTES = 90_000;

let app: TestApp;
let directory: string;
beforeAll(async () => {
  directory = await makeDashboard(ROOT);
  app = await startTestApp();
});
afterAll(() => app.close());

test('the operations are those of the schema', () => {
  // Formatted, it has other line breaks and quotes.
  const bare = (text: string) => text.replaceAll(/[\\\s;,|'"()]/g, '');
  const written = readFileSync(join(ROOT, 'dashboard/operations.ts'), 'utf8');
  expect(bare(written), 'npm run operations').toBe(bare(operationsModule(ROOT)));
});

describe('the built files', () => {
  // What is tiny is not compressed.
  const sizeOf = (name: string) => {
    const compressed = join(directory, `${name}.br`);
    return readFileSync(existsSync(compressed) ? compressed : join(directory, name)).length;
  };

  test('of a first visit are small', () => {
    const assets = readdirSync(join(directory, 'assets')).filter((name) => /\.(js|css)$/.test(name));
    const total = assets.reduce((sum, name) => sum + sizeOf(`assets/${name}`), 0);
    expect(total).toBeLessThan(MAX_FIRST_LOAD_BYTES);
  });

  test('name nothing of another server, and have no script or style within the page', () => {
    const page = readFileSync(join(directory, 'index.html'), 'utf8');
    expect(page).not.toMatch(/<script(?![^>]*\ssrc="\/dashboard\/assets\/)|<style|\sstyle=|\son\w+=|https?:/);
  });
});

test('many that are open cost the database what a few do, and each sees what is newer', async () => {
  const statements = ['task_stats', 'vector_coverage_tenant', 'learning_waiting_scope'];
  app.statements.length = 0;
  const answers = await Promise.all(Array.from({ length: 60 }, () => app.graphql(Figures)));
  expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([]);
  for (const name of statements) {
    const times = app.statements.filter((each) => each === name).length;
    expect([name, times > 0]).toEqual([name, true]);
    // A second may begin meanwhile.
    expect([name, times <= 2 * READS_A_SECOND]).toEqual([name, true]);
  }
  await app.record('c', ['the tide is high']);
  const waiting = async () => (await app.graphql(Figures)).data.learningStatus.turnsWaiting;
  await expect.poll(waiting).toBe(1);
});

describe('the door', () => {
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${app.url}${path}`, { headers });
  const asset = () =>
    `/dashboard/assets/${readdirSync(join(directory, 'assets')).find((name) => name.endsWith('.js'))}`;

  test('serves the page at every path of its own, and lets it load nothing but from here', async () => {
    for (const path of ['/dashboard', '/dashboard/', '/dashboard/memory/conversation/a%2Fb?q=x']) {
      const page = await get(path);
      expect([path, page.status, page.headers.get('content-type')]).toEqual([
        path,
        200,
        'text/html; charset=utf-8',
      ]);
      expect(await page.text()).toContain('<div id="app">');
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      expect(page.headers.get('cache-control')).toBe('no-cache');
    }
  });

  test('sends hashed files compressed as the browser takes them, for good', async () => {
    for (const [accepted, coding] of [
      ['gzip, deflate, br', 'br'],
      ['gzip', 'gzip'],
      ['br;q=0, gzip', 'gzip'],
      ['identity', null],
    ] as const) {
      const file = await get(asset(), { 'accept-encoding': accepted });
      expect([accepted, file.headers.get('content-encoding')]).toEqual([accepted, coding]);
      expect(file.headers.get('cache-control')).toContain('immutable');
      expect(await file.text()).toMatch(/import|export|function/);
    }
  });

  test('says when nothing has changed', async () => {
    const tag = (await get('/dashboard')).headers.get('etag') ?? '';
    expect((await get('/dashboard', { 'if-none-match': tag })).status).toBe(304);
  });

  test('knows no other files, and takes nothing', async () => {
    for (const path of [
      '/dashboard/assets/none.js',
      '/dashboard/assets/../index.html',
      '/dashboard/assets/..%2f..%2fpackage.json',
    ])
      expect([path, (await fetch(`${app.url}${path}`)).status]).toEqual([
        path,
        path.includes('/../') ? 200 : 404,
      ]);
    expect((await fetch(`${app.url}/dashboard`, { method: 'POST', body: '' })).status).toBe(405);
    expect((await fetch(`${app.url}/dashboard`, { method: 'HEAD' })).status).toBe(200);
  });
});

test('an amount is written in whatever the books name, also where it is no currency of ISO 4217', () => {
  expect(['JPY', 'ZZZ', 'USDC'].map((code) => amountOf(12_345, code).replaceAll('\u00a0', ' '))).toEqual([
    '¥12,345',
    'ZZZ 123.45',
    '123.45 USDC',
  ]);
});
