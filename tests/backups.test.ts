import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupKeys, encrypted } from '../src/domains/backups/encryption.ts';
import { BackupRefused } from '../src/domains/backups/errors.ts';
import { ENTRY, FORMAT, FORMAT_VERSION } from '../src/domains/backups/format.ts';
import { readBackup } from '../src/domains/backups/reading.ts';
import { EchoError } from '../src/errors.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';
import { untilTask } from './support/tasks.ts';

const MASTER_KEY = 'ab'.repeat(32);
let app: TestApp;
/** Milliseconds by which the server's clock is ahead. */
let later = 0;
beforeAll(async () => {
  app = await startTestApp({ env: { MASTER_KEY }, now: () => new Date(Date.now() + later) });
  await app.record('kitchen', [
    { query: 'My oven is green', response: 'Noted.' },
    { query: 'The \\N in a text\tand é, \u{1f980}', response: 'Noted.' },
  ]);
  await app.record('garden', [{ query: 'The oak is 80 years old', response: 'Noted.' }], 'ada');
});
afterAll(() => app.close());

const CREATE = `mutation ($note: String) { createBackup(note: $note) {
  ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } ... on InvalidInputError { field } } }`;
const VERIFY = `mutation ($id: ID!) { verifyBackup(backupId: $id) {
  ... on CreateTaskSuccess { task { taskId } } ... on Error { code message } ... on NotFoundError { field } } }`;
const LIST = `query ($first: Int, $after: String) { backups(first: $first, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { backupId createdAt bytes rows state verifiedAt verificationSeconds problem encryption note } } }`;

/** Makes one and waits for it. @returns the result of the task */
async function create(note: string | null = null) {
  const { data, errors } = await app.graphql(CREATE, { note });
  expect(errors).toBeUndefined();
  return (await untilTask(app, data.createBackup.task.taskId, 'COMPLETED')).result;
}

async function verify(id: string) {
  const { data } = await app.graphql(VERIFY, { id });
  return (await untilTask(app, data.verifyBackup.task.taskId, 'COMPLETED')).result.verification;
}

const list = async (args: object = {}) => (await app.graphql(LIST, { ...args })).data.backups;
const folder = () => join(app.directory, 'backups');

function flipped(whole: Buffer, place: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes.writeUInt8((whole[place] ?? 0) ^ 0x40, place);
  return bytes;
}

/** Reads a backup to its end, into nothing. */
function readThrough(bytes: Buffer, keys: Partial<BackupKeys> = {}) {
  const nothing = async () => undefined;
  return readBackup(
    Readable.from([bytes]),
    { ...app.app.services.config.backups.keys, ...keys },
    {
      ...{ header: nothing, journal: nothing, file: nothing, media: nothing, manifest: nothing },
      table: async (_table, rows) => ({ rows: (await text(rows)).split('\n').length - 1 }),
    },
  );
}

test('where none was ever made, that is told from the first night on that should have made one', async () => {
  const look = async () => {
    await app.app.services.backups.look();
    const { data } = await app.graphql('{ health { checks { name status detail } } }');
    return data.health.checks.find(({ name }: { name: string }) => name === 'backups');
  };
  expect(await look()).toBeUndefined();
  await app.sql(
    `insert into task_schedules (name, task_type, cron, time_zone, missed, decided_until)
     values ('backup', 'backup', '20 2 * * *', 'UTC', 'RUN_ONCE', now())`,
  );
  const night = (state: string) =>
    app.sql(
      `insert into schedule_slots (schedule, slot_at, state) values ('backup', now() - interval '25 hours', $1)
       on conflict (schedule, slot_at) do nothing`,
      [state],
    );
  await night('SKIPPED');
  later = 2 * 3_600_000;
  // It was paused.
  expect(await look()).toBeUndefined();
  await night('RUN');
  expect(await look()).toMatchObject({
    status: 'DEGRADED',
    detail: 'there is none, and the first should have been made 27 hours ago',
  });
  const alerted = async () =>
    (await app.graphql('{ activeAlerts { name } }')).data.activeAlerts.map(
      ({ name }: { name: string }) => name,
    );
  await expect.poll(alerted).toContain('backups_missing');
  later = 0;
  expect(await look()).toBeUndefined();
  await app.sql('delete from task_schedules');
});

test('the very first one is no danger while it has not been restored yet, and one of days ago is', async () => {
  const look = async () => {
    await app.app.services.backups.look();
    const { data } = await app.graphql('{ health { checks { name status detail } } }');
    return data.health.checks.find(({ name }: { name: string }) => name === 'backups');
  };
  expect((await operate(app.directory, 'backup', ['create', '--no-verify'])).code).toBe(0);
  expect(await look()).toMatchObject({ status: 'HEALTHY' });
  later = 51 * 3_600_000;
  expect(await look()).toMatchObject({
    status: 'DEGRADED',
    detail: expect.stringContaining('restored to try it: 51 hours, and 50 are promised'),
  });
  later = 0;
  for (const name of await readdir(folder())) await rm(join(folder(), name));
});

describe('a backup', () => {
  test('is made, restored to try it, and listed', async () => {
    const made = await create('before the move');
    expect(made.verification).toMatchObject({ problem: null });
    const { nodes } = await list();
    expect(nodes).toEqual([
      {
        ...{ backupId: made.backupId, createdAt: made.createdAt, bytes: made.bytes, rows: made.rows },
        ...{ state: 'VERIFIED', verifiedAt: made.verification.at, problem: null, encryption: 'KEY' },
        ...{ verificationSeconds: made.verification.seconds, note: 'before the move' },
      },
    ]);
    const names = await readdir(folder());
    expect(names.sort()).toEqual([`${made.backupId}.backup`, `${made.backupId}.json`]);
  });

  test('is found damaged wherever one byte of it was flipped, or it was cut off', async () => {
    const { backupId } = await create();
    const path = join(folder(), `${backupId}.backup`);
    const whole = await readFile(path);
    const broken = { flipped: flipped(whole, 120), cut: whole.subarray(0, -1) };
    for (const [how, bytes] of Object.entries(broken)) {
      await writeFile(path, bytes);
      expect((await verify(backupId)).problem, how).toMatch(/altered|not those that were written/);
    }
    // Two of one second stand in any order.
    const found = (await list()).nodes.filter((node: { backupId: string }) => node.backupId === backupId);
    expect(found).toMatchObject([{ state: 'DAMAGED' }]);
    await writeFile(path, whole);
    expect(await verify(backupId)).toMatchObject({ problem: null });
    // And everywhere else, without a database.
    for (let place = 0; place < whole.length; place += 37)
      await expect(readThrough(flipped(whole, place)), `byte ${place}`).rejects.toThrow(EchoError);
    for (let length = 0; length < whole.length; length += 97)
      await expect(readThrough(whole.subarray(0, length)), `${length} bytes`).rejects.toThrow(EchoError);
    await rm(path);
    const { data } = await app.graphql(LIST);
    expect(data.backups.nodes.map((node: { backupId: string }) => node.backupId)).not.toContain(backupId);
  });
});

test('what another passphrase made, or a newer version, is refused for what it is', async () => {
  const content = Buffer.from('rows');
  const keys = { masterKey: null, previousMasterKey: null, recipients: [] };
  const made = await buffer(await encrypted(Readable.from([content]), { ...keys, passphrase: 'right one' }));
  await expect(readThrough(made, { ...keys, passphrase: 'wrong one' })).rejects.toThrow(BackupRefused);
  await expect(readThrough(made, { ...keys, passphrase: null })).rejects.toThrow(BackupRefused);

  const header = JSON.stringify({ format: FORMAT, version: FORMAT_VERSION + 1, anything: 'new' });
  const archive = pack();
  archive.entry({ name: ENTRY.header }, header);
  archive.finalize();
  const bytes = zstdCompressSync(await buffer(archive as unknown as Readable));
  await expect(readThrough(bytes)).rejects.toThrow(
    `a newer version of Echo Brain wrote it (format ${FORMAT_VERSION + 1}, this one reads ${FORMAT_VERSION}); restore it with that version`,
  );
});
