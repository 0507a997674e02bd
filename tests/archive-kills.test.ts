import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { runTask, untilTask } from './support/tasks.ts';

const SERVER = fileURLToPath(new URL('./support/task-server.ts', import.meta.url));
const TURNS = 6_000;
const USER = 'ann';
/** Leases of killed workers run out before others take over. */
const LONG_MS = 300_000;

/** The front door; it runs no tasks itself. */
let app: TestApp;
let directory: string;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  app = await startTestApp({ env: { TASK_WORKERS: '0' } });
  directory = await mkdtemp(join(tmpdir(), 'echo-worker-'));
  const turns = Array.from({ length: TURNS }, (_, index) => ({
    ...{ query: `turn number ${index}`, timestamp: '2023-03-01T10:00:00Z', idempotencyKey: `key ${index}` },
  }));
  await app.record('long ago', turns, USER);
  await app.sql('update only echo_unified_interactions set created_at = timestamp');
}, LONG_MS);
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

/** Starts a server that runs tasks. @returns once it listens */
async function startWorker(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [SERVER, '--directory', directory, '--database', app.databaseUrl], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the worker ended (${code})`)));
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

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
      const worker = await startWorker();
      await expect.poll(() => countIn(target), { timeout: 120_000, interval: 2 }).toBeGreaterThan(reached);
      await kill(worker);
      reached = await countIn(target);
      expect(reached).toBeLessThan(TURNS);
      await expectAllOnce();
    }
    await startWorker();
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
