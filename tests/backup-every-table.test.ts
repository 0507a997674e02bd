import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { fillEveryTable, references } from './support/every-table.ts';
import { FROM_TEMPLATE, startTestApp } from './support/harness.ts';
import { restore } from './support/restore.ts';
import { untilTask } from './support/tasks.ts';

test('a backup with rows in every table is restored, whatever refers to what, and each reference holds again', async () => {
  const app = await startTestApp();
  onTestFinished(() => app.close());
  await fillEveryTable(app.databaseUrl);
  const before = await references(app.databaseUrl);
  // Each is held by a row, so that none is left out of what is tried here.
  expect(before.filter(({ isHeld }) => !isHeld)).toEqual([]);

  const made = async () => {
    const { data } = await app.graphql(
      'mutation { createBackup { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }',
    );
    return (await untilTask(app, data.createBackup.task.taskId, 'COMPLETED')).result;
  };
  const result = await made();
  expect(result.verification).toMatchObject({ problem: null });

  const directory = await mkdtemp(join(tmpdir(), 'echo-restored-'));
  const admin = new pg.Client({ connectionString: inject('databaseUrl').replace('NAME', 'postgres') });
  await admin.connect();
  const name = `every_table_${process.pid}`;
  await admin.query(`create database ${name} ${FROM_TEMPLATE}`);
  onTestFinished(async () => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
    await rm(directory, { recursive: true, force: true });
  });
  const url = inject('databaseUrl').replace('NAME', name);
  const config = readConfig(
    {
      PORT: '0',
      DATA_DIR: directory,
      LOG_LEVEL: 'silent',
      DATABASE_URL: url,
      BACKUP_DIR: join(app.directory, 'backups'),
    },
    directory,
  );
  expect(await restore(config, result.backupId)).toMatchObject({ code: 0 });
  expect(await references(url)).toEqual(before);

  // What a damaged database holds is no backup that can be restored, and is said to be none.
  await app.sql('alter table referrals disable trigger all; update referrals set code = 77');
  expect((await made()).verification.problem).toContain(
    'rows of the table referrals refer to rows that are not there',
  );
});
