import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../../log.ts';
import { hasCode } from './error.ts';
import { SOCKET_PORT } from './process.ts';
import { endsBy, type Stoppable, stopProcess } from './stop.ts';

/**
 * Ends what a killed server left running on the directory: its postmaster and sessions that outlived it. They hold
 * the shared memory without which PostgreSQL does not start. The caller holds the lock of the data directory, so
 * nobody else can be using them.
 */
export async function clearLeftovers(directory: string, log: Logger): Promise<void> {
  const recorded = await readPid(join(directory, 'postmaster.pid'));
  if (recorded !== null && (await isPostgresOf(directory, recorded))) {
    log.warn({ pid: recorded }, 'stopping the PostgreSQL that an earlier server left running');
    await stopProcess(processById(recorded));
  }
  for (const pid of await listPostgresOf(directory)) {
    log.warn({ pid }, 'ending a PostgreSQL session that outlived its server');
    const orphan = processById(pid);
    if (!(await endsBy(orphan, 'SIGQUIT', 1_000))) await endsBy(orphan, 'SIGKILL', 5_000);
  }
  // PostgreSQL replaces the lock files of a dead process, but stops at a number that now means another process.
  for (const name of ['postmaster.pid', `.s.PGSQL.${SOCKET_PORT}.lock`]) {
    const pid = await readPid(join(directory, name));
    if (pid === null || !signalById(pid, 0)) continue;
    log.warn({ pid, name }, 'removing a stale lock file: its process is not PostgreSQL on this directory');
    await rm(join(directory, name), { force: true });
  }
}

function processById(pid: number): Stoppable {
  return {
    signal: (name) => void signalById(pid, name),
    isRunning: async () => signalById(pid, 0) && !(await isZombie(pid)),
  };
}

/** Returns whether the process exists. */
function signalById(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    if (hasCode(error, 'EPERM')) return true;
    throw error;
  }
}

/** Its parent may be a container's first process that never collects the dead. */
async function isZombie(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const status = await ignoringLoss(readFile(`/proc/${pid}/stat`, 'utf8'));
  return status === null || status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
}

async function readPid(path: string): Promise<number | null> {
  const text = await ignoringLoss(readFile(path, 'utf8'));
  const pid = Number.parseInt(text ?? '', 10);
  return pid > 0 ? pid : null;
}

async function listPostgresOf(directory: string): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const ours = await Promise.all(pids.map((pid) => isPostgresOf(directory, pid)));
  return pids.filter((_, index) => ours[index]);
}

/** Process ids are used again: only the program and the directory it works in say whether it is the one. */
async function isPostgresOf(directory: string, pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return isPostgresByCommandLine(directory, pid);
  const program = await ignoringLoss(readlink(`/proc/${pid}/exe`));
  // Linux appends " (deleted)" when the package was replaced while it ran.
  if (program === null || basename(program).replace(/ \(deleted\)$/, '') !== 'postgres') return false;
  const [works, expected] = await Promise.all([
    ignoringLoss(stat(`/proc/${pid}/cwd`)),
    ignoringLoss(stat(directory)),
  ]);
  return works !== null && expected !== null && works.ino === expected.ino && works.dev === expected.dev;
}

async function isPostgresByCommandLine(directory: string, pid: number): Promise<boolean> {
  if (!signalById(pid, 0)) return false;
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  return stdout.includes(`/postgres -D ${directory} `);
}

/** Processes and their files vanish while we look, and those of others are not shown to us: both mean "not ours". */
export async function ignoringLoss<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return null;
    throw error;
  }
}
