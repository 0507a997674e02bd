import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { postgresProcesses, signalAll, untilGone } from '../../torture/processes.ts';
import { ServerUnderTest } from '../../torture/server.ts';
import type { Task, Told } from './viewers.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SECRET = 'a secret of this measurement alone';
const API_KEY = 'a key of this measurement alone';
const RECORD = 'mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) { __typename } }';
/** Clock ticks a second, in which Linux counts. */
const TICKS = 100;
/** So long, in milliseconds, the viewers are open before and after what is measured: what was stored last is told by then. */
const SETTLING_MS = 3_000;

type Print = (line: string) => void;
interface Options {
  readonly viewers: number;
  readonly seconds: number;
  readonly turns: number;
  readonly port: number;
}

/** Options of the command, as they were typed. */
export interface Given {
  readonly viewers: string;
  readonly seconds: string;
  readonly turns: string;
  readonly port: string;
}

/** Measures open dashboards. @throws Error where one missed a turn, or got one twice */
export async function benchDashboards(values: Given, print: Print): Promise<void> {
  const { viewers, seconds, turns, port } = values;
  const options = { viewers: +viewers, seconds: +seconds, turns: +turns, port: +port };
  const directory = await mkdtemp(join(tmpdir(), 'echo-bench-dashboards-'));
  const dataDirectory = join(directory, 'data');
  const environment = {
    API_KEY,
    JWT_SECRET: SECRET,
    JWT_ISSUER: 'bench',
    JWT_AUDIENCE: 'bench',
    CANARY_INTERVAL_MS: '0',
  };
  const server = new ServerUnderTest({
    ...{ program: join(ROOT, 'scripts/start.ts'), dataDirectory, port: options.port, environment },
    logFile: join(directory, 'server.log'),
    report: ({ check, detail }) => print(`${check}: ${detail}`),
  });
  const postgres = join(dataDirectory, 'postgres');
  try {
    if (!(await server.untilReady())) throw new Error(await readFile(join(directory, 'server.log'), 'utf8'));
    const measured: Measured[] = [];
    for (const count of [0, 1, options.viewers])
      for (const rate of count === 1 ? [0] : [0, options.turns])
        measured.push(await measure({ ...options, viewers: count, turns: rate }, server, postgres));
    report(measured, print);
  } finally {
    await server.stop();
    signalAll(await postgresProcesses(postgres), 'SIGKILL');
    await untilGone(postgres);
    await rm(directory, { recursive: true, force: true });
  }
}

interface Measured {
  readonly options: Options;
  /** Seconds of a processor in each second. */
  readonly cpu: { readonly server: number; readonly database: number };
  readonly megabytes: number;
  readonly told: Told | null;
  readonly stored: number;
}

async function measure(options: Options, server: ServerUnderTest, postgres: string): Promise<Measured> {
  const url = `http://127.0.0.1:${options.port}`;
  const child =
    options.viewers > 0 ? await startViewers({ url, secret: SECRET, viewers: options.viewers }) : null;
  await delay(SETTLING_MS);
  const pid = server.pid ?? 0;
  const database = await postgresProcesses(postgres);
  const before = { server: await cpuSeconds([pid]), database: await cpuSeconds(database) };
  const began = performance.now();
  const stored = await write(url, options);
  const seconds = (performance.now() - began) / 1_000;
  const after = { server: await cpuSeconds([pid]), database: await cpuSeconds(database) };
  const megabytes = await residentMegabytes(pid);
  await delay(SETTLING_MS);
  return {
    options,
    cpu: {
      server: (after.server - before.server) / seconds,
      database: (after.database - before.database) / seconds,
    },
    ...{ megabytes, stored, told: child && (await seenBy(child)) },
  };
}

async function startViewers(task: Task): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'viewers.ts'));
  child.send(task);
  await nextOf(child);
  return child;
}

/** What they saw; they end with it. */
async function seenBy(child: ChildProcess): Promise<Told> {
  child.send('end');
  const told = await nextOf(child);
  if (child.exitCode === null) await once(child, 'exit');
  return told;
}

async function nextOf(child: ChildProcess): Promise<Told> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('the process of the viewers ended');
  });
  const [told] = (await Promise.race([once(child, 'message'), ended])) as [Told];
  ended.catch(() => undefined);
  return told;
}

/** Stores turns at an even pace. @returns how many */
async function write(url: string, { turns, seconds }: Options): Promise<number> {
  const all = Math.round(turns * seconds);
  const began = performance.now();
  for (let n = 0; n < all; n++) {
    await delay(Math.max(0, began + (n * 1_000) / turns - performance.now()));
    const input = { conversationId: `c${n % 20}`, turns: [{ query: `Turn ${n}`, response: 'Noted.' }] };
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': API_KEY },
      body: JSON.stringify({ query: RECORD, variables: { input } }),
    });
    const { data } = (await response.json()) as { data?: { recordTurns: { __typename: string } } };
    if (data?.recordTurns.__typename !== 'RecordTurnsSuccess') throw new Error('a turn was not stored');
  }
  await delay(Math.max(0, began + seconds * 1_000 - performance.now()));
  return all;
}

/** Of the processes of this moment, in the mode of users and of the system (Linux). */
async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const ticks = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      // The name, in parentheses, may hold spaces.
      const [user = 0, system = 0] = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .slice(11, 13)
        .map(Number);
      return user + system;
    }),
  );
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS;
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

function report(measured: readonly Measured[], print: Print): void {
  console.table(
    measured.map(({ options, cpu, megabytes, told, stored }) => ({
      dashboards: options.viewers,
      'turns/s': options.turns,
      'server, cores': Number(cpu.server.toFixed(3)),
      'database, cores': Number(cpu.database.toFixed(3)),
      'server, MiB': megabytes,
      'questions/s': told ? Math.round(told.asked / (options.seconds + (2 * SETTLING_MS) / 1_000)) : 0,
      'answers ms (p50, p99)': told?.answers.join(', ') ?? '',
      'turn shown after ms (p50, p99)': stored > 0 ? (told?.delays.join(', ') ?? '') : '',
      'events of metrics': told?.events.metrics ?? '',
    })),
  );
  for (const { options, told, stored } of measured) {
    if (!told) continue;
    const turns = Object.values(told.turns);
    const delivered = turns.reduce((sum, { times }) => sum + times, 0);
    const isWhole =
      turns.length === stored &&
      turns.every(({ viewers, times }) => viewers === options.viewers && times === viewers);
    print(
      `${options.viewers} dashboards: ${stored} turns, ${delivered} deliveries of ${stored * options.viewers}`,
    );
    if (told.problems.length > 0) throw new Error(`problems: ${told.problems.join('\n')}`);
    if (!isWhole) throw new Error('a dashboard missed a turn, or got one twice');
  }
}
