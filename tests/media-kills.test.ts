import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { expectWhole, files, insights, mediaFolder, picture, taskAt } from './support/media-folders.ts';
import { untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

const PICTURES = 50;
/** Every tenth is there twice. */
const COPIES = PICTURES / 10;
const KILLS = 4;
const LONG_MS = 600_000;

/** The front door; it runs no tasks itself. */
let app: TestApp;
let root: string;
let removeRoot: () => Promise<void>;
let workers: WorkerProcesses;
beforeAll(async () => {
  const folder = await mediaFolder();
  [root, removeRoot] = [folder.path, folder.remove];
  app = await startTestApp({ env: { TASK_WORKERS: '0', MEDIA_ROOTS: root } });
  workers = await workerProcesses(2);
  for (let number = 0; number < PICTURES; number++) {
    const bytes = await picture(number);
    await writeFile(join(root, `${number}.jpg`), bytes);
    if (number % 10 === 0) await writeFile(join(root, `${number}-copy.jpg`), bytes);
  }
}, LONG_MS);
afterEach(() => workers.killAll());
afterAll(async () => {
  await workers.end();
  await app.close();
  await removeRoot();
});

const startWorker = (place: number) => workers.start(app.databaseUrl, { place, args: ['--media', root] });
const rowCount = async () => (await files(app)).length;

/** Each picture has one insight, each file one row. */
async function expectAllOnce(): Promise<void> {
  const known = await files(app);
  expect(known.map(({ state }) => state)).toEqual(Array(PICTURES + COPIES).fill('PRESENT'));
  const found = await insights(app);
  expect(found).toHaveLength(PICTURES);
  expect(new Set(known.map(({ hash }) => hash))).toEqual(new Set(found.map(({ hash }) => hash)));
}

test(
  'kills in the middle of indexing lose and double nothing',
  async () => {
    const task = await taskAt(app, root);
    for (let kills = 0; kills < KILLS; kills++) {
      const reached = await rowCount();
      const worker = await startWorker(0);
      // Each time a little further in: between two files, and within one.
      await expect.poll(rowCount, { timeout: 120_000, interval: 5 }).toBeGreaterThan(reached + kills);
      await workers.kill(worker);
      expect(await rowCount()).toBeLessThan(PICTURES + COPIES);
      const doubled = await app.sql(
        'select file_hash from echo_media_insights group by 1 having count(*) > 1',
      );
      expect(doubled).toEqual([]);
    }
    await startWorker(0);
    const done = await untilTask(app, task.taskId, 'COMPLETED', undefined, 240_000);
    expectWhole(done.result);
    // What earlier attempts have stored counts as what it was then.
    expect(done.result).toMatchObject({
      seen: PICTURES + COPIES,
      new: PICTURES,
      duplicates: COPIES,
      unchanged: 0,
    });
    expect(done.result.bytesRead).toBeLessThan(done.result.bytes * 2);
    await expectAllOnce();
  },
  LONG_MS,
);

test(
  'two servers at one folder, for one user, store each file once',
  async () => {
    await app.sql('truncate echo_media_files, echo_media_insights, echo_media_pairs');
    await startWorker(0);
    await startWorker(1);
    const paths = [root, ...['0.jpg', '1.jpg', '2.jpg', '0-copy.jpg'].map((name) => join(root, name))];
    const tasks = await Promise.all(paths.map((path) => taskAt(app, path)));
    for (const task of tasks)
      expectWhole((await untilTask(app, task.taskId, 'COMPLETED', undefined, 240_000)).result);
    await expectAllOnce();
  },
  LONG_MS,
);
