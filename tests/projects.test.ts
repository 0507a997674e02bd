import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePart, type VideoBounds } from '../src/media/video-maker.ts';
import { type Course, startComfyUi } from './support/comfyui-server.ts';
import { ffmpegDouble, REAL_FFMPEG } from './support/ffmpeg-double.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { picture } from './support/media-folders.ts';
import { task, untilTask } from './support/tasks.ts';

let app: TestApp;
let comfy: Awaited<ReturnType<typeof startComfyUi>>;
let ffmpeg: Awaited<ReturnType<typeof ffmpegDouble>>;
let next: Course[] = [];
let usual: Buffer;

beforeAll(async () => {
  usual = await picture(1, 'png');
  comfy = await startComfyUi(() => next.shift() ?? { kind: 'picture', bytes: usual });
  ffmpeg = await ffmpegDouble();
  app = await startTestApp({ env: { COMFYUI_URL: comfy.url, FFMPEG_PATH: ffmpeg.path } });
  for (const name of ['Vesna Holt', 'Oren Pike'])
    await app.graphql(
      `mutation ($name: String!) { upsertCharacter(input: { characterName: $name, hairColor: "silver" }) { __typename } }`,
      { name },
    );
});
afterAll(async () => {
  await app.close();
  await comfy.close();
});

const SEGMENT =
  'segmentId position prompt durationSeconds characterName status generationId taskId fileHash error';
const PROJECT = `projectId name description width height framesPerSecond durationSeconds deletedAt
  characters { characterName role } segments { ${SEGMENT} }
  decisions { nodes { decision reason } } assemblies { nodes { assemblyId taskId status segmentCount fileHash fileSize error width } }`;

/** Calls a mutation; what it gives, or its error. */
async function change(call: string, variables: Record<string, unknown> = {}, user?: string) {
  const { data, errors } = await app.graphql(
    `mutation ${declared(call, variables)} { answer: ${call} { __typename
      ${GIVEN[call.split('(')[0] ?? ''] ?? `... on ProjectSuccess { project { ${PROJECT} } }`} ... on Error { code message } } }`,
    variables,
    user,
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.answer;
}
const [SEGMENT_GIVEN, TASK_GIVEN] = [
  `... on ProjectSegmentSuccess { segment { ${SEGMENT} } }`,
  '... on CreateTaskSuccess { task { taskId type name } }',
];
/** What a mutation gives; absent: the project. */
const GIVEN: Record<string, string> = {
  ...{ addSegment: SEGMENT_GIVEN, updateSegment: SEGMENT_GIVEN },
  ...{ drawSegment: TASK_GIVEN, assembleVideo: TASK_GIVEN },
  addDecision: '... on ProjectDecisionSuccess { decision { decision reason } }',
};
const INPUTS: Record<string, string> = {
  createProject: 'ProjectInput',
  updateProject: 'ProjectChanges',
  bindCharacter: 'ProjectCharacterInput',
  addSegment: 'ProjectSegmentInput',
  updateSegment: 'ProjectSegmentChanges',
  drawSegment: 'DrawSegmentInput',
  addDecision: 'ProjectDecisionInput',
};
function declared(call: string, variables: Record<string, unknown>): string {
  const field = call.split('(')[0] ?? '';
  const types: Record<string, string> = {
    input: `${INPUTS[field]}!`,
    order: '[ID!]!',
    id: 'ID!',
    name: 'String!',
  };
  const used = Object.keys(types).filter((name) => name in variables && call.includes(`$${name}`));
  return used.length > 0 ? `(${used.map((name) => `$${name}: ${types[name]}`).join(', ')})` : '';
}

const create = async (name: string, input: Record<string, unknown> = {}) =>
  (await change('createProject(input: $input)', { input: { name, width: 128, height: 72, ...input } }))
    .project;
const add = async (projectId: string, prompt: string, more: Record<string, unknown> = {}) =>
  change('addSegment(input: $input)', { input: { projectId, prompt, durationSeconds: 0.5, ...more } });
const read = async (id: string, user?: string) =>
  (await app.graphql(`query ($id: ID!) { project(projectId: $id) { ${PROJECT} } }`, { id }, user)).data
    .project;
const draw = (segmentId: string, more: Record<string, unknown> = {}) =>
  change('drawSegment(input: $input)', { input: { segmentId, workflow: 'blank', ...more } });
const prompts = async (id: string) =>
  (await read(id)).segments.map(({ position, prompt }: { position: number; prompt: string }) => [
    position,
    prompt,
  ]);

const insightOf = async (hash: string) =>
  (
    await app.graphql(
      `query ($hash: String!) { mediaInsight(fileHash: $hash) { state mediaType width height durationSeconds filePath } }`,
      { hash },
    )
  ).data.mediaInsight;

/** A project whose segments all have a picture. */
async function drawnProject(name: string, count = 2): Promise<string> {
  const { projectId } = await create(name);
  for (let number = 1; number <= count; number++) {
    const { segment } = await add(projectId, `scene ${number}`);
    next = [{ kind: 'picture', bytes: await picture(number, 'png') }];
    await untilTask(app, (await draw(segment.segmentId)).task.taskId, 'COMPLETED');
  }
  return projectId;
}

test('a project has characters, segments in their order, and a memory of decisions', async () => {
  const { projectId } = await create('The crossing', { description: 'Two at sea' });
  await change('bindCharacter(input: $input)', {
    input: { projectId, character: 'vesna holt', role: 'captain' },
  });
  const again = { projectId, character: 'Vesna Holt', role: 'stowaway' };
  expect((await change('bindCharacter(input: $input)', { input: again })).project.characters).toEqual([
    { characterName: 'Vesna Holt', role: 'stowaway' },
  ]);
  const { segment: sea } = await add(projectId, 'the sea', { character: 'vesna holt' });
  expect(sea).toMatchObject({ position: 1, characterName: 'Vesna Holt', status: 'PLANNED', fileHash: null });
  const { segment: shore } = await add(projectId, 'the shore', { durationSeconds: 2.25 });
  const { segment: storm } = await add(projectId, 'the storm', { position: 2 });
  const sorted = [
    [1, 'the sea'],
    [2, 'the storm'],
    [3, 'the shore'],
  ];
  expect(await prompts(projectId)).toEqual(sorted);

  const reorder = (order: string[]) =>
    change('reorderSegments(projectId: $id, segmentIds: $order)', { id: projectId, order });
  const [a, b, c] = [sea.segmentId, storm.segmentId, shore.segmentId];
  expect(await reorder([c, a, a])).toMatchObject({
    code: 'BAD_USER_INPUT',
    message: `segmentIds: names "${a}" twice`,
  });
  expect(await reorder([c, a])).toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining(`"${b}" is missing`),
  });
  expect(await reorder([c, a, 'x'])).toMatchObject({ code: 'NOT_FOUND' });
  expect(await prompts(projectId)).toEqual(sorted);
  await reorder([c, a, b]);
  await change('removeSegment(segmentId: $id)', { id: a });
  expect(await prompts(projectId)).toEqual([
    [1, 'the shore'],
    [2, 'the storm'],
  ]);

  const noted = { projectId, decision: 'No dialogue', reason: 'the sea speaks' };
  await change('addDecision(input: $input)', { input: noted });
  await change('addDecision(input: $input)', { input: { projectId, decision: 'Black and white' } });
  const changed = await change('updateProject(projectId: $id, input: $input)', {
    id: projectId,
    input: { name: 'Crossing' },
  });
  expect(changed.project).toMatchObject({
    ...{
      name: 'Crossing',
      description: 'Two at sea',
      width: 128,
      framesPerSecond: 24,
      durationSeconds: 2.75,
    },
    decisions: {
      nodes: [
        { decision: 'Black and white', reason: null },
        { decision: 'No dialogue', reason: 'the sea speaks' },
      ],
    },
  });

  await change('deleteProject(projectId: $id)', { id: projectId });
  const listed = async (deleted: boolean) =>
    (await app.graphql(`{ projects(deleted: ${deleted}) { nodes { projectId } } }`)).data.projects.nodes;
  expect(await listed(false)).not.toContainEqual({ projectId });
  expect(await listed(true)).toContainEqual({ projectId });
  expect(await add(projectId, 'too late')).toMatchObject({ code: 'NOT_FOUND' });
  expect(
    await change('updateSegment(segmentId: $id, input: $input)', { id: b, input: { prompt: 'x' } }),
  ).toMatchObject({ code: 'NOT_FOUND' });
  expect((await change('restoreProject(projectId: $id)', { id: projectId })).project).toMatchObject({
    deletedAt: null,
    segments: [{}, {}],
  });
  expect(await read(projectId, 'eve')).toBeNull();
  expect(await change('deleteProject(projectId: $id)', { id: projectId }, 'eve')).toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('bad input is named, and nothing is stored of it', async () => {
  const { projectId } = await create('Refused');
  const { segment } = await add(projectId, 'as it was');
  const before = await read(projectId);
  const { data } = await app.graphql(
    'mutation { generateImage(input: { prompt: "hers", workflow: "txt2img" }) { __typename } }',
    {},
    'eve',
  );
  expect(data.generateImage.__typename).toBe('CreateTaskSuccess');
  const hers = (await app.graphql('{ generations { nodes { generationId } } }', {}, 'eve')).data.generations
    .nodes[0].generationId;
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['createProject(input: $input)', { input: { name: ' ' } }, /^name: must not be only white space/],
    ['createProject(input: $input)', { input: { name: 'x', width: 65 } }, /^width: must be even/],
    [
      'createProject(input: $input)',
      { input: { name: 'x', height: 3_842 } },
      /^height: must be from 64 to 3840/,
    ],
    [
      'addSegment(input: $input)',
      { input: { projectId, prompt: 'x', durationSeconds: 0 } },
      /must be from 0.1 to 600 seconds/,
    ],
    [
      'addSegment(input: $input)',
      { input: { projectId, prompt: 'x'.repeat(2_001), durationSeconds: 1 } },
      /^prompt: must have 1 to 2000/,
    ],
    [
      'addSegment(input: $input)',
      { input: { projectId, prompt: 'x', durationSeconds: 1, position: 3 } },
      /^position: must be from 1 to 2/,
    ],
    [
      'addSegment(input: $input)',
      { input: { projectId, prompt: 'x', durationSeconds: 1, character: 'Vesna Holt' } },
      /none of the project's characters/,
    ],
    [
      'bindCharacter(input: $input)',
      { input: { projectId, character: 'Nobody' } },
      /no active character "Nobody"/,
    ],
    [
      'updateSegment(segmentId: $id, input: $input)',
      { id: segment.segmentId, input: { generationId: 'x' } },
      /no generation "x"/,
    ],
    [
      'updateSegment(segmentId: $id, input: $input)',
      { id: segment.segmentId, input: { generationId: hers } },
      new RegExp(`no generation "${hers}"`),
    ],
    [
      'assembleVideo(projectId: $id)',
      { id: projectId },
      new RegExp(`no picture yet: 1 \\(${segment.segmentId}, PLANNED\\)`),
    ],
  ];
  for (const [call, variables, message] of cases)
    expect(await change(call, variables)).toMatchObject({ message: expect.stringMatching(message) });
  expect(await read(projectId)).toEqual(before);
  for (let number = 0; number < 5; number++) await add(projectId, 'long', { durationSeconds: 600 });
  expect(await add(projectId, 'too much', { durationSeconds: 600 })).toMatchObject({
    message: expect.stringContaining('at most 3600 seconds, they would take 3600.5'),
  });
  expect((await read(projectId)).segments).toHaveLength(6);
});

test('who is taken out of a project is taken out of its segments', async () => {
  const { projectId } = await create('Without her');
  const of = { projectId, character: 'Vesna Holt' };
  await change('bindCharacter(input: $input)', { input: of });
  await add(projectId, 'alone', { character: 'Vesna Holt' });
  await change('unbindCharacter(projectId: $id, character: "vesna holt")', { id: projectId });
  const { characters, segments } = await read(projectId);
  expect([characters, segments.map(({ characterName }: { characterName: string }) => characterName)]).toEqual(
    [[], [null]],
  );
});

test('a segment follows the task that draws its picture', async () => {
  const { projectId } = await create('Followed');
  await change('bindCharacter(input: $input)', { input: { projectId, character: 'Vesna Holt' } });
  const { segment } = await add(projectId, 'by the sea', { character: 'Vesna Holt' });
  const now = async () => (await read(projectId)).segments[0];
  next = [{ kind: 'endless' }];
  // Of two at once, one is too many.
  const both = await Promise.all([0, 1].map(() => draw(segment.segmentId, { workflow: 'txt2img' })));
  expect(both.map(({ code }) => code ?? 'drawn').sort()).toEqual(['BAD_USER_INPUT', 'drawn']);
  const { taskId } = both.find(({ task }) => task).task;
  await expect.poll(now).toMatchObject({ status: 'DRAWING', taskId });
  await expect.poll(() => comfy.prompts.at(-1)?.positive?.inputs.text).toBe('by the sea, silver hair');
  expect(await draw(segment.segmentId)).toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining(taskId),
  });
  await app.graphql(`mutation ($id: ID!) { cancelTask(taskId: $id) { __typename } }`, { id: taskId });
  await expect.poll(now).toMatchObject({ status: 'CANCELLED', fileHash: null });

  next = Array.from({ length: 4 }, () => ({ kind: 'error', message: 'no' }) as const);
  const failing = (await draw(segment.segmentId)).task;
  await app.sql('update autonomous_tasks set max_retries = 0 where task_id = $1', [failing.taskId]);
  await expect.poll(now).toMatchObject({ status: 'FAILED', error: expect.stringMatching(/^RUN_FAILED/) });
  next = [];
  await untilTask(app, (await draw(segment.segmentId)).task.taskId, 'COMPLETED');
  expect(await now()).toMatchObject({
    status: 'DRAWN',
    error: null,
    fileHash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const mine = await app.graphql('{ generations { nodes { generationId } } }');
  expect(mine.data.generations.nodes.length).toBeGreaterThanOrEqual(3);
});

test('a video is made of the segments, kept, and indexed like any medium', async () => {
  await ffmpeg.behave('works');
  const projectId = await drawnProject('Assembled');
  const { task: made } = await change('assembleVideo(projectId: $id)', { id: projectId });
  expect(made).toMatchObject({ type: 'assemble_video', name: 'Assemble Assembled' });
  const done = await untilTask(app, made.taskId, 'COMPLETED', undefined, 60_000);
  const { fileHash } = done.result;
  const { assemblies } = await read(projectId);
  expect(assemblies.nodes).toEqual([
    {
      ...{ assemblyId: done.result.assemblyId, taskId: made.taskId, status: 'COMPLETED', segmentCount: 2 },
      ...{ fileHash, fileSize: expect.any(Number), error: null, width: 128 },
    },
  ]);
  const seen = await insightOf(fileHash);
  expect(seen).toMatchObject({ state: 'PRESENT', mediaType: 'video/mp4' });
  if (REAL_FFMPEG) expect(seen).toMatchObject({ width: 128, height: 72, durationSeconds: 1 });
  expect((await stat(seen.filePath)).size).toBe(assemblies.nodes[0].fileSize);
  // Nothing is left of what it was made in.
  await expect(stat(join(seen.filePath, '..', '..', 'work', done.result.assemblyId))).rejects.toThrow(
    'ENOENT',
  );

  // A segment whose medium is a video shows its beginning, and its last picture to the end.
  if (!REAL_FFMPEG) return;
  const [first, second] = (await read(projectId)).segments;
  await app.sql('update anime_generation_history set files = $2 where generation_id = $1', [
    first.generationId,
    JSON.stringify([fileHash]),
  ]);
  await change('removeSegment(segmentId: $id)', { id: second.segmentId });
  const input = { durationSeconds: 1.5 };
  await change('updateSegment(segmentId: $id, input: $input)', { id: first.segmentId, input });
  const again = await change('assembleVideo(projectId: $id)', { id: projectId });
  const longer = (await untilTask(app, again.task.taskId, 'COMPLETED', undefined, 60_000)).result;
  expect(await insightOf(longer.fileHash)).toMatchObject({ width: 128, durationSeconds: 1.5 });
});

test('cancelling ends ffmpeg, and a failure has a name', async () => {
  const projectId = await drawnProject('Ended', 1);
  await ffmpeg.behave('hangs');
  const { taskId } = (await change('assembleVideo(projectId: $id)', { id: projectId })).task;
  await expect.poll(async () => (await task(app, taskId)).progress?.note).toBe('segment 1 of 1: 100 %');
  const pid = Number((await readFile(ffmpeg.pids, 'utf8')).trim().split('\n').at(-1));
  expect(isRunning(pid)).toBe(true);
  await app.graphql(`mutation ($id: ID!) { cancelTask(taskId: $id) { __typename } }`, { id: taskId });
  await untilTask(app, taskId, 'CANCELLED');
  await expect.poll(() => isRunning(pid)).toBe(false);
  const last = async () => (await read(projectId)).assemblies.nodes[0];
  await expect
    .poll(last)
    .toMatchObject({ status: 'CANCELLED', fileHash: null, error: expect.stringMatching(/^CANCELLED/) });

  for (const [behaviour, error] of [
    ['fails', 'FFMPEG_FAILED: [h264 @ 0x55] a file: Invalid data found when processing input'],
    ['dies', 'FFMPEG_KILLED: something ended it with SIGSEGV'],
  ] as const) {
    await ffmpeg.behave(behaviour);
    const failing = (await change('assembleVideo(projectId: $id)', { id: projectId })).task;
    await app.sql('update autonomous_tasks set max_retries = 0 where task_id = $1', [failing.taskId]);
    expect((await untilTask(app, failing.taskId, 'FAILED')).error).toBe(error);
    expect(await last()).toMatchObject({ status: 'FAILED', error });
  }
  await ffmpeg.behave('works');
  const [{ fileHash }] = (await read(projectId)).segments;
  await app.sql(`update echo_media_files set state = 'VANISHED' where file_hash = $1`, [fileHash]);
  const gone = (await change('assembleVideo(projectId: $id)', { id: projectId })).task;
  expect((await untilTask(app, gone.taskId, 'FAILED')).error).toMatch(
    /^MEDIUM_GONE: the picture .* of segment 1/,
  );
});

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('ffmpeg that comes no further, or writes too much, is ended', async () => {
  const bounds: VideoBounds = {
    ...{ stallMs: 1_000, maxBytes: 1_000, maxPixels: 1_000_000 },
    ...{ signal: new AbortController().signal, onProgress: () => undefined },
  };
  const format = { width: 64, height: 64, framesPerSecond: 5 };
  const part = { from: '/dev/null', seconds: 1, into: '/dev/null' };
  for (const behaviour of ['hangs', 'crawls'] as const) {
    const { path, pids } = await ffmpegDouble(behaviour);
    await expect(makePart(path, part, format, bounds)).rejects.toThrow(
      'FFMPEG_STALLED: it came no further for 1 seconds',
    );
    expect(isRunning(Number(await readFile(pids, 'utf8')))).toBe(false);
    await expect(makePart(path, part, format, { ...bounds, stallMs: 60_000, maxBytes: 47 })).rejects.toThrow(
      'VIDEO_TOO_LARGE',
    );
  }
});

test('without ffmpeg nothing is assembled, and the segments of many projects are read at once', async () => {
  const names: string[] = [];
  const other = await startTestApp({
    env: { COMFYUI_URL: comfy.url, FFMPEG_PATH: '/nowhere/ffmpeg' },
    onSql: (name) => names.push(name),
  });
  try {
    for (const name of ['one', 'two', 'three'])
      await other.graphql(`mutation { createProject(input: { name: "${name}" }) { __typename } }`);
    names.length = 0;
    const { data } = await other.graphql(`{ projects { nodes { ${PROJECT} } } }`);
    expect(data.projects.nodes).toHaveLength(3);
    const own = names.filter((name) => /project|decision|assembl|segment|binding/.test(name));
    expect(own.toSorted()).toEqual([
      ...['assembly_pages_desc', 'bindings_of_projects', 'decision_pages_desc'],
      ...['project_page_down', 'segments_of_projects'],
    ]);
    const answer = await other.graphql(
      `mutation { assembleVideo(projectId: "${data.projects.nodes[0].projectId}") { ... on Error { code message } } }`,
    );
    expect(answer.data.assembleVideo).toMatchObject({
      code: 'NOT_CONFIGURED',
      message: expect.stringContaining('FFMPEG_PATH'),
    });
  } finally {
    await other.close();
  }
});
