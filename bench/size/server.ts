import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Ticks of /proc in a second, on every Linux that Node runs on. */
const TICKS = 100;

export type MeasuredServer = Awaited<ReturnType<typeof startMeasured>>;

/**
 * A server as an operator starts it, in a process of its own.
 *
 * @returns once it listens
 * @throws where it ends before
 */
export async function startMeasured(tree: string, env: Record<string, string>) {
  const started = performance.now();
  const child = spawn(process.execPath, startArguments(tree), {
    cwd: tree,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0' },
      ...(process.env.NODE_OPTIONS && { NODE_OPTIONS: process.env.NODE_OPTIONS }),
      ...{ RATE_LIMIT_READS: '1000000', RATE_LIMIT_WRITES: '1000000', RATE_LIMIT_HEAVY: '1000000' },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const { url: listens } = (line.startsWith('{') ? JSON.parse(line) : {}) as { url?: string };
      if (listens) resolve(listens);
    });
    void exited.then(() => reject(new Error('the server ended before it listened')));
  });
  const seconds = (milliseconds: number) => Number((milliseconds / 1_000).toFixed(2));
  return {
    url,
    /** Seconds from the start of the process. */
    listensAfter: seconds(performance.now() - started),
    /** Seconds of CPU that it took for that. */
    cpu: cpuSeconds(child.pid ?? 0),
    /** Seconds of CPU that it took by now. */
    cpuNow: () => cpuSeconds(child.pid ?? 0),
    /** MB now. */
    memory: () => memoryOf(child.pid ?? 0),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** What `npm start` of a tree gives to Node. */
export function startArguments(tree: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').slice(1);
}

/** Seconds of CPU that a process has taken: utime and stime, all of its threads. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** What lies in memory, in MB, and how much of it is nobody's file. */
export function memoryOf(pid: number): { resident: number; anonymous: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (name: string) =>
    Math.round(Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1_024);
  return { resident: mb('Rss'), anonymous: mb('Anonymous') };
}
