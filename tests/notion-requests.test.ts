import { afterEach, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { isCreate, isQuery, isUpdate, type NotionDouble, startNotion } from './support/notion-double.ts';
import { runTask } from './support/tasks.ts';
import { workerProcesses } from './support/worker-processes.ts';

const eventually = { timeout: 60_000, interval: 150 };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const QUEUE = {
  Name: 'title',
  'External ID': 'rich_text',
  Status: 'status',
  Type: 'select',
  Answer: 'rich_text',
  Input: 'rich_text',
};
const text = (content: string) => [{ text: { content } }];
const page = (name: string, type: string | null, more = {}) => ({
  Name: { title: text(name) },
  Status: { status: { name: 'Ready' } },
  Type: { select: type === null ? null : { name: type } },
  ...more,
});

/** @param isBeside true: other servers mirror, and run tasks */
async function start(isBeside = false, owner: object = { owner: 'ada' }) {
  const notion = await startNotion();
  closing.push(() => notion.close());
  const queue = notion.database('Queue', QUEUE);
  const tasks = {
    database: queue.id,
    properties: { payload: 'Input', priority: 'Priority' },
    ready: { ...owner, types: ['heartbeat', 'archive_interactions', 'daily_report'] },
  };
  const settings = { ...notion.env, NOTION_MIRROR: JSON.stringify({ tasks }) };
  const app = await startTestApp({ env: isBeside ? { TASK_WORKERS: '0' } : settings });
  closing.push(() => app.close());
  return { notion, queue, app, settings };
}
type Queue = ReturnType<NotionDouble['database']>;
/** The next look is now. */
const look = (app: TestApp) => app.sql('update echo_notion_sources set polled_at = null, compared_at = null');
async function until(app: TestApp, seen: () => unknown, expected: unknown) {
  await expect
    .poll(async () => {
      await look(app);
      await app.sql(
        "update echo_deliveries set due_at = now(), attempts = 0 where channel = 'notion' and status = 'PENDING'",
      );
      await app.sql("update echo_delivery_targets set blocked_until = null where channel = 'notion'");
      return seen();
    }, eventually)
    .toEqual(expected);
}
const states = (queue: Queue) => queue.pages().map((each) => [each.Name, each.Status, each.Answer]);
const madeOf = (app: TestApp) =>
  app.sql('select name, task_type as type, user_id as user, status from autonomous_tasks order by id');

test('a page that is set to be ready becomes a task of who the settings say, once, and keeps its name', async () => {
  const { queue, app } = await start();
  const one = queue.write(page('Look alive', 'heartbeat'));
  await until(app, () => states(queue), [['Look alive', 'COMPLETED', null]]);
  const made = [{ name: 'Look alive', type: 'heartbeat', user: 'ada', status: 'COMPLETED' }];
  expect(await madeOf(app)).toEqual(made);
  const [task] = await app.sql('select task_id as id from autonomous_tasks');
  expect(queue.pages()[0]?.['External ID']).toBe(task?.id);
  // Set to be ready again it says how its task stands, and becomes no other.
  queue.write({ Status: { status: { name: 'Ready' } } }, one);
  await until(app, () => states(queue), [['Look alive', 'COMPLETED', null]]);
  expect(await madeOf(app)).toEqual(made);
  // A copy is a page of its own, though it says the id of the other.
  queue.write(
    page('Look alive again', 'heartbeat', { 'External ID': { rich_text: text(String(task?.id)) } }),
  );
  await until(app, () => states(queue), [
    ['Look alive', 'COMPLETED', null],
    ['Look alive again', 'COMPLETED', null],
  ]);
  expect(await madeOf(app)).toHaveLength(2);
  expect(new Set(queue.pages().map((each) => each['External ID'])).size).toBe(2);
});

test('what cannot be a task is told on the page, once, until it says something else', async () => {
  const { notion, queue, app } = await start();
  const bad = queue.write(page('Bad type', 'learn'));
  queue.write(page('No type', null));
  queue.write(page('Not for users', 'daily_report'));
  queue.write(page('No JSON', 'heartbeat', { Input: { rich_text: text('{"days":') } }));
  queue.write(page('Unknown', 'heartbeat', { Input: { rich_text: text('{"days": 3}') } }));
  const answers = () => queue.pages().map((each) => [each.Status, String(each.Answer).slice(0, 40)]);
  await until(app, answers, [
    ['Ready', 'type: must be one of heartbeat, archive_'],
    ['Ready', 'type: must be one of heartbeat, archive_'],
    ['Ready', 'type: must be one of heartbeat, archive_'],
    ['Ready', 'payload: must be JSON, such as {"days": '],
    ['Ready', expect.stringContaining('payload')],
  ]);
  expect(await madeOf(app)).toEqual([]);
  const writes = () => notion.asked.filter(isUpdate).length;
  const before = writes();
  const looks = notion.asked.filter(isQuery).length;
  await until(app, () => notion.asked.filter(isQuery).length > looks + 2, true);
  expect(writes()).toBe(before);
  // Put right within the same minute, by which no time of Notion's tells it apart.
  queue.write({ Type: { select: { name: 'heartbeat' } } }, bad);
  await until(app, () => queue.said(bad).Status, 'COMPLETED');
  expect(queue.said(bad).Answer).toBeNull();
});

test('servers that are killed at each step, and others beside them, make each page one task and say so', {
  timeout: 240_000,
}, async () => {
  const { notion, queue, app, settings } = await start(true);
  const workers = await workerProcesses(2);
  closing.push(() => workers.end());
  const args = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const expected: unknown[] = [];
  // It is killed while it looks for pages, when it has made tasks of them, and when Notion has taken an answer, or made a page, of which it never hears.
  for (const [fault, of] of [
    [{ hang: 'after' }, isQuery],
    [{ hang: 'before' }, isUpdate],
    [{ hang: 'after' }, isUpdate],
    [{ hang: 'before' }, isCreate],
    [{ hang: 'after' }, isCreate],
  ] as const) {
    const number = expected.length;
    queue.write(page(`Task ${number}`, 'heartbeat'));
    const own = await runTask(app, { type: 'heartbeat' }, 'bob');
    expected.push(
      [`Task ${number}`, 'COMPLETED', null],
      [`heartbeat · ${own.taskId.slice(0, 8)}`, 'COMPLETED', null],
    );
    const met: unknown[] = [];
    notion.fail(fault, (asked) => of(asked) && met.push(asked) > 0);
    const server = await workers.start(app.databaseUrl, { args });
    await until(app, () => met.length > 0, true);
    await workers.kill(server);
  }
  await Promise.all([0, 1].map((place) => workers.start(app.databaseUrl, { args, place })));
  await until(app, () => states(queue).sort(), expected.sort());
  expect(await madeOf(app)).toHaveLength(expected.length);
  expect(queue.raw()).toHaveLength(expected.length);
  expect(new Set(queue.pages().map((each) => each['External ID'])).size).toBe(expected.length);
});

test('a page of a user who was erased before it was answered becomes no task again', async () => {
  const { notion, queue, app } = await start();
  notion.fail({ status: 503 }, isUpdate, 1_000);
  queue.write(page('Look alive', 'heartbeat'));
  await until(app, async () => (await madeOf(app)).length, 1);
  await app.graphql('mutation { eraseUser(userId: "ada", confirm: "ada") { __typename } }');
  const looks = notion.asked.filter(isQuery).length;
  const looked = async () => {
    await look(app);
    return notion.asked.filter(isQuery).length > looks + 3;
  };
  await expect.poll(looked, eventually).toBe(true);
  expect(await madeOf(app)).toEqual([]);
});

test('a page whose task would be of a suspended tenant says so, and becomes one when that is over', async () => {
  const { queue, app } = await start(false, { owner: 'ada', tenant: 'theirs' });
  const change = async (call: string) =>
    expect((await app.graphql(`mutation { it: ${call} { __typename } }`)).data.it.__typename).toBe(
      'TenantSuccess',
    );
  await change('createTenant(input: { tenantId: "theirs", name: "Theirs" })');
  await change('suspendTenant(input: { tenantId: "theirs", reason: "x" })');
  const one = queue.write(page('Look alive', 'heartbeat'));
  await until(app, () => queue.said(one).Answer, 'status: the tenant theirs is suspended');
  expect(await madeOf(app)).toEqual([]);
  await change('resumeTenant(tenantId: "theirs")');
  await until(app, () => queue.said(one), expect.objectContaining({ Status: 'COMPLETED', Answer: null }));
  expect(await madeOf(app)).toHaveLength(1);
});
