import { cpus, freemem, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';

/** What the machine says of itself at one moment. Null: it does not say, and nothing is made up. */
export interface MachineReadings {
  /** Of all processors together, over the moment of the reading. */
  readonly cpuPercent: number | null;
  readonly cores: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  /** Share of that moment in which the server's one thread was at work, 0 to 1. */
  readonly threadBusy: number;
}

/** What is read by differences is read over so long. */
const MOMENT_MS = 100;

/** Reads the machine, which takes a tenth of a second. */
export async function readMachine(): Promise<MachineReadings> {
  const before = processorTimes();
  const loop = performance.eventLoopUtilization();
  await setTimeout(MOMENT_MS);
  const after = processorTimes();
  const elapsed = after.total - before.total;
  const total = totalmem();
  return {
    // Some systems do not count: then all times stay as they are.
    cpuPercent: elapsed > 0 ? (1 - (after.idle - before.idle) / elapsed) * 100 : null,
    cores: cpus().length,
    memoryUsedBytes: total - freemem(),
    memoryTotalBytes: total,
    threadBusy: performance.eventLoopUtilization(loop).utilization,
  };
}

function processorTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}
