import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The processes of PostgreSQL on one of our own data directories (Linux): those that work in it. */
export async function postgresProcesses(directory: string): Promise<number[]> {
  const expected = await orGone(stat(directory));
  if (!expected) return [];
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const ours = await Promise.all(
    pids.map(async (pid) => {
      const program = await orGone(readlink(`/proc/${pid}/exe`));
      if (program === null || basename(program).replace(/ \(deleted\)$/, '') !== 'postgres') return false;
      const works = await orGone(stat(`/proc/${pid}/cwd`));
      return works !== null && works.ino === expected.ino && works.dev === expected.dev;
    }),
  );
  return pids.filter((_, index) => ours[index]);
}

/** The postmaster that a data directory names; null if it names none. */
export async function postmasterOf(directory: string): Promise<number | null> {
  const pid = Number.parseInt((await orGone(readFile(join(directory, 'postmaster.pid'), 'utf8'))) ?? '', 10);
  return pid > 0 && (await postgresProcesses(directory)).includes(pid) ? pid : null;
}

/** Sends a signal to processes, of which some may be gone already. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Waits until nothing of PostgreSQL works in a directory any more. @throws if something is left after 10 s */
export async function untilGone(directory: string): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    if ((await postgresProcesses(directory)).length === 0) return;
    await delay(20);
  }
  throw new Error(`processes of PostgreSQL remain in ${directory}`);
}

/** Processes vanish while one looks: that is no error. */
async function orGone<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null;
    throw error;
  }
}
