import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startComfyUi } from './support/comfyui-server.ts';
import { ffmpegDouble } from './support/ffmpeg-double.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { picture } from './support/media-folders.ts';
import { task, untilTask } from './support/tasks.ts';
import { type WorkerProcesses, workerProcesses } from './support/worker-processes.ts';

/** The front door; it runs no tasks itself. */
let app: TestApp;
let comfy: Awaited<ReturnType<typeof startComfyUi>>;
let ffmpeg: Awaited<ReturnType<typeof ffmpegDouble>>;
let workers: WorkerProcesses;
const pictures: Buffer[] = [];

beforeAll(async () => {
  for (const number of [1, 2]) pictures.push(await picture(number, 'png'));
  const next = [...pictures];
  comfy = await startComfyUi(() => ({ kind: 'picture', bytes: next.shift() ?? Buffer.alloc(0) }));
  ffmpeg = await ffmpegDouble();
  app = await startTestApp({
    env: { COMFYUI_URL: comfy.url, FFMPEG_PATH: ffmpeg.path, TASK_WORKERS: '0' },
  });
  workers = await workerProcesses();
});
afterAll(async () => {
  await workers.end();
  await app.close();
  await comfy.close();
});

const startWorker = () =>
  workers.start(app.databaseUrl, {
    args: ['--comfyui', comfy.url, '--media', app.directory, '--ffmpeg', ffmpeg.path],
  });

async function say(query: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await app.graphql(`mutation ${query}`, variables);
  const [answer] = Object.values<Record<string, unknown>>(data ?? {});
  if (errors || !answer || 'message' in answer) throw new Error(JSON.stringify(errors ?? answer));
  // biome-ignore lint/suspicious/noExplicitAny: results have the shape that each mutation gives
  return answer as any;
}
const TASK = '... on CreateTaskSuccess { task { taskId } } ... on Error { message }';

test('a server that is killed while it makes a video loses no part, and the next one makes one video', async () => {
  const first = await startWorker();
  const { project } = await say(
    '{ createProject(input: { name: "Killed", width: 64, height: 64 }) { ... on ProjectSuccess { project { projectId } } ... on Error { message } } }',
  );
  const { projectId: id } = project;
  for (const prompt of ['one', 'two']) {
    const { segment } = await say(
      '($id: ID!, $prompt: String!) { addSegment(input: { projectId: $id, prompt: $prompt, durationSeconds: 0.5 }) { ... on ProjectSegmentSuccess { segment { segmentId } } ... on Error { message } } }',
      { id, prompt },
    );
    const drawing = await say(
      `($id: ID!) { drawSegment(input: { segmentId: $id, workflow: "blank" }) { ${TASK} } }`,
      { id: segment.segmentId },
    );
    await untilTask(app, drawing.task.taskId, 'COMPLETED', undefined, 60_000);
  }
  await ffmpeg.behave('hangs');
  const { taskId } = (await say(`($id: ID!) { assembleVideo(projectId: $id) { ${TASK} } }`, { id })).task;
  await expect.poll(async () => (await task(app, taskId)).progress?.note).toMatch(/^segment 1 of 2: \d+ %$/);
  await workers.kill(first);
  // The program does not end with a server that is killed; nobody takes what it writes for a part.
  const pids = (await readFile(ffmpeg.pids, 'utf8')).trim().split('\n').map(Number);
  await ffmpeg.behave('works');
  await startWorker();
  const done = await untilTask(app, taskId, 'COMPLETED', undefined, 60_000);
  for (const pid of pids) endIfThere(pid);
  expect(done.attempts.length).toBeGreaterThan(1);
  // Not that of what indexed the video, which came last.
  expect(done.progress).toEqual({ done: 3, total: 3, note: 'the video is kept' });
  const { data } = await app.graphql(
    'query ($id: ID!) { project(projectId: $id) { assemblies { nodes { taskId status fileHash error } } } }',
    { id },
  );
  expect(data.project.assemblies.nodes).toEqual([
    { taskId, status: 'COMPLETED', fileHash: done.result.fileHash, error: null },
  ]);
  const { data: seen } = await app.graphql(
    'query ($hash: String!) { mediaInsight(fileHash: $hash) { state mediaType } }',
    { hash: done.result.fileHash },
  );
  expect(seen.mediaInsight).toEqual({ state: 'PRESENT', mediaType: 'video/mp4' });
});

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
