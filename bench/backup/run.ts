import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '../../src/domains/backups/format.ts';
import { readBackup } from '../../src/domains/backups/reading.ts';
import { type ChildServer, startChildServer } from '../../tests/support/child-server.ts';
import { createCorpus } from '../memory/corpus.ts';

const MASTER_KEY = 'ab'.repeat(32);
const BATCH = 500;
const AT_ONCE = 4;
const RECORD = `mutation ($input: RecordTurnsInput!) {
  recordTurns(input: $input) { ... on RecordTurnsSuccess { durability } ... on Error { message } } }`;
const CREATE = `mutation { createBackup { ... on CreateTaskSuccess { task { taskId } } ... on Error { message } } }`;
const TASK = `query ($id: ID!) { task(taskId: $id) { status error result progress { done total note } } }`;
/** What a task says of where it is. */
const PHASES = ['reading', 'restoring', 'comparing'];

type Print = (line: string) => void;

/** Options of the command, as they were typed. */
export interface Given {
  readonly turns: string;
  readonly seed: string;
  readonly kills: boolean;
}

/** Measures; throws where what came out is not what went in. */
export async function benchBackup(values: Given, print: Print): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'echo-bench-backup-'));
  const place = (name: string) => join(directory, name);
  const env = {
    MASTER_KEY,
    BACKUP_DIR: place('backups'),
    BACKUP_KEEP: 'last=100',
    LOG_LEVEL: 'info',
  };
  let server = await startChildServer(place('first'), env);
  try {
    await fill(server, Number(values.turns), Number(values.seed), print);
    const backupId = await backUp(server, print);
    if (values.kills)
      for (const phase of PHASES)
        server = await killIn(server, phase, () => startChildServer(place('first'), env), print);
    await stop(server);
    await restore(backupId, { ...env, DATA_DIR: place('second') }, values.kills, print);
    server = await startChildServer(place('second'), { ...env, BACKUP_DIR: place('others') });
    // Nobody adds to the chains that are compared.
    const again = await backUp(server, print, false);
    const heads = await Promise.all([
      manifestOf(place('backups'), backupId),
      manifestOf(place('others'), again),
    ]);
    const [before, after] = heads.map(({ chains }) => `${chains.conversations} ${chains.sha256}`);
    if (before !== after) throw new Error(`the heads of the chains are others: ${before}, ${after}`);
    print(
      `the heads of the chains of ${heads[0]?.chains.conversations} conversations are the same after the restore`,
    );
  } finally {
    await stop(server);
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(server: ChildServer, count: number, seed: number, print: Print): Promise<void> {
  const corpus = createCorpus(seed);
  const started = performance.now();
  let next = 0;
  const work = async () => {
    while (next < count) {
      const from = next;
      next += BATCH;
      const turns = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => {
        const { query, response } = corpus.turn(from + index, 'user');
        return { query, response };
      });
      await record(server, `conversation ${from / BATCH}`, turns);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  print(`${count} turns recorded in ${seconds(started)} s`);
}

async function record(server: ChildServer, conversationId: string, turns: readonly object[]): Promise<void> {
  const { data, errors } = await server.graphql(RECORD, { input: { conversationId, turns } });
  if (!data?.recordTurns.durability) throw new Error(JSON.stringify(data ?? errors));
}

/** Makes a backup while somebody records turns in a conversation that is told apart. @returns its id */
async function backUp(server: ChildServer, print: Print, isUsed = true): Promise<string> {
  const quiet = isUsed ? await latencies(server, () => false, 20) : [];
  const started = performance.now();
  const { data } = await server.graphql(CREATE);
  const { taskId } = data.createBackup.task;
  let [writtenAt, isDone] = [0, false];
  const meanwhile = isUsed ? latencies(server, () => isDone, Number.POSITIVE_INFINITY) : [];
  const phases = new Map<string, number>();
  for (;;) {
    const task = await taskOf(server, taskId);
    if (!writtenAt && task.progress?.note && !task.progress.note.startsWith('reading'))
      writtenAt = performance.now();
    const phase = task.progress?.note?.split(' ')[0] ?? 'waiting';
    if (!phases.has(phase)) phases.set(phase, performance.now());
    isDone = task.status === 'COMPLETED';
    if (!isDone && task.status !== 'FAILED' && task.status !== 'CANCELLED') {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    isDone = true;
    const busy = await meanwhile;
    if (task.status !== 'COMPLETED' || task.result.verification.problem)
      throw new Error(`the backup failed: ${task.error ?? task.result.verification.problem}`);
    const { backupId, bytes, rows, verification } = task.result;
    print(
      `backed up ${rows} rows into ${(bytes / 2 ** 20).toFixed(1)} MiB in ${((writtenAt - started) / 1_000).toFixed(1)} s, verified by a restore in ${verification.seconds} s ` +
        `(begun after ${[...phases].map(([name, from]) => `${name} ${((from - started) / 1_000).toFixed(1)}`).join(', ')} s)${busy.length === 0 ? '' : '; '}` +
        (busy.length === 0
          ? ''
          : `acknowledgements meanwhile: median ${at(busy, 0.5)} ms, 95 % within ${at(busy, 0.95)} ms (before: ${at(quiet, 0.5)}, ${at(quiet, 0.95)})`),
    );
    return backupId;
  }
}

/** How long turns take, in milliseconds, sorted. */
async function latencies(server: ChildServer, isOver: () => boolean, most: number): Promise<number[]> {
  const took: number[] = [];
  while (!isOver() && took.length < most) {
    const started = performance.now();
    await record(server, 'meanwhile', [{ query: `turn ${took.length}`, response: 'yes' }]);
    took.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return took.sort((a, b) => a - b);
}

/** Kills the server when a backup is in a phase; the next one ends it, and nothing half is left. */
async function killIn(
  server: ChildServer,
  phase: string,
  restart: () => Promise<ChildServer>,
  print: Print,
): Promise<ChildServer> {
  const { data } = await server.graphql(CREATE);
  const { taskId } = data.createBackup.task;
  for (;;) {
    const { status, progress } = await taskOf(server, taskId);
    if (progress?.note?.startsWith(phase) || status === 'COMPLETED') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  server.signal('SIGKILL');
  await server.exited;
  const next = await restart();
  const started = performance.now();
  for (;;) {
    const { status, result, error } = await taskOf(next, taskId);
    if (status === 'FAILED') throw new Error(`after the kill: ${error}`);
    if (status === 'COMPLETED') {
      if (result.verification.problem) throw new Error(`after the kill: ${result.verification.problem}`);
      print(`killed while ${phase}; the next server ended it in ${seconds(started)} s`);
      return next;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function taskOf(server: ChildServer, id: string) {
  return (await server.graphql(TASK, { id })).data.task;
}

async function restore(
  backupId: string,
  env: Record<string, string>,
  kill: boolean,
  print: Print,
): Promise<void> {
  if (kill) {
    const child = command(backupId, env);
    const isUnderWay = Promise.withResolvers<void>();
    child.stdout?.on('data', (said: Buffer) => /^\d+ %/.test(String(said)) && isUnderWay.resolve());
    const ended = exit(child);
    await Promise.race([isUnderWay.promise, ended]);
    child.kill('SIGKILL');
    const { code, said } = await ended;
    if (code !== 'SIGKILL') throw new Error(`it was too fast to be killed: ${said}`);
    print('killed the restore on its way; it is begun again');
  }
  const started = performance.now();
  const { code, said } = await exit(command(backupId, env));
  if (code !== 0) throw new Error(`the restore ended with ${code}: ${said}`);
  print(`restored in ${seconds(started)} s, with the start of the database`);
}

function command(backupId: string, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['scripts/restore-backup.ts', backupId], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function exit(child: ChildProcess): Promise<{ code: number | NodeJS.Signals | null; said: string }> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => resolve({ code: code ?? signal, said })),
  );
}

async function manifestOf(folder: string, backupId: string): Promise<Manifest> {
  const names = await readdir(folder);
  const half = names.filter((name) => name.endsWith('.partial'));
  if (half.length > 0 && !names.includes(`${backupId}.json`))
    throw new Error(`only halves are there: ${half}`);
  const nothing = async () => undefined;
  const found = Promise.withResolvers<Manifest>();
  await readBackup(
    createReadStream(join(folder, `${backupId}.backup`)),
    { masterKey: Buffer.from(MASTER_KEY, 'hex'), previousMasterKey: null, passphrase: null, recipients: [] },
    {
      ...{ header: nothing, journal: nothing, file: nothing, media: nothing },
      manifest: async (manifest) => found.resolve(manifest),
      table: async (_table, rows) => {
        let count = 0;
        for await (const chunk of rows) for (const byte of chunk as Buffer) if (byte === 10) count++;
        return { rows: count };
      },
    },
  );
  return found.promise;
}

async function stop(server: ChildServer): Promise<void> {
  server.signal('SIGTERM');
  await server.exited;
}

const seconds = (started: number) => ((performance.now() - started) / 1_000).toFixed(1);
const at = (sorted: readonly number[], share: number) =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
