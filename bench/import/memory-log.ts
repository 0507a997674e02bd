import { readFile } from 'node:fs/promises';

/** Resident memory of processes over a run (Linux). */
export function createMemoryLog() {
  const taken = new Map<string, number[]>();
  return {
    /** @param pids by what the processes are called */
    take: async (pids: Readonly<Record<string, number>>) => {
      for (const [name, pid] of Object.entries(pids)) {
        const bytes = await residentBytes(pid);
        if (bytes !== null) taken.set(name, [...(taken.get(name) ?? []), bytes]);
      }
    },
    /** For people: the middle of each tenth of the run, and the most. */
    lines: () =>
      [...taken].map(([name, samples]) => {
        const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
        const tenths = Array.from({ length: 10 }, (_, n) =>
          samples.slice(Math.floor((n * samples.length) / 10), Math.floor(((n + 1) * samples.length) / 10)),
        ).filter((each) => each.length > 0);
        const middles = tenths.map((each) =>
          megabytes(each.toSorted((a, b) => a - b)[each.length >> 1] ?? 0),
        );
        return `MiB resident of the ${name}, by tenths of the run: ${middles.join(' ')}; at most ${megabytes(Math.max(...samples))}`;
      }),
  };
}

async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
