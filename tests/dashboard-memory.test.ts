import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AXE, CHROMIUM, faultsOf, startBrowser } from './support/browser.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };

describe.skipIf(!CHROMIUM)('memory in Chromium (left out where none is installed)', () => {
  let browser: Browser;
  let app: TestApp;
  let page: Page;
  beforeAll(async () => {
    [browser, app] = await Promise.all([startBrowser(), startTestApp()]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });
  beforeEach(async () => {
    page = await (await browser.newContext({ viewport: WIDE })).newPage();
    page.setDefaultTimeout(25_000);
    await page.addInitScript({ path: AXE });
  });
  afterEach(() => page.context().close());

  const open = (path: string) => page.goto(`${app.url}/dashboard/${path}`);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const inDialog = (name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true });
  /** Finds nothing to complain of, wide and narrow. */
  async function expectNoFaults(): Promise<void> {
    for (const viewport of [WIDE, NARROW]) {
      await page.setViewportSize(viewport);
      expect([viewport.width, await faultsOf(page, 'all')]).toEqual([viewport.width, []]);
    }
    await page.setViewportSize(WIDE);
  }
  const turnsOf = async (conversationId: string): Promise<string[] | undefined> => {
    const { data } = await app.graphql(
      `{ conversation(conversationId: "${conversationId}") { interactions(last: 100) { nodes { query } } } }`,
    );
    return data.conversation?.interactions.nodes.map(({ query }: { query: string }) => query);
  };

  test('a turn is deleted with the keyboard alone, and the place in the thread is kept', async () => {
    const words = Array.from({ length: 60 }, (_, number) => `Log entry ${number} of the harbour.`);
    await app.record('harbour', words);
    await open('memory/conversation/harbour');
    await button('Earlier turns').click();
    const turn = (number: number) => page.getByText(`Log entry ${number} of the harbour.`, { exact: true });
    await turn(3).scrollIntoViewIfNeeded();
    await page.getByText('chain intact: 60 turns').waitFor();
    await button('Delete turn 4').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Delete this turn?' }).waitFor();
    await page.getByRole('dialog').getByText('Log entry 3 of the harbour.').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Delete turn 4',
    );
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await expectNoFaults();
    const before = await page.evaluate(() => scrollY);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('The turn is deleted.').waitFor();
    await expect.poll(() => turn(3).count()).toBe(0);
    await page.getByText('59 turns of default').waitFor();
    expect(await turn(2).isVisible()).toBe(true);
    expect(Math.abs((await page.evaluate(() => scrollY)) - before)).toBeLessThan(WIDE.height / 2);
    // Of the first page too, which is asked for again every so often.
    await button('Delete turn 60').click();
    await inDialog('Delete').click();
    await page.getByText('58 turns of default').waitFor();
    expect(await turn(59).count()).toBe(0);
    expect(await turnsOf('harbour')).toEqual(words.filter((_, number) => number !== 3 && number !== 59));
  });

  test('a turn that is found is deleted where it is found, and stays when that fails', async () => {
    await app.record('pantry', ['The saffron is behind the rice.', 'The saffron is in the tin.']);
    await open('memory?q=saffron');
    const asked = page.getByRole('link', { name: 'The saffron is in the tin.' });
    await asked.waitFor();
    await page.route('**/graphql', (route) =>
      route.request().postData()?.includes('deleteInteraction') ? route.abort() : route.continue(),
    );
    await button('Delete “The saffron is in the tin.”').click();
    await inDialog('Delete').click();
    await page.getByRole('status').getByText('The server does not answer.').waitFor();
    expect(await asked.isVisible()).toBe(true);
    await page.unrouteAll();
    await button('Delete “The saffron is in the tin.”').click();
    await inDialog('Keep it').click();
    expect(await turnsOf('pantry')).toHaveLength(2);
    await button('Delete “The saffron is in the tin.”').click();
    await inDialog('Delete').click();
    await page.getByText('The turn is deleted.').waitFor();
    await expect.poll(() => asked.count()).toBe(0);
    await page.getByRole('link', { name: 'The saffron is behind the rice.' }).waitFor();
    expect(await turnsOf('pantry')).toEqual(['The saffron is behind the rice.']);
  });

  test('a conversation is deleted in the list, which stays where it is, and from its page', async () => {
    for (let number = 0; number < 130; number += 1) await app.record(`voyage-${number}`, ['We sail.']);
    await open('memory/conversations');
    const list = page.getByRole('list', { name: 'Conversations' });
    const scroll = (top: number) => list.evaluate((box, to) => box.scrollTo(0, to), top);
    await list.getByText('voyage-129', { exact: true }).waitFor();
    // On the second page.
    await expect
      .poll(async () => {
        await scroll(58 * 110);
        return list.getByText('voyage-18', { exact: true }).count();
      })
      .toBe(1);
    await button('Delete voyage-18').click();
    await page.getByRole('dialog', { name: 'Delete voyage-18?' }).getByText('1 turn of default').waitFor();
    await expectNoFaults();
    await inDialog('Delete').click();
    await page.getByText('voyage-18 is deleted, with 1 turn.').waitFor();
    await expect.poll(() => list.getByText('voyage-18', { exact: true }).count()).toBe(0);
    await list.getByText('voyage-17', { exact: true }).waitFor();
    // Somebody else is faster.
    await app.graphql('mutation { deleteConversation(conversationId: "voyage-17") { __typename } }');
    await button('Delete voyage-17').click();
    await inDialog('Delete').click();
    await page
      .getByRole('status')
      .getByText(/there is no conversation "voyage-17"/i)
      .waitFor();
    await expect.poll(() => list.getByText('voyage-17', { exact: true }).count()).toBe(0);
    await list.getByText('voyage-16', { exact: true }).click();
    await button('Delete voyage-16').click();
    await inDialog('Delete').click();
    await page.getByRole('heading', { level: 1, name: 'Memory' }).waitFor();
    await list.getByText('voyage-129', { exact: true }).waitFor();
    expect(await turnsOf('voyage-16')).toBeUndefined();
    expect(await turnsOf('voyage-15')).toEqual(['We sail.']);
  });
});

describe.skipIf(!CHROMIUM)('memory of who may only read (left out where no Chromium is installed)', () => {
  const KEY = 'a-key-of-the-test-that-is-long-enough';
  let browser: Browser;
  let app: TestApp;
  beforeAll(async () => {
    [browser, app] = await Promise.all([
      startBrowser(),
      startTestApp({ realAccess: true, env: { API_KEY: KEY } }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  const send = async (query: string, key = KEY) => {
    const headers = { 'content-type': 'application/json', 'x-api-key': key };
    const body = JSON.stringify({ query });
    const { data, errors } = await (
      await fetch(`${app.url}/graphql`, { method: 'POST', headers, body })
    ).json();
    expect(errors).toBeUndefined();
    return data;
  };

  test('has nothing that changes it', async () => {
    const { createApiKey } = await send(
      `mutation { createApiKey(input: { name: "reader", roles: [ANALYST], permissions: [READ] }) { ... on CreateApiKeySuccess { key apiKey { userId } } } }`,
    );
    const { userId } = createApiKey.apiKey;
    await send(
      `mutation { recordTurns(input: { userId: "${userId}", conversationId: "c", turns: [{ query: "The gulls are loud." }] }) { ... on Error { message } } }`,
    );
    const page = await browser.newPage();
    for (const [place, shown] of [
      ['memory?q=gulls', 'The gulls are loud.'],
      ['memory/conversations', '1 turn'],
      ['memory/conversation/c', 'chain intact: 1 turn'],
    ] as const) {
      await page.goto(`${app.url}/dashboard/${place}`);
      await page.getByLabel('Key or token').fill(createApiKey.key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText(shown).first().waitFor();
      expect([place, await page.getByRole('button', { name: /^Delete/ }).count()]).toEqual([place, 0]);
    }
    await page.close();
  });
});
