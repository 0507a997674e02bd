import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EFFECTS, effectJobs } from './support/effect-jobs.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { runTask, task, untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

/** For tests that wait for a lease to run out. */
const LONG_MS = 180_000;

/** The front door; it runs no tasks itself. */
let app: TestApp;
let workers: WorkerProcesses;
beforeAll(async () => {
  app = await startTestApp({ jobs: effectJobs, env: { TASK_WORKERS: '0', CANARY_INTERVAL_MS: '0' } });
  await app.sql(EFFECTS);
  workers = await workerProcesses(2);
});
afterEach(() => workers.killAll());
afterAll(async () => {
  await workers.end();
  await app.close();
});

test(
  'tasks over kills of their server have each effect once, and each comes to its end',
  async () => {
    const before = 60;
    for (let count = 0; count < before; count++)
      await runTask(app, { type: 'effects', payload: { steps: 3, pauseMs: 40 } }, `user ${count % 4}`);
    const [{ count: done }] = (await doneCount()) as [{ count: number }];
    expect(done).toBe(0);
    for (let kills = 0; kills < 4; kills++) {
      const worker = await workers.start(app.databaseUrl);
      // Some have come to their end, and some are in their middle.
      await expect
        .poll(async () => (await effectCount()) > (kills + 1) * 12, { timeout: 60_000, interval: 20 })
        .toBe(true);
      await workers.kill(worker);
    }
    await workers.start(app.databaseUrl);
    await expect.poll(doneCount, { timeout: 120_000, interval: 200 }).toEqual([{ count: before }]);
    const twice = await app.sql('select task, step from effects group by 1, 2 having count(*) > 1');
    expect(twice).toEqual([]);
    expect(await effectCount()).toBe(before * 3);
    // Kills are no failures: they cost no retries.
    expect(await app.sql('select from autonomous_tasks where retry_count > 0')).toEqual([]);
    const [lost] = await app.sql<{ count: number }>(
      "select count(*)::int as count from task_attempts where error like 'its worker was not heard of again%'",
    );
    expect(lost?.count).toBeGreaterThan(0);
  },
  LONG_MS,
);

const doneCount = () =>
  app.sql<{ count: number }>(
    "select count(*)::int as count from autonomous_tasks where status = 'COMPLETED' and task_type = 'effects'",
  );
async function effectCount(): Promise<number> {
  const [row] = await app.sql<{ count: number }>('select count(*)::int as count from effects');
  return row?.count ?? 0;
}

test(
  'a worker that is stopped for longer than its lease loses its task, and writes nothing when it goes on',
  async () => {
    await app.sql('truncate effects');
    const slow = await workers.start(app.databaseUrl);
    const { taskId } = await runTask(app, { type: 'effects', payload: { steps: 3, pauseMs: 4_000 } });
    await expect.poll(effectCount, { interval: 20 }).toBe(1);
    slow.kill('SIGSTOP');
    await workers.start(app.databaseUrl, { place: 1 });
    const done = await untilTask(app, taskId, 'COMPLETED', undefined, 120_000);
    slow.kill('SIGCONT');
    // Time for whatever it would still do.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(await task(app, taskId)).toEqual(done);
    expect(done).toMatchObject({
      ...{ result: [1, 2, 3], retryCount: 0 },
      attempts: [{ error: expect.stringContaining('not heard of again') }, { error: null }],
    });
    expect(await app.sql('select step, attempt from effects order by step')).toEqual([
      { step: 'step 1', attempt: 1 },
      { step: 'step 2', attempt: 2 },
      { step: 'step 3', attempt: 2 },
    ]);
  },
  LONG_MS,
);
