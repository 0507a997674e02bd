import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CHROMIUM, startBrowser } from './support/browser.ts';
import { startChildServer } from './support/child-server.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { ... on Error { message } } }`;
const PAGES = ['now'];

describe.skipIf(!CHROMIUM)('the dashboard in Chromium (left out where none is installed)', () => {
  let browser: Browser;
  let app: TestApp;
  let proxy: DatabaseProxy;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    proxy = await startDatabaseProxy();
    [browser, app] = await Promise.all([
      startBrowser(),
      startTestApp({ seed: true, patienceMs: 0, route: (url) => proxy.route(url) }),
    ]);
    await said('lighthouse', 'I live in Hamburg, near the lighthouse.');
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await proxy?.close();
  });
  beforeEach(async () => {
    page = await newPage();
  });
  afterEach(async () => {
    await page.context().close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function newPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(25_000);
    const opened = await context.newPage();
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) complaints.push(message.text());
    });
    return opened;
  }

  const open = (path: string, at = page) => at.goto(`${app.url}/dashboard/${path}`);
  const said = (conversationId: string, query: string) =>
    app.graphql(RECORD, { input: { conversationId, turns: [{ query, response: 'Noted.' }] } });

  test('a turn made elsewhere appears, once', async () => {
    await open('now');
    await page.getByText('I live in Hamburg').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await said('elsewhere', 'The tide is high tonight.');
    await page.getByText('The tide is high tonight.').waitFor();
    expect(await page.getByText('The tide is high tonight.').count()).toBe(1);
  });

  test('a database that is away turns the page red, and one that is back green again', async () => {
    await open('now');
    const standing = page.getByRole('region', { name: 'Promises' });
    await standing.getByRole('heading', { name: 'Every promise is kept' }).waitFor();
    await proxy.refuse();
    await standing.getByRole('heading', { name: /^Broken: .*database/ }).waitFor();
    expect(await standing.getAttribute('data-tone')).toBe('bad');
    await said('away', 'Kept while the database is away.');
    await proxy.restore();
    await standing.getByRole('heading', { name: 'Every promise is kept' }).waitFor();
    await page.getByText('Kept while the database is away.').waitFor();
    expect(await page.getByText('Kept while the database is away.').count()).toBe(1);
  });

  test.each(PAGES)('axe finds nothing on %s: light, dark, narrow', async (name) => {
    for (const options of [
      { colorScheme: 'light' },
      { colorScheme: 'dark', viewport: { width: 360, height: 760 }, reducedMotion: 'reduce' },
    ] as const) {
      const seen = await newPage(options);
      // A script that is added later would be within the page, which its policy forbids.
      await seen.addInitScript({ path: AXE });
      await open(name, seen);
      await seen.getByRole('heading', { level: 1 }).waitFor();
      await expect.poll(() => seen.locator('[aria-busy=true]').count()).toBe(0);
      const found = await seen.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
        const { violations } = await axe.run();
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      });
      expect([name, options.colorScheme, found]).toEqual([name, options.colorScheme, []]);
      const wide = await seen.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect([name, options.colorScheme, wide > 0]).toEqual([name, options.colorScheme, false]);
      await seen.context().close();
    }
  });
});

describe.skipIf(!CHROMIUM)(
  'a server with access control, in Chromium (left out where none is installed)',
  () => {
    const KEY = 'a-key-of-the-test-that-is-long-enough';

    test('asks for a key, keeps it nowhere, and goes on by itself when the server was restarted', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'echo-dashboard-'));
      const browser = await startBrowser();
      let server = await startChildServer(directory, { API_KEY: KEY });
      const { port } = new URL(server.url);
      const record = async (query: string) => {
        const body = JSON.stringify({
          query: RECORD,
          variables: { input: { conversationId: 'c', turns: [{ query, response: 'Noted.' }] } },
        });
        const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
        await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
      };
      try {
        const page = await browser.newPage();
        await page.goto(`${server.url}/dashboard`);
        await page.getByLabel('Key or token').fill('not-a-key');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('does not know this key').waitFor();
        await page.getByLabel('Key or token').fill(KEY);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('Live', { exact: true }).waitFor();
        await record('Before the restart.');
        await page.getByText('Before the restart.').waitFor();
        server.signal('SIGTERM');
        await server.exited;
        await page.getByText('The server does not answer').first().waitFor();
        server = await startChildServer(directory, { API_KEY: KEY, PORT: port });
        await record('After the restart.');
        await page.getByText('After the restart.').waitFor();
        for (const words of ['Before the restart.', 'After the restart.'])
          expect([words, await page.getByText(words).count()]).toEqual([words, 1]);
        const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
        expect(kept).toEqual([0, 0, '']);
      } finally {
        await browser.close();
        server.signal('SIGTERM');
        await server.exited;
        await rm(directory, { recursive: true, force: true });
      }
    });
  },
);
