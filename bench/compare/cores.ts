import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Where the server runs, and where the rest does; null where processes cannot be pinned. */
export interface Cores {
  readonly server: string;
  readonly others: string;
}

/**
 * Gives the server a core of its own, and this process, with all that it starts (PostgreSQL, clients), the others.
 *
 * @returns null without `taskset`, or on a machine of one core: then everything runs where the system puts it
 */
export function pinCores(): Cores | null {
  const count = availableParallelism();
  if (count < 2) return null;
  const cores = { server: '0', others: count === 2 ? '1' : `1-${count - 1}` };
  try {
    execFileSync('taskset', ['-a', '-p', '-c', cores.others, String(process.pid)], { stdio: 'ignore' });
    return cores;
  } catch {
    return null;
  }
}
