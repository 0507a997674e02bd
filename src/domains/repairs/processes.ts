import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process, as /proc tells of it. */
export interface Seen {
  readonly pid: number;
  /** As the kernel has it. */
  readonly name: string;
  readonly parent: number;
  /** Real, effective, saved, and for files. */
  readonly uids: readonly number[];
  /** Ticks since the machine was started: with the number it names one process for ever. */
  readonly startedAt: string;
  readonly isZombie: boolean;
  /** Null: unknown. */
  readonly memoryBytes: number | null;
}

/** All that run now. One that ends meanwhile is absent. */
export function allProcesses(): Seen[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => seenOf(Number(name)) ?? []);
}

/** One process; null: there is none, or nothing is told of it. */
export function seenOf(pid: number): Seen | null {
  try {
    // The name stands in brackets and may hold anything, so what follows is counted from the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const uids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    const [state = '', parent = ''] = fields;
    return {
      ...{ pid, name, parent: Number(parent), uids, startedAt: fields[19] ?? '' },
      isZombie: state === 'Z' || state === 'X',
      memoryBytes: kibibytes === undefined ? null : Number(kibibytes) * 1_024,
    };
  } catch {
    return null;
  }
}

/** Where a process works; null: nobody tells. */
export function workingFolder(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

/** The numbers of a process, of all from which it comes, and of all that come from it. */
export function treeOf(pid: number, all: readonly Seen[]): ReadonlySet<number> {
  const byPid = new Map(all.map((each) => [each.pid, each]));
  const tree = new Set([pid]);
  for (
    let above = byPid.get(pid)?.parent;
    above !== undefined && above > 0 && !tree.has(above);
    above = byPid.get(above)?.parent
  )
    tree.add(above);
  const below = new Set([pid]);
  for (let size = 0; size < below.size; ) {
    size = below.size;
    for (const each of all) if (below.has(each.parent)) below.add(each.pid);
  }
  return new Set([...tree, ...below]);
}
