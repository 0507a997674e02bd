import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ignoringLoss } from './leftovers.ts';

/** How long a server may show no sign of life; a recovery shows its own. */
export const HANG_LIMIT_MS = 30_000;
const LOOK_MS = 5_000;
/** When this process slept, time has passed in which nobody looked. */
const LEAST_LOOKS = 3;

export interface HangWatch {
  /** Why it did not answer; null if it did, even if it refused. */
  readonly probe: () => Promise<Error | null>;
  /** What its recovery has done so far, in any notation; null while there is none. */
  readonly progress: () => Promise<string | null>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Looks at a server until it has neither answered nor gone on with a recovery for the limit. A slow recovery is left
 * alone: it would begin again.
 *
 * @returns why it is taken for hung; null once the signal is aborted
 */
export async function untilHung({ probe, progress, limitMs, signal }: HangWatch): Promise<string | null> {
  let since = performance.now();
  let looks = 0;
  let done: string | null = null;
  while (!signal.aborted) {
    await delay(Math.min(LOOK_MS, limitMs / 4), undefined, { signal }).catch(() => undefined);
    const failure = await probe();
    const before: string | null = done;
    done = failure && (await progress());
    looks++;
    if (!failure || (done !== null && done !== before)) [since, looks] = [performance.now(), 0];
    const stillMs = performance.now() - since;
    if (failure && looks >= LEAST_LOOKS && stillMs >= limitMs && !signal.aborted)
      return `it has not answered for ${Math.round(stillMs / 1_000)} s (${failure.message})`;
  }
  return null;
}

/** The processes that bring a cluster up; its title names what it does. */
const RECOVERING = /\b(startup|checkpointer)\b/;

/**
 * What the processes of a recovery have done so far: their time on the processor and the bytes they moved. Null if
 * there are none, or none can be seen on this system.
 */
export async function recoveryProgress(postmaster: number): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const signs = await Promise.all(pids.map((pid) => signOf(pid, postmaster)));
  return signs.filter((sign) => sign !== null).join(' ') || null;
}

async function signOf(pid: number, postmaster: number): Promise<string | null> {
  const status = await ignoringLoss(readFile(`/proc/${pid}/stat`, 'utf8'));
  // The name before may hold spaces and parentheses. Fields: state, parent, …, ticks for the user, for the system.
  const fields = status?.slice(status.lastIndexOf(')') + 2).split(' ') ?? [];
  if (Number(fields[1]) !== postmaster) return null;
  const title = await ignoringLoss(readFile(`/proc/${pid}/cmdline`, 'utf8'));
  if (!RECOVERING.test(title ?? '')) return null;
  // It waits for a disk, which counts nothing; nor could it be ended.
  const waits = fields[0] === 'D' ? performance.now() : '';
  const moved = await ignoringLoss(readFile(`/proc/${pid}/io`, 'utf8'));
  return [pid, fields[11], fields[12], moved, waits].join(':');
}
