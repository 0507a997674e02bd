import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Result } from './harness.ts';

export type ChildServer = Awaited<ReturnType<typeof startChildServer>>;

/** What processes get of our environment, where nothing of it may configure them. */
export const BARE_ENV = {
  PATH: process.env.PATH ?? '',
  ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A server as an operator starts it: a process of its own, with an embedded database in `directory`.
 *
 * @param root the tree that it is started in, or a package
 * @returns once it listens
 */
export async function startChildServer(directory: string, env: Record<string, string> = {}, root = ROOT) {
  const script = ['scripts/start.ts', 'dist/server/start.js', 'src/main.ts'].find((name) =>
    existsSync(join(root, name)),
  );
  const child = spawn(process.execPath, [script ?? ''], {
    cwd: root,
    env: {
      ...BARE_ENV,
      HOME: process.env.HOME,
      PORT: '0',
      DATA_DIR: directory,
      SEED: 'off',
      CANARY_INTERVAL_MS: '0',
      ACK_DEADLINE_MS: '20000',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const logged: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      logged.push(line);
      const { url } = (line.startsWith('{') ? JSON.parse(line) : {}) as { url?: string };
      if (url) resolve(url);
    });
    void exited.then((end) => reject(new Error(`the server ended (${end}): ${logged.join('\n')}`)));
  });
  return {
    url,
    /** Lines of its log. */
    logged,
    /** Exit code, or the signal that ended it. */
    exited,
    /** Process id of its embedded database; none where it has another one. */
    databasePid: env.DATABASE_URL
      ? Number.NaN
      : Number(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    async graphql(query: string, variables: Record<string, unknown> = {}): Promise<Result> {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as Result;
    },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
