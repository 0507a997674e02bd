import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { within } from '../../db/deadline.ts';
import type { Embedder } from '../../models/embedder.ts';
import type { Reachability } from '../../models/reachability.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';

/** Whether something that the server works with answers. */
export interface ReachedService {
  readonly isUp: boolean;
  /** Milliseconds that it took to answer now; 0 where it did not, or nothing was asked. */
  readonly latencyMs: number;
}

export interface StateServices {
  readonly db: Database;
  readonly availability: Pick<Availability, 'tolerate'>;
  readonly embedder: Embedder;
  readonly vectors: Pick<VectorStore, 'ping' | 'count'>;
  /** Null: no language model is configured. */
  readonly modelsReach: Reachability | null;
}

/** Asks the database, the vector store and the server of the language models, each within a second or two. */
export async function reachedServices({ db, availability, vectors, modelsReach }: StateServices) {
  const [database, store, model] = await Promise.all([
    availability.tolerate(() => db.ping(), null),
    timed(() => vectors.ping()),
    modelsReach ? timed(async () => assertUp((await modelsReach.look(0)).isUp)) : null,
  ]);
  return { database: reached(database), vectorStore: reached(store), languageModel: reached(model) };
}

/** Nobody who asks how things are waits longer. */
const MOST_MS = 2_000;

function reached(latencyMs: number | null): ReachedService {
  return { isUp: latencyMs !== null, latencyMs: latencyMs ?? 0 };
}

/** Milliseconds; null where it failed. */
async function timed(ask: () => Promise<unknown>): Promise<number | null> {
  const started = performance.now();
  return within(ask(), MOST_MS, 'it does not answer in time').then(
    () => performance.now() - started,
    () => null,
  );
}

function assertUp(isUp: boolean | null): void {
  if (isUp !== true) throw new Error('it does not answer');
}

/** How many vectors there are, of whomever; null: the store did not say in time. */
export async function countVectors({ vectors }: Pick<StateServices, 'vectors'>): Promise<number | null> {
  return within(vectors.count(), MOST_MS, 'it does not answer in time').catch(() => null);
}
