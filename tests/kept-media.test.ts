import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Config, readConfig } from '../src/config.ts';
import { type Course, startComfyUi } from './support/comfyui-server.ts';
import { exportedLines, restored } from './support/exports.ts';
import { ffmpegDouble } from './support/ffmpeg-double.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { hashOf, picture } from './support/media-folders.ts';
import { restore } from './support/restore.ts';
import { served } from './support/served.ts';
import { untilTask } from './support/tasks.ts';

let app: TestApp;
let comfy: Awaited<ReturnType<typeof startComfyUi>>;
let ffmpegPath: string;
const next: Course[] = [];
const pictures: Buffer[] = [];
const directories: string[] = [];

beforeAll(async () => {
  for (const number of [1, 2, 3]) pictures.push(await picture(number, 'png'));
  const [usual = Buffer.alloc(0)] = pictures;
  comfy = await startComfyUi(() => next.shift() ?? { kind: 'picture', bytes: usual });
  ffmpegPath = (await ffmpegDouble()).path;
  app = await startTestApp({ env: { COMFYUI_URL: comfy.url, FFMPEG_PATH: ffmpegPath } });
});
afterAll(async () => {
  await app.close();
  await comfy.close();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

/** Does something, as this user. @returns the answer of the only field @throws Error if it is refused */
async function call(query: string, variables: Record<string, unknown> = {}, user?: string) {
  const { data, errors } = await app.graphql(query, variables, user);
  const [answer] = Object.values<Record<string, unknown>>(data ?? {});
  if (errors || (answer && 'message' in answer)) throw new Error(JSON.stringify(errors ?? answer));
  // biome-ignore lint/suspicious/noExplicitAny: results have the shape that each test asks for
  return answer as any;
}

const TASK = '... on CreateTaskSuccess { task { taskId } } ... on Error { message }';

/** A user with a project whose two pictures are drawn and rated, and whose video is made. */
async function drawn(user?: string) {
  const say = (query: string, variables: Record<string, unknown> = {}) => call(query, variables, user);
  await say(
    'mutation { upsertCharacter(input: { characterName: "Vesna Holt", artStyle: "ink", styleElements: ["rain"] }) { ... on Error { message } } }',
  );
  const { project } = await say(
    'mutation { createProject(input: { name: "The crossing", width: 64, height: 64 }) { ... on ProjectSuccess { project { projectId } } ... on Error { message } } }',
  );
  const { projectId } = project;
  await say(
    'mutation ($id: ID!) { bindCharacter(input: { projectId: $id, character: "Vesna Holt", role: "captain" }) { ... on Error { message } } }',
    { id: projectId },
  );
  for (const [at, bytes] of pictures.slice(0, 2).entries()) {
    next.push({ kind: 'picture', bytes });
    const { segment } = await say(
      'mutation ($id: ID!, $prompt: String!) { addSegment(input: { projectId: $id, prompt: $prompt, durationSeconds: 0.5, character: "Vesna Holt" }) { ... on ProjectSegmentSuccess { segment { segmentId } } ... on Error { message } } }',
      { id: projectId, prompt: `scene ${at}` },
    );
    const made = await say(
      `mutation ($id: ID!) { drawSegment(input: { segmentId: $id, workflow: "blank" }) { ${TASK} } }`,
      { id: segment.segmentId },
    );
    await untilTask(app, made.task.taskId, 'COMPLETED', user);
  }
  const { nodes } = await say('{ generations { nodes { generationId } } }');
  for (const { generationId } of nodes)
    await say(
      'mutation ($id: ID!) { rateGeneration(input: { generationId: $id, style: 0.9, comment: "good" }) { ... on Error { message } } }',
      { id: generationId },
    );
  const video = await say(`mutation ($id: ID!) { assembleVideo(projectId: $id) { ${TASK} } }`, {
    id: projectId,
  });
  const { result } = await untilTask(app, video.task.taskId, 'COMPLETED', user);
  return { projectId, videoHash: String(result.fileHash) };
}

const SEEN = `{ generations { nodes { generationId taskId characterName asked prompt seed workflow width height files error
    startedAt completedAt rating { identity style quality comment ratedAt } } }
  character(name: "Vesna Holt") { consistencyScore generationCount
    styleInsights { elements { value ratings score } seeds { value ratings } workflows { value ratings } } }
  projects { nodes { projectId segments { prompt status generationId fileHash }
    assemblies { nodes { assemblyId fileHash fileSize segmentCount completedAt } } } } }`;
const seen = async (user?: string) => {
  const { data, errors } = await app.graphql(SEEN, {}, user);
  expect(errors).toBeUndefined();
  return data;
};

/** A picture that no compression makes small. */
async function noise(leastBytes: number): Promise<Buffer> {
  const side = Math.ceil(Math.sqrt(leastBytes / 3));
  return sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
}

/** A machine with a data directory of its own, that has the backups of the other one. */
async function machine(): Promise<Config> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-kept-'));
  directories.push(directory);
  return readConfig(
    {
      ...{ PORT: '0', DATA_DIR: directory, LOG_LEVEL: 'silent', SEED: 'off', CANARY_INTERVAL_MS: '0' },
      ...{
        BACKUP_DIR: join(app.directory, 'backups'),
        MEDIA_ROOTS: join(directory, 'no such folder'),
        FFMPEG_PATH: ffmpegPath,
      },
    },
    directory,
  );
}

async function backUp(): Promise<string> {
  const made = await call(`mutation { createBackup { ${TASK} } }`);
  const { result } = await untilTask(app, made.task.taskId, 'COMPLETED', undefined, 60_000);
  expect(result.verification).toMatchObject({ problem: null });
  return result.backupId;
}

/** Folders of kept files in a data directory, with what lies in them. */
async function kept(directory: string): Promise<string[]> {
  const found = await readdir(join(directory, 'media'), { recursive: true }).catch(() => []);
  return found.filter((path) => /generated\/.*\./.test(path)).sort();
}

test('a backup has what was drawn and made, and another machine works with it', async () => {
  const { videoHash } = await drawn();
  const before = await seen();
  const backupId = await backUp();
  const config = await machine();
  expect((await restore(config, backupId)).said).toContain('3 pictures and videos that the server keeps');
  expect(await kept(config.dataDirectory)).toEqual(await kept(app.directory));
  const hashes = [...pictures.slice(0, 2).map(hashOf), videoHash];
  await served(config, async ({ graphql }) => {
    const ask = async (query: string, variables = {}) => (await graphql(query, variables)).data;
    for (const hash of hashes) {
      const { mediaInsight } = await ask(
        'query ($hash: String!) { mediaInsight(fileHash: $hash) { state filePath } }',
        { hash },
      );
      expect(mediaInsight).toMatchObject({ state: 'PRESENT' });
      expect(dirname(dirname(dirname(mediaInsight.filePath)))).toBe(join(config.dataDirectory, 'media'));
      expect(hashOf(await readFile(mediaInsight.filePath))).toBe(hash);
    }
    const { generations } = await ask('{ generations { nodes { generationId files } } }');
    expect(generations.nodes).toEqual(
      before.generations.nodes.map(({ generationId, files }: Record<string, unknown>) => ({
        generationId,
        files,
      })),
    );
    // The weekly check finds each file as it is known, and makes its thumbnails again.
    const { createTask } = await ask(`mutation { createTask(input: { type: "check_media" }) { ${TASK} } }`);
    const result = async () =>
      (await ask('query ($id: ID!) { task(taskId: $id) { result } }', { id: createTask.task.taskId })).task
        .result;
    await expect
      .poll(result)
      .toMatchObject({ files: 3, missing: 0, changed: 0, thumbnailsMade: 3, thumbnailsMissing: 0 });
  });
});

test('a picture that is not whole any more is backed up as it is, and never restored as a whole one', async () => {
  const [path = ''] = await kept(app.directory);
  const whole = await readFile(join(app.directory, 'media', path));
  await writeFile(join(app.directory, 'media', path), whole.subarray(0, 20));
  const backupId = await backUp();
  await writeFile(join(app.directory, 'media', path), whole);
  const config = await machine();
  expect((await restore(config, backupId)).said).toContain('2 pictures and videos that the server keeps');
  expect(await kept(config.dataDirectory)).toEqual((await kept(app.directory)).slice(1));
});

test('of somebody who was erased after the backup no picture comes back', async () => {
  await drawn('bea');
  const backupId = await backUp();
  expect(await kept(app.directory)).toHaveLength(6);
  const { receipt } = await call(
    'mutation { eraseUser(userId: "bea", confirm: "bea") { ... on EraseUserSuccess { receipt } ... on Error { message } } }',
  );
  expect(receipt).toMatchObject({
    erased: { generations: 2, projects: 1, media: 3 },
    left: { generations: 0, projects: 0 },
  });
  expect(await kept(app.directory)).toHaveLength(3);
  const config = await machine();
  await restore(config, backupId);
  expect(await kept(config.dataDirectory)).toEqual(await kept(app.directory));
});

/** The lines as if they were another user's. */
const asOf = (user: string, lines: readonly string[]) =>
  lines.map((line) => line.replace(/"userId":"[^"]*"/, `"userId":"${user}"`));

test('an export has pictures, ratings and videos, and comes back whole, in any pieces and again', async () => {
  const { videoHash } = await drawn('cid');
  const large = await noise(700_001);
  next.push({ kind: 'picture', bytes: large });
  const made = await call(
    `mutation { generateImage(input: { prompt: "noise", workflow: "blank" }) { ${TASK} } }`,
    {},
    'cid',
  );
  await untilTask(app, made.task.taskId, 'COMPLETED', 'cid');
  const before = await seen('cid');
  const lines = await exportedLines(app, 'cid');
  // Pages of any size are the same lines.
  expect(await exportedLines(app, 'cid', 3)).toEqual(lines);
  const kinds = Map.groupBy(lines, (line) => JSON.parse(line).kind);
  expect(kinds.get('generation')).toHaveLength(3);
  expect(kinds.get('assembly')).toHaveLength(1);
  const parts = (kinds.get('kept_file') ?? []).map((line) => JSON.parse(line));
  expect(parts.filter(({ name }) => name === `${hashOf(large)}.png`).map(({ part }) => part)).toEqual([1, 2]);

  const theirs = asOf('dot', lines);
  // In no order that anybody would choose, one by one, and some of them twice.
  for (const line of theirs) await restored(app, 'dot', [line]);
  await restored(
    app,
    'dot',
    theirs.filter((line) => line.includes('"generation"')),
  );
  const after = await seen('dot');
  expect(after).toEqual(before);
  for (const hash of [...pictures.slice(0, 2).map(hashOf), videoHash, hashOf(large)])
    await expect
      .poll(
        async () =>
          (
            await call(
              'query ($hash: String!) { mediaInsight(fileHash: $hash) { state width } }',
              { hash },
              'dot',
            )
          )?.state,
      )
      .toBe('PRESENT');
  const tasks = (some: readonly string[]) =>
    some.filter((line) => !line.startsWith('{"kind":"task"') && !line.startsWith('{"kind":"mediaInsight"'));
  expect(tasks(asOf('cid', await exportedLines(app, 'dot')))).toEqual(tasks(lines));
});

test('parts that are not the file that they name are refused, and nothing of them stays', async () => {
  const lines = asOf('eli', await exportedLines(app, 'cid')).map((line) => JSON.parse(line));
  const line = lines.find(({ kind, parts }) => kind === 'kept_file' && parts === 1);
  const send = (more: object) => restored(app, 'eli', [JSON.stringify({ ...line, ...more })]);
  const other = Buffer.alloc(Buffer.from(line.content, 'base64').length).toString('base64');
  await expect(send({ content: other })).rejects.toThrow(/are not the file that it names/);
  await expect(send({ content: 'AAAA' })).rejects.toThrow(/has 3 bytes, which is another number/);
  await expect(send({ name: `../${line.name}` })).rejects.toThrow(/lines\.0\.name/);
  await expect(send({ name: `${line.name}.html` })).rejects.toThrow(/lines\.0\.name/);
  await expect(send({ part: 2 })).rejects.toThrow(/lines\.0\.part/);
  await expect(send({ bytes: 5_000_000_000, parts: 10_417 })).rejects.toThrow(/lines\.0\.bytes/);
  await expect(send({ userId: 'cid' })).rejects.toThrow(/lines\.0\.userId/);
  const left = await readdir(join(app.directory, 'media'), { recursive: true });
  expect(left.filter((path) => path.includes('restored-'))).toEqual([]);
});
