import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Config, readConfig } from '../src/config.ts';
import { upgradeCommand } from '../src/domains/backups/upgrade-command.ts';
import { ClosingStack } from '../src/jobs/ending.ts';
import { DUTIES } from '../src/lists/duties.ts';
import { createLogger } from '../src/log.ts';
import { openUpgradePorts } from '../src/ports.ts';
import { served } from './support/served.ts';

const SETTINGS = {
  PORT: '0',
  LOG_LEVEL: 'silent',
  SEED: 'off',
  CANARY_INTERVAL_MS: '0',
  ACK_DEADLINE_MS: '20000',
};
const log = createLogger('silent');
/** Several databases are made, loaded and read, one after the other. */
const LONG = { timeout: 240_000 };
const directories: string[] = [];
let directory: string;
let config: Config;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-upgraded-'));
  directories.push(directory);
  config = readConfig({ ...SETTINGS, DATA_DIR: directory }, directory);
});
afterAll(async () => {
  for (const each of directories) await rm(each, { recursive: true, force: true, maxRetries: 20 });
});

/** `npm run upgrade-database`. @param onLine may throw: the run is cut off there */
async function upgrade(args: readonly string[], onLine: (line: string) => void = () => undefined) {
  const lines: string[] = [];
  const code = await upgradeCommand(
    args,
    async (work) => {
      const closing = new ClosingStack(log);
      try {
        return await work({ ...(await openUpgradePorts(config, log, closing)), duties: DUTIES });
      } finally {
        await closing.close();
      }
    },
    (line) => {
      lines.push(line);
      onLine(line);
    },
  );
  return { code, said: lines.join('\n') };
}

const CHAIN = '{ verifyConversation(conversationId: "kitchen") { intact turns } }';
const kept = async () => (await readdir(directory)).filter((name) => /^postgres-\d/.test(name));

test(
  'files of another major version are refused by name, and become those of this one with all that they held',
  LONG,
  async () => {
    expect(await upgrade([])).toMatchObject({
      code: 1,
      said: expect.stringContaining('no embedded database'),
    });
    await served(config, ({ record }) => record('kitchen', ['My oven is green', 'A \\N and \u{1f980}']));
    const versionFile = join(directory, 'postgres', 'PG_VERSION');
    const version = (await readFile(versionFile, 'utf8')).trim();
    expect((await upgrade([])).said).toContain(`of PostgreSQL ${version} already`);

    // Files of a version whose programs nobody has here.
    await writeFile(versionFile, '12\n');
    await expect(served(config, async () => undefined)).rejects.toThrow(
      /by PostgreSQL 12, .* npm run upgrade-database/,
    );
    await expect(upgrade(['--binaries', directory])).rejects.toThrow(/PostgreSQL 12, .* are not in /);
    await writeFile(versionFile, `${version}\n`);
    expect(await kept()).toEqual([]);

    // Cut off when all is read: the old ones are as they were, and the next run begins anew.
    const cut = upgrade(['--anew'], (line) => {
      if (line.startsWith('reading the database')) throw new Error('killed');
    });
    await expect(cut).rejects.toThrow('killed');
    await mkdir(join(directory, 'postgres.next', 'left'), { recursive: true });
    await served(config, async ({ graphql }) =>
      expect((await graphql(CHAIN)).data.verifyConversation).toEqual({ intact: true, turns: 2 }),
    );

    const { code, said } = await upgrade(['--anew']);
    expect(said).toMatch(/\d+ rows are in the files .* the same by number and checksum/);
    expect(code).toBe(0);
    const [old] = await kept();
    expect(old).toMatch(new RegExp(`^postgres-${version}-`));
    expect(existsSync(join(directory, 'upgrade'))).toBe(false);

    // Killed between the two steps by which they change places: the next start goes on.
    await rename(join(directory, 'postgres'), join(directory, 'postgres.next'));
    await writeFile(join(directory, 'postgres.moving'), old ?? '');
    await served(config, async ({ graphql, search, record }) => {
      expect((await search('oven'))[0]?.interaction.query).toBe('My oven is green');
      await record('kitchen', ['And it goes on']);
      const { data } = await graphql(CHAIN);
      expect(data.verifyConversation).toEqual({ intact: true, turns: 3 });
    });
    expect((await readdir(directory)).filter((name) => /\.(?:next|moving)/.test(name))).toEqual([]);
  },
);

test(
  'where nobody has the old programs, a backup becomes the database, and the old files stay',
  LONG,
  async () => {
    directory = await mkdtemp(join(tmpdir(), 'echo-upgraded-'));
    directories.push(directory);
    const backups = join(directory, 'backups');
    config = readConfig({ ...SETTINGS, DATA_DIR: directory, BACKUP_DIR: backups }, directory);
    const TASK = 'query ($taskId: ID!) { task(taskId: $taskId) { status } }';
    const BACKUP =
      'mutation { createBackup { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }';
    await served(config, async ({ graphql, record }) => {
      await record('kitchen', ['My oven is green', 'It is in the backup']);
      const { taskId } = (await graphql(BACKUP)).data.createBackup.task;
      const status = async () => (await graphql(TASK, { taskId })).data.task.status;
      await expect.poll(status, { timeout: 60_000 }).toBe('COMPLETED');
      await record('kitchen', ['It came after the backup']);
    });
    // As of a version whose programs nobody has here: nothing starts on them.
    await writeFile(join(directory, 'postgres', 'PG_VERSION'), '12\n');
    const old = await readdir(join(directory, 'postgres', 'base'));
    expect(await upgrade(['--from-backup', 'latest', '--binaries', directory])).toMatchObject({ code: 2 });
    expect(await upgrade(['--from-backup', join(directory, 'nothing')])).toMatchObject({
      ...{ code: 1, said: expect.stringContaining('there is no file') },
    });
    expect(await kept()).toEqual([]);

    const { code, said } = await upgrade(['--from-backup', 'latest']);
    expect(said).toMatch(/restored \S+: \d+ rows, everything that was acknowledged before \d{4}-/);
    expect(said).toMatch(/the old files, of PostgreSQL 12, are kept in .*postgres-12-/);
    expect(code).toBe(0);
    const [left = ''] = await kept();
    expect(await readdir(join(directory, left, 'base'))).toEqual(old);
    await served(config, async ({ graphql, search, record }) => {
      expect((await search('oven'))[0]?.interaction.query).toBe('My oven is green');
      await record('kitchen', ['It goes on behind the backup']);
      const { data } = await graphql(CHAIN);
      // What came after the backup is in the old files alone.
      expect(data.verifyConversation).toEqual({ intact: true, turns: 3 });
    });
  },
);
