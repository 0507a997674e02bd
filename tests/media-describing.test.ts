import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { hashOf, index, mediaFolder, picture, writePicture } from './support/media-folders.ts';
import { streamed } from './support/openai-door.ts';
import {
  type OpenAiServer,
  type RecordedRequest,
  type Reply,
  startOpenAiServer,
} from './support/openai-server.ts';
import { runTask, untilTask } from './support/tasks.ts';

const SEEN = {
  description: 'A wooden boat at the shore\u0000',
  tags: ['Boat', 'boat', ' Harbour ', 'red'],
  categories: ['sea', 'vehicle'],
  composition: 'The mast leads the eye upwards.',
  medium: 'photo',
  style: 'warm evening light',
  confidence: 0.8,
};
const said = (value: unknown): Reply => ({
  kind: 'answer',
  deltas: [typeof value === 'string' ? value : JSON.stringify(value)],
  usage: { prompt_tokens: 900, completion_tokens: 60 },
});

let provider: OpenAiServer;
let app: TestApp;
let folder: Awaited<ReturnType<typeof mediaFolder>>;

beforeAll(async () => {
  provider = await startOpenAiServer();
  folder = await mediaFolder();
  app = await startTestApp({
    env: {
      MEDIA_ROOTS: folder.path,
      LLM_BASE_URL: provider.url,
      LLM_MODELS: 'quick=small',
      LLM_VISION_MODEL: 'eyes',
    },
  });
});
beforeEach(async () => {
  await app.sql('delete from echo_media_insights');
  await app.sql('delete from echo_media_files');
  provider.requests.length = 0;
});
afterAll(async () => {
  await app.close();
  await provider.close();
  await folder.remove();
});

const describe = async () => {
  const task = await runTask(app, { type: 'describe_media' });
  return untilTask(app, task.taskId, 'COMPLETED', undefined, 60_000);
};
const looks = () => provider.chats.filter(({ body }) => body.model === 'eyes');
const rows = () =>
  app.sql(
    `select analysis_tier as tier, analysis_method as method, analysis_confidence as confidence, analysis_problem as problem,
       model_tags as "modelTags", tags, categories, composition_notes as notes, style_preferences as style,
       visual_analysis -> 'model' as model, visual_analysis -> 'features' is not null as "hasFeatures", model_attempts as attempts
     from echo_media_insights order by file_path`,
  );

test('a model looks at each picture once, and what it says stands beside what was measured', async () => {
  await writePicture(join(folder.path, 'a.jpg'), 1);
  await index(app, folder.path);
  const [before] = await rows();
  expect(before).toMatchObject({ tier: 'FEATURES', modelTags: [], attempts: 0 });
  provider.respondWith(said(SEEN));
  expect((await describe()).result).toMatchObject({
    described: 1,
    failed: 0,
    without: 0,
    model: 'eyes',
    tokensIn: 900,
  });
  const [row] = await rows();
  expect(row).toMatchObject({
    ...{ tier: 'MODEL', method: 'eyes', problem: null, hasFeatures: true },
    modelTags: ['boat', 'harbour', 'red'],
    notes: 'The mast leads the eye upwards.',
    style: { medium: 'photo', style: 'warm evening light' },
    model: { description: 'A wooden boat at the shore\ufffd' },
  });
  expect(row?.categories).toEqual(expect.arrayContaining([...(before?.categories ?? []), 'sea', 'vehicle']));
  expect(row?.confidence).toBeCloseTo(0.8);
  const found = await app.graphql(
    '{ mediaInsights(filter: { text: "harbour boats" }) { edges { node { filePath analysis { tier method } } } } }',
  );
  expect(found.data.mediaInsights.edges).toMatchObject([
    { node: { filePath: join(folder.path, 'a.jpg'), analysis: { tier: 'MODEL', method: 'eyes' } } },
  ]);
  expect((await describe()).result).toMatchObject({ described: 0 });
  expect(looks()).toHaveLength(1);
  // The picture went along, small and as JPEG.
  const [, shown] = (looks()[0] as RecordedRequest).body.messages ?? [];
  const parts = JSON.stringify(shown?.content);
  expect(parts).toContain('data:image/jpeg;base64,/9j/');

  // Reading the file again takes nothing away.
  await app.sql('update echo_media_files set reader_version = 0');
  await app.sql('update echo_media_insights set reader_version = 0');
  await index(app, folder.path);
  expect(await rows()).toEqual([row]);
});

test.each([
  ['prose', 'It is a boat.'],
  ['another form', { ...SEEN, delete_all: true }],
  ['an unknown category', { ...SEEN, categories: ['nonsense'] }],
  ['a description that is too long', { ...SEEN, description: 'x'.repeat(1_001) }],
])('%s leaves the picture as it is, with the reason, and is not asked for for ever', async (_name, value) => {
  await writePicture(join(folder.path, 'a.jpg'), 1);
  await index(app, folder.path);
  const [before] = await rows();
  provider.respondWith(said(value));
  for (let attempt = 1; attempt <= 3; attempt++) {
    expect((await describe()).result).toMatchObject({ described: 0, failed: 1 });
    expect(await rows()).toMatchObject([
      { ...before, attempts: attempt, problem: expect.stringMatching(/eyes/) },
    ]);
  }
  expect((await describe()).result).toMatchObject({ described: 0, failed: 0 });
  expect(looks()).toHaveLength(3);
  expect(JSON.stringify(await rows())).not.toMatch(/delete_all|nonsense|xxx/);
});

test('a model that declines one picture after the other is away for none: each has had its attempt', async () => {
  for (const number of [1, 2, 3, 4]) await writePicture(join(folder.path, `${number}.jpg`), number);
  await index(app, folder.path);
  const replies = [...Array(3).fill(streamed([], 'content_filter')), said(SEEN)];
  provider.respondWith(() => replies.shift());
  expect((await describe()).result).toMatchObject({ described: 1, failed: 3 });
  const [described, ...others] = (await rows()).sort((one, other) => one.attempts - other.attempts);
  expect(described).toMatchObject({ tier: 'MODEL', attempts: 0 });
  const declined = { tier: 'FEATURES', attempts: 1, problem: expect.stringContaining('declined') };
  expect(others).toMatchObject([declined, declined, declined]);
  for (const number of [3, 4]) await rm(join(folder.path, `${number}.jpg`));
});

test('a model that is away costs no picture an attempt', async () => {
  for (const number of [1, 2]) await writePicture(join(folder.path, `${number}.jpg`), number);
  await index(app, folder.path);
  provider.respondWith({ kind: 'status', status: 503 });
  const task = await runTask(app, { type: 'describe_media', maxRetries: 0 });
  const failed = await untilTask(app, task.taskId, 'FAILED', undefined, 60_000);
  expect(failed.error).toMatch(/eyes/);
  expect(await rows()).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
});

test('pictures whose thumbnails are not here are left for the server that has them', async () => {
  const bytes = await picture(3);
  await writeFile(join(folder.path, 'c.jpg'), bytes);
  await index(app, folder.path);
  await app.sql('update echo_media_insights set file_hash = $1 where file_hash = $2', [
    '0'.repeat(64),
    hashOf(bytes),
  ]);
  provider.respondWith(said(SEEN));
  const { result } = await describe();
  expect(result).toMatchObject({ without: 1 });
  expect((await rows()).filter(({ attempts }) => attempts > 0)).toEqual([]);
});
