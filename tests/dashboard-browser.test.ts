import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AXE, CHROMIUM, faultsOf, startBrowser } from './support/browser.ts';
import { BARE_ENV, type ChildServer, startChildServer } from './support/child-server.ts';
import { type DatabaseProxy, startDatabaseProxy } from './support/database-proxy.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { putCluster } from './support/prepared-cluster.ts';
import { type StripeDouble, startStripeDouble } from './support/stripe-double.ts';

const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { ... on Error { message } } }`;
/** Every place of the dashboard. */
const PLACES = [
  'now',
  'memory',
  'memory?q=lighthouse',
  'memory/conversations',
  'memory/conversation/lighthouse',
  'memory/facts',
  'memory/evaluations',
  'tasks',
  'tasks/schedules',
  'tasks/briefs',
  'alerts',
  'objectives',
  'characters',
  'media',
  'media/places',
  'media/duplicates',
  'studio',
  'studio/projects',
  'data',
  'data/audit',
  'data/backups',
  'business',
  'business/differences',
  'business/finance',
  'business/partners',
  'access',
  'access/flags',
  'access/tenants',
  'nothing-here',
];
const PAGES = [
  ...[
    'Now',
    'Memory',
    'Tasks',
    'Alerts',
    'Objectives',
    'Characters',
    'Media',
    'Studio',
    'Data',
    'Business',
    'Access',
  ],
];
const PAGES_OF_USERS = PAGES.filter((name) => !['Alerts', 'Objectives', 'Business', 'Access'].includes(name));
/** Cumulative layout shift. */
const MOST_SHIFT = 0.05;
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };
const ADD_FACT = `mutation { addFact(input: { predicate: "likes", object: "fennel", statement: "You like fennel" }) {
  ... on FactSuccess { fact { factId } } } }`;

describe.skipIf(!CHROMIUM)('the dashboard in Chromium (left out where none is installed)', () => {
  let browser: Browser;
  let app: TestApp;
  let stripe: StripeDouble;
  let proxy: DatabaseProxy;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    proxy = await startDatabaseProxy();
    stripe = await startStripeDouble();
    [browser, app] = await Promise.all([
      startBrowser(),
      startTestApp({
        seed: true,
        patienceMs: 0,
        // What asks a database that is away waits so long.
        env: {
          ...{ ACK_DEADLINE_MS: '2000', SERVER_LEASE_MS: '1000' },
          ...{ STRIPE_API_KEY: 'sk_test_double', STRIPE_API_URL: stripe.url },
        },
        route: (url) => proxy.route(url),
      }),
    ]);
    await said('lighthouse', 'I live in Hamburg, near the lighthouse.');
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await stripe?.close();
    await proxy?.close();
  });
  beforeEach(async () => {
    page = await newPage();
  });
  afterEach(async () => {
    await proxy.restore();
    await page.context().close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function newPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: WIDE, ...options });
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
    // A day of which nothing is known is no empty picture.
    await page.getByText('No figures of this time').first().waitFor();
  });

  test('the first figure of a day is seen', async () => {
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('MetricsOverTime')) return route.continue();
      const response = await route.fetch();
      const answer = await response.json();
      answer.data.vectorLag.points = [{ at: new Date().toISOString(), value: 9, count: null, p95: null }];
      return route.fulfill({ response, json: answer });
    });
    await open('now');
    const chart = page.locator('figure.chart', { hasText: 'Wait for a vector' });
    await chart.locator('canvas').waitFor();
    /** Points of the picture in the colour of lines, which is neither that of the grid nor of words. */
    const drawn = () =>
      chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { data = [] } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {};
        let count = 0;
        for (let at = 0; at < data.length; at += 4)
          if ((data[at + 3] ?? 0) > 200 && (data[at + 2] ?? 0) - (data[at] ?? 0) > 50) count++;
        return count;
      });
    await expect.poll(drawn).toBeGreaterThan(3);
  });

  test('a database that stops turns every page red, and green again', async () => {
    await open('objectives');
    await page.getByText('Live', { exact: true }).waitFor();
    const lamp = page.locator('.strip .lamp');
    await expect.poll(() => lamp.getAttribute('data-tone')).not.toBe('bad');
    proxy.freeze();
    await page.getByText('In danger: database down').first().waitFor();
    expect(await lamp.getAttribute('data-tone')).toBe('bad');
    await proxy.restore();
    await expect.poll(() => lamp.getAttribute('data-tone')).not.toBe('bad');
  });

  test('a task is cancelled', async () => {
    const taskId = await newTask();
    await open(`tasks/task/${taskId}`);
    await page.getByRole('button', { name: /^Cancel/ }).click();
    await page.getByText('cancelled', { exact: true }).first().waitFor();
    const { task } = (await app.graphql(`{ task(taskId: "${taskId}") { status } }`)).data;
    expect(task.status).toBe('CANCELLED');
  });

  test('an alert is acknowledged, and channels are tried', async () => {
    await app.sql(
      `insert into echo_journals (journal_id, host, directory, started_at, stopped_at, depth, set_apart, oldest_at)
       values (gen_random_uuid(), 'attic', '/var/echo', now(), now(), 1, 0, now())`,
    );
    await open('alerts');
    await page.getByRole('button', { name: 'Acknowledge Journal abandoned' }).click();
    await page.getByText('Journal abandoned: acknowledged. Nobody else is told of it.').waitFor();
    await page.getByText('acknowledged', { exact: true }).first().waitFor();
    const status = async () => {
      const { data } = await app.graphql('{ activeAlerts { name status } }');
      return data.activeAlerts.find(({ name }: { name: string }) => name === 'journal_abandoned')?.status;
    };
    expect(await status()).toBe('ACKNOWLEDGED');
    await page.getByRole('button', { name: 'Try log' }).click();
    await page.getByText('log took a message.').waitFor();
    await app.sql("update echo_journals set given_up_at = now() where host = 'attic'");
    await expect.poll(status).toBeUndefined();
  });

  test('a brief is edited and approved', async () => {
    const [briefId, taskId] = [randomUUID(), await newTask()];
    await app.sql(
      `with b as (insert into briefs (user_id, brief_id, task_id, title, text, state, chosen)
                  values ('default', $1, $2, 'Green tea', 'Describe it.', 'NEEDS_REVIEW', 1) returning id)
       insert into brief_attempts (user_id, brief, number, writer, output)
       select 'default', id, 1, 'MODEL', 'Tea that is green.' from b`,
      [briefId, taskId],
    );
    await open('tasks/briefs?status=NEEDS_REVIEW');
    await page.getByRole('button', { name: 'Edit Green tea' }).click();
    await page.getByLabel('Text', { exact: true }).fill('Green tea is mild.');
    await page.getByRole('button', { name: 'Keep this text' }).click();
    await page.getByText('Green tea is mild.').waitFor();
    await page.getByRole('button', { name: 'Approve Green tea' }).click();
    await page.getByText('Green tea is approved.').waitFor();
    const { brief } = (await app.graphql(`{ brief(briefId: "${briefId}") { status output } }`)).data;
    expect(brief).toEqual({ status: 'APPROVED', output: 'Green tea is mild.' });
  });

  test('a feature flag is switched off, and deleted', async () => {
    await app.graphql(
      'mutation { setFeatureFlag(input: { key: "new-editor", enabled: true, percentage: 5 }) { __typename } }',
    );
    await open('access/flags');
    await page.getByText('5 % of everybody').waitFor();
    await page.getByRole('button', { name: 'Switch new-editor off' }).click();
    await page.getByText('new-editor is off for everybody.').waitFor();
    expect((await app.graphql('{ featureFlags { enabled } }')).data.featureFlags).toEqual([
      { enabled: false },
    ]);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There is no flag.').waitFor();
    expect((await app.graphql('{ featureFlags { key } }')).data.featureFlags).toEqual([]);
  });

  test('a tenant is suspended with a reason, and goes on', async () => {
    await app.graphql(
      'mutation { createTenant(input: { tenantId: "acme", name: "Acme Ltd", turnsPerDay: 1000 }) { __typename } }',
    );
    await open('access/tenants');
    await page.getByText('1,000 turns a day').waitFor();
    await page.getByRole('button', { name: 'Use of acme' }).click();
    await page
      .getByRole('region', { name: 'Use of acme' })
      .getByText(/^\d+ k?B stored$/)
      .waitFor();
    await page.getByRole('button', { name: 'Suspend acme' }).click();
    await page.getByLabel('Why, as its users are told').fill('The bill is not paid.');
    await page.getByRole('button', { name: 'Suspend acme' }).click();
    await page.getByText('The bill is not paid.').waitFor();
    const asked = async () =>
      (await app.graphql('{ tenant(tenantId: "acme") { suspendedReason } }')).data.tenant;
    expect(await asked()).toEqual({ suspendedReason: 'The bill is not paid.' });
    await page.getByRole('button', { name: 'Resume acme' }).click();
    await page.getByText('acme goes on.').waitFor();
    expect(await asked()).toEqual({ suspendedReason: null });
  });

  test('what waits for a second admin is approved by another than who asked, and amounts have their currency', async () => {
    await planted();
    await app.sql(
      `insert into payment_invoices (tenant_id, invoice_id, customer, currency, amount, items, collection, state, requested_by)
       select tenant_id, 'newer-' || n, customer, currency, amount, items, collection, state, requested_by
       from payment_invoices, generate_series(1, 20) n where invoice_id = 'own'`,
    );
    await open('business?state=WAITING');
    await page.getByRole('button', { name: 'More invoices' }).click();
    await page.getByText('¥6,000, Ada').waitFor();
    await app.sql(`update payment_invoices set amount = 7000 where invoice_id = 'own'`);
    const [theirs, own] = ['¥6,000, Ada', '€70.00, Ada'].map((name) => page.getByRole('region', { name }));
    await theirs?.getByRole('button', { name: 'Reject' }).click();
    await page.getByText('¥6,000, Ada: rejected.').waitFor();
    // Of the second page, which is asked for anew with the first.
    await own?.getByText('You asked for it: another admin says yes.').waitFor();
    expect(await own?.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await app.sql(`delete from payment_invoices where invoice_id like 'newer-%'`);
    await open('business?state=PAID');
    await page.getByText('A refund of KWD').waitFor();
    const dispute = page.getByRole('list', { name: 'Disputes' }).getByText('A dispute of KWD');
    await dispute.getByText('Product not received').waitFor();
    await page.getByText('Send evidence in the dashboard of Stripe until').waitFor();
    await open('business/differences');
    await page.getByLabel('What was done about in_odd').fill('Booked by hand.');
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByText('The books and those of Stripe are alike.').waitFor();
    const { data } = await app.graphql('{ paymentDifferences { nodes { note resolvedBy } } }');
    expect(data.paymentDifferences.nodes).toEqual([{ note: 'Booked by hand.', resolvedBy: 'default' }]);
  });

  test('a fact is undone', async () => {
    const { addFact } = (await app.graphql(ADD_FACT)).data;
    await open(`memory/fact/${addFact.fact.factId}`);
    await page.getByRole('button', { name: 'Undo: added' }).click();
    await page.getByText('1 change undone.').waitFor();
    await page.getByText('retracted', { exact: true }).first().waitFor();
    const { fact } = (await app.graphql(`{ fact(factId: "${addFact.fact.factId}") { status } }`)).data;
    expect(fact.status).toBe('RETRACTED');
  });

  test('what is said is found, with why', async () => {
    await open('memory');
    await page.getByLabel('What was said').fill('lighthouse');
    await page.getByRole('link', { name: 'I live in Hamburg, near the lighthouse.' }).click();
    await page.getByText('chain intact: 1 turn').waitFor();
    expect(new URL(page.url()).pathname).toBe('/dashboard/memory/conversation/lighthouse');
    await page.goBack();
    await page.getByText('Found by').first().waitFor();
    expect(await page.getByLabel('What was said').inputValue()).toBe('lighthouse');
  });

  test('everything is reached with the keyboard alone', async () => {
    await open('now');
    await page.getByText('I live in Hamburg').waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    const reached: string[] = [];
    for (let presses = 0; presses <= PAGES.length; presses += 1) {
      await page.keyboard.press('Tab');
      reached.push(await focused());
    }
    expect(reached).toEqual(['To the content', ...PAGES]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Access' }).waitFor();
    // Whoever does not see the page hears where they are.
    await expect.poll(focused).toBe('Access');
    await page.getByLabel('Name').focus();
    await page.keyboard.type('of the keyboard');
    await page.keyboard.press('Enter');
    await page.getByText('The key is made.').waitFor();
    await page.getByRole('button', { name: 'Revoke' }).first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    expect(await focused()).toBe('Revoke');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('of the keyboard is revoked').waitFor();
    // The button is gone; who pressed it is not sent back to the beginning.
    await expect.poll(() => page.getByRole('button', { name: 'Revoke' }).count()).toBe(0);
    await page.keyboard.press('Tab');
    expect(await focused()).not.toBe('To the content');
  });

  test('on a phone the keyboard opens the menu, and nothing moves for who wants no motion', async () => {
    const phone = await newPage({ viewport: NARROW, reducedMotion: 'reduce' });
    await open('now', phone);
    await phone.getByText('I live in Hamburg').waitFor();
    const focused = () => phone.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    const press = async (...keys: string[]) => {
      for (const key of keys) await phone.keyboard.press(key);
    };
    await press('Tab', 'Tab');
    expect(await focused()).toBe('Menu');
    expect(await phone.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)).toBe(
      'solid',
    );
    await press('Enter', 'Tab', 'Tab');
    expect(await focused()).toBe('Memory');
    await said('elsewhere', 'The ferry is late.');
    const arrived = phone.locator('li.new').first();
    await arrived.waitFor();
    const moves = () => arrived.evaluate((element) => getComputedStyle(element).animationName);
    expect(await moves()).toBe('none');
    await phone.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await moves()).toBe('arrive');
    await press('Enter');
    await expect.poll(focused).toBe('Memory');
    await expect.poll(() => phone.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(false);
    await phone.context().close();
  });

  test('whoever’s clock is wrong, or is set meanwhile, sees what is', async () => {
    const late = await newPage();
    await late.addInitScript(() => {
      const now = Date.now;
      Object.assign(globalThis, { skew: 1_500_000 });
      Date.now = () => now() + (globalThis as unknown as { skew: number }).skew;
    });
    await open('now', late);
    await late.getByText('The same as a table').first().click();
    const rows = late.getByLabel('Figures of the last 15 minutes').getByRole('row');
    await expect.poll(() => rows.count()).toBeGreaterThan(1);
    await late.evaluate(() => Object.assign(globalThis, { skew: -3_600_000 }));
    await said('elsewhere', 'The clock of the tower stands still.');
    await late.getByText('The clock of the tower stands still.').waitFor();
    expect(await late.getByText('Live', { exact: true }).count()).toBe(1);
    expect(await rows.count()).toBeGreaterThan(1);
    await late.context().close();
  });

  test('nothing moves while a page loads', async () => {
    for (const [place, viewport] of [
      ['now', WIDE],
      ['alerts', NARROW],
    ] as const) {
      const fresh = await newPage({ viewport });
      await fresh.addInitScript(() => {
        const shifts: number[] = [];
        Object.assign(globalThis, { shifts });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
        }).observe({ type: 'layout-shift', buffered: true });
      });
      await open(place, fresh);
      await fresh.locator('h1').waitFor();
      await expect.poll(() => fresh.locator('[aria-busy=true]').count()).toBe(0);
      await fresh.getByText('Live', { exact: true }).waitFor();
      const shifts = await fresh.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts);
      // Browsers call less than 0.1 good (Web Vitals).
      expect([place, shifts.reduce((sum, value) => sum + value, 0) < MOST_SHIFT]).toEqual([place, true]);
      await fresh.context().close();
    }
  });

  test('axe finds nothing on any page, wide or narrow, light or dark', { timeout: 400_000 }, async () => {
    const seen = await newPage();
    // A script that is added later would be within the page, which its policy forbids.
    await seen.addInitScript({ path: AXE });
    await open('now', seen);
    await seen.getByRole('heading', { level: 1 }).waitFor();
    for (const place of [...PLACES, ...(await placesOfRows())]) {
      await seen.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' });
      await seen.setViewportSize(WIDE);
      await seen.evaluate((path) => {
        history.pushState(null, '', path);
        dispatchEvent(new PopStateEvent('popstate'));
      }, `/dashboard/${place}`);
      await expect.poll(() => seen.locator('h1').count()).toBe(1);
      await expect.poll(() => seen.locator('[aria-busy=true]').count()).toBe(0);
      expect([place, await faultsOf(seen, 'all')]).toEqual([place, []]);
      // What the scheme changes are colours; all else was looked at.
      await seen.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      expect([place, await faultsOf(seen, 'colours')]).toEqual([place, []]);
      await seen.setViewportSize(NARROW);
      expect([place, await faultsOf(seen, 'all')]).toEqual([place, []]);
    }
    await seen.getByRole('button', { name: 'Menu' }).click();
    expect(await faultsOf(seen, 'all')).toEqual([]);
    await seen.context().close();
  });

  /** One that waits. */
  async function newTask(): Promise<string> {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const { data } = await app.graphql(
      `mutation { createTask(input: { type: "heartbeat", scheduledFor: "${tomorrow}" }) { ... on CreateTaskSuccess { task { taskId } } } }`,
    );
    return data.createTask.task.taskId;
  }

  /** Two invoices that wait, one of them asked for by who is looking, a paid one of which something went back, and a difference. */
  async function planted(): Promise<void> {
    await app.sql(
      `with c as (insert into payment_customers (tenant_id, customer_id, state, created_by)
                  values ('default', 'ada', 'ACTIVE', 'default') returning id),
       p as (insert into payment_people (customer, tenant_id, name) select id, 'default', 'Ada' from c),
       i as (insert into payment_invoices (tenant_id, invoice_id, customer, currency, amount, items, collection, state, requested_by)
             select 'default', v.id, c.id, v.currency, v.amount,
               jsonb_build_array(jsonb_build_object('description', 'Tea', 'amount', v.amount)), 'SEND', v.state, v.by
             from c, (values ('own', 'EUR', 6000, 'WAITING', 'default'), ('theirs', 'JPY', 6000, 'WAITING', 'somebody'),
                             ('paid', 'KWD', 12500, 'PAID', 'default')) v (id, currency, amount, state, by)
             returning id, invoice_id),
       d as (insert into payment_disputes (tenant_id, invoice, stripe_id, currency, amount, taken, state, reason, due_at, opened_at, looked_at)
             select 'default', id, 'du_odd', 'KWD', 2000, 2000, 'NEEDS_RESPONSE', 'product_not_received', now() + interval '7 days', now(), now()
             from i where invoice_id = 'paid')
       insert into payment_refunds (tenant_id, refund_id, invoice, currency, amount, state, requested_by)
       select 'default', 'back', id, 'KWD', 500, 'SUCCEEDED', 'default' from i where invoice_id = 'paid'`,
    );
    await app.sql(
      `insert into payment_differences (tenant_id, difference_id, kind, stripe_id, theirs)
       values ('default', 'odd', 'MISSING_HERE', 'in_odd', '12.50 EUR')`,
    );
  }

  /** Places that need a row of the database. */
  async function placesOfRows(): Promise<string[]> {
    const [fact, taskId] = [(await app.graphql(ADD_FACT)).data.addFact.fact, await newTask()];
    return [`memory/fact/${fact.factId}`, `tasks/task/${taskId}`, 'characters/Kai%20Nakamura'];
  }
});

describe.skipIf(!CHROMIUM)(
  'a server with access control, in Chromium (left out where none is installed)',
  { timeout: 60_000 },
  () => {
    const KEY = 'a-key-of-the-test-that-is-long-enough';
    let directory: string;
    let browser: Browser;
    let server: ChildServer;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'echo-dashboard-'));
      await putCluster(directory);
      [browser, server] = await Promise.all([startBrowser(), startChildServer(directory, { API_KEY: KEY })]);
    });
    afterAll(async () => {
      await browser?.close();
      server?.signal('SIGTERM');
      await server?.exited;
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    });

    const send = async (query: string, variables: Record<string, unknown>) => {
      const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
      const body = JSON.stringify({ query, variables });
      return (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body })).json();
    };
    const record = (query: string) =>
      send(RECORD, {
        input: { conversationId: 'c', turns: [{ query, response: 'Noted.', idempotencyKey: query }] },
      });
    const newKey = async (input: Record<string, unknown>) => {
      const { data } = await send(
        `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreateApiKeySuccess { key apiKey { keyId } } } }`,
        { input: { name: 'of the test', ...input } },
      );
      return { key: data.createApiKey.key, keyId: data.createApiKey.apiKey.keyId };
    };
    const signIn = async (page: Page, key: string) => {
      await page.getByLabel('Key or token').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };

    test.for([
      [
        'an analyst',
        { roles: ['ANALYST'] },
        PAGES.filter((name) => name !== 'Business' && name !== 'Access'),
      ],
      ['one who may only read', { roles: ['USER'], permissions: ['READ'] }, PAGES_OF_USERS],
    ] as const)('what %s may not see is not there, nor asked for', async ([, input, expected]) => {
      const page = await browser.newPage();
      const refused: string[] = [];
      page.on('response', async (response) => {
        const text = response.url().endsWith('/graphql') ? await response.text().catch(() => '') : '';
        if (text.includes('FORBIDDEN')) refused.push(text);
      });
      await page.goto(`${server.url}/dashboard/now`);
      await signIn(page, (await newKey(input)).key);
      const names = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
      await names.first().waitFor();
      expect((await names.allInnerTexts()).map((name) => name.trim())).toEqual(expected);
      for (const place of [
        'memory/conversations',
        'tasks/schedules',
        'tasks/briefs',
        'alerts',
        'data/audit',
        'data/backups',
        'access',
      ]) {
        await page.evaluate((path) => {
          history.pushState(null, '', path);
          dispatchEvent(new PopStateEvent('popstate'));
        }, `/dashboard/${place}`);
        await expect.poll(() => page.locator('h1').count()).toBe(1);
        await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0);
      }
      await page.getByRole('link', { name: 'Data' }).click();
      expect(await page.getByRole('navigation', { name: 'Data' }).getByRole('link').count()).toBe(1);
      await page.getByRole('button', { name: /^Export/ }).waitFor();
      const mayWrite = !('permissions' in input);
      expect(await page.getByRole('button', { name: /^Erase/ }).count()).toBe(mayWrite ? 1 : 0);
      expect(refused).toEqual([]);
      await page.close();
    });

    test('an admin of a tenant is shown nothing that only the operator may do', async () => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [
          join(import.meta.dirname, '../scripts/keys.ts'),
          ...'create --name t --role ADMIN --tenant acme'.split(' '),
        ],
        { env: { ...BARE_ENV, DATA_DIR: directory, HOME: directory } },
      );
      const page = await browser.newPage();
      await page.goto(`${server.url}/dashboard/tasks/schedules`);
      await signIn(page, /shown again: (\S+)/.exec(stdout)?.[1] ?? '');
      await page.getByText('retention').first().waitFor();
      expect(await page.getByRole('button', { name: /^(Trigger|Pause)/ }).count()).toBe(0);
      await page.getByRole('link', { name: 'Alerts' }).click();
      await page.getByText('Nothing is in danger.').waitFor();
      expect(await page.getByRole('button', { name: /^Try/ }).count()).toBe(0);
      await page.getByRole('link', { name: 'Data' }).click();
      const tabs = page.getByRole('navigation', { name: 'Data' }).getByRole('link');
      await expect.poll(() => tabs.allInnerTexts()).toEqual(['Export and erase', 'Audit log']);
      await page.close();
    });

    test('whose key may not read is told so', async () => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/dashboard`);
      await signIn(page, (await newKey({ permissions: ['WRITE'] })).key);
      await page.getByText('Sign in with a key that may do this').waitFor();
      await page.close();
    });

    test('whose key is revoked meanwhile is told so, and keeps nothing of what was seen', async () => {
      const page = await browser.newPage();
      const { key, keyId } = await newKey({ roles: ['ADMIN'] });
      await record('A secret of the lighthouse.');
      await page.goto(`${server.url}/dashboard/now`);
      await signIn(page, key);
      await page.getByText('A secret of the lighthouse.').waitFor();
      await send('mutation ($keyId: String!) { revokeApiKey(keyId: $keyId) { __typename } }', { keyId });
      await page.getByText('does not know this key or token any more').waitFor();
      await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
      expect(await page.content()).not.toMatch(/lighthouse|kept/);
      expect(await page.getByLabel('Key or token').inputValue()).toBe('');
      await page.close();
    });

    test('asks for a key, keeps it nowhere, and goes on by itself when the server was killed and came back', async () => {
      const page = await browser.newPage();
      await page.addInitScript({ path: AXE });
      await page.goto(`${server.url}/dashboard`);
      await page.getByLabel('Key or token').waitFor();
      expect(await faultsOf(page, 'all')).toEqual([]);
      await signIn(page, 'not-a-key');
      await page.getByText('does not know this key').waitFor();
      await signIn(page, KEY);
      await page.getByText('Live', { exact: true }).waitFor();
      const { port } = new URL(server.url);
      const words = Array.from({ length: 9 }, (_, number) => `Turn ${number} around the kill.`);
      // Each is sent until it is acknowledged, as any client does.
      const sending = (async () => {
        for (const query of words) {
          let answer: { data?: unknown } | null = null;
          while (!answer?.data) {
            await pause(50);
            answer = await record(query).catch(() => null);
          }
        }
      })();
      await page.getByText(words[2] ?? '').waitFor();
      server.signal('SIGKILL');
      await server.exited;
      await page.getByText('The server does not answer').first().waitFor();
      server = await startChildServer(directory, { API_KEY: KEY, PORT: port });
      await sending;
      await page.getByText(words.at(-1) ?? '').waitFor();
      const rows = page.getByRole('region', { name: 'Turns' }).getByRole('link');
      const shown = (await rows.allInnerTexts()).filter((text) => text.endsWith('around the kill.'));
      expect(shown).toEqual(words.toReversed());
      const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
      expect(kept).toEqual([0, 0, '']);
    });
  },
);
