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

  test('turns that come meanwhile push none out of what is read', async () => {
    const words = Array.from({ length: 60 }, (_, number) => `Watch ${number}.`);
    await app.record('watches', words.slice(0, 57));
    await open('memory/conversation/watches');
    const shown = () => page.locator('.thread > li > .words').allInnerTexts();
    await expect.poll(shown).toEqual(words.slice(7, 57));
    await app.record('watches', words.slice(57, 58));
    await expect.poll(shown).toEqual(words.slice(7, 58));
    await button('Earlier turns').click();
    await expect.poll(shown).toEqual(words.slice(0, 58));
    await app.record('watches', words.slice(58));
    await expect.poll(shown).toEqual(words);
    await button('Delete turn 11').click();
    await inDialog('Delete').click();
    await page.getByText('59 turns of default').waitFor();
    expect(await shown()).toEqual(words.filter((_, number) => number !== 10));
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
    await page
      .getByRole('status')
      .getByText('The server does not answer. Look whether it was done before you try again.')
      .waitFor();
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
    await page.getByRole('link', { name: 'The saffron is behind the rice.' }).click();
    await button('Delete turn 1').click();
    await inDialog('Delete').click();
    await page.getByText('There is no turn any more.').waitFor();
    await page.getByText('0 turns of default').waitFor();
    await expectNoFaults();
    expect(await turnsOf('pantry')).toEqual([]);
  });

  test('a fact is added, and undone', async () => {
    await open('memory/facts');
    await page.getByRole('button', { name: 'Add a fact' }).click();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('name'));
    await expect.poll(focused).toBe('subject');
    await expectNoFaults();
    await page.getByLabel('What is said').fill('1 lives in');
    await page.getByLabel('Of what').fill('Bergen');
    await page.getByLabel('True until').fill('2020-01-01');
    await page.keyboard.press('Enter');
    await page.getByText('Must be 1 to 50 letters from a to z, digits and _, such as lives_in.').waitFor();
    // Whoever does not see it is at the field, and hears it there.
    expect(await focused()).toBe('predicate');
    const field = page.getByLabel('What is said');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    const [words] = await page.locator(`#${await field.getAttribute('aria-describedby')}`).allInnerTexts();
    expect(words).toMatch(/^Must be 1 to 50 letters/);
    expect(await page.getByLabel('Of what').inputValue()).toBe('Bergen');
    await expectNoFaults();
    await field.fill('lives in');
    await page.getByLabel('True from').fill('2021-01-01');
    await button('Add it').click();
    await page.getByText('Must be after “True from”.').waitFor();
    expect(await focused()).toBe('validUntil');
    await page.getByLabel('True until').fill('');
    await button('Add it').click();
    await page.getByRole('heading', { level: 1, name: 'user lives in Bergen' }).waitFor();
    await page.getByRole('alert').getByText('The fact is added.').waitFor();
    await expectNoFaults();
    const { facts } = (
      await app.graphql(
        '{ facts(first: 1, filter: { text: "Bergen" }) { nodes { predicate category validFrom validUntil } } }',
      )
    ).data;
    expect(facts.nodes).toEqual([
      {
        ...{ predicate: 'lives_in', category: 'PLACE', validUntil: null },
        validFrom: await page.evaluate(() => new Date('2021-01-01T00:00').toISOString()),
      },
    ]);
    await button('Undo this').click();
    await page.getByText('1 change undone.').waitFor();
    await page.getByText('retracted', { exact: true }).first().waitFor();
    expect(await button('Undo this').count()).toBe(0);
    expect(await button('Correct').count()).toBe(0);
  });

  test('a fact is corrected: what is not changed stays, and undoing brings the old one back', async () => {
    const input = {
      ...{ subject: 'Ana', predicate: 'favourite_cheese', object: 'brie', statement: 'Ana loves brie.' },
      ...{ category: 'OTHER', validFrom: '2024-03-05T12:34:56.000Z' },
    };
    const added = await app.graphql(
      'mutation ($input: FactInput!) { addFact(input: $input) { ... on FactSuccess { fact { factId } } } }',
      { input },
    );
    const { factId } = added.data.addFact.fact;
    const factOf = async (id: string) =>
      (
        await app.graphql(
          `{ fact(factId: "${id}") { subject predicate object statement category validFrom status } }`,
        )
      ).data.fact;
    await open(`memory/fact/${factId}`);
    await button('Correct').click();
    expect(await page.getByLabel('In words').inputValue()).toBe('Ana loves brie.');
    await button('Leave it').click();
    await expect.poll(() => button('Correct').evaluate((at) => at === document.activeElement)).toBe(true);
    await button('Correct').click();
    await page.getByLabel('Of what').fill('gouda');
    // What it said before is not what it says now.
    expect(await page.getByLabel('In words').inputValue()).toBe('');
    await page.route('**/graphql', (route) =>
      route.request().postData()?.includes('correctFact') ? route.abort() : route.continue(),
    );
    await button('Correct it').click();
    await page
      .getByRole('alert')
      .getByText('The server does not answer. Look whether it was done before you try again.')
      .waitFor();
    expect(await page.getByLabel('Of what').inputValue()).toBe('gouda');
    await page.unrouteAll();
    await button('Correct it').click();
    await page.getByRole('heading', { level: 1, name: 'Ana favourite cheese gouda' }).waitFor();
    const corrected = page.url().split('/').at(-1) ?? '';
    expect(await factOf(corrected)).toEqual({
      ...{ ...input, object: 'gouda', statement: 'Ana favourite cheese gouda' },
      status: 'ACTIVE',
    });
    expect((await factOf(factId)).status).not.toBe('ACTIVE');
    await button('Undo this').click();
    await page.getByRole('heading', { level: 1, name: 'Ana loves brie.' }).waitFor();
    expect(await factOf(factId)).toEqual({ ...input, status: 'ACTIVE' });
    expect((await factOf(corrected)).status).toBe('RETRACTED');
    await button('Retract').click();
    await inDialog('Retract').click();
    await page.getByText('The fact is retracted: it is no longer used to answer.').waitFor();
    await button('Undo this').click();
    await page.getByText('holds', { exact: true }).waitFor();
    expect((await factOf(factId)).status).toBe('ACTIVE');
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
    const { addFact } = await send(
      `mutation { addFact(userId: "${userId}", input: { predicate: "likes", object: "gulls" }) { ... on FactSuccess { fact { factId } } } }`,
    );
    const page = await browser.newPage();
    for (const [place, shown] of [
      ['memory?q=gulls', 'The gulls are loud.'],
      ['memory/conversations', '1 turn'],
      ['memory/conversation/c', 'chain intact: 1 turn'],
      ['memory/facts', 'user likes gulls'],
      [`memory/fact/${addFact.fact.factId}`, 'Added by'],
    ] as const) {
      await page.goto(`${app.url}/dashboard/${place}`);
      await page.getByLabel('Key or token').fill(createApiKey.key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText(shown).first().waitFor();
      const changing = page.getByRole('button', { name: /^(Delete|Add|Correct|Retract|Undo)/ });
      expect([place, await changing.allInnerTexts()]).toEqual([place, []]);
    }
    await page.close();
  });
});
