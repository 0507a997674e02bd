import { randomUUID } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateImage } from '../src/domains/generations/generations.ts';
import { weightedMean } from '../src/domains/generations/rating.ts';
import { shrunkMean } from '../src/domains/generations/style.ts';
import { filledIn } from '../src/domains/generations/workflows.ts';
import { type Course, startComfyUi } from './support/comfyui-server.ts';
import { VIDEO } from './support/ffmpeg-double.ts';
import { temporaryFolder } from './support/folders.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { hashOf, picture } from './support/media-folders.ts';
import { task, untilTask } from './support/tasks.ts';

let app: TestApp;
let comfy: Awaited<ReturnType<typeof startComfyUi>>;
let next: Course[] = [];
let usual: Buffer;

beforeAll(async () => {
  usual = await picture(1, 'png');
  comfy = await startComfyUi(() => next.shift() ?? { kind: 'picture', bytes: usual });
  const workflows = temporaryFolder('workflows');
  await writeFile(
    join(workflows, 'house.json'),
    '{"1":{"class_type":"SaveImage","inputs":{"filename_prefix":"%width%x%height% %date:yyyy%","seed":"%seed%"}}}',
  );
  await writeFile(join(workflows, 'strange.json'), '{"1":{"class_type":"NoSuchNode","inputs":{}}}');
  await writeFile(join(workflows, 'drawn-by-hand.json'), '{"nodes":[],"links":[]}');
  app = await startTestApp({ env: { COMFYUI_URL: comfy.url, COMFYUI_WORKFLOWS: workflows } });
  await app.graphql(
    `mutation { upsertCharacter(input: { characterName: "Vesna Holt", hairColor: "silver", hairStyle: "braided",
      eyeColor: "green", artStyle: "ink wash", styleElements: ["rain"], generationPrompts: "portrait" }) { __typename } }`,
  );
});
afterAll(async () => {
  await app.close();
  await comfy.close();
});

/** Paths of all pictures and videos that the server keeps. */
const keptFiles = async () =>
  (await readdir(join(app.directory, 'media'), { recursive: true }))
    .filter((path) => /generated\/./.test(path))
    .sort();
const ask = async (input: Record<string, unknown>, user?: string) =>
  (
    await app.graphql(
      `mutation ($input: GenerateImageInput!) { generateImage(input: $input) {
        ... on CreateTaskSuccess { task { taskId status type } } ... on Error { code message } } }`,
      { input },
      user,
    )
  ).data.generateImage;
const drawnBy = async (taskId: string, user?: string) =>
  (
    await app.graphql(
      `query ($taskId: ID) { generations(filter: { taskId: $taskId }) { nodes { generationId characterName asked prompt
        negativePrompt workflow seed width height files error startedAt completedAt rating { identity comment } } } }`,
      { taskId },
      user,
    )
  ).data.generations.nodes[0];
const rate = async (input: Record<string, unknown>, user?: string) =>
  (
    await app.graphql(
      `mutation ($input: RateGenerationInput!) { rateGeneration(input: $input) {
        ... on RateGenerationSuccess { generation { rating { identity style quality comment } } }
        ... on Error { code message } } }`,
      { input },
      user,
    )
  ).data.rateGeneration;

test('a picture is drawn with how the character looks, kept, indexed, counted and rated', async () => {
  const until = Promise.withResolvers<void>();
  next = [{ kind: 'picture', bytes: usual, until: until.promise }];
  const asked = { character: 'vesna holt', prompt: 'by the sea', seed: 7, width: 512, height: 640 };
  const made = await ask(asked);
  expect(made.task).toMatchObject({ type: 'generate_image' });
  const { taskId } = made.task;
  await expect
    .poll(async () => (await task(app, taskId)).progress)
    .toMatchObject({ done: 3, total: 28, note: 'CheckpointLoaderSimple' });
  until.resolve();
  const hash = hashOf(usual);
  const done = await untilTask(app, taskId, 'COMPLETED');
  expect(done.result).toMatchObject({ files: [hash] });
  const prompt = 'by the sea, portrait, braided silver hair, green eyes, ink wash, rain';
  const entry = await drawnBy(taskId);
  expect(entry).toMatchObject({
    ...{ characterName: 'Vesna Holt', asked: 'by the sea', prompt, workflow: 'txt2img', seed: 7 },
    ...{ width: 512, height: 640, files: [hash], error: null, completedAt: expect.any(String), rating: null },
  });
  const graph = comfy.prompts.at(-1);
  expect(graph.positive.inputs.text).toBe(prompt);
  expect(graph.model.inputs.ckpt_name).toBe('tiny.safetensors');
  expect(graph.sampler.inputs.seed).toBe(7);
  expect(graph.empty.inputs).toMatchObject({ width: 512, height: 640 });
  expect(new Set(comfy.origins)).toEqual(new Set([undefined]));

  const seen = await app.graphql(
    `query ($hash: String!) { mediaInsight(fileHash: $hash) { state width filePath }
      character(name: "Vesna Holt") { generationCount lastGenerated generations { nodes { files } } } }`,
    { hash },
  );
  expect(seen.data.mediaInsight).toMatchObject({ state: 'PRESENT', width: 72 });
  expect(await readdir(join(seen.data.mediaInsight.filePath, '..'))).toEqual([`${hash}.png`]);
  expect(seen.data.character).toMatchObject({
    generationCount: 1,
    lastGenerated: expect.any(String),
    generations: { nodes: [{ files: [hash] }] },
  });

  const { generationId } = entry;
  expect(await rate({ generationId, identity: 1, quality: 0.5, comment: 'good' })).toEqual({
    generation: { rating: { identity: 1, style: null, quality: 0.5, comment: 'good' } },
  });
  const score = async () =>
    (await app.graphql('{ character(name: "Vesna Holt") { consistencyScore } }')).data.character;
  expect(await score()).toEqual({ consistencyScore: 0.75 });
  // The last word counts.
  await rate({ generationId, identity: 0.2 });
  expect(await score()).toEqual({ consistencyScore: 0.2 });
  expect(await rate({ generationId })).toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await rate({ generationId, style: 1.1 })).toMatchObject({ code: 'BAD_USER_INPUT' });
  expect(await rate({ generationId, style: 1 }, 'eve')).toMatchObject({ code: 'NOT_FOUND' });
  expect(await drawnBy(taskId, 'eve')).toBeUndefined();
});

test('what was rated well is known with its doubt, and used when that is asked for', async () => {
  await app.graphql(
    `mutation { upsertCharacter(input: { characterName: "Odo", artStyle: "Ink  wash", visualStyle: "noir",
      styleElements: ["rain", "grain"] }) { __typename } }`,
  );
  const draw = async (input: Record<string, unknown>, user?: string) => {
    const { task: made } = await ask(
      { character: 'Odo', prompt: 'a door', workflow: 'blank', ...input },
      user,
    );
    await untilTask(app, made.taskId, 'COMPLETED', user);
    const { data } = await app.graphql(
      `query ($taskId: ID) { generations(filter: { taskId: $taskId }) { nodes { generationId prompt seed workflow width height
        elements learned { added leftOut seed workflow size } } } }`,
      { taskId: made.taskId },
      user,
    );
    return data.generations.nodes[0];
  };
  const insights = async (user?: string) =>
    (
      await app.graphql(
        `{ character(name: "Odo") { styleInsights { elements { value ratings mean score } seeds { value score }
          workflows { value score } sizes { value ratings } } } }`,
        {},
        user,
      )
    ).data.character.styleInsights;
  const nothing = { elements: [], seeds: [], workflows: [], sizes: [] };
  expect(await insights()).toEqual(nothing);
  const first = await draw({ seed: 11, width: 512, height: 640 });
  expect(first).toMatchObject({ elements: ['noir', 'Ink wash', 'rain', 'grain'], learned: null });
  // The last word counts, and counts once.
  await rate({ generationId: first.generationId, identity: 0.1, quality: 0.2, style: 0.3 });
  for (let again = 0; again < 3; again++) await rate({ generationId: first.generationId, style: 1 });
  const [element] = (await insights()).elements;
  expect(element).toEqual({ value: 'grain', ratings: 1, mean: 1, score: 0.625 });
  // One rating decides nothing.
  expect(await draw({ useStyle: true })).toMatchObject({
    learned: { added: [], leftOut: [], seed: null, size: null },
  });
  const second = await draw({ seed: 11, width: 512, height: 640 });
  await rate({ generationId: second.generationId, quality: 1 });
  await app.graphql(
    `mutation { upsertCharacter(input: { characterName: "Odo", visualStyle: "", styleElements: ["mud", "rain"] }) { __typename } }`,
  );
  const bad = await Promise.all([21, 22, 23].map((seed) => draw({ seed, prompt: 'mud' })));
  for (const { generationId } of bad) await rate({ generationId, quality: 0 });
  const known = await insights();
  // "mud" was asked for, so it stood in the prompt as no element; the others did badly three times.
  expect(
    known.elements.map(({ value, ratings }: { value: string; ratings: number }) => [value, ratings]),
  ).toEqual([
    ['grain', 2],
    ['noir', 2],
    ['ink wash', 5],
    ['rain', 5],
  ]);
  expect(known.seeds[0]).toEqual({ value: '11', score: 0.7 });
  expect(known.sizes[0]).toEqual({ value: '512x640', ratings: 2 });
  expect(known.elements[2].score).toBeCloseTo(3.5 / 8);
  const styled = await draw({ useStyle: true, prompt: 'a hill' });
  expect(styled).toMatchObject({
    ...{ seed: 11, width: 512, height: 640, prompt: 'a hill, grain, noir, Ink wash, mud, rain' },
    learned: { added: ['grain', 'noir'], leftOut: [], seed: 11, workflow: null, size: '512x640' },
  });
  const more = await Promise.all([31, 32].map((seed) => draw({ prompt: 'a dale', seed })));
  for (const { generationId } of more) await rate({ generationId, quality: 0 });
  const clean = await draw({ useStyle: true, prompt: 'a dale', seed: 5, width: 64 });
  expect(clean).toMatchObject({
    seed: 5,
    width: 64,
    height: 768,
    learned: { leftOut: ['ink wash', 'mud', 'rain'], size: null },
  });
  expect(clean.prompt).toBe('a dale, grain, noir');
  // Each goes by their own ratings.
  expect(await insights('eve')).toEqual(nothing);
  expect((await draw({ useStyle: true, prompt: 'a hill' }, 'eve')).learned).toMatchObject({
    added: [],
    seed: null,
  });
  expect(await ask({ prompt: 'x', useStyle: true })).toMatchObject({
    message: expect.stringMatching(/^useStyle/),
  });
});

test('few ratings are drawn towards the middle', () => {
  expect([
    shrunkMean(0, 0),
    shrunkMean(1, 1),
    shrunkMean(2, 2),
    shrunkMean(10, 10),
    shrunkMean(0, 2),
  ]).toEqual([0.5, 0.625, 0.7, 11.5 / 13, 0.3]);
});

test('who cancels interrupts the run', async () => {
  next = [{ kind: 'endless' }];
  const { taskId } = (await ask({ prompt: 'for ever', workflow: 'blank' })).task;
  await expect.poll(async () => (await task(app, taskId)).progress?.done).toBe(3);
  await app.graphql(`mutation ($id: ID!) { cancelTask(taskId: $id) { __typename } }`, { id: taskId });
  await untilTask(app, taskId, 'CANCELLED');
  await expect.poll(async () => (await drawnBy(taskId)).error).toMatch(/^CANCELLED/);
  expect(comfy.interrupted).toHaveLength(1);
});

test('what helps is tried again, and each failure has a name', async () => {
  next = [{ kind: 'error', message: 'out of memory' }, { kind: 'nothing' }];
  const { taskId } = (await ask({ prompt: 'a fox', workflow: 'blank' })).task;
  const done = await untilTask(app, taskId, 'COMPLETED', undefined, 60_000);
  expect(done.attempts.map(({ error }: { error: string | null }) => error)).toEqual([
    'RUN_FAILED: torch.OutOfMemoryError in the node KSampler: out of memory',
    expect.stringMatching(/^PICTURE_MISSING/),
    null,
  ]);
  const refused = await ask({ prompt: 'a fox', workflow: 'strange' });
  const failed = await untilTask(app, refused.task.taskId, 'FAILED');
  expect(failed.error).toContain("WORKFLOW_REFUSED: missing_node_type, Node 'NoSuchNode' not found");
  expect(failed.attempts).toHaveLength(1);
});

test('what is only partly drawn, or is no picture, is none', async () => {
  next = [{ kind: 'partly refused' }];
  const refused = await ask({ prompt: 'a wren', workflow: 'blank' });
  const failed = await untilTask(app, refused.task.taskId, 'FAILED');
  expect(failed.error).toMatch(/^WORKFLOW_REFUSED: .*value_not_in_list/);
  const { generationId, files, completedAt } = await drawnBy(refused.task.taskId);
  expect({ files, completedAt }).toEqual({ files: [], completedAt: null });
  expect(await rate({ generationId, quality: 1 })).toEqual({
    code: 'BAD_USER_INPUT',
    message: 'generationId: there is no picture of it that could be rated',
  });
  next = [
    { kind: 'picture', bytes: Buffer.alloc(0) },
    { kind: 'picture', bytes: Buffer.from('<html>not found</html>') },
  ];
  const { taskId } = (await ask({ prompt: 'a wren', workflow: 'blank' })).task;
  const done = await untilTask(app, taskId, 'COMPLETED', undefined, 60_000);
  expect(done.attempts.map(({ error }: { error: string | null }) => error)).toEqual([
    'PICTURE_MISSING: the picture is empty',
    expect.stringMatching(/^PICTURE_MISSING: what ComfyUI gave is no picture and no video/),
    null,
  ]);
});

test.each(['images', 'gifs', 'video'] as const)(
  'a video that a workflow saves among its %s is kept like a picture',
  async (among) => {
    // Another one each time: what is there already is not read anew.
    const bytes = Buffer.concat([
      VIDEO,
      Buffer.from([0, 0, 0, 12]),
      Buffer.from(`free${among.padEnd(4).slice(0, 4)}`),
    ]);
    next = [{ kind: 'picture', bytes, among }];
    const { taskId } = (await ask({ prompt: 'a wren takes off', workflow: 'blank' })).task;
    const hash = hashOf(bytes);
    expect((await untilTask(app, taskId, 'COMPLETED')).result).toMatchObject({ files: [hash] });
    const { data } = await app.graphql(
      'query ($hash: String!) { mediaInsight(fileHash: $hash) { state mediaType width durationSeconds filePath } }',
      { hash },
    );
    expect(data.mediaInsight).toEqual({
      ...{ state: 'PRESENT', mediaType: 'video/mp4', width: 64, durationSeconds: 1 },
      filePath: expect.stringMatching(/\.mp4$/),
    });
  },
);

test('of somebody who is erased while a picture of theirs comes, no file stays', async () => {
  const until = Promise.withResolvers<void>();
  next = [{ kind: 'picture', bytes: usual, until: until.promise }];
  const { taskId } = (await ask({ prompt: 'a last picture', workflow: 'blank' }, 'gone')).task;
  await expect.poll(async () => (await task(app, taskId, 'gone')).progress?.done).toBe(3);
  const { data, errors } = await app.graphql(
    'mutation { eraseUser(userId: "gone", confirm: "gone") { __typename ... on Error { message } } }',
    {},
    'gone',
  );
  expect([errors, data?.eraseUser.message]).toEqual([undefined, undefined]);
  const before = await keptFiles();
  until.resolve();
  await expect.poll(() => app.app.services.tasks.state.running).toBe(0);
  expect(await keptFiles()).toEqual(before);
});

test('a picture that comes while an erasure is at other tables is not stored', async () => {
  const until = Promise.withResolvers<void>();
  next = [{ kind: 'picture', bytes: await picture(77, 'png'), until: until.promise }];
  const { taskId } = (await ask({ prompt: 'a very last picture', workflow: 'blank' }, 'leaving')).task;
  await expect.poll(async () => (await task(app, taskId, 'leaving')).progress?.done).toBe(3);
  // The erasure waits here: behind the media, and ahead of the tasks.
  const holder = new pg.Client({ connectionString: app.databaseUrl });
  await holder.connect();
  await holder.query('begin; lock table autonomous_goals in share mode');
  const before = await keptFiles();
  const erased = app.graphql(
    'mutation { eraseUser(userId: "leaving", confirm: "leaving") { ... on EraseUserSuccess { receipt } ... on Error { message } } }',
    {},
    'leaving',
  );
  await expect
    .poll(() => app.sql("select from pg_locks where not granted and relation = 'autonomous_goals'::regclass"))
    .toHaveLength(1);
  until.resolve();
  await expect.poll(() => app.app.services.tasks.state.running).toBe(0);
  await holder.end();
  expect((await erased).data.eraseUser.receipt.left).toMatchObject({ media: 0 });
  expect(await app.sql("select from echo_media_insights where user_id = 'leaving'")).toEqual([]);
  expect(await keptFiles()).toEqual(before);
});

test('a drawn picture that is forgotten leaves no file', async () => {
  const before = await keptFiles();
  const bytes = await picture(78, 'png');
  next = [{ kind: 'picture', bytes }];
  const { taskId } = (await ask({ prompt: 'a picture to forget', workflow: 'blank' })).task;
  await untilTask(app, taskId, 'COMPLETED');
  const hash = hashOf(bytes);
  expect((await keptFiles()).filter((path) => path.endsWith(`${hash}.png`))).toHaveLength(1);
  const { data } = await app.graphql(`mutation { forgetMedia(fileHash: "${hash}") { __typename } }`);
  expect(data.forgetMedia.__typename).toBe('MediaSuccess');
  expect(await keptFiles()).toEqual(before);
});

test('a run that was interrupted or lost at ComfyUI is begun again', async () => {
  next = [{ kind: 'interrupted' }, { kind: 'lost' }];
  const before = comfy.prompts.length;
  const { taskId } = (await ask({ prompt: 'a heron', workflow: 'blank' })).task;
  const done = await untilTask(app, taskId, 'COMPLETED', undefined, 60_000);
  expect(done.attempts.map(({ error }: { error: string | null }) => error)).toEqual([
    expect.stringMatching(/^RUN_INTERRUPTED: somebody interrupted/),
    expect.stringMatching(/^RUN_LOST: ComfyUI does not know the run any more/),
    null,
  ]);
  expect(comfy.prompts).toHaveLength(before + 3);
  expect((await drawnBy(taskId)).error).toBeNull();
});

test('a run that goes on while nobody answers is gone on with, not begun again', async () => {
  const until = Promise.withResolvers<void>();
  next = [{ kind: 'picture', bytes: usual, until: until.promise }];
  const before = comfy.prompts.length;
  const { taskId } = (await ask({ prompt: 'an owl', workflow: 'house', seed: 5 })).task;
  await expect.poll(async () => (await task(app, taskId)).progress?.done).toBe(3);
  comfy.setAway(true);
  await expect
    .poll(async () => (await drawnBy(taskId)).error)
    .toMatch(/^COMFYUI_AWAY: ComfyUI could not be reached/);
  comfy.setAway(false);
  until.resolve();
  await untilTask(app, taskId, 'COMPLETED', undefined, 60_000);
  expect(comfy.prompts).toHaveLength(before + 1);
  expect(comfy.prompts.at(-1)).toEqual({
    1: { class_type: 'SaveImage', inputs: { filename_prefix: '768x768 %date:yyyy%', seed: 5 } },
  });
});

test('bad input is named, and nothing is made of it', async () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ prompt: '' }, /^prompt: /],
    [{ prompt: 'x', width: 100 }, /^width: must be a multiple of 8/],
    [{ prompt: 'x', height: 5_000 }, /^height: must be at most 4096/],
    [{ prompt: 'x', seed: 0.5 }, /^seed: must be a whole number/],
    [
      { prompt: 'x', workflow: 'none' },
      /^workflow: must be one of blank, drawn-by-hand, house, strange, txt2img, txt2img_large/,
    ],
    [{ prompt: 'x', workflow: '../house' }, /^workflow: must be one of/],
    [{ prompt: 'x', workflow: 'drawn-by-hand' }, /is no graph in API format/],
  ];
  for (const [input, message] of cases)
    expect(await ask(input)).toEqual({ code: 'BAD_USER_INPUT', message: expect.stringMatching(message) });
  expect(await ask({ prompt: 'x', character: 'Nobody' })).toMatchObject({ code: 'NOT_FOUND' });
  await app.graphql('mutation { upsertCharacter(input: { characterName: "Hidden Hal" }) { __typename } }');
  await app.graphql('mutation { deactivateCharacter(name: "Hidden Hal") { __typename } }');
  expect(await ask({ prompt: 'x', character: 'Hidden Hal' })).toMatchObject({ code: 'NOT_FOUND' });
});

test('a query that asks for a picture makes its task, once', async () => {
  const say = async () =>
    (
      await app.graphql(
        `mutation { processQuery(input: { query: "Generate anime of Vesna Holt on a bridge", idempotencyKey: "draw-1" }) {
          ... on ProcessQuerySuccess { interaction { intent response } } } }`,
      )
    ).data.processQuery.interaction;
  const { intent, response } = await say();
  expect(intent).toBe('anime_generation');
  const taskId = /The task is ([0-9a-f-]{36});/.exec(response)?.[1] ?? '';
  await untilTask(app, taskId, 'COMPLETED');
  expect(await drawnBy(taskId)).toMatchObject({ characterName: 'Vesna Holt' });
  expect((await say()).response).toBe(response);
});

test('a turn that is gone on with, because its server was killed before it was stored, has the picture that it had', async () => {
  const owner = { tenantId: 'default', userId: 'default' };
  const turnId = randomUUID();
  const asked = () => generateImage(app.app.services, owner, { prompt: 'a kite', workflow: 'blank' }, turnId);
  const { taskId } = await asked();
  expect((await asked()).taskId).toBe(taskId);
  await untilTask(app, taskId, 'COMPLETED');
  expect((await drawnBy(taskId)).generationId).toBe(turnId);
});

test('a rating counts half as much as one that came five later', () => {
  expect(weightedMean([1])).toBe(1);
  expect(weightedMean([0, 0, 0, 0, 0, 1])).toBeCloseTo(
    0.5 / [0, 1, 2, 3, 4, 5].reduce((sum, age) => sum + 2 ** (-age / 5), 0),
  );
});

test('what no placeholder is stays as it is', () => {
  const values = { prompt: '%seed%', negative: '', seed: 1, width: 8, height: 8, checkpoint: 'c' };
  const graph = {
    a: { class_type: 'X', inputs: { text: '100% %prompt% %batch_num%', list: ['%seed%', 0] } },
  };
  expect(filledIn(graph, values)).toEqual({
    a: { class_type: 'X', inputs: { text: '100% %seed% %batch_num%', list: [1, 0] } },
  });
});
