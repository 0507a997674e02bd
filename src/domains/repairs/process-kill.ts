import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RepairList, RepairProcess } from '../../config/repairs.ts';
import { RepairRefused } from './errors.ts';
import { allProcesses, type Seen, seenOf, treeOf, workingFolder } from './processes.ts';
import type { Repair, Repaired } from './repair.ts';
import type { Figures } from './tables.ts';

const LOOK_MS = 100;
/** For what was killed to be gone. */
const GONE_MS = 2_000;

/** Ends processes of a name that belong to one user. */
export function processKill(
  { processes }: Pick<RepairList, 'processes'>,
  dataDirectory: string,
): Repair<RepairProcess> {
  return {
    type: 'process_kill',
    description: 'Ends the processes of a name that belong to the user whom its entry in REPAIR names.',
    timeoutSeconds: 120,
    entryOf: (target) => processes.find(({ name }) => name === target) ?? null,
    look: async (entry) => {
      const { found, spared } = find(entry, dataDirectory);
      if (found.length > entry.maxProcesses)
        throw new RepairRefused(
          `${found.length} processes are called so; at most ${entry.maxProcesses} are ended at once`,
        );
      return { processes: found.map(figuresOf), spared };
    },
    act: (entry, _before, signal) => end(entry, dataDirectory, signal),
  };
}

/** Those of the name and the user. What this server stands on, or has started, is spared. */
function find({ name, owner }: RepairProcess, dataDirectory: string): { found: Seen[]; spared: number } {
  const all = allProcesses();
  const own = treeOf(process.pid, all);
  const data = realpathSync(dataDirectory);
  const called = all.filter(
    (each) =>
      each.name === name &&
      !each.isZombie &&
      each.uids.length === 4 &&
      each.uids.every((uid) => uid === owner.uid),
  );
  const found = called.filter(({ pid }) => {
    const place = workingFolder(pid);
    const isOurs = place !== null && (place === data || place.startsWith(`${data}${sep}`));
    return pid > 1 && !own.has(pid) && !isOurs;
  });
  return { found, spared: called.length - found.length };
}

async function end(entry: RepairProcess, dataDirectory: string, signal: AbortSignal): Promise<Repaired> {
  const { found } = find(entry, dataDirectory);
  if (found.length > entry.maxProcesses)
    return {
      outcome: 'FAILED',
      problem: `there are ${found.length} by now, more than ${entry.maxProcesses}`,
      after: null,
    };
  const refused = found.flatMap((each) => signalTo(each, 'SIGTERM') ?? []);
  let left = await untilGone(found, entry.graceSeconds * 1_000, signal);
  if (entry.force && left.length > 0 && !signal.aborted) {
    for (const each of left) signalTo(each, 'SIGKILL');
    left = await untilGone(left, GONE_MS, signal);
  }
  const after: Figures = {
    ended: found.filter((each) => !left.includes(each)).map(({ pid }) => pid),
    processes: left.map(figuresOf),
  };
  if (left.length === 0) return { outcome: 'SUCCEEDED', problem: null, after };
  const why =
    refused.length > 0 ? `not allowed (${[...new Set(refused)].join(', ')})` : 'they did not end in time';
  return { outcome: 'FAILED', problem: `${left.length} of ${found.length} processes run on: ${why}`, after };
}

/** Nothing waits between the look and the signal, or the number could be another's by then. @returns why it was not sent */
function signalTo(seen: Seen, signal: NodeJS.Signals): string | null {
  if (!isStill(seen)) return null;
  try {
    process.kill(seen.pid, signal);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ESRCH' ? null : (code ?? 'unknown');
  }
}

function isStill({ pid, startedAt, name, uids }: Seen): boolean {
  const now = seenOf(pid);
  return (
    now?.startedAt === startedAt && now.name === name && !now.isZombie && now.uids.join() === uids.join()
  );
}

async function untilGone(waited: readonly Seen[], ms: number, signal: AbortSignal): Promise<Seen[]> {
  const until = performance.now() + ms;
  for (;;) {
    const left = waited.filter(isStill);
    if (left.length === 0 || signal.aborted || performance.now() > until) return left;
    await delay(LOOK_MS);
  }
}

function figuresOf({ pid, memoryBytes }: Seen): Figures {
  return { pid, memoryBytes };
}
