import { existsSync, readdirSync } from 'node:fs';
import { rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { thumbnailFolder } from '../src/domains/media-insights/thumbnails.ts';
import type { TestApp } from './support/harness.ts';
import { files, index, insights, startMediaApp, taskAt, writePicture } from './support/media-folders.ts';
import { runTask, untilTask } from './support/tasks.ts';

let root: string;
let app: TestApp;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ root, app, close } = await startMediaApp());
});
afterAll(() => close());
beforeEach(() => app.sql('truncate echo_media_files, echo_media_insights, echo_media_pairs'));
afterEach(async () => {
  for (const name of readdirSync(root)) await rm(join(root, name), { recursive: true, force: true });
});
const at = (name: string) => join(root, name);

const sidecar = (city: string, date: string) => `<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:City="${city}" photoshop:DateCreated="${date}"/>
 </rdf:RDF></x:xmpmeta>`;
async function said(): Promise<(string | null)[]> {
  const rows = await app.sql<{ city: string | null; taken: string | null }>(
    `select location_data #>> '{places,city}' as city, date_taken_local as taken from echo_media_insights order by file_path`,
  );
  return rows.map(({ city, taken }) => (city ? `${city} ${taken?.slice(0, 10)}` : null));
}

test('what is written beside a picture later is read, each time that it changes', async () => {
  for (const [number, name] of ['a.jpg', 'b.jpg'].entries()) await writePicture(at(name), number);
  await writeFile(at('b.jpg.xmp'), sidecar('Porto', '2024-05-01T10:00:00'));
  const first = await index(app, root);
  expect(first.result).toMatchObject({ seen: 3, new: 2, ignored: 1 });
  expect(await said()).toEqual([null, 'Porto 2024-05-01']);
  expect((await index(app, root)).result).toMatchObject({ unchanged: 2, bytesRead: 0 });
  // It comes.
  await writeFile(at('a.jpg.xmp'), sidecar('Lisbon', '2024-06-01T10:00:00'));
  expect((await index(app, root)).result).toMatchObject({ seen: 4, unchanged: 2, ignored: 2 });
  expect(await said()).toEqual(['Lisbon 2024-06-01', 'Porto 2024-05-01']);
  expect((await index(app, root)).result).toMatchObject({ unchanged: 2, bytesRead: 0 });
}, 240_000);

test('what lies beside a picture is noticed as another one, moves with it, and goes', async () => {
  for (const [number, name] of ['a.jpg', 'b.jpg'].entries()) await writePicture(at(name), number);
  for (const name of ['a.jpg.xmp', 'b.jpg.xmp'])
    await writeFile(at(name), sidecar('Porto', '2024-05-01T10:00:00'));
  await index(app, root);
  await writeFile(at('new'), sidecar('Malmö', '2024-07-02T10:00:00').replace('ö', 'o'));
  const time = new Date(1.7e12);
  await utimes(at('new'), time, time);
  await rename(at('new'), at('a.jpg.xmp'));
  await index(app, root);
  expect(await said()).toEqual(['Malmo 2024-07-02', 'Porto 2024-05-01']);
  // It goes.
  await unlink(at('a.jpg.xmp'));
  // And one moves with its picture.
  await rename(at('b.jpg'), at('c.jpg'));
  await rename(at('b.jpg.xmp'), at('c.jpg.xmp'));
  expect((await index(app, root)).result).toMatchObject({ moved: 1, unchanged: 1 });
  expect(await said()).toEqual([null, 'Porto 2024-05-01']);
  expect(await insights(app)).toHaveLength(2);
}, 240_000);

test('what Takeout lays beside a picture later is read, and counts as no picture', async () => {
  const names = ['IMG.jpg', 'IMG(1).jpg', 'MVIMG_20200207_134534~2.jpg'];
  for (const [number, name] of names.entries()) await writePicture(at(name), number);
  await index(app, root);
  const sidecars = ['IMG.jpg.json', 'IMG.jpg.supplemental-metadata(1).json']
    .concat(['MVIMG_20200207_134534~2.jpg.supplemental-metad.json'])
    .entries();
  for (const [number, name] of sidecars)
    await writeFile(
      at(name),
      JSON.stringify({ photoTakenTime: { timestamp: `${1_563_198_005 + number * 86_400}` } }),
    );
  expect((await index(app, root)).result).toMatchObject({ seen: 6, unchanged: 3, ignored: 3 });
  const days = async () =>
    (
      await app.sql<{ taken: string | null }>(
        'select date_taken_local as taken from echo_media_insights order by date_taken_local',
      )
    ).map(({ taken }) => taken?.slice(0, 10));
  expect(await days()).toEqual(['2019-07-15', '2019-07-16', '2019-07-17']);
  expect((await index(app, root)).result).toMatchObject({ unchanged: 3, bytesRead: 0 });
  await unlink(at('IMG.jpg.json'));
  await index(app, root);
  expect(await days()).toEqual(['2019-07-16', '2019-07-17', undefined]);
}, 240_000);

test('an erasure in the middle of indexing leaves nothing, and ends it', async () => {
  const user = 'erased in the middle';
  for (let number = 0; number < 40; number++) await writePicture(at(`${number}.jpg`), number);
  const task = await taskAt(app, root, user);
  await expect
    .poll(async () => (await files(app, user)).length, { timeout: 60_000, interval: 5 })
    .toBeGreaterThan(2);
  const { data } = await app.graphql(
    `mutation { eraseUser(userId: "${user}", confirm: "${user}") { ... on EraseUserSuccess { receipt } } }`,
  );
  expect(data.eraseUser.receipt.left).toMatchObject({ media: 0, tasks: 0 });
  await expect.poll(() => app.app.services.tasks.state.running).toBe(0);
  expect(await files(app, user)).toEqual([]);
  expect(await insights(app, user)).toEqual([]);
  expect(await app.sql('select from autonomous_tasks where task_id = $1', [task.taskId])).toEqual([]);
  expect(existsSync(thumbnailFolder(app.directory, { tenantId: 'default', userId: user }))).toBe(false);
});

test('thumbnails that cannot be made again raise an alert, until a check finds none missing', async () => {
  const hash = await writePicture(at('a.jpg'), 1);
  await index(app, root);
  const check = async () => {
    const { data } = await app.graphql(
      'mutation { triggerSchedule(name: "check_media") { ... on CreateTaskSuccess { task { taskId } } } }',
    );
    await untilTask(app, data.triggerSchedule.task.taskId, 'COMPLETED', undefined, 60_000);
    const active = await app.graphql('{ activeAlerts { name message } }');
    return active.data.activeAlerts.filter(
      ({ name }: { name: string }) => name === 'media_thumbnails_missing',
    );
  };
  expect(await check()).toEqual([]);
  const folder = readdirSync(join(app.directory, 'media'), { recursive: true }).map(String);
  const thumbnail = folder.find((name) => name.endsWith(`${hash}-256.webp`)) ?? '';
  await unlink(join(app.directory, 'media', thumbnail));
  await rename(at('a.jpg'), `${root}-away`);
  try {
    expect(await check()).toEqual([
      { name: 'media_thumbnails_missing', message: expect.stringContaining('of 1 files') },
    ]);
    const { taskId } = await runTask(app, { type: 'check_media' });
    await untilTask(app, taskId, 'COMPLETED');
  } finally {
    await rename(`${root}-away`, at('a.jpg'));
  }
  expect(await check()).toEqual([]);
});

test('what a picture says of its camera at the greatest length comes back with an export', async () => {
  const exif = { IFD0: { Make: 'm'.repeat(5_000), Model: 'o'.repeat(5_000) } };
  const grey = { create: { width: 64, height: 64, channels: 3 as const, background: '#808080' } };
  await writeFile(at('long.jpg'), await sharp(grey).jpeg().withExif(exif).toBuffer());
  await index(app, root);
  const said = () => app.sql('select camera_make, camera_model from echo_media_insights');
  const before = await said();
  expect(before).toEqual([{ camera_make: 'm'.repeat(4_000), camera_model: 'o'.repeat(4_000) }]);
  const { data } = await app.graphql('{ exportUser { lines } }');
  await app.sql('truncate echo_media_files, echo_media_insights, echo_media_pairs');
  const lines = data.exportUser.lines.filter((line: string) => line.includes('"mediaInsight"'));
  const restored = await app.graphql(
    'mutation ($lines: [String!]!) { restoreUser(lines: $lines) { __typename ... on Error { message } } }',
    { lines },
  );
  expect(restored.data.restoreUser).toEqual({ __typename: 'RestoreUserSuccess' });
  expect(await said()).toEqual(before);
});
