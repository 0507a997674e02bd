import { afterEach, describe, expect, test } from 'vitest';
import { type ConfigError, readConfig } from '../src/config.ts';
import { Pace } from '../src/domains/notion/pace.ts';
import { piecesOf } from '../src/domains/notion/values.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { isCreate, isQuery, isUpdate, type NotionDouble, startNotion } from './support/notion-double.ts';
import { runTask, untilTask } from './support/tasks.ts';

const eventually = { timeout: 60_000, interval: 150 };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const TASKS = {
  Name: 'title',
  'External ID': 'rich_text',
  Status: 'select',
  Type: 'select',
  Created: 'date',
  Attempts: 'number',
};
type Database = ReturnType<NotionDouble['database']>;

async function start(
  options: {
    properties?: Record<string, string>;
    setting?: object;
    before?: (database: Database) => void;
  } = {},
) {
  const notion = await startNotion();
  closing.push(() => notion.close());
  const database = notion.database('Queue', options.properties ?? TASKS);
  options.before?.(database);
  const url = `https://www.notion.so/x/Queue-${database.id.replaceAll('-', '')}?v=1`;
  const mirror = { tasks: { database: url, ...options.setting } };
  const app = await startTestApp({ env: { ...notion.env, NOTION_MIRROR: JSON.stringify(mirror) } });
  closing.push(() => app.close());
  return { notion, database, app };
}

async function task(app: TestApp, name = 'a thing', user = 'ada'): Promise<string> {
  const { taskId } = await runTask(app, { type: 'heartbeat', name }, user);
  await untilTask(app, taskId, 'COMPLETED', user);
  return taskId;
}
const shown = (database: Database) =>
  database
    .pages()
    .map((page) => [page['External ID'], page.Status])
    .sort();
const completed = (...ids: string[]) => ids.map((id) => [id, 'COMPLETED']).sort();
/** Nothing waits, and all that is wanted is written. */
async function untilWritten(app: TestApp): Promise<void> {
  const open = () =>
    app.sql(
      `select 1 from echo_notion_pages where written is distinct from wanted and gone_at is null
       union all select 1 from echo_deliveries where channel = 'notion' and status = 'PENDING'`,
    );
  await expect.poll(open, eventually).toEqual([]);
}
/** What waits for a pause does not any more. */
async function hurry(app: TestApp): Promise<void> {
  await app.sql('update echo_notion_pages set making_until = null');
  await app.sql('update echo_notion_pace set paused_until = null');
  await app.sql("update echo_delivery_targets set blocked_until = null where channel = 'notion'");
  await app.sql("update echo_deliveries set due_at = now() where channel = 'notion' and status = 'PENDING'");
}
async function mirror(app: TestApp) {
  const { data } = await app.graphql(
    `{ notionMirror { removalsWaiting kinds { kind state problem pages gone waiting dead properties { field property problem } } }
       health { checks { name status detail } } }`,
  );
  const [check] = data.health.checks.filter(({ name }: { name: string }) => name === 'notion');
  return { ...data.notionMirror, check };
}

test('a task is a page, once, which says how it stands and nothing that its user wrote', async () => {
  const { notion, database, app } = await start();
  const one = await task(app, 'my secret wish');
  await expect.poll(() => shown(database), eventually).toEqual(completed(one));
  expect(database.pages()[0]).toMatchObject({
    ...{ Name: `heartbeat · ${one.slice(0, 8)}`, Type: 'heartbeat', Attempts: 1 },
  });
  const two = await task(app);
  await expect.poll(() => shown(database), eventually).toEqual(completed(one, two));
  await untilWritten(app);
  // What has not changed is not written, however often it is looked at.
  const writes = () => notion.asked.filter((each) => isCreate(each) || isUpdate(each)).length;
  const before = writes();
  await app.sql("update echo_deliveries set status = 'PENDING', due_at = now() where channel = 'notion'");
  await untilWritten(app);
  for (let look = 0; look < 2; look++) {
    await app.sql('update echo_notion_sources set compared_at = null');
    const at = () => app.sql('select 1 from echo_notion_sources where compared_at is null');
    await expect.poll(at, eventually).toEqual([]);
  }
  expect(writes()).toBe(before);
  expect(JSON.stringify(notion.asked)).not.toContain('secret');
  expect(await mirror(app)).toMatchObject({
    removalsWaiting: 0,
    kinds: [{ kind: 'TASKS', state: 'MIRRORING', problem: null, pages: 2, waiting: 0, dead: 0 }],
    check: { status: 'HEALTHY' },
  });
  const { errors } = await app.graphql('{ notionMirror { removalsWaiting } }', {}, 'ada');
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

test('fields go where the settings say, also those that users write, in pieces that Notion takes', async () => {
  const { database, app } = await start({
    properties: { Title: 'title', Key: 'rich_text', Lage: 'rich_text', Wer: 'rich_text' },
    setting: { properties: { externalId: 'Key', title: 'Title', status: 'Lage', user: 'Wer' } },
  });
  const one = await task(app);
  await expect
    .poll(() => database.pages(), eventually)
    .toEqual([{ Title: `heartbeat · ${one.slice(0, 8)}`, Key: one, Lage: 'COMPLETED', Wer: 'ada' }]);
});

test('a day is a page, with what it cost and brought', async () => {
  const notion = await startNotion();
  closing.push(() => notion.close());
  const database = notion.database('Days', {
    ...{ Day: 'title', 'External ID': 'rich_text', Date: 'date', 'Model cost': 'number', Turns: 'number' },
    Revenue: 'rich_text',
  });
  const NOTION_MIRROR = JSON.stringify({ finance: { database: database.id } });
  const rollups = JSON.stringify({
    'echo_model_cost_total{x="y"}': { s: 1.25 },
    echo_turns_stored_total: { s: 7 },
  });
  const app = await startTestApp({
    env: { ...notion.env, NOTION_MIRROR },
    migration: `insert into echo_metric_hours (at, server, rollups)
        values (date_trunc('day', now(), 'UTC') - interval '20 hours', 'other', '${rollups}');
      with c as (insert into payment_customers (customer_id, created_by) values ('c', 'x') returning id),
        i as (insert into payment_invoices (invoice_id, customer, currency, amount, items, collection, state, requested_by)
          select 'i', id, 'EUR', 1, '[]', 'SEND', 'PAID', 'x' from c returning id)
      insert into payment_ledger (kind, occurred_at, day, currency, amount, fee, invoice, stripe_id, source_id)
        select kind, now(), (now() at time zone 'UTC')::date - 1, currency, amount, fee, i.id, kind || currency, 'x'
        from i, (values ('PAYMENT', 'EUR', 1000, 59), ('REFUND', 'EUR', -300, 0), ('PAYMENT', 'JPY', 500, 20))
          as b(kind, currency, amount, fee)`,
  });
  closing.push(() => app.close());
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  await expect
    .poll(() => database.pages(), eventually)
    .toMatchObject([
      {
        ...{ Day: yesterday, 'External ID': yesterday, 'Model cost': 1.25, Turns: 7 },
        Revenue: '641 EUR, 480 JPY',
      },
    ]);
});

test('long texts are cut into pieces without cutting characters', () => {
  expect(piecesOf('')).toEqual([]);
  const smiles = `a${'😀'.repeat(3_000)}`;
  const pieces = piecesOf(smiles);
  expect(pieces.join('')).toBe(smiles);
  for (const piece of pieces) expect([piece.isWellFormed(), piece.length <= 1_900]).toEqual([true, true]);
  const long = piecesOf('x'.repeat(100_000));
  expect([long.length, long.at(-1)?.endsWith('…')]).toEqual([20, true]);
  expect(piecesOf('\ud800x')).toEqual(['\ufffdx']);
});

test('a renamed property keeps working; one that is deleted or retyped is named, and the rest goes on', async () => {
  const { database, app } = await start();
  const one = await task(app);
  await expect.poll(() => shown(database), eventually).toEqual(completed(one));
  database.rename('Status', 'State');
  database.rename('External ID', 'Id');
  const two = await task(app);
  const states = () =>
    database
      .pages()
      .map((page) => [page.Id, page.State])
      .sort();
  await expect.poll(states, eventually).toEqual(completed(one, two));
  // A write that is refused has it looked at again.
  database.retype('Attempts', 'checkbox');
  database.deleteProperty('State');
  const three = await task(app);
  const ids = () =>
    database
      .pages()
      .map((page) => page.Id)
      .sort();
  await expect.poll(ids, eventually).toEqual([one, two, three].sort());
  await untilWritten(app);
  const standing = await mirror(app);
  expect(standing.kinds[0]).toMatchObject({ state: 'PARTIAL' });
  const problems = [
    'the property "Status" of the field status was deleted',
    'the property "Attempts" of the field attempts is of the type checkbox, and must be number or rich_text',
  ];
  for (const problem of problems) {
    expect(standing.kinds[0].problem).toContain(problem);
    expect(standing.check).toMatchObject({ status: 'DEGRADED', detail: expect.stringContaining(problem) });
  }
  // One of the same name takes its place.
  database.addProperty('Status', 'select');
  database.retype('Attempts', 'number');
  await app.sql('update echo_notion_sources set resolved_at = null');
  const anew = () => database.pages().map((page) => [page.Status, page.Attempts]);
  await expect.poll(anew, eventually).toEqual([1, 2, 3].map(() => ['COMPLETED', 1]));
  await expect.poll(async () => (await mirror(app)).check.status, eventually).toBe('HEALTHY');
});

test('a database that is not shared any more stops its kind and no other, and goes on later', async () => {
  const notion = await startNotion();
  closing.push(() => notion.close());
  const queue = notion.database('Queue', TASKS);
  const log = notion.database('Log', { Name: 'title', 'External ID': 'rich_text', Status: 'select' });
  const NOTION_MIRROR = JSON.stringify({ tasks: { database: queue.id }, jobs: { database: log.id } });
  const app = await startTestApp({ env: { ...notion.env, NOTION_MIRROR } });
  closing.push(() => app.close());
  const one = await task(app);
  await expect.poll(() => shown(queue), eventually).toEqual(completed(one));
  queue.share(false);
  const two = await task(app);
  const attempts = () => shown(log).map(([id]) => id);
  await expect.poll(attempts, eventually).toEqual([`${one}#1`, `${two}#1`].sort());
  await expect.poll(async () => (await mirror(app)).kinds[0].state, eventually).toBe('BROKEN');
  const { kinds, check } = await mirror(app);
  expect(kinds).toMatchObject([{ problem: expect.stringContaining('not shared') }, { state: 'MIRRORING' }]);
  expect(check.status).toBe('DEGRADED');
  // Also after that was seen.
  const three = await task(app);
  await expect.poll(attempts, eventually).toEqual([one, two, three].map((id) => `${id}#1`).sort());
  await expect
    .poll(async () => {
      const { data } = await app.graphql('{ activeAlerts { name } }');
      return data.activeAlerts.map(({ name }: { name: string }) => name);
    }, eventually)
    .toContain('notion_behind');
  queue.share(true);
  await app.sql('update echo_notion_sources set resolved_at = null');
  await expect.poll(() => shown(queue), eventually).toEqual(completed(one, two, three));
});

test('what nobody expected of one kind stops no other', async () => {
  const notion = await startNotion();
  closing.push(() => notion.close());
  const queue = notion.database('Queue', TASKS);
  const log = notion.database('Log', { Name: 'title', 'External ID': 'rich_text', Status: 'select' });
  const NOTION_MIRROR = JSON.stringify({ tasks: { database: queue.id }, jobs: { database: log.id } });
  const app = await startTestApp({ env: { ...notion.env, NOTION_MIRROR } });
  closing.push(() => app.close());
  await app.sql(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$`);
  await app.sql(`create trigger refuse before update on echo_notion_sources for each row
    when (new.kind = 'tasks') execute function refuse()`);
  const one = await task(app);
  await expect.poll(() => shown(log).map(([id]) => id), eventually).toEqual([`${one}#1`]);
  expect(shown(queue)).toEqual([]);
  await app.sql('drop trigger refuse on echo_notion_sources');
  await expect.poll(() => shown(queue), eventually).toEqual(completed(one));
});

describe('faults', () => {
  test('Notion is away, busy, in conflict, or answers as a gateway: each page comes, once', async () => {
    const { notion, database, app } = await start();
    const one = await task(app);
    await expect.poll(() => shown(database), eventually).toEqual(completed(one));
    const ids = [one];
    for (const fault of [
      { status: 429, retryAfter: 1 },
      { status: 409 },
      { status: 502 },
      { status: 502, after: true },
      { cut: 'after' },
      { cut: 'before' },
    ] as const) {
      notion.fail(fault, isCreate);
      ids.push(await task(app));
      const failed = () => app.sql("select 1 from echo_deliveries where status = 'PENDING' and attempts > 0");
      await expect.poll(failed, eventually).toHaveLength(1);
      await expect
        .poll(async () => {
          await hurry(app);
          return shown(database);
        }, eventually)
        .toEqual(completed(...ids));
    }
    notion.fail({ status: 502 }, isQuery, 2);
    notion.fail({ status: 503, after: true }, isUpdate);
    ids.push(await task(app));
    await expect
      .poll(async () => {
        await hurry(app);
        return shown(database);
      }, eventually)
      .toEqual(completed(...ids));
    await untilWritten(app);
    expect(database.raw()).toHaveLength(ids.length);
  });

  test('a pause that Notion asks for is kept by all', async () => {
    const { notion, app } = await start();
    await expect.poll(async () => (await mirror(app)).kinds[0].state, eventually).toBe('MIRRORING');
    notion.fail({ status: 429, retryAfter: 3_600 }, isCreate);
    await task(app);
    const paused = () =>
      app.sql("select 1 from echo_notion_pace where paused_until > now() + interval '50 minutes'");
    await expect.poll(paused, eventually).toHaveLength(1);
    const asked = notion.asked.length;
    await task(app);
    const looks = () => app.sql('select 1 from echo_notion_sources where behind_since is not null');
    await expect.poll(looks, eventually).toHaveLength(1);
    expect(notion.asked).toHaveLength(asked);
    await hurry(app);
    await untilWritten(app);
  });

  test('a page that somebody deleted stays deleted, or is made again where that is set', async () => {
    for (const recreate of [false, true]) {
      const { database, app } = await start({ setting: { recreate } });
      const scheduledFor = new Date(Date.now() + 86_400_000).toISOString();
      const { taskId } = await runTask(app, { type: 'heartbeat', scheduledFor }, 'ada');
      await expect.poll(() => shown(database), eventually).toEqual([[taskId, 'PENDING']]);
      for (const page of database.raw()) page.inTrash = true;
      await app.graphql(
        'mutation ($id: ID!) { cancelTask(taskId: $id) { __typename } }',
        { id: taskId },
        'ada',
      );
      if (recreate) await expect.poll(() => shown(database), eventually).toEqual([[taskId, 'CANCELLED']]);
      else {
        await expect.poll(async () => (await mirror(app)).kinds[0].gone, eventually).toBe(1);
        // Nothing waits that would make it again.
        await expect
          .poll(async () => {
            await hurry(app);
            return app.sql("select 1 from echo_deliveries where channel = 'notion' and status = 'PENDING'");
          }, eventually)
          .toEqual([]);
      }
      expect(database.raw()).toHaveLength(recreate ? 2 : 1);
      for (const close of closing.splice(0).reverse()) await close();
    }
  });
});

test('pages that are there already are found by their ids and taken over', async () => {
  const { database, app } = await start();
  const one = await task(app);
  await expect.poll(() => shown(database), eventually).toEqual(completed(one));
  await untilWritten(app);
  // As a backup of before has it.
  await app.sql('alter table echo_notion_pages disable trigger echo_notion_page_deleted');
  await app.sql('delete from echo_notion_pages');
  await app.sql('alter table echo_notion_pages enable trigger echo_notion_page_deleted');
  await expect
    .poll(() => app.sql('select 1 from echo_notion_pages where page_id is not null'), eventually)
    .toHaveLength(1);
  await untilWritten(app);
  expect(database.raw()).toHaveLength(1);
});

test('pages of a user who is erased are emptied and leave Notion; those of others stay', async () => {
  const { notion, database, app } = await start({
    properties: { ...TASKS, User: 'rich_text' },
    setting: { properties: { status: 'Status', user: 'User' } },
  });
  const [one, two] = [await task(app, 'x', 'ada'), await task(app, 'x', 'bob')];
  await expect.poll(() => shown(database), eventually).toEqual(completed(one, two));
  // One that was being made while she was erased: nobody here knows its page.
  notion.fail({ cut: 'after' }, isCreate);
  const three = await task(app, 'x', 'ada');
  await expect.poll(() => shown(database), eventually).toEqual(completed(one, two, three));
  const { data } = await app.graphql(
    'mutation { eraseUser(userId: "ada", confirm: "ada") { ... on EraseUserSuccess { receipt } } }',
  );
  expect(data.eraseUser.receipt).toMatchObject({ erased: { notionPages: 2 }, left: { notionPages: 0 } });
  expect((await mirror(app)).removalsWaiting).toBe(2);
  await hurry(app);
  await expect.poll(() => shown(database), eventually).toEqual(completed(two));
  for (const page of database.trash())
    expect(page).toMatchObject({ Name: null, 'External ID': null, Status: null, User: null });
  expect(await app.sql("select 1 from echo_deliveries where user_id = 'ada'")).toEqual([]);
  expect((await mirror(app)).removalsWaiting).toBe(0);
});

test('all servers of a database keep one pace', async () => {
  const app = await startTestApp();
  closing.push(() => app.close());
  const paces = [0, 1].map(() => new Pace(app.app.services.db, 20));
  const { signal } = new AbortController();
  const began = performance.now();
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, async (_, place) => {
      await paces[place % 2]?.turn(signal);
      times.push(performance.now() - began);
    }),
  );
  // The first turn may be at once; each of the others comes at the end of its own interval, never before.
  for (const [place, time] of times.sort((a, b) => a - b).entries())
    expect(time).toBeGreaterThan(place * 20 - 5);
});

test('a dry run shows what would be written, and nothing is', async () => {
  const notion = await startNotion();
  closing.push(() => notion.close());
  const database = notion.database('Queue', TASKS);
  const NOTION_MIRROR = JSON.stringify({ tasks: { database: database.id } });
  const app = await startTestApp({ env: { ...notion.env, NOTION_MIRROR, NOTION_DRY_RUN: 'on' } });
  closing.push(() => app.close());
  const [one, two] = [await task(app), await task(app)];
  database.write({ Name: { title: [] }, 'External ID': { rich_text: [{ text: { content: one } }] } });
  const preview = (user?: string) =>
    app.graphql(
      `{ notionPreview(kind: TASKS, first: 1) { state problem more tasks { pageId }
         pages { externalId action values { property value } } } }`,
      {},
      user,
    );
  const { data } = await preview();
  expect(data.notionPreview).toMatchObject({
    ...{ state: 'MIRRORING', problem: null, more: true, tasks: [] },
    pages: [
      {
        ...{ externalId: one, action: 'UPDATE' },
        values: expect.arrayContaining([{ property: 'Status', value: 'COMPLETED' }]),
      },
    ],
  });
  const all = await app.graphql('{ notionPreview(kind: TASKS) { more pages { externalId action } } }');
  expect(all.data.notionPreview).toEqual({
    more: false,
    pages: [
      { externalId: one, action: 'UPDATE' },
      { externalId: two, action: 'CREATE' },
    ],
  });
  expect((await preview('ada')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  // It shows rows of all tenants.
  const foreign = await app.graphql('{ notionPreview(kind: TASKS) { more } }', {}, '@elsewhere:eve');
  expect(foreign.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  const other = await app.graphql('{ notionPreview(kind: JOBS) { more } }');
  expect(other.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(await mirror(app).catch(() => null)).toMatchObject({ check: { status: 'HEALTHY' } });
  expect(notion.asked.filter((each) => isCreate(each) || isUpdate(each))).toEqual([]);
  expect(
    await app.sql('select 1 from echo_notion_pages union all select 1 from echo_notion_sources'),
  ).toEqual([]);
});

test('settings that do not fit are refused, each by its name', () => {
  const problems = (env: Record<string, string>) => {
    try {
      readConfig(env, '/nowhere');
    } catch (error) {
      return (error as ConfigError).problems;
    }
    return [];
  };
  const token = { NOTION_TOKEN: 'ntn_0123456789abcdefghij' };
  const database = '1f2e3d4c5b6a79880a1b2c3d4e5f6071';
  expect(problems({ ...token, NOTION_MIRROR: JSON.stringify({ tasks: { database } }) })).toEqual([]);
  expect(problems(token)).toEqual(['NOTION_MIRROR: must be set when NOTION_TOKEN is']);
  const wrong = {
    tasks: { database: 'Queue', ready: { owner: 'ada', types: [] } },
    jobs: { database, ready: { owner: 'ada', types: ['x'] } },
    status: { database },
    gossip: {},
  };
  const found = problems({
    ...token,
    NOTION_MIRROR: JSON.stringify(wrong),
    NOTION_REQUESTS_PER_SECOND: '5',
  }).join();
  for (const place of [
    'tasks.database: must be an id',
    'tasks.ready.types: must list at least one',
    'gossip',
  ])
    expect(found).toContain(place);
  expect(found).toContain('NOTION_REQUESTS_PER_SECOND: must be at most 3');
  expect(problems({ ...token, NOTION_MIRROR: 'no-such-file.json' })[0]).toContain('cannot be read (ENOENT)');
});
