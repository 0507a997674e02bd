import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { type Config, readConfig } from '../src/config.ts';
import { BARE_ENV } from './support/child-server.ts';
import { FROM_TEMPLATE, startTestApp, type TestApp } from './support/harness.ts';
import { operate } from './support/operate.ts';
import { restore } from './support/restore.ts';
import { served } from './support/served.ts';
import { untilTask } from './support/tasks.ts';

const MASTER_KEY = 'ab'.repeat(32);
let app: TestApp;
let backupId: string;
let turnIds: string[];
const directories: string[] = [];
beforeAll(async () => {
  app = await startTestApp({ env: { MASTER_KEY } });
  const stored = await app.record('kitchen', [
    { query: 'My oven is green', response: 'Noted.' },
    { query: 'A \\N in a text,\ta tab and \u{1f980}', response: 'Noted.' },
  ]);
  turnIds = stored.map(({ turnId }) => turnId);
  await app.record('garden', [{ query: 'The oak is 80 years old', response: 'Noted.' }], 'ada');
  backupId = await backUp();
});
afterAll(async () => {
  await app.close();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

async function backUp(): Promise<string> {
  const { data } = await app.graphql(
    'mutation { createBackup { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }',
  );
  return (await untilTask(app, data.createBackup.task.taskId, 'COMPLETED')).result.backupId;
}

/** A machine with a data directory of its own, that has the backups of the other one. */
async function machine(env: Record<string, string> = {}): Promise<Config> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-restored-'));
  directories.push(directory);
  const settings = { PORT: '0', DATA_DIR: directory, LOG_LEVEL: 'silent', SEED: 'off', MASTER_KEY };
  return readConfig(
    { ...settings, CANARY_INTERVAL_MS: '0', BACKUP_DIR: join(app.directory, 'backups'), ...env },
    directory,
  );
}

/** A database without anything, beside the app's. @returns its URL, and a client of its server */
async function emptyDatabase(): Promise<{ url: string; name: string; admin: pg.Client }> {
  const admin = new pg.Client({ connectionString: inject('databaseUrl').replace('NAME', 'postgres') });
  await admin.connect();
  const name = `restored_${process.pid}_${directories.length}`;
  await admin.query(`create database ${name} ${FROM_TEMPLATE}`);
  onTestFinished(async () => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  });
  return { url: inject('databaseUrl').replace('NAME', name), name, admin };
}

const TURNS = `query { interactions(first: 100) { nodes { turnId query } }
  kitchen: verifyConversation(conversationId: "kitchen") { intact turns } }`;

describe('a restore', () => {
  test('brings an external database into an embedded one, whole, and the server goes on there', async () => {
    const config = await machine();
    const { code, said } = await restore(config, 'latest');
    expect(said).toContain(`restored ${backupId}`);
    expect(code).toBe(0);
    await served(config, async ({ graphql, record, search }) => {
      const { data } = await graphql(TURNS);
      expect(data.kitchen).toEqual({ intact: true, turns: 2 });
      expect(data.interactions.nodes.map(({ turnId }: { turnId: string }) => turnId)).toEqual(
        expect.arrayContaining(turnIds),
      );
      expect(data.interactions.nodes).toContainEqual({
        ...{ turnId: turnIds[1], query: 'A \\N in a text,\ta tab and \u{1f980}' },
      });
      expect((await search('oven'))[0]?.interaction.turnId).toBe(turnIds[0]);
      await record('kitchen', [{ query: 'And now it is blue', response: 'Noted.' }]);
      const { data: after } = await graphql(TURNS);
      expect(after.kitchen).toEqual({ intact: true, turns: 3 });
    });
    // And it is in nobody's way: what is there is not written over.
    const again = await restore(config, 'latest');
    expect(again).toMatchObject({ code: 1, said: expect.stringContaining('into an empty database only') });
  });

  test('brings what waited in the journal, and stores it once', async () => {
    const holder = new pg.Client({ connectionString: app.databaseUrl });
    await holder.connect();
    // Turns can be read, and none can be stored.
    await holder.query('begin; lock table echo_unified_interactions in exclusive mode');
    const said = app.record('waiting', [{ query: 'My kettle is copper', response: 'Noted.' }]);
    const depth = async () =>
      (await app.graphql('{ persistence { journal { depth } } }')).data.persistence.journal.depth;
    await expect.poll(depth).toBe(1);
    const holding = await backUp();
    await holder.query('rollback');
    await holder.end();
    const [turn] = await said;
    const config = await machine({ DATABASE_URL: (await emptyDatabase()).url });
    expect((await restore(config, holding)).said).toMatch(
      // One that was stored just before may still be there: it is stored once, too.
      /and [1-9] entries for the journal/,
    );
    await served(config, async ({ graphql }) => {
      const found = async () =>
        (
          await graphql(
            '{ conversation(conversationId: "waiting") { interactions(first: 9) { nodes { turnId } } } }',
          )
        ).data.conversation?.interactions.nodes;
      await expect.poll(found).toEqual([{ turnId: turn?.turnId }]);
    });
    await rm(join(app.directory, 'backups', `${holding}.backup`));
  });

  test('that was killed leaves an empty database, and the next one completes', async () => {
    const { url, name, admin } = await emptyDatabase();
    const config = await machine({ DATABASE_URL: url });
    const command = fileURLToPath(new URL('../scripts/restore-backup.ts', import.meta.url));
    const env = { ...BARE_ENV, DATABASE_URL: url, DATA_DIR: config.dataDirectory, MASTER_KEY };
    const child = spawn(process.execPath, [command, backupId], {
      ...{ env: { ...env, BACKUP_DIR: join(app.directory, 'backups') }, stdio: 'ignore' },
    });
    const ended = new Promise<unknown>((resolve) =>
      child.once('exit', (code, signal) => resolve(signal ?? code)),
    );
    // Held where its transaction has begun: before the rows, behind the truncation of all tables but this.
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query('begin; lock table echo_webhooks in access share mode');
    const isHeld = async () =>
      (
        await admin.query(`select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`, [
          name,
        ])
      ).rowCount;
    await expect.poll(isHeld, { interval: 20, timeout: 60_000 }).toBe(1);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    await holder.query('rollback');
    await expect
      .poll(async () => (await holder.query('select count(*)::int as rows from echo_conversations')).rows)
      .toEqual([{ rows: 0 }]);
    await holder.end();
    expect((await restore(config, backupId)).code).toBe(0);
    await served(config, async ({ graphql }) => {
      const { data } = await graphql('{ verifyConversation(conversationId: "kitchen") { intact turns } }');
      expect(data.verifyConversation).toEqual({ intact: true, turns: 2 });
    });
  });

  test('of a newer schema is refused, and nothing is changed', async () => {
    const tomorrow = `insert into drizzle.__drizzle_migrations (hash, created_at) values ('${'f'.repeat(64)}', 9999999999999)`;
    await app.sql(tomorrow);
    const { code } = await operate(app.directory, 'backup', ['create', '--no-verify']);
    await app.sql('delete from drizzle.__drizzle_migrations where created_at = 9999999999999');
    expect(code).toBe(0);
    const { data } = await app.graphql('{ backups(first: 1) { nodes { backupId } } }');
    const newest = data.backups.nodes[0].backupId;
    const config = await machine({ DATABASE_URL: app.databaseUrl });
    // Of a database that has rows this is said first.
    expect((await restore(config, newest)).said).toContain('into an empty database only');
    const empty = await machine({ DATABASE_URL: (await emptyDatabase()).url });
    const refused = await restore(empty, newest);
    expect(refused).toMatchObject({
      code: 1,
      said: expect.stringMatching(/newer version .* migrations, this one knows/),
    });
    await rm(join(app.directory, 'backups', `${newest}.backup`));
  });

  test('is refused with another key, and for what is no backup', async () => {
    const config = await machine({ MASTER_KEY: 'cd'.repeat(32), DATABASE_URL: app.databaseUrl });
    const wrongKey = await restore(config, backupId);
    expect(wrongKey).toMatchObject({ code: 1, said: expect.stringContaining('another key') });
    const foreign = join(config.dataDirectory, 'foreign.tar');
    await writeFile(foreign, await readFile(new URL(import.meta.url)));
    expect(await restore(config, foreign)).toMatchObject({
      code: 1,
      said: expect.stringContaining('no backup'),
    });
    expect(await restore(config, '20200101T000000Z-00000000')).toMatchObject({
      ...{ code: 1, said: expect.stringContaining('there is no backup') },
    });
  });

  test('does not bring back who was erased after the backup, and the receipt says which backups hold them', async () => {
    await app.record('secrets', [{ query: 'I am bea and live in Ulm', response: 'Noted.' }], 'bea');
    await expect.poll(() => app.search('Ulm', 'bea').then((hits) => hits.length)).toBeGreaterThan(0);
    const holding = await backUp();
    const { data } = await app.graphql(
      `mutation { eraseUser(userId: "bea", confirm: "bea") {
        ... on EraseUserSuccess { receipt signature } ... on Error { message } } }`,
    );
    expect(data.eraseUser.receipt.backups).toEqual([holding, backupId]);
    // Whoever comes back afterwards is not erased again.
    await app.record('anew', [{ query: 'I am back, says bea', response: 'Noted.' }], 'bea');
    const later = await backUp();
    const config = await machine();
    const { said } = await restore(config, holding);
    expect(said).toContain('1 erasures that came after it were done again');
    await served(config, async ({ graphql }) => {
      const { data: after } =
        await graphql(`{ interactions(first: 100, filter: { text: "Ulm" }) { nodes { query } }
        all: exportUser(userId: "bea") { lines } }`);
      expect(after.interactions.nodes).toEqual([]);
      expect(after.all.lines.join()).not.toContain('bea');
    });
    const other = await machine();
    expect((await restore(other, later)).said).toContain('0 erasures that came after it');
    await served(other, async ({ graphql }) => {
      const { data: after } = await graphql('{ exportUser(userId: "bea") { lines } }');
      expect(after.exportUser.lines.join()).toContain('I am back');
    });
  });

  test('leaves tables out that others have beside ours, says which, and is verified all the same', async () => {
    await app.sql('create table public.others_notes (id serial primary key, words text not null)');
    await app.sql("insert into public.others_notes (words) values ('a\\nb'), ('c')");
    try {
      const mixed = await backUp();
      const { data } = await app.graphql('{ backups(first: 1) { nodes { backupId state problem } } }');
      expect(data.backups.nodes).toEqual([{ backupId: mixed, state: 'VERIFIED', problem: null }]);
      const { code, said } = await restore(
        await machine({ DATABASE_URL: (await emptyDatabase()).url }),
        mixed,
      );
      expect(said).toContain('left out: others_notes; they are not of this program');
      expect(code).toBe(0);
    } finally {
      await app.sql('drop table public.others_notes');
    }
  });
});
