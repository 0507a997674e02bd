import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { within } from '../../db/deadline.ts';

/** What a machine says of itself at one moment. Null: it does not say, and nothing is made up. */
export interface Readings {
  /** Milliseconds by which the event loop came late, of the latest one in a hundred looks since the reading before. */
  readonly eventLoopDelayMs: number | null;
  readonly heapUsedBytes: number | null;
  readonly heapLimitBytes: number | null;
  /** Memory of the process, without its database. */
  readonly rssBytes: number | null;
  /** What the process may have: the limit of its container, else the memory of the machine. */
  readonly rssLimitBytes: number | null;
  /** Connections that are at work, and whoever waits for one. */
  readonly connectionsWanted: number | null;
  readonly connections: number | null;
  /** Where the data directory is. */
  readonly diskFreeBytes: number | null;
}

export interface ReadingsSource {
  read(): Promise<Readings>;
  stop(): void;
}

/** The pool's counters, as node-postgres names them. */
export interface PoolCounters {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

const LOOK_MS = 50;
/** A file system that does not answer says nothing. */
const DISK_DEADLINE_MS = 1_000;

/** Reads this process and its machine. */
export function createReadings(pool: PoolCounters, directory: string): ReadingsSource {
  const loop = monitorEventLoopDelay({ resolution: LOOK_MS });
  loop.enable();
  const eventLoopDelayMs = () => {
    // The interval of the looks is in what they measure.
    const delay = loop.count > 0 ? Math.max(loop.percentile(99) / 1e6 - LOOK_MS, 0) : null;
    loop.reset();
    return delay;
  };
  return {
    read: async () => {
      const { used_heap_size: heapUsedBytes, heap_size_limit: heapLimitBytes } = getHeapStatistics();
      return {
        ...{ eventLoopDelayMs: eventLoopDelayMs(), heapUsedBytes, heapLimitBytes },
        rssBytes: process.memoryUsage.rss(),
        rssLimitBytes: memoryLimit(process.constrainedMemory(), totalmem()),
        connectionsWanted: pool.totalCount - pool.idleCount + pool.waitingCount,
        connections: pool.options.max,
        diskFreeBytes: await diskFree(directory),
      };
    },
    stop: () => loop.disable(),
  };
}

/**
 * The memory that the process may have, in bytes.
 *
 * @param constrained what the system says of its container (cgroup): 0, or more than there is, without a limit
 */
export function memoryLimit(constrained: number, total: number): number {
  return constrained > 0 && constrained < total ? constrained : total;
}

async function diskFree(directory: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await within(statfs(directory), DISK_DEADLINE_MS, 'statfs takes too long');
    return bavail * bsize;
  } catch {
    // Null says it: whoever needs the disk fails by itself, and tells.
    return null;
  }
}
