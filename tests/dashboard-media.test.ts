import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AXE, CHROMIUM, faultsOf, startBrowser } from './support/browser.ts';
import type { TestApp } from './support/harness.ts';
import { index, startMediaApp, writePicture } from './support/media-folders.ts';

describe.skipIf(!CHROMIUM)('media in Chromium (left out where none is installed)', () => {
  let browser: Browser;
  let media: Awaited<ReturnType<typeof startMediaApp>>;
  let app: TestApp;
  let page: Page;
  let file: string;
  let fileHash: string;
  beforeAll(async () => {
    [browser, media] = await Promise.all([startBrowser(), startMediaApp()]);
    app = media.app;
    file = join(media.root, 'harbour.jpg');
    fileHash = await writePicture(file, 1);
    await index(app, media.root);
  });
  afterAll(async () => {
    await browser?.close();
    await media?.close();
  });
  beforeEach(async () => {
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.setDefaultTimeout(25_000);
    await page.addInitScript({ path: AXE });
    return () => page.context().close();
  });

  const open = () => page.goto(`${app.url}/dashboard/media/picture/${fileHash}`);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const known = async () =>
    (await app.graphql(`{ mediaInsight(fileHash: "${fileHash}") { tags { name origin } } }`)).data
      .mediaInsight;
  const tagged = async () =>
    (await known()).tags.flatMap(({ name, origin }: { name: string; origin: string }) =>
      origin === 'PERSON' ? [name] : [],
    );

  test('a picture is tagged, and what a person said of it is taken away', async () => {
    await open();
    const field = page.getByLabel('One more tag');
    await field.fill('x'.repeat(101));
    await page.keyboard.press('Enter');
    await page.getByText(/^Must .*100/).waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await field.inputValue()).toHaveLength(101);
    expect(await faultsOf(page, 'all')).toEqual([]);
    await field.fill('old harbour');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('The tag is given.').waitFor();
    expect(await field.inputValue()).toBe('');
    expect(await tagged()).toEqual(['old harbour']);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await faultsOf(page, 'all')).toEqual([]);
    await button('Take old harbour away').click();
    await page.getByRole('status').getByText('old harbour is taken away.').waitFor();
    await expect.poll(() => button('Take old harbour away').count()).toBe(0);
    expect(await tagged()).toEqual([]);
    // What rules say of it stays, and is not offered to be taken away.
    expect(await page.getByRole('button', { name: /^Take/ }).count()).toBe(0);
  });

  test('a picture is forgotten, and its file stays', async () => {
    await page.route('**/graphql', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replaceAll(/"WRITE",?/g, '') });
    });
    await open();
    await page.getByRole('heading', { level: 1, name: 'harbour.jpg' }).waitFor();
    expect(await page.getByRole('button', { name: /^(Forget|Tag)/ }).count()).toBe(0);
    await page.unrouteAll();
    await open();
    await button('Forget').click();
    await page.getByRole('dialog', { name: 'Forget harbour.jpg?' }).waitFor();
    expect(await faultsOf(page, 'all')).toEqual([]);
    await button('Keep it').click();
    expect(await known()).not.toBeNull();
    await button('Forget').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await page.getByText('harbour.jpg is forgotten.').waitFor();
    await page.getByRole('heading', { level: 1, name: 'Media' }).waitFor();
    await page.getByText('No picture is like this.').waitFor();
    expect(await known()).toBeNull();
    await access(file);
  });
});
