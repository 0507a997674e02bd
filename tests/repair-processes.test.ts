import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { access, chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { allProcesses, seenOf, treeOf } from '../src/domains/repairs/processes.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { actions, repair, tryRepair } from './support/repairs.ts';
import { untilTask } from './support/tasks.ts';

const NAME = `echo-${process.pid}`.slice(0, 15);
const { uid } = userInfo();

let folder: string;
const pids: number[] = [];
const children: ChildProcess[] = [];
const apps: TestApp[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'echo-repair-processes-'));
  // Others start it, too.
  await chmod(folder, 0o755);
  await copyFile('/bin/sleep', join(folder, NAME));
  await copyFile('/bin/sh', join(folder, 'shell'));
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const pid of pids.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function start(process: object): Promise<TestApp> {
  const app = await startTestApp({ env: { REPAIR: JSON.stringify({ processes: [process] }) } });
  apps.push(app);
  return app;
}

const isAlive = (pid: number) => seenOf(pid)?.isZombie === false;

/** Starts a process that does not come from this one: its parent is gone. @returns its number */
function orphan(command: string, options: { cwd?: string; uid?: number } = {}): number {
  const said = execFileSync('/bin/sh', ['-c', `${command} > /dev/null 2>&1 & echo $!`], {
    cwd: '/',
    ...options,
  });
  const pid = Number(said);
  pids.push(pid);
  return pid;
}

const sleeping = (options?: { cwd?: string; uid?: number }) => orphan(`${join(folder, NAME)} 600`, options);
const called = (pid: number) => expect.poll(() => seenOf(pid)?.name).toBe(NAME);

test('processes of a name and a user are ended, and told before and after', async () => {
  const [one, two] = [sleeping(), sleeping()];
  for (const pid of [one, two]) await called(pid);
  const app = await start({ name: NAME, owner: uid });
  const dry = await untilTask(app, (await tryRepair(app, 'process_kill', NAME)).taskId, 'COMPLETED');
  const processes = [one, two].sort((a, b) => a - b).map((pid) => ({ pid, memoryBytes: expect.any(Number) }));
  expect(dry.result.before).toEqual({ processes, spared: 0 });
  expect([one, two].every(isAlive)).toBe(true);
  const { result } = await untilTask(app, (await repair(app, 'process_kill', NAME)).taskId, 'COMPLETED');
  expect(result).toMatchObject({ before: { processes }, after: { processes: [] } });
  expect(result.after.ended.sort()).toEqual([one, two].sort());
  expect([one, two].some(isAlive)).toBe(false);
});

test('what the server comes from, has started, or keeps its data with is spared', async () => {
  const child = spawn(join(folder, NAME), ['600']);
  children.push(child);
  const app = await start({ name: NAME, owner: uid });
  const inData = sleeping({ cwd: app.directory });
  for (const pid of [child.pid ?? 0, inData]) await called(pid);
  const { result } = await untilTask(app, (await tryRepair(app, 'process_kill', NAME)).taskId, 'COMPLETED');
  expect(result.before).toEqual({ processes: [], spared: 2 });
  const done = await untilTask(app, (await repair(app, 'process_kill', NAME)).taskId, 'COMPLETED');
  expect(done.result.after).toEqual({ ended: [], processes: [] });
  expect([child.pid ?? 0, inData].every(isAlive)).toBe(true);
  // The same by the tree alone: this process, what it comes from, and what comes from it.
  const tree = treeOf(process.pid, allProcesses());
  expect([process.pid, process.ppid, child.pid].every((pid) => tree.has(pid ?? 0))).toBe(true);
});

test.runIf(uid === 0)('processes of another user are not touched', async () => {
  const [own, foreign] = [sleeping(), sleeping({ uid: 65_534 })];
  for (const pid of [own, foreign]) await called(pid);
  const app = await start({ name: NAME, owner: 65_534 });
  const { result } = await untilTask(app, (await tryRepair(app, 'process_kill', NAME)).taskId, 'COMPLETED');
  expect(result.before.processes).toEqual([{ pid: foreign, memoryBytes: expect.any(Number) }]);
  await untilTask(app, (await repair(app, 'process_kill', NAME)).taskId, 'COMPLETED');
  expect([isAlive(own), isAlive(foreign)]).toEqual([true, false]);
});

test.each([
  [false, 'FAILED', true],
  [true, 'COMPLETED', false],
])('one that does not listen is ended only by force: %s', async (force, status, lives) => {
  const deaf = orphan(
    `exec ${join(folder, 'shell')} -c 'trap "" TERM; echo ready > ${folder}/ready; while :; do sleep 1; done'`,
  );
  await expect.poll(() => seenOf(deaf)?.name).toBe('shell');
  await expect
    .poll(() =>
      access(join(folder, 'ready')).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  const app = await start({ name: 'shell', owner: uid, graceSeconds: 1, force });
  await untilTask(app, (await tryRepair(app, 'process_kill', 'shell')).taskId, 'COMPLETED');
  const { error } = await untilTask(app, (await repair(app, 'process_kill', 'shell')).taskId, status);
  expect(error).toEqual(force ? null : '1 of 1 processes run on: they did not end in time');
  expect(isAlive(deaf)).toBe(lives);
  if (!force) expect((await actions(app))[0]).toMatchObject({ outcome: 'FAILED', after: { ended: [] } });
});

test('more than may be ended at once are refused, and other names are not on the list', async () => {
  const found = [sleeping(), sleeping(), sleeping()];
  for (const pid of found) await called(pid);
  const app = await start({ name: NAME, owner: uid, maxProcesses: 2 });
  const { error } = await untilTask(app, (await tryRepair(app, 'process_kill', NAME)).taskId, 'FAILED');
  expect(error).toBe('3 processes are called so; at most 2 are ended at once');
  for (const target of ['1', String(found[0]), `${NAME} `, `${NAME}*`, 'node', '-1', `../${NAME}`]) {
    const refused = await untilTask(app, (await repair(app, 'process_kill', target)).taskId, 'FAILED');
    expect(refused.error).toMatch(/not on the list/);
  }
  expect(found.every(isAlive)).toBe(true);
});
