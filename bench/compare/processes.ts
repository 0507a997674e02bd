import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Cores } from './cores.ts';

/** Milliseconds that a program may need until it listens: a first start makes a bundle. */
const START_MS = 180_000;
const STOP_MS = 15_000;

/** A server that is measured, as a process of its own. */
export interface RunningServer {
  readonly pid: number;
  readonly url: string;
  /** Milliseconds from the start of its process until it said that it listens. */
  readonly startMs: number;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

/**
 * Starts a program and waits until it prints where it listens: a line of JSON with `url`.
 *
 * @throws Error with the last lines that it printed, if it ends first or takes too long
 */
export async function startServer(options: {
  readonly name: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cores: Cores | null;
}): Promise<RunningServer> {
  const { name, args, cwd, env, cores } = options;
  const began = performance.now();
  const pinned = cores ? ['taskset', '-c', cores.server, process.execPath] : [process.execPath];
  const [command = process.execPath, ...before] = pinned;
  const child = spawn(command, [...before, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const url = await untilListening(name, child);
  return {
    // `taskset` becomes the program.
    pid: child.pid as number,
    url,
    startMs: performance.now() - began,
    stop: () => stop(child),
  };
}

/** Ends whatever is still running, without waiting: for the exit of this process. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

async function untilListening(name: string, child: ChildProcess): Promise<string> {
  const last: string[] = [];
  const note = (line: string) => {
    last.push(line);
    if (last.length > 20) last.shift();
  };
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${name} ${why}:\n${last.join('\n')}`));
    const late = setTimeout(() => fail('took too long to start'), START_MS);
    child.once('exit', (code) => {
      clearTimeout(late);
      fail(`ended with ${code}`);
    });
    child.once('error', (error) => fail(error.message));
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface(stream).on('line', (line) => {
        note(line);
        const url = /"url":"(http:[^"]+)"/.exec(line)?.[1];
        if (!url) return;
        clearTimeout(late);
        resolve(url);
      });
    }
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}
