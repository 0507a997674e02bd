import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { learning } from './support/learning.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

/** For tests that wait for a lease to run out. */
const LONG_MS = 180_000;
const USERS = ['ada', 'bea', 'cy'];
const TURNS = 120;

/** The front door; it runs no tasks itself. */
let app: TestApp;
let seen: ReturnType<typeof learning>;
let workers: WorkerProcesses;
beforeAll(async () => {
  app = await startTestApp({ env: { TASK_WORKERS: '0' } });
  seen = learning(app);
  workers = await workerProcesses(2);
});
afterEach(() => workers.killAll());
afterAll(async () => {
  await workers.end();
  await app.close();
});

async function learnedCount(): Promise<number> {
  const [row] = await app.sql<{ count: number }>(
    "select count(*)::int as count from echo_unified_interactions where learning_state = 'LEARNED'",
  );
  return row?.count ?? 0;
}

test('a request to learn is the one that waits', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => seen.request('zoe')));
  expect(new Set(made.map(({ taskId }) => taskId)).size).toBe(1);
  expect((await seen.request('yan')).taskId).not.toBe(made[0]?.taskId);
});

test(
  'two servers that learn at once, and are killed on the way, learn from each turn once',
  async () => {
    for (const user of USERS)
      await app.record(
        'talk',
        // Each says one thing of its own, and each third one says what the one before it said.
        Array.from({ length: TURNS }, (_, turn) => `I like number${turn - (turn % 3 === 2 ? 1 : 0)}.`),
        user,
      );
    for (const user of USERS) await seen.request(user);
    for (let kills = 1; kills <= 4; kills++) {
      const both = [
        await workers.start(app.databaseUrl, { place: 0 }),
        await workers.start(app.databaseUrl, { place: 1 }),
      ];
      // In their middle: some turns are learned from, and others are taken.
      await expect
        .poll(async () => (await learnedCount()) >= kills * 40, { timeout: 60_000, interval: 5 })
        .toBe(true);
      for (const worker of both) await workers.kill(worker);
    }
    await workers.start(app.databaseUrl);
    const all = USERS.length * TURNS;
    await expect.poll(learnedCount, { timeout: 120_000, interval: 200 }).toBe(all);
    await expect
      .poll(() => app.sql("select from autonomous_tasks where status in ('PENDING', 'RUNNING')"), {
        timeout: 60_000,
        interval: 200,
      })
      .toEqual([]);
    for (const user of USERS) {
      const runs = await seen.runs(user);
      const sum = (name: string) => runs.reduce((total, run) => total + run[name], 0);
      expect([sum('turnsSeen'), sum('added'), sum('merged'), sum('refused')]).toEqual([TURNS, 80, 40, 0]);
      expect(await seen.status(user)).toMatchObject({ turnsWaiting: 0 });
    }
    const [kept] = await app.sql(
      `select (select count(*)::int from echo_learned_facts where status = 'ACTIVE') as facts,
         (select count(*)::int from echo_fact_sources) as sources,
         (select count(distinct turn_id)::int from echo_fact_sources) as turns,
         (select count(*)::int from echo_fact_changes where kind = 'ADDED') as added,
         (select count(*)::int from echo_fact_changes where kind = 'MERGED') as merged`,
    );
    expect(kept).toEqual({ facts: 80 * 3, sources: all, turns: all, added: 80 * 3, merged: 40 * 3 });
  },
  LONG_MS,
);
