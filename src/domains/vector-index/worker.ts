import type { Database } from '../../db/client.ts';
import { judgeDatabaseError } from '../../db/meaning.ts';
import { createPause } from '../../ground/pause.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import type { Logger } from '../../log.ts';
import type { Embedder } from '../../models/embedder.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';
import { type BatchResult, isOutage } from './batch.ts';
import { probe } from './embed-each.ts';
import { createEmbeddingPace } from './embedding-pace.ts';
import { createEmbeddingPriority, type EmbeddingPriority } from './embedding-priority.ts';
import { createGuard, type GuardStatus } from './guard.ts';
import { createVectorRounds } from './round.ts';

export interface VectorWorkerOptions {
  readonly db: Database;
  /** Opened for the embedder's model. */
  readonly store: VectorStore;
  readonly embedder: Embedder;
  readonly log: Logger;
  readonly keepers: Keepers;
  /** Told after each batch. */
  readonly onProgress?: (result: BatchResult) => void;
  /** Shared with searches, which go before. */
  readonly priority?: EmbeddingPriority;
  /** Whether it may go on at its full speed; absent: it always may. */
  readonly pressure?: Pick<Pressure, 'pauseMs'>;
  /** How long a worker may be silent before another one may have its turns. */
  readonly leaseMs?: number;
  /** Turns embedded at once, at most. */
  readonly batch?: number;
  /** How long turns may gather before they are taken together, in milliseconds; absent: not at all. */
  readonly gatherMs?: number;
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
 * Gives each stored turn its vector, as long as it runs: by turns the latest, so that what was said just now is found
 * soon, and the oldest, so that none waits for ever. Any number of workers may run at once, in
 * any number of processes: each turn is leased to one, and only its holder can finish it.
 *
 * A turn that cannot be embedded is tried again after a delay that grows to a minute, for ever; it goes alone then, as
 * does one that the model had in its hands when it went away. While the store, the
 * model or the database is down nothing is leased and nothing is charged.
 */
export function createVectorWorker(options: VectorWorkerOptions): VectorWorker {
  const { log } = options;
  const ending = new AbortController();
  const guards = guardsOf(options, ending.signal);
  const rest = createRest(options.pressure);
  const gathering = createPause();
  const counters = { embedded: 0, failures: 0, released: 0, leasesLost: 0 };
  let lastEmbeddedAt: Date | null = null;
  let database: 'up' | 'down' = 'up';
  let isRunning = false;
  /** Whether there may be more to do at once, and whether somebody said that turns may be waiting. */
  let [goesOn, isTold] = [false, false];
  const priority = options.priority ?? createEmbeddingPriority();

  const count = (result: BatchResult) => {
    counters.embedded += result.embedded;
    counters.failures += result.failed;
    counters.released += result.released;
    counters.leasesLost += result.lost;
    if (result.embedded > 0) lastEmbeddedAt = new Date();
    options.onProgress?.(result);
  };
  const databaseIs = (state: 'up' | 'down', error?: unknown) => {
    if (state === database) return;
    database = state;
    if (state === 'down') log.warn({ err: error }, 'the vector worker waits for the database');
    else log.info('the vector worker has the database back');
  };
  const nextRound = createVectorRounds({
    ...options,
    guards,
    priority,
    pace: createEmbeddingPace(),
    leaseMs: options.leaseMs ?? LEASE_MS,
    batch: options.batch ?? BATCH,
    signal: ending.signal,
    onResult: count,
  });
  const round = async () => {
    if (!goesOn && options.gatherMs) await gathering.wait(options.gatherMs);
    const isSure = goesOn || isTold;
    [goesOn, isTold] = [false, false];
    if (!(await guards.store.available()) || !(await guards.embedder.available())) return;
    try {
      goesOn = await nextRound(isSure);
      databaseIs('up');
    } catch (error) {
      databaseIs('down', error);
      // That nobody is there is told by who looks at the database.
      if (judgeDatabaseError(error) !== 'unavailable') throw error;
    }
    if (goesOn) await rest.take();
  };
  const everyMs = () => (goesOn ? 0 : (options.pollMs ?? POLL_MS));
  const keeper = options.keepers.create({ name: 'vector index', everyMs, retryMs: everyMs, round });
  const wake = () => {
    isTold = true;
    keeper.wake();
  };
  return {
    start: () => {
      isRunning = true;
      wake();
      keeper.start();
    },
    stop: async () => {
      isRunning = false;
      rest.end();
      gathering.end();
      const timer = setTimeout(() => ending.abort(), STOP_MS);
      await keeper.stop();
      clearTimeout(timer);
    },
    wake,
    stats: () => ({
      running: isRunning,
      ...counters,
      store: guards.store.status(),
      embedder: guards.embedder.status(),
      database,
      lastEmbeddedAt,
    }),
  };
}

function guardsOf({ log, store, embedder }: VectorWorkerOptions, signal: AbortSignal) {
  return {
    store: createGuard({ name: 'vector store', log, isOutage, probe: () => store.ping() }),
    embedder: createGuard({
      name: 'embedding model',
      log,
      isOutage,
      probe: () => probe(embedder, signal),
    }),
  };
}
