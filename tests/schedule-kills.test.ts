import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EFFECTS } from './support/effect-jobs.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { SLOT_STEPS } from './support/slot-jobs.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

const LONG_MS = 240_000;
const NAMES = ['slots_skip', 'slots_run_once', 'slots_run_all'];

/** The front door; it runs nothing itself. */
let app: TestApp;
let workers: WorkerProcesses;
/** Half an hour away, so that the hour brings no slot of its own while the test runs. */
const minute = (new Date().getUTCMinutes() + 30) % 60;
beforeAll(async () => {
  app = await startTestApp({ env: { TASK_WORKERS: '0' } });
  await app.sql(EFFECTS);
  workers = await workerProcesses();
});
afterEach(() => workers.killAll());
afterAll(async () => {
  await workers.end();
  await app.close();
});

const start = () => workers.start(app.databaseUrl, { args: ['--slots', String(minute)] });

/** Three hours go by for the schedules, as they do for a server that is down: all that they remember is three hours older. */
async function hoursGoBy() {
  await app.sql("update schedule_slots set slot_at = slot_at - interval '3 hours' where schedule = any($1)", [
    NAMES,
  ]);
  await app.sql(
    "update task_schedules set decided_until = decided_until - interval '3 hours' where name = any($1)",
    [NAMES],
  );
}

// biome-ignore lint/suspicious/noExplicitAny: results have the shape that the test asks for
type Seen = any;
/** By schedule: states of its slots, oldest first, and how many tasks it has. */
async function seen(): Promise<Record<string, { states: string[]; tasks: number }>> {
  const { data, errors } = await app.graphql(
    '{ schedules { name slots(first: 100) { nodes { state task { taskId status } } } } }',
  );
  if (!data) throw new Error(JSON.stringify(errors));
  const made = await app.sql<{ name: string; count: number }>(
    'select created_by as name, count(*)::int as count from autonomous_tasks where user_id is null group by 1',
  );
  return Object.fromEntries(
    data.schedules
      .filter(({ name }: Seen) => NAMES.includes(name))
      .map(({ name, slots }: Seen) => [
        name,
        {
          states: slots.nodes.map(({ state }: Seen) => state).reverse(),
          tasks: made.find((each) => each.name === name)?.count ?? 0,
        },
      ]),
  );
}

const unfinished = () =>
  app.sql("select task_type from autonomous_tasks where created_by = any($1) and status <> 'COMPLETED'", [
    NAMES,
  ]);
async function allDone(tasks: number) {
  await expect
    .poll(async () => [await unfinished(), await finishedTasks()], { timeout: 120_000, interval: 100 })
    .toEqual([[], tasks]);
}
async function finishedTasks(): Promise<number> {
  const rows = await app.sql(
    "select from autonomous_tasks where created_by = any($1) and status = 'COMPLETED'",
    [NAMES],
  );
  return rows.length;
}

const [MISSED, RUN] = ['MISSED', 'RUN'];

test(
  'a server that is killed for three slots takes them as each policy says, also if it is killed while it makes them up',
  async () => {
    const first = await start();
    await expect
      .poll(async () => Object.keys(await seen()).sort(), { timeout: 60_000 })
      .toEqual([...NAMES].sort());
    await workers.kill(first);
    await hoursGoBy();
    const second = await start();
    // One of the three is under way: its first step is done, its last is not.
    await expect
      .poll(() => app.sql('select from effects'), { timeout: 60_000, interval: 10 })
      .not.toEqual([]);
    await workers.kill(second);
    await start();
    await allDone(4);
    expect(await seen()).toEqual({
      slots_skip: { states: [MISSED, MISSED, MISSED], tasks: 0 },
      slots_run_once: { states: [MISSED, MISSED, RUN], tasks: 1 },
      slots_run_all: { states: [RUN, RUN, RUN], tasks: 3 },
    });
    await workers.killAll();
    await hoursGoBy();
    await start();
    await allDone(8);
    expect(await seen()).toEqual({
      slots_skip: { states: Array(6).fill(MISSED), tasks: 0 },
      slots_run_once: { states: [MISSED, MISSED, RUN, MISSED, MISSED, RUN], tasks: 2 },
      slots_run_all: { states: Array(6).fill(RUN), tasks: 6 },
    });
    // Each run has each of its effects once, whatever was killed.
    const effects = await app.sql('select task, step, count(*)::int as count from effects group by 1, 2');
    expect(effects).toHaveLength(8 * SLOT_STEPS);
    expect(effects.filter(({ count }) => count !== 1)).toEqual([]);
  },
  LONG_MS,
);
