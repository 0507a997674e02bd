import { mkdir, readdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renewSomeTerms } from '../src/domains/media-insights/renewed-terms.ts';
import type { TestApp } from './support/harness.ts';
import { index, startMediaApp, writePicture } from './support/media-folders.ts';
import { runTask, untilTask } from './support/tasks.ts';

let root: string;
let app: TestApp;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ root, app, close } = await startMediaApp());
});
afterAll(() => close());

async function check() {
  const { taskId } = await runTask(app, { type: 'check_media' });
  return (await untilTask(app, taskId, 'COMPLETED', undefined, 60_000)).result;
}

test('a check makes thumbnails again, removes what belongs to nothing, and counts the rest', async () => {
  const hashes: string[] = [];
  for (let number = 0; number < 4; number++)
    hashes.push(await writePicture(join(root, `${number}.jpg`), number));
  await index(app, root);
  const whole = { files: 4, missing: 0, changed: 0, unreadable: 0 };
  const none = { thumbnailsMade: 0, thumbnailsMissing: 0, thumbnailsRemoved: 0, termsRenewed: 0 };
  expect(await check()).toEqual({ ...whole, ...none });
  const media = join(app.directory, 'media');
  const [folder = ''] = await readdir(media);
  const at = (name: string) => join(media, folder, name);
  await unlink(at(`${hashes[0]}-256.webp`));
  await unlink(at(`${hashes[1]}-1024.webp`));
  await unlink(join(root, '1.jpg'));
  await writePicture(join(root, '2.jpg'), 100);
  const old = new Date(Date.now() - 7_200_000);
  for (const name of [`${'a'.repeat(64)}-256.webp`, 'half.tmp']) {
    await writeFile(at(name), 'left');
    await utimes(at(name), old, old);
  }
  await writeFile(at(`${'b'.repeat(64)}-256.webp`), 'young');
  expect(await check()).toEqual({
    ...{ files: 4, missing: 1, changed: 1, unreadable: 0 },
    ...{ thumbnailsMade: 1, thumbnailsMissing: 1, thumbnailsRemoved: 2, termsRenewed: 0 },
  });
  const left = await readdir(join(media, folder));
  expect(left).toContain(`${hashes[0]}-256.webp`);
  expect(left).toContain(`${'b'.repeat(64)}-256.webp`);
  // Nothing is concluded of the files: that is for who indexes them.
  expect(await app.sql("select from echo_media_files where state <> 'PRESENT'")).toEqual([]);
});

test('the server’s own check is for all users, and for folders of users that are gone', async () => {
  const foreign = join(app.directory, 'media', 'f'.repeat(32));
  await mkdir(foreign);
  await mkdir(join(foreign, 'generated'));
  const old = new Date(Date.now() - 7_200_000);
  for (const name of [`${'a'.repeat(64)}-256.webp`, `generated/${'a'.repeat(64)}.png`]) {
    await writeFile(join(foreign, name), 'left');
    await utimes(join(foreign, name), old, old);
  }
  const { data } = await app.graphql(
    'mutation { triggerSchedule(name: "check_media") { ... on CreateTaskSuccess { task { taskId } } } }',
  );
  const done = await untilTask(app, data.triggerSchedule.task.taskId, 'COMPLETED', undefined, 60_000);
  expect(done.result).toMatchObject({ thumbnailsRemoved: 2 });
  expect(await readdir(join(app.directory, 'media'))).not.toContain('f'.repeat(32));
  await rm(foreign, { recursive: true, force: true });
});

test('a check makes terms of an older analysis again', async () => {
  await app.sql("update echo_media_insights set terms_version = 1, search_terms = '{}'");
  const found = async () => {
    const { data } = await app.graphql(
      '{ mediaInsights(filter: { text: "landscape" }) { edges { node { fileHash } } } }',
    );
    return data.mediaInsights.edges.length;
  };
  expect(await found()).toBe(0);
  const [{ count } = { count: 0 }] = await app.sql('select count(*)::int as count from echo_media_insights');
  expect(count).toBeGreaterThan(2);
  expect(await check()).toMatchObject({ termsRenewed: count });
  expect(await found()).toBe(count);
  // Each start does so, too.
  await app.sql("update echo_media_insights set terms_version = 1, search_terms = '{}'");
  expect(await found()).toBe(0);
  const { db } = app.app.services;
  expect([await renewSomeTerms(db), await renewSomeTerms(db)]).toEqual([count, 0]);
  expect(await found()).toBe(count);
});
