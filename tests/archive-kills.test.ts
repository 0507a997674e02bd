import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { runTask, untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

const TURNS = 6_000;
const USER = 'ann';
/** Leases of killed workers run out before others take over. */
const LONG_MS = 300_000;

/** The front door; it runs no tasks itself. */
let app: TestApp;
let workers: WorkerProcesses;
beforeAll(async () => {
  app = await startTestApp({ env: { TASK_WORKERS: '0' } });
  workers = await workerProcesses();
  const turns = Array.from({ length: TURNS }, (_, index) => ({
    ...{ query: `turn number ${index}`, timestamp: '2023-03-01T10:00:00Z', idempotencyKey: `key ${index}` },
  }));
  await app.record('long ago', turns, USER);
  await app.sql('update only echo_unified_interactions set created_at = timestamp');
}, LONG_MS);
afterEach(() => workers.killAll());
afterAll(async () => {
  await workers.end();
  await app.close();
});

async function countIn(table: string): Promise<number> {
  const [row] = await app.sql<{ count: number }>(`select count(*)::int as count from ${table}`);
  return row?.count ?? 0;
}

/** Each turn is there once, in one of the two tables, and the chain is whole. */
async function expectAllOnce(): Promise<void> {
  const [row] = await app.sql(
    `select count(*)::int as turns, count(distinct turn_id)::int as ids, count(distinct sequence)::int as places
     from echo_unified_interactions`,
  );
  expect(row).toEqual({ turns: TURNS, ids: TURNS, places: TURNS });
  const { data } = await app.graphql(
    '{ verifyConversation(conversationId: "long ago") { turns problems { kind } } }',
    {},
    USER,
  );
  expect(data.verifyConversation).toEqual({ turns: TURNS, problems: [] });
}

test.each([
  ['archive_interactions', { olderThanMonths: 6 }, 'echo_unified_interactions_archive'],
  ['restore_archived', { conversationId: 'long ago' }, 'only echo_unified_interactions'],
])(
  'kills in the middle of %s lose and double nothing',
  async (type, payload, target) => {
    const { taskId } = await runTask(app, { type, payload }, USER);
    let reached = 0;
    for (let kills = 0; kills < 2; kills++) {
      const worker = await workers.start(app.databaseUrl);
      await expect.poll(() => countIn(target), { timeout: 120_000, interval: 2 }).toBeGreaterThan(reached);
      await workers.kill(worker);
      reached = await countIn(target);
      expect(reached).toBeLessThan(TURNS);
      await expectAllOnce();
    }
    await workers.start(app.databaseUrl);
    const done = await untilTask(app, taskId, 'COMPLETED', USER, 120_000);
    expect(done.result).toMatchObject({ turns: TURNS });
    // One more where a worker was so slow that its lease ran out.
    expect(done.attempts.length).toBeGreaterThanOrEqual(3);
    expect(await countIn(target)).toBe(TURNS);
    await expectAllOnce();
    // Neither is news to the index of words.
    expect(await app.sql('select from echo_index_removals')).toEqual([]);
  },
  LONG_MS,
);
