import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** Figures of the process and of what it did since it started. Read from the machine, never estimated. */
export interface MetricsSnapshot {
  readonly at: Date;
  readonly uptimeSeconds: number;
  /** Percent of one core, since the snapshot before. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly eventLoopDelayMs: number;
  readonly systemMemoryUsedBytes: number;
  readonly systemMemoryTotalBytes: number;
  readonly loadAverage1m: number;
  readonly cores: number;
  readonly turnsStored: number;
  readonly turnsReplayed: number;
  readonly requests: number;
  readonly databaseConnections: number;
}

/** Requests that came through one door and ended. */
export interface DoorFigures {
  readonly requests: number;
  /** Those that the server could not answer. */
  readonly failed: number;
  /** From request to response, all together. */
  readonly seconds: number;
}

/** The counters of one server, in Prometheus' terms. */
export class Metrics {
  readonly registry = new Registry();
  readonly turnsStored = new Counter({
    name: 'echo_turns_stored_total',
    help: 'Turns stored',
    registers: [this.registry],
  });
  readonly turnsReplayed = new Counter({
    name: 'echo_turns_replayed_total',
    help: 'Turns that were sent again and had been stored',
    registers: [this.registry],
  });
  readonly requests = new Counter({
    name: 'echo_http_requests_total',
    help: 'HTTP requests by door and status',
    labelNames: ['door', 'status'],
    registers: [this.registry],
  });
  readonly refusals = new Counter({
    name: 'echo_refusals_total',
    help: 'Requests and operations that were refused, by code',
    labelNames: ['code'],
    registers: [this.registry],
  });
  readonly requestSeconds = new Histogram({
    name: 'echo_http_request_seconds',
    help: 'Seconds from request to response, by door',
    labelNames: ['door'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly #loop = monitorEventLoopDelay({ resolution: 20 });
  readonly #ending = new AbortController();
  #cpu = { usage: process.cpuUsage(), at: performance.now() };
  #counts = { stored: 0, replayed: 0, requests: 0 };
  readonly #doors = new Map<string, DoorFigures>();

  /** Starts to watch the event loop. */
  start(): void {
    collectDefaultMetrics({ register: this.registry });
    this.#loop.enable();
  }

  /** Ends whoever waits for the next snapshot. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  stop(): void {
    this.#ending.abort();
    this.#loop.disable();
    this.registry.clear();
  }

  countTurns(turns: readonly { replayed: boolean }[]): void {
    const replayed = turns.filter((turn) => turn.replayed).length;
    this.turnsReplayed.inc(replayed);
    this.turnsStored.inc(turns.length - replayed);
    this.#counts.replayed += replayed;
    this.#counts.stored += turns.length - replayed;
  }

  countRequest(door: string, status: number, seconds: number): void {
    this.requests.inc({ door, status });
    this.requestSeconds.observe({ door }, seconds);
    this.#counts.requests++;
    const before = this.ofDoor(door);
    this.#doors.set(door, {
      requests: before.requests + 1,
      failed: before.failed + (status >= 500 ? 1 : 0),
      seconds: before.seconds + seconds,
    });
  }

  /** What came through one door since the start. */
  ofDoor(door: string): DoorFigures {
    return this.#doors.get(door) ?? { requests: 0, failed: 0, seconds: 0 };
  }

  countRefusal(code: string): void {
    this.refusals.inc({ code });
  }

  snapshot(databaseConnections: number): MetricsSnapshot {
    const now = performance.now();
    const used = process.cpuUsage(this.#cpu.usage);
    const elapsedMs = Math.max(now - this.#cpu.at, 1);
    this.#cpu = { usage: process.cpuUsage(), at: now };
    const { rss, heapUsed } = process.memoryUsage();
    return {
      at: new Date(),
      uptimeSeconds: process.uptime(),
      cpuPercent: ((used.user + used.system) / 1000 / elapsedMs) * 100,
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      eventLoopDelayMs: Number.isNaN(this.#loop.mean) ? 0 : this.#loop.mean / 1e6,
      systemMemoryUsedBytes: totalmem() - freemem(),
      systemMemoryTotalBytes: totalmem(),
      loadAverage1m: loadavg()[0] ?? 0,
      cores: cpus().length,
      turnsStored: this.#counts.stored,
      turnsReplayed: this.#counts.replayed,
      requests: this.#counts.requests,
      databaseConnections,
    };
  }
}
