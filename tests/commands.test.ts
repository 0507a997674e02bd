import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BARE_ENV } from './support/child-server.ts';

const ROOT = join(import.meta.dirname, '..');
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-commands-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs a script as npm does; its data directory does not exist yet. */
function run(script: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...BARE_ENV, HOME: directory, PORT: '0', DATA_DIR: join(directory, 'data') };
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [join(ROOT, script), ...args],
      { cwd: directory, env },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    ),
  );
}

const SCRIPTS: [string, string[]][] = [
  ['src/main.ts', []],
  ['scripts/start.ts', []],
  ['scripts/migrate.ts', []],
  ['scripts/seed.ts', []],
  ['scripts/doctor.ts', []],
  ['scripts/verify.ts', []],
  ['scripts/keys.ts', []],
  ['scripts/tasks.ts', []],
  ['scripts/journal.ts', []],
  ['scripts/backup.ts', []],
  ['scripts/restore-backup.ts', []],
  ['scripts/upgrade-database.ts', []],
  ['scripts/schedules.ts', []],
  ['scripts/secrets.ts', []],
  ['scripts/audit.ts', []],
  ['scripts/import.ts', []],
  ['scripts/mutate.ts', []],
  ['scripts/figures.ts', []],
  ['scripts/codegen.ts', []],
  ['scripts/user-export.ts', ['export']],
  ['scripts/user-export.ts', ['restore']],
];

test.each(SCRIPTS)(
  '%s %s takes no option that it does not know, and starts nothing',
  async (script, first) => {
    const { code, stdout, stderr } = await run(script, ...first, '--no-migrat');
    expect(stdout + stderr).toMatch(/--no-migrat[\s\S]*usage/i);
    expect(code).toBe(2);
    expect(existsSync(join(directory, 'data'))).toBe(false);
  },
);

test.each([
  ['src/main.ts', '--help'],
  ['scripts/start.ts', '--help'],
  ['scripts/verify.ts', '--help'],
  ['scripts/keys.ts', '-h'],
  ['scripts/import.ts', '--help'],
])('%s %s says how it is used, and starts nothing for that', async (script, option) => {
  const { code, stdout, stderr } = await run(script, option);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/usage/i);
  expect(existsSync(join(directory, 'data'))).toBe(false);
});

test('a command that does not exist starts nothing', async () => {
  const { code, stdout } = await run('scripts/keys.ts', 'lsit');
  expect(code).toBe(2);
  expect(stdout).toMatch(/usage/i);
  expect(existsSync(join(directory, 'data'))).toBe(false);
});
