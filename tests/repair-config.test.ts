import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../src/config.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'echo-repair-config-'));
});
afterEach(() => rm(directory, { recursive: true }));

const read = (REPAIR: unknown, more: Record<string, string> = {}) =>
  readConfig({ REPAIR: typeof REPAIR === 'string' ? REPAIR : JSON.stringify(REPAIR), ...more }, directory)
    .repairs;

function problemsOf(REPAIR: unknown, more?: Record<string, string>): readonly string[] {
  try {
    read(REPAIR, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const folder = { path: '/var/tmp/renders', olderThanHours: 24 };
const log = { path: '/var/log/app/app.log' };
const program = { name: 'ffmpeg', owner: 0 };

test('without the setting nothing may be repaired', () => {
  expect([readConfig({}, directory).repairs, read('off'), read('OFF')]).toEqual([null, null, null]);
});

test('the list stands in the setting, or in a file that it names', async () => {
  const list = { folders: [folder], logs: [log], processes: [program] };
  const expected = {
    ...{ services: [], systemctl: '/usr/bin/systemctl' },
    folders: [{ ...folder, pattern: '*', subfolders: false, maxFiles: 1_000, maxMegabytes: 10_240 }],
    logs: [{ ...log, keep: 5 }],
    processes: [
      { name: 'ffmpeg', owner: { name: 0, uid: 0 }, graceSeconds: 10, force: false, maxProcesses: 10 },
    ],
  };
  expect(read(list)).toEqual(expected);
  await writeFile(join(directory, 'repair.json'), JSON.stringify(list), { mode: 0o644 });
  expect(read('repair.json')).toEqual(expected);
  expect(read(join(directory, 'repair.json'))).toEqual(expected);
  expect(read({ processes: [{ name: 'x', owner: 'root' }] })?.processes[0]?.owner).toEqual({
    name: 'root',
    uid: 0,
  });
});

test('every wrong value of the list is named at once', () => {
  const problems = problemsOf({
    services: [
      'web',
      'a b.service',
      '../x.service',
      '-x.service',
      'x@.service',
      '*.service',
      'ok.service',
      'ok.service',
    ],
    systemctl: '/nowhere/systemctl',
    folders: [
      { path: '/', olderThanHours: 1 },
      { path: '/etc/app', olderThanHours: 1 },
      { path: 'renders', olderThanHours: 1 },
      { path: '/var/tmp/../../etc', olderThanHours: 1 },
      { path: '/var/tmp/', olderThanHours: 0 },
      { path: '/var/tmp/x', olderThanHours: 1, pattern: '../*' },
      { path: '/var/tmp/y', olderThanHours: 1, pattern: '{a,b}', maxFiles: 0 },
      { path: '/var/tmp/a\nb', olderThanHours: 1.5 },
      { path: '/tmp', olderThanHours: 1, recursive: true },
    ],
    logs: [{ path: '/app.log' }, { path: '/var/log/x', keep: 0 }],
    processes: [
      { name: 'has space', owner: 0 },
      { name: 'longer-than-fifteen', owner: 0 },
      { name: 'x', owner: 'nobody-of-this-name' },
      { name: 'y', owner: -1 },
      { name: 'z' },
    ],
    scripts: ['rm'],
  });
  const places = new Set(problems.map((problem) => /^REPAIR: ([\w.]+)?/.exec(problem)?.[1] ?? problem));
  for (const place of [
    ...[0, 1, 2, 3, 4, 5].map((index) => `services.${index}:`),
    ...[0, 1, 2, 3].map((index) => `folders.${index}.path:`),
    ...['folders.4.path:', 'folders.4.olderThanHours:', 'folders.5.pattern:', 'folders.6.pattern:'],
    ...['folders.6.maxFiles:', 'folders.7.path:', 'folders.7.olderThanHours:', 'folders.8.path:'],
    ...['logs.0.path:', 'logs.1.keep:', 'processes.0.name:', 'processes.1.name:', 'processes.2.owner:'],
    ...['processes.3.owner:', 'processes.4.owner:'],
  ])
    expect(
      [...places].some((each) => `${each}:` === place),
      `${place} of ${problems.join('\n')}`,
    ).toBe(true);
  expect(problems.join('\n')).toContain('recursive');
  expect(problems.join('\n')).toContain('scripts');
});

test.each<[string, unknown, RegExp]>([
  ['nothing listed', {}, /must list at least one service, folder, log or process/],
  ['one listed twice', { folders: [folder, folder] }, /folders\.1: "\/var\/tmp\/renders" is listed twice/],
  ['no JSON', '{folders}', /it is not JSON/],
  ['a list', '[]', /cannot be read \(ENOENT\)/],
  ['yes', 'on', /the file ".*on" cannot be read \(ENOENT\)/],
  [
    'a program that is none',
    { services: ['a.service'], systemctl: '/nowhere/it' },
    /systemctl: .*\(ENOENT\)/,
  ],
  [
    'a program that cannot be run',
    { services: ['a.service'], systemctl: '/etc/passwd' },
    /systemctl: .*\(EACCES\)/,
  ],
  [
    'a program by its name',
    { services: ['a.service'], systemctl: 'systemctl' },
    /systemctl: must be an absolute path/,
  ],
])('is refused: %s', (_what, REPAIR, words) => {
  expect(problemsOf(REPAIR).join('\n')).toMatch(words);
});

test('what touches the data directory is refused, wherever that is', () => {
  const data = { DATA_DIR: '/srv/echo/data' };
  const around = (path: string) => problemsOf({ folders: [{ path, olderThanHours: 1 }] }, data);
  for (const path of ['/srv/echo/data', '/srv/echo', '/srv/echo/data/postgres'])
    expect(around(path)).toEqual(['REPAIR: folders.0.path: must not hold the data directory, or be in it']);
  expect(around('/srv/echo/database')).toEqual([]);
  expect(problemsOf({ logs: [{ path: '/srv/echo/data/journal.db' }] }, data)).toEqual([
    'REPAIR: logs.0.path: must not be in the data directory',
  ]);
});

test('a file or a program that others may write is refused', async () => {
  const path = join(directory, 'repair.json');
  await writeFile(path, JSON.stringify({ folders: [folder] }));
  await chmod(path, 0o666);
  expect(problemsOf('repair.json')[0]).toMatch(/must not be writable by others than its owner/);
  await chmod(path, 0o755);
  expect(problemsOf('repair.json')).toEqual([]);
  expect(problemsOf({ services: ['a.service'], systemctl: path })).toEqual([]);
  await chmod(path, 0o775);
  expect(problemsOf({ services: ['a.service'], systemctl: path })[0]).toMatch(/must not be writable/);
  await mkdir(join(directory, 'program'));
  await symlink('/nowhere', join(directory, 'dangling'));
  expect(problemsOf({ services: ['a.service'], systemctl: join(directory, 'program') })[0]).toMatch(
    /is no program/,
  );
  expect(problemsOf('dangling')[0]).toMatch(/ENOENT/);
});
