import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Course, startComfyUi } from './support/comfyui-server.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { hashOf, picture } from './support/media-folders.ts';
import { task, untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

/** The front door; it runs no tasks itself. */
let app: TestApp;
let comfy: Awaited<ReturnType<typeof startComfyUi>>;
let workers: WorkerProcesses;
/** What becomes of the runs of each size, in their order; then a picture. */
const courses = new Map<number, Course[]>();
let usual: Buffer;

beforeAll(async () => {
  usual = await picture(2, 'png');
  comfy = await startComfyUi(
    ({ empty }) => courses.get(empty.inputs.width)?.shift() ?? { kind: 'picture', bytes: usual },
  );
  app = await startTestApp({ seed: true, env: { COMFYUI_URL: comfy.url, TASK_WORKERS: '0' } });
  workers = await workerProcesses();
});
afterAll(async () => {
  await workers.end();
  await app.close();
  await comfy.close();
});

const startWorker = () => workers.start(app.databaseUrl, { args: ['--comfyui', comfy.url] });

async function ask(width: number, course: Course[]): Promise<string> {
  courses.set(width, course);
  const { data } = await app.graphql(
    `mutation ($width: Int) { generateImage(input: { character: "Rina", prompt: "a lamp", workflow: "blank", width: $width }) {
      ... on CreateTaskSuccess { task { taskId } } } }`,
    { width },
  );
  return data.generateImage.task.taskId;
}
const drawing = (taskId: string) => expect.poll(async () => (await task(app, taskId)).progress?.done).toBe(3);
const runsOf = (width: number) => comfy.prompts.filter(({ empty }) => empty.inputs.width === width).length;

test('a server that is killed in the middle of drawings loses none, and doubles none; a run that stalls is begun again', async () => {
  const [over, still] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  // One comes to its end while nobody listens, one goes on, one ComfyUI has lost, one is said to run and never tells.
  const ended = await ask(64, [{ kind: 'picture', bytes: usual, until: over.promise }]);
  const goesOn = await ask(72, [{ kind: 'picture', bytes: usual, until: still.promise }]);
  const lost = await ask(80, [{ kind: 'endless' }]);
  const stalled = await ask(88, [{ kind: 'endless' }]);
  const all = [ended, goesOn, lost, stalled];
  const first = await startWorker();
  for (const each of all) await drawing(each);
  await workers.kill(first);
  over.resolve();
  comfy.forget(80);
  await startWorker();
  await untilTask(app, ended, 'COMPLETED', undefined, 60_000);
  still.resolve();
  for (const each of all) await untilTask(app, each, 'COMPLETED', undefined, 60_000);

  const attempts = async (taskId: string) =>
    (await task(app, taskId)).attempts.map(({ error }: { error: string | null }) => error);
  const killed = expect.stringMatching(/not heard of again|its server/);
  expect(await attempts(ended)).toEqual([killed, null]);
  expect(await attempts(goesOn)).toEqual([killed, null]);
  expect(await attempts(stalled)).toEqual([
    killed,
    expect.stringMatching(/^RUN_STALLED: nothing was heard of the run for 5 s/),
    null,
  ]);
  // Who goes on begins no second run; who stalled was interrupted.
  expect([64, 72, 80, 88].map(runsOf)).toEqual([1, 1, 2, 2]);
  expect(comfy.interrupted).toHaveLength(1);
  const { data } = await app.graphql(
    '{ character(name: "Rina") { generationCount } generations { nodes { taskId files error } } }',
  );
  expect(data.character.generationCount).toBe(all.length);
  expect(data.generations.nodes).toEqual(
    all.toReversed().map((taskId) => ({ taskId, files: [hashOf(usual)], error: null })),
  );
}, 180_000);
