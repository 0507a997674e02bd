import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import type { Embedder } from '../../models/embedder.ts';
import { modelKey, type VectorStore } from '../../vectors/vector-store.ts';
import { createPause } from '../pause.ts';
import { type BatchResult, embedBatch, isOutage } from './vector-batch.ts';
import { createGuard, type GuardStatus } from './vector-guard.ts';
import { leaseTurns } from './vector-queue.ts';

export interface VectorWorkerOptions {
  readonly db: Database;
  /** Opened for the embedder's model. */
  readonly store: VectorStore;
  readonly embedder: Embedder;
  readonly log: Logger;
  /** Told after each batch. */
  readonly onProgress?: (result: BatchResult) => void;
  /** How long one batch may take before another worker may have its turns. */
  readonly leaseMs?: number;
  /** Turns embedded at once, at most. */
  readonly batch?: number;
  readonly pollMs?: number;
}

export interface VectorWorkerStats {
  readonly running: boolean;
  /** Since the start of this process. */
  readonly embedded: number;
  readonly failures: number;
  readonly released: number;
  readonly leasesLost: number;
  readonly store: GuardStatus;
  readonly embedder: GuardStatus;
  readonly database: 'up' | 'down';
  readonly lastEmbeddedAt: Date | null;
}

export interface VectorWorker {
  start(): void;
  /** Finishes the batch under way (for at most 10 s, then gives it back) and ends. */
  stop(): Promise<void>;
  /** Says that turns may be waiting. Cheap. */
  wake(): void;
  stats(): VectorWorkerStats;
}

const LEASE_MS = 60_000;
const BATCH = 64;
const POLL_MS = 1_000;
const STOP_MS = 10_000;

/**
 * Gives each stored turn its vector, oldest first, as long as it runs. Any number of workers may run at once, in
 * any number of processes: each turn is leased to one, and only its holder can finish it.
 *
 * A turn that cannot be embedded is tried again after a delay that grows to a minute, for ever. While the store, the
 * model or the database is down nothing is leased and nothing is charged.
 */
export function createVectorWorker(options: VectorWorkerOptions): VectorWorker {
  const { log, store, embedder } = options;
  const guards = {
    store: createGuard({ name: 'vector store', log, isOutage, probe: () => store.ping() }),
    embedder: createGuard({
      name: 'embedding model',
      log,
      isOutage,
      probe: () => embedder.embed(['ping'], AbortSignal.timeout(options.leaseMs ?? LEASE_MS)),
    }),
  };
  const pause = createPause();
  const ending = new AbortController();
  const counters = { embedded: 0, failures: 0, released: 0, leasesLost: 0 };
  let lastEmbeddedAt: Date | null = null;
  let database: 'up' | 'down' = 'up';
  let running: Promise<void> | null = null;
  let stopping = false;
  const size = createBatchSize(options.batch ?? BATCH);

  const count = (result: BatchResult) => {
    counters.embedded += result.embedded;
    counters.failures += result.failed;
    counters.released += result.released;
    counters.leasesLost += result.lost;
    if (result.embedded > 0) lastEmbeddedAt = new Date();
    size.adapt(result);
    options.onProgress?.(result);
  };
  const databaseIs = (state: 'up' | 'down', error?: unknown) => {
    if (state === database) return;
    database = state;
    if (state === 'down') log.warn({ err: error }, 'the vector worker waits for the database');
    else log.info('the vector worker has the database back');
  };
  const round = async (): Promise<boolean> => {
    if (!(await guards.store.available()) || !(await guards.embedder.available())) return false;
    const services = { ...options, guards };
    try {
      const took = await oneBatch(services, options.leaseMs ?? LEASE_MS, size.current(), ending.signal);
      databaseIs('up');
      if (took) count(took);
      return took !== null && took.released === 0;
    } catch (error) {
      databaseIs('down', error);
      return false;
    }
  };
  const loop = async () => {
    while (!stopping) if (!(await round())) await pause.wait(options.pollMs ?? POLL_MS);
  };
  return {
    start: () => {
      running ??= loop();
    },
    stop: async () => {
      stopping = true;
      pause.end();
      const timer = setTimeout(() => ending.abort(), STOP_MS);
      await running;
      clearTimeout(timer);
    },
    wake: pause.end,
    stats: () => ({
      running: running !== null && !stopping,
      ...counters,
      store: guards.store.status(),
      embedder: guards.embedder.status(),
      database,
      lastEmbeddedAt,
    }),
  };
}

/** Leases and embeds one batch. @returns null if no turn was waiting */
async function oneBatch(
  services: Parameters<typeof embedBatch>[0],
  leaseMs: number,
  limit: number,
  signal: AbortSignal,
): Promise<BatchResult | null> {
  const token = randomUUID();
  const endsAt = performance.now() + leaseMs;
  const model = modelKey(services.store.model);
  const turns = await leaseTurns(services.db, { token, leaseMs, limit, model });
  return turns.length === 0 ? null : embedBatch(services, turns, { token, endsAt }, signal);
}

/** Fewer texts at once for a model that is too slow for its lease, more again when it keeps up. */
function createBatchSize(maximum: number) {
  let size = maximum;
  return {
    current: () => size,
    adapt: ({ tooSlow, released }: BatchResult) => {
      if (tooSlow) size = Math.max(1, Math.floor(size / 2));
      else if (released === 0) size = Math.min(maximum, size * 2);
    },
  };
}
