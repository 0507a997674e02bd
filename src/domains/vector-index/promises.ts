import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { Reachability } from '../../models/reachability.ts';
import { oldestWithoutVector, shareWithVector } from './coverage.ts';
import type { LagReading } from './lag.ts';
import type { Reconciler } from './reconciler.ts';
import type { VectorWorker } from './worker.ts';

interface Parts {
  readonly db: Database;
  readonly availability: Availability;
  readonly vectorWorker: VectorWorker;
  readonly reconciler: Pick<Reconciler, 'stats'>;
  readonly vectorReach: { readonly vectorStore: Reachability; readonly embedder: Reachability | null };
  readonly vectorLag: LagReading;
}

/** How old an answer may be, in milliseconds, for whoever asks. */
const STORE_FRESH_MS = 5_000;
const EMBEDDER_FRESH_MS = 10_000;
const LAG: Bound = { of: 'time that a stored turn has waited for its vector', limit: 60, unit: 'seconds' };
/** Longer than any answer is kept: so an alert takes two. A machine that is overloaded gives a late one now and then. */
const STEADY: Bound = { of: 'time until the alert comes or goes', limit: 10, unit: 'seconds' };

const vectorsDegraded = defineAlert<string>({
  name: 'vectors_degraded',
  severity: 'WARNING',
  words: 'Turns wait for their vectors, or the vector store or the embedding model does not answer.',
  message: (detail) => detail,
});
export const vectorsLost = defineAlert<void>({
  name: 'vectors_lost',
  severity: 'WARNING',
  words: 'The vector store has lost vectors of turns.',
  message: () => 'the vector store has lost vectors of turns; they are made again',
});
export const vectorsRebuilt = defineAlert<{ movedTo: string; reason: string }>({
  name: 'vectors_rebuilt',
  severity: 'CRITICAL',
  words: 'The file of the vectors was damaged and put aside.',
  message: ({ movedTo, reason }) =>
    `the vector file was damaged (${reason}) and put aside as "${movedTo}"; vectors are made again`,
});

export const vectors = definePromise<Parts>({
  name: 'vectors',
  words: 'A stored turn is soon found by what it means.',
  bounds: [LAG, STEADY],
  check: checkVectors,
  alert: vectorsDegraded,
  steadySeconds: STEADY.limit,
  told: [vectorsLost, vectorsRebuilt],
  figures: [
    {
      name: 'echo_vectors_coverage_ratio',
      words: 'Share of the stored turns that have their vector, 0 to 1; 1 without turns',
      read: ({ availability, db }) => availability.tolerate(() => shareWithVector(db), null),
    },
    {
      name: 'echo_vectors_lag_seconds',
      words: 'How long the oldest turn without a vector has waited; 0 if none does',
      read: ({ availability, db }) => availability.tolerate(() => oldestWithoutVector(db), null),
    },
  ],
});

async function checkVectors(parts: Parts): Promise<Standing> {
  const { availability, vectorWorker, reconciler, vectorReach, vectorLag } = parts;
  const { store, embedder, lastEmbeddedAt } = vectorWorker.stats();
  const isEmbedding = lastEmbeddedAt !== null && Date.now() - lastEmbeddedAt.getTime() < EMBEDDER_FRESH_MS;
  const [storeReached, embedderReached] = await Promise.all([
    vectorReach.vectorStore.look(STORE_FRESH_MS),
    // A model that makes vectors right now needs no question, which would have to wait behind them.
    isEmbedding ? null : vectorReach.embedder?.look(EMBEDDER_FRESH_MS),
  ]);
  const outside = [
    ['the vector store', storeReached, store],
    ['the embedding model', embedderReached ?? { isUp: true, reason: null }, embedder],
  ] as const;
  const problems: Problem[] = outside.flatMap(([name, { isUp, reason }, guard]) =>
    isUp === false
      ? [{ what: `${name} does not answer`, why: reason }]
      : guard.state === 'down'
        ? [{ what: `${name} does not answer`, why: guard.reason }]
        : [],
  );
  const unknown = outside.flatMap(([name, { isUp, reason }]) => (isUp === null ? [`${name} ${reason}`] : []));
  const { trouble, isCatchingUp, copied } = reconciler.stats();
  // Vectors of spelling are searched by nobody.
  if (isCatchingUp && vectorReach.embedder !== null)
    problems.push({
      what: `this server lacks vectors that are said to be elsewhere, and makes them (${copied} so far): until then searches for a meaning miss turns here`,
    });
  if (trouble !== null && problems.length === 0)
    problems.push({ what: 'vectors and turns cannot be compared', why: trouble });
  const { seconds, unknownSeconds } = await vectorLag.read();
  if (seconds !== null && seconds > LAG.limit)
    problems.push({ what: `a turn has waited ${Math.round(seconds)} s for its vector` });
  else if (seconds === null && unknownSeconds > LAG.limit)
    problems.push({ what: `the database has not said for ${Math.round(unknownSeconds)} s which turns wait` });
  else if (seconds === null)
    unknown.push(
      // That it is away is told by an alert of its own.
      availability.isUp
        ? 'the database did not say in time which turns wait'
        : 'which turns wait is unknown without the database',
    );
  const told = (words: readonly string[]) =>
    [...words, ...unknown].join('; ') || 'every turn has its vector, or gets it now';
  return {
    status: problems.length > 0 ? 'DEGRADED' : unknown.length > 0 ? 'UNKNOWN' : 'HEALTHY',
    latencyMs: null,
    detail: told(problems.map(({ what, why }) => (why === undefined ? what : `${what} (${why})`))),
    plainDetail: told(problems.map(({ what }) => what)),
  };
}

interface Problem {
  readonly what: string;
  /** In words of libraries, which may name hosts. */
  readonly why?: string | null;
}
