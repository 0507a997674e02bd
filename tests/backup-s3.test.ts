import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { placeOf } from '../src/domains/backups/configured.ts';
import { PART_BYTES } from '../src/domains/backups/s3.ts';
import { Outbound } from '../src/outbound/outbound.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { startS3Double } from './support/s3-double.ts';
import { runTask, untilTask } from './support/tasks.ts';

let bucket: Awaited<ReturnType<typeof startS3Double>>;
let app: TestApp;
beforeAll(async () => {
  bucket = await startS3Double('AKID');
  app = await startTestApp({
    env: {
      ...{ MASTER_KEY: 'ab'.repeat(32), BACKUP_S3_URL: `${bucket.url}/memories/home` },
      ...{ BACKUP_S3_KEY_ID: 'AKID', BACKUP_S3_SECRET: 'secret' },
    },
  });
  await app.record('kitchen', [{ query: 'My oven is green', response: 'Noted.' }]);
});
afterEach(() => {
  bucket.trouble = null;
});
afterAll(async () => {
  await app.close();
  await bucket.stop();
});

const CREATE = 'mutation { createBackup { ... on CreateTaskSuccess { task { taskId } } } }';
const LIST = '{ backups { nodes { backupId state } } }';

test('a backup goes into a bucket and is verified from there', async () => {
  const { data } = await app.graphql(CREATE);
  const { result } = await untilTask(app, data.createBackup.task.taskId, 'COMPLETED');
  expect([...bucket.files.keys()].sort()).toEqual([
    `home/${result.backupId}.backup`,
    `home/${result.backupId}.json`,
  ]);
  const list = await app.graphql(LIST);
  expect(list.data.backups.nodes).toEqual([{ backupId: result.backupId, state: 'VERIFIED' }]);
});

test('what is large goes in parts, each of which is sent again when it fails, and comes back in pieces', async () => {
  const { place } = app.app.services.backups.catalog;
  const content = randomBytes(2 * PART_BYTES + 1_000);
  let failures = 2;
  bucket.trouble = (request, response) => {
    if (!request.url?.includes('partNumber=2') || failures-- <= 0) return false;
    // Once it breaks off, once it says so.
    if (failures === 1) request.destroy();
    else response.writeHead(503).end();
    return true;
  };
  const pieces = Array.from({ length: Math.ceil(content.length / 100_000) }, (_, at) =>
    content.subarray(at * 100_000, (at + 1) * 100_000),
  );
  await place.put('large', Readable.from(pieces));
  expect(bucket.seen.filter((request) => request === 'PUT home/large 2')).toHaveLength(3);
  const back = await place.read('large');
  expect(back && (await buffer(back)).equals(content)).toBe(true);
  await place.remove('large');
  expect(await place.read('large')).toBeNull();
});

test.each([
  ['another secret', { secret: 'secre' }, /answers 403 \(SignatureDoesNotMatch/],
  ['another key', { keyId: 'AKIE' }, /answers 403 \(InvalidAccessKeyId/],
  ['another region', { region: 'eu-central-1' }, /answers 403 \(AuthorizationHeaderMalformed/],
])(
  'a bucket that takes no signature of %s is told in its words, and gets nothing',
  async (_what, other, message) => {
    const { backups } = app.app.services.config;
    const outbound = new Outbound({ allowed: ['127.0.0.1'] });
    onTestFinished(() => outbound.close());
    const place = await placeOf({ ...backups, s3: backups.s3 && { ...backups.s3, ...other } }, outbound);
    await expect(place.put('refused', Readable.from([Buffer.from('a')]))).rejects.toThrow(message);
    expect([...bucket.files.keys()]).not.toContain('home/refused');
  },
);

test('a file that is replaced while it is read is not put together of two', async () => {
  const { place } = app.app.services.backups.catalog;
  const content = randomBytes(PART_BYTES + 1_000);
  await place.put('replaced', Readable.from([content]));
  const read = await place.read('replaced');
  bucket.files.set('home/replaced', randomBytes(PART_BYTES + 1_000));
  await expect(buffer(read as Readable)).rejects.toThrow(/answers 412/);
  await place.remove('replaced');
});

test('a bucket that stalls is given up by its name, and nothing of what was begun is left', async () => {
  const { config } = app.app.services;
  const { s3 } = config.backups;
  const outbound = new Outbound({ allowed: [] });
  onTestFinished(() => outbound.close());
  const place = await placeOf({ ...config.backups, s3: s3 && { ...s3, timeoutMs: 100 } }, outbound);
  bucket.trouble = (request) => request.method === 'PUT';
  await expect(place.put('small', Readable.from([Buffer.from('a')]))).rejects.toThrow(
    /BACKUP_S3_URL: .* does not answer in time/,
  );
  expect(bucket.uploads.size).toBe(0);
  expect([...bucket.files.keys()]).not.toContain('home/small');
});

test('backups that cannot be verified do not heap up, and the last that was verified stays', async () => {
  const home = await startTestApp({
    env: {
      ...{ MASTER_KEY: 'ab'.repeat(32), BACKUP_S3_URL: `${bucket.url}/memories/heap`, BACKUP_KEEP: 'last=1' },
      ...{ BACKUP_S3_KEY_ID: 'AKID', BACKUP_S3_SECRET: 'secret' },
    },
  });
  onTestFinished(() => home.close());
  const night = async (status: string) => {
    const { taskId } = await runTask(home, { type: 'backup', maxRetries: 0 });
    return untilTask(home, taskId, status);
  };
  const verified = (await night('COMPLETED')).result.backupId;
  bucket.trouble = (request, response) => {
    if (request.method !== 'GET' || !request.url?.endsWith('.backup')) return false;
    response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>not you</Message></Error>');
    return true;
  };
  for (let nights = 0; nights < 4; nights++) await night('FAILED');
  const { data } = await home.graphql(LIST);
  const ids = data.backups.nodes.map(({ backupId }: { backupId: string }) => backupId);
  expect(ids).toContain(verified);
  // That one, the newest of before, and the newest.
  expect(ids.length).toBeLessThanOrEqual(3);
  bucket.trouble = null;
  await night('COMPLETED');
  expect((await home.graphql(LIST)).data.backups.nodes).toHaveLength(1);
});

test('a bucket that refuses ends the task with its words; and no erasure is done of which it could not know', async () => {
  const before = [...bucket.files.keys()];
  bucket.trouble = (request, response) => {
    if (request.method !== 'PUT') return false;
    request.resume();
    response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>not you</Message></Error>');
    return true;
  };
  const { data } = await app.graphql(CREATE);
  const { taskId } = data.createBackup.task;
  const failed = async () =>
    (await app.graphql(`{ task(taskId: "${taskId}") { attempts { error } } }`)).data.task.attempts[0]?.error;
  await expect.poll(failed).toContain('answers 403 (AccessDenied: not you)');
  await app.graphql(`mutation { cancelTask(taskId: "${taskId}") { __typename } }`);
  expect([...bucket.files.keys()]).toEqual(before);
  const erased = await app.graphql('mutation { eraseUser(userId: "bea", confirm: "bea") { __typename } }');
  expect(erased.errors?.[0]?.message).toContain('ask again to finish the erasure');
});
