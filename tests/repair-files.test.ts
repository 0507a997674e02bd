import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/harness.ts';
import { actions, passCooldown, repair, tryRepair } from './support/repairs.ts';
import { untilTask } from './support/tasks.ts';

let root: string;
let folder: string;
let outside: string;
const apps: TestApp[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'echo-repair-files-'));
  [folder, outside] = [join(root, 'renders'), join(root, 'outside')];
  for (const each of [folder, outside]) await mkdir(each);
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  await rm(root, { recursive: true, force: true });
});

async function start(REPAIR: object): Promise<TestApp> {
  const app = await startTestApp({ env: { REPAIR: JSON.stringify(REPAIR) } });
  apps.push(app);
  return app;
}

/** Writes a file that was not written for so many hours. */
async function old(path: string, hours = 48, text = 'old'): Promise<void> {
  await writeFile(path, text);
  const at = new Date(Date.now() - hours * 3_600_000);
  await utimes(path, at, at);
}

async function done(app: TestApp, type: string, target: string) {
  const { taskId: dry } = await tryRepair(app, type, target);
  const tried = await untilTask(app, dry, 'COMPLETED');
  const { taskId } = await repair(app, type, target);
  return { tried: tried.result, result: (await untilTask(app, taskId, 'COMPLETED')).result };
}

async function refused(app: TestApp, type: string, target: string): Promise<string> {
  const { taskId } = await tryRepair(app, type, target);
  const { error } = await untilTask(app, taskId, 'FAILED');
  expect((await actions(app))[0]).toMatchObject({ outcome: 'REFUSED', problem: error });
  return error;
}

describe('a clean-up', () => {
  test('deletes what is old and called so, and nothing else', async () => {
    await old(join(folder, 'a.png'), 72, 'aaaa');
    await old(join(folder, 'b.png'), 48, 'bb');
    await old(join(folder, 'fresh.png'), 0);
    await old(join(folder, 'c.txt'));
    await old(join(folder, '.hidden.png'));
    await mkdir(join(folder, 'inner.png'));
    await old(join(folder, 'inner.png', 'deep.png'));
    const app = await start({ folders: [{ path: folder, olderThanHours: 24, pattern: '*.png' }] });
    const { tried, result } = await done(app, 'disk_cleanup', folder);
    expect(tried.before).toEqual({
      ...{ freeBytes: expect.any(Number), files: 2, bytes: 6, oldest: ['a.png', 'b.png'], sawAll: true },
    });
    expect(result.after).toEqual({
      ...{ freeBytes: expect.any(Number), removedFiles: 2, removedBytes: 6, leftFiles: 0 },
    });
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      ...['.hidden.png', 'c.txt', 'fresh.png', 'inner.png', 'inner.png/deep.png'],
    ]);
  });

  test('goes into folders below where it may, and never through a link', async () => {
    await old(join(outside, 'kept'));
    await mkdir(join(folder, 'below'));
    await old(join(folder, 'below', 'gone'));
    await symlink(outside, join(folder, 'way-out'));
    await symlink(join(outside, 'kept'), join(folder, 'link'));
    await symlink(outside, join(folder, 'below', 'way-out'));
    const app = await start({ folders: [{ path: folder, olderThanHours: 1, subfolders: true }] });
    const { result } = await done(app, 'disk_cleanup', folder);
    expect(result.after).toMatchObject({ removedFiles: 1 });
    expect(await readdir(outside)).toEqual(['kept']);
    expect((await readdir(folder)).sort()).toEqual(['below', 'link', 'way-out']);
    expect(await readdir(join(folder, 'below'))).toEqual(['way-out']);
  });

  test.each([
    [{ maxFiles: 2 }, ['3', '4', '5'], 2],
    [{ maxMegabytes: 1 }, ['2', '3', '4', '5'], 1],
  ])('deletes no more than it may, the oldest first: %j', async (limit, left, removed) => {
    for (let count = 1; count <= 5; count++)
      await old(join(folder, String(count)), 100 - count, 'x'.repeat(600_000));
    const app = await start({ folders: [{ path: folder, olderThanHours: 1, ...limit }] });
    const { tried, result } = await done(app, 'disk_cleanup', folder);
    expect(tried.before).toMatchObject({ files: removed, sawAll: false });
    expect(result.after).toMatchObject({ removedFiles: removed });
    expect((await readdir(folder)).sort()).toEqual(left);
  });

  test('of a folder that is a link, or lies behind one, or is none, is refused', async () => {
    await old(join(outside, 'kept'));
    await mkdir(join(outside, 'below'));
    await symlink(outside, join(root, 'link'));
    await writeFile(join(root, 'file'), '');
    const paths = ['link', 'link/below', 'file', 'absent'].map((name) => join(root, name));
    const app = await start({ folders: paths.map((path) => ({ path, olderThanHours: 1 })) });
    expect(await refused(app, 'disk_cleanup', paths[0]!)).toMatch(
      /cannot be opened .* a link is not followed/,
    );
    expect(await refused(app, 'disk_cleanup', paths[1]!)).toMatch(/leads elsewhere through a link/);
    expect(await refused(app, 'disk_cleanup', paths[2]!)).toMatch(/cannot be opened \(ENOTDIR\)/);
    expect(await refused(app, 'disk_cleanup', paths[3]!)).toMatch(/cannot be opened \(ENOENT\)/);
    expect(await readdir(outside)).toContain('kept');
  });

  test('of a folder that has become a link since its dry run is refused', async () => {
    await old(join(folder, 'gone'));
    await old(join(outside, 'kept'));
    const app = await start({ folders: [{ path: folder, olderThanHours: 1 }] });
    await untilTask(app, (await tryRepair(app, 'disk_cleanup', folder)).taskId, 'COMPLETED');
    await rename(folder, join(root, 'moved'));
    await symlink(outside, folder);
    const { taskId } = await repair(app, 'disk_cleanup', folder);
    expect((await untilTask(app, taskId, 'FAILED')).error).toMatch(/a link is not followed/);
    expect(await readdir(outside)).toEqual(['kept']);
  });

  test('of what lies around the data directory, or in it, is refused whatever it is called', async () => {
    // The setting refuses it by its name; here it comes in by another one.
    const app = await start({ folders: [{ path: folder, olderThanHours: 1 }] });
    const { Folder } = await import('../src/domains/repairs/folder.ts');
    for (const data of [join(folder, 'data'), folder, root]) {
      await mkdir(data, { recursive: true });
      await symlink(data, join(root, 'alias'));
      await expect(Folder.open(folder, join(root, 'alias'))).rejects.toThrow(
        /holds the data directory, or is in it/,
      );
      await rm(join(root, 'alias'));
    }
    expect(await actions(app)).toEqual([]);
  });

  test.each([['..'], ['/'], ['renders/'], ['renders/..'], ['renders/../outside'], ['./renders'], ['rend*']])(
    'of another way to write a folder is refused: %s',
    async (target) => {
      await old(join(outside, 'kept'));
      const app = await start({ folders: [{ path: folder, olderThanHours: 1 }] });
      const path = target === '/' ? target : `${root}/${target}`;
      expect(await refused(app, 'disk_cleanup', path)).toMatch(/not on the list/);
      expect(await readdir(outside)).toEqual(['kept']);
    },
  );
});

describe('a rotation', () => {
  const logOf = (keep = 3) => ({ logs: [{ path: join(folder, 'app.log'), keep }] });

  test('moves what the log holds, keeps so many, and leaves the file to whoever writes it', async () => {
    const path = join(folder, 'app.log');
    await writeFile(path, 'first\n', { mode: 0o640 });
    const before = await stat(path);
    const app = await start(logOf(2));
    for (const text of ['second\n', 'third\n', '']) {
      const { tried } = await done(app, 'log_rotation', path);
      expect(tried.before.bytes).toBeGreaterThan(0);
      expect(await readFile(path, 'utf8')).toBe('');
      await writeFile(path, text, { flag: 'a' });
      await passCooldown(app);
    }
    expect((await stat(path)).ino).toBe(before.ino);
    expect((await readdir(folder)).sort()).toEqual(['app.log', 'app.log.1', 'app.log.2']);
    expect(await readFile(`${path}.1`, 'utf8')).toBe('third\n');
    expect(await readFile(`${path}.2`, 'utf8')).toBe('second\n');
    expect((await stat(`${path}.1`)).mode & 0o777).toBe(0o640);
    // One that is empty pushes nothing out.
    const { result } = await done(app, 'log_rotation', path);
    expect(result.after.rotated.map(({ name }: { name: string }) => name)).toEqual([
      'app.log.1',
      'app.log.2',
    ]);
    expect(await readFile(`${path}.2`, 'utf8')).toBe('second\n');
  });

  test('goes on behind one that was killed', async () => {
    const path = join(folder, 'app.log');
    await writeFile(path, 'text\n');
    await writeFile(`${path}.rotating`, 'half');
    const app = await start(logOf());
    await done(app, 'log_rotation', path);
    expect(await readFile(`${path}.1`, 'utf8')).toBe('text\n');
    expect((await readdir(folder)).sort()).toEqual(['app.log', 'app.log.1']);
  });

  test('does not follow links, and does not empty a file that has a second name', async () => {
    await writeFile(join(outside, 'secret'), 'sealed');
    const path = join(folder, 'app.log');
    const app = await start(logOf());
    await symlink(join(outside, 'secret'), path);
    expect(await refused(app, 'log_rotation', path)).toMatch(/cannot be opened \(ELOOP\)/);
    await rm(path);
    await link(join(outside, 'secret'), path);
    expect(await refused(app, 'log_rotation', path)).toMatch(/second name/);
    await rm(path);
    await mkdir(path);
    expect(await refused(app, 'log_rotation', path)).toMatch(/EISDIR/);
    await rm(path, { recursive: true });
    await writeFile(path, 'text');
    // A link where the copy goes is replaced, not written through.
    await symlink(join(outside, 'secret'), `${path}.1`);
    await symlink(join(outside, 'secret'), `${path}.rotating`);
    await done(app, 'log_rotation', path);
    expect(await readFile(`${path}.1`, 'utf8')).toBe('text');
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('sealed');
  });
});
