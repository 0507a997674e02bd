import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskProgram } from './task-program.ts';

/** It is killed soon: to look for garbage while it starts costs the processor more than to leave it. */
const SHORT_LIVED = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=32',
  '--no-regexp-peephole-optimization',
];

export type WorkerProcesses = Awaited<ReturnType<typeof workerProcesses>>;

/**
 * Servers that run tasks, each a process of its own, for tests that kill them.
 *
 * @param count data directories: a server that is started again in one is the same server
 */
export async function workerProcesses(count = 1) {
  const program = await taskProgram();
  const children = new Set<ChildProcess>();
  const directories: string[] = [];
  for (let place = 0; place < count; place++) directories.push(await mkdtemp(join(tmpdir(), 'echo-worker-')));
  return {
    /** Starts a server on a database. @returns once it listens */
    async start(databaseUrl: string, { place = 0, args = [] }: { place?: number; args?: string[] } = {}) {
      const child = spawn(
        process.execPath,
        [
          ...SHORT_LIVED,
          program,
          '--directory',
          directories[place] ?? '',
          '--database',
          databaseUrl,
          ...args,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      children.add(child);
      child.once('exit', () => children.delete(child));
      await new Promise<void>((resolve, reject) => {
        child.stdout?.once('data', () => resolve());
        child.once('exit', (code) => reject(new Error(`the worker ended (${code})`)));
      });
      return child;
    },
    /** Kills one. @returns once it is gone */
    kill,
    /** Kills all that run. */
    async killAll() {
      await Promise.all([...children].map(kill));
    },
    /** Kills all, and deletes their directories. */
    async end() {
      await this.killAll();
      for (const directory of directories) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
