import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** Readings of the process and its machine, none of them estimated. */
export interface ProcessReading {
  readonly at: Date;
  readonly uptimeSeconds: number;
  /** Percent of one core, since the reading before. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** Since the reading before: how late timers were, on average and at worst. */
  readonly eventLoopDelayMs: number;
  readonly eventLoopDelayMaxMs: number;
  readonly systemMemoryUsedBytes: number;
  readonly systemMemoryTotalBytes: number;
  readonly loadAverage1m: number;
  readonly cores: number;
}

/** The delay of the event loop is looked at so often, in milliseconds. */
const RESOLUTION_MS = 20;

/** Reads the process, once for all who ask: what is said of a stretch of time is the same for each of them. */
export class ProcessFigures {
  readonly #loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #cores = cpus().length;
  #cpu = { usage: process.cpuUsage(), at: performance.now() };
  #latest: ProcessReading | null = null;

  start(): void {
    this.#loop.enable();
  }

  stop(): void {
    this.#loop.disable();
  }

  /** The latest reading; the first one is made by whoever asks first. */
  get latest(): ProcessReading {
    return this.#latest ?? this.read();
  }

  /** Ends the stretch of time that began with the reading before. */
  read(): ProcessReading {
    const now = performance.now();
    const used = process.cpuUsage(this.#cpu.usage);
    const elapsedMs = Math.max(now - this.#cpu.at, 1);
    this.#cpu = { usage: process.cpuUsage(), at: now };
    const { rss, heapUsed } = process.memoryUsage();
    // The histogram counts whole ticks: of what is later than a tick, the delay is the rest.
    const late = (nanoseconds: number) =>
      Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0;
    const { mean, max, count } = this.#loop;
    this.#loop.reset();
    this.#latest = {
      at: new Date(),
      uptimeSeconds: process.uptime(),
      cpuPercent: ((used.user + used.system) / 1000 / elapsedMs) * 100,
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      eventLoopDelayMs: count === 0 ? 0 : late(mean),
      eventLoopDelayMaxMs: count === 0 ? 0 : late(max),
      systemMemoryUsedBytes: totalmem() - freemem(),
      systemMemoryTotalBytes: totalmem(),
      loadAverage1m: loadavg()[0] ?? 0,
      cores: this.#cores,
    };
    return this.#latest;
  }
}
