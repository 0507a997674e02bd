import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { runTask, untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

const LONG_MS = 300_000;
const [OLD_EVENTS, OLD_TASKS, KEPT] = [22_000, 12_000, 300];

/** The front door; it runs no tasks itself. */
let app: TestApp;
let workers: WorkerProcesses;
beforeAll(async () => {
  app = await startTestApp({ env: { TASK_WORKERS: '0' } });
  workers = await workerProcesses();
}, LONG_MS);
afterEach(() => workers.killAll());
afterAll(async () => {
  await workers.end();
  await app.close();
});

/** Copies of a finished task, so many days after its end. */
async function finishedTasks(taskId: string, count: number, days: number, name: string) {
  const columns = await app.sql<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_name = 'autonomous_tasks' and is_generated = 'NEVER' and column_name <> 'id'`,
  );
  const values: Record<string, string> = {
    ...{ task_id: 'gen_random_uuid()::text', idempotency_key: 'null', name: '$4', status: `'COMPLETED'` },
    completed_at: "now() - $3 * interval '1 day'",
  };
  await app.sql(
    `insert into autonomous_tasks (${columns.map((column) => column.name)})
     select ${columns.map((column) => values[column.name] ?? `t.${column.name}`)}
     from autonomous_tasks t, generate_series(1, $2::int) where t.task_id::text = $1`,
    [taskId, count, days, name],
  );
}

const events = (days: number, count: number) =>
  app.sql(
    `insert into echo_events (kind, user_id, at) select 'alert', $3, now() - $1 * interval '1 day' from generate_series(1, $2::int)`,
    [days, count, days > 30 ? 'old' : 'kept'],
  );

async function left(): Promise<Record<string, number>> {
  const [row] = await app.sql<Record<string, number>>(
    `select (select count(*)::int from echo_events where user_id = 'old') as "oldEvents",
       (select count(*)::int from echo_events where user_id = 'kept') as "keptEvents",
       (select count(*)::int from autonomous_tasks where name = 'old') as "oldTasks",
       (select count(*)::int from autonomous_tasks where name = 'kept') as "keptTasks"`,
  );
  return row ?? {};
}

test(
  'kills in the middle of retention delete nothing that stays, and the next attempt goes on with right numbers',
  async () => {
    await events(40, OLD_EVENTS);
    await events(20, KEPT);
    const { taskId: model } = await runTask(app, { type: 'heartbeat' });
    await finishedTasks(model, OLD_TASKS, 100, 'old');
    await finishedTasks(model, KEPT, 80, 'kept');
    // Each transaction takes a while, so that kills come in the middle of one.
    await app.sql(`create function take_a_while() returns trigger language plpgsql as $$
      begin perform pg_sleep(0.4); return null; end $$`);
    for (const table of ['echo_events', 'autonomous_tasks'])
      await app.sql(
        `create trigger take_a_while after delete on ${table} for each statement execute function take_a_while()`,
      );
    const { taskId } = await runTask(app, { type: 'retention' });
    let before = await left();
    for (const kind of ['oldEvents', 'oldEvents', 'oldTasks'] as const) {
      const worker = await workers.start(app.databaseUrl);
      await expect
        .poll(async () => (await left())[kind], { timeout: 120_000, interval: 5 })
        .toBeLessThan(before[kind] ?? 0);
      await workers.kill(worker);
      before = await left();
      expect(before).toMatchObject({ keptEvents: KEPT, keptTasks: KEPT });
      expect(before[kind]).toBeGreaterThan(0);
    }
    await workers.start(app.databaseUrl);
    const done = await untilTask(app, taskId, 'COMPLETED', undefined, 120_000);
    expect(await left()).toEqual({ oldEvents: 0, oldTasks: 0, keptEvents: KEPT, keptTasks: KEPT });
    // Over all attempts, each row counted once.
    expect(done.result).toMatchObject({
      ...{ dryRun: false, events: OLD_EVENTS, deadEntries: 0 },
      rows: { autonomous_tasks: OLD_TASKS },
    });
    expect(done.attempts.length).toBeGreaterThanOrEqual(4);
  },
  LONG_MS,
);
