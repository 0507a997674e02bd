import type { Database } from '../../db/client.ts';
import { createRest, type Pressure } from '../../ground/pressure.ts';
import type { Keeper } from '../../jobs/keeper.ts';
import type { Keepers } from '../../jobs/keepers.ts';
import { type Embedder, EmbedderUnavailable } from '../../models/embedder.ts';
import { modelKey } from '../../vectors/vector-store.ts';
import { embedEach, probe } from '../vector-index/embed-each.ts';
import type { EmbeddingPriority } from '../vector-index/embedding-priority.ts';
import { directionOf } from './direction.ts';
import { embeddedFact } from './embedded-fact.ts';
import { storeFactVectors, type WaitingFact, waitingFacts } from './queue.ts';

export interface FactVectorOptions {
  readonly db: Database;
  readonly embedder: Embedder;
  readonly keepers: Keepers;
  readonly pressure: Pick<Pressure, 'pauseMs'>;
  /** Searches go before. */
  readonly priority: EmbeddingPriority;
}

const POLL_MS = 1_000;
/** What other models made is looked for so often, at the start for the first time. */
const OTHERS_MS = 10_000;
/** While the model is away, which the worker of turns tells of. */
const AWAY_MS = 2_000;
const AT_ONCE = 32;
/** What one request may take. */
const REQUEST_MS = 30_000;
/** How often the model may go away with a fact that it had alone, before it counts as the cause. */
const MAX_STRIKES = 2;

/**
 * Gives each fact its vector, as long as it runs. Two servers may make the same ones, which are the same. A fact whose words the model
 * refuses, or goes away with, has none, and is found by its words.
 */
export function createFactVectors(options: FactVectorOptions): Pick<Keeper, 'start' | 'stop'> {
  const { db, embedder } = options;
  const model = modelKey(embedder);
  const ending = new AbortController();
  const rest = createRest(options.pressure);
  let everyMs = 0;
  /** Facts that go alone, since the model went away with some of them in its hands. */
  let alone = 0;
  const strikes = new Map<number, number>();
  let othersAt = Number.NEGATIVE_INFINITY;
  const round = async () => {
    everyMs = POLL_MS;
    const others = performance.now() >= othersAt;
    const facts = await waitingFacts(db, model, { limit: alone > 0 ? 1 : AT_ONCE, others });
    const [first] = facts;
    if (!first) {
      if (others) othersAt = performance.now() + OTHERS_MS;
      return;
    }
    if (alone > 0 && !(await isThere(embedder, ending.signal))) {
      everyMs = AWAY_MS;
      return;
    }
    const vectors = await vectorsOf(options, facts, ending.signal);
    if (ending.signal.aborted) return;
    const struck = vectors || alone === 0 ? 0 : (strikes.get(first.id) ?? 0) + 1;
    if (struck > 0) strikes.set(first.id, struck);
    else for (const { id } of facts) strikes.delete(id);
    if (!vectors && struck < MAX_STRIKES) {
      [alone, everyMs] = [AT_ONCE, AWAY_MS];
      return;
    }
    strikes.delete(first.id);
    [alone, everyMs] = [Math.max(0, alone - 1), 0];
    const made = facts.map((fact, at) => ({ fact, vector: vectors?.[at] ?? null }));
    await storeFactVectors(db, model, made);
    await rest.take();
  };
  const keeper = options.keepers.create({ name: 'vectors of facts', everyMs: () => everyMs, round });
  return {
    start: keeper.start,
    stop: () => {
      ending.abort();
      rest.end();
      return keeper.stop();
    },
  };
}

/** @returns a null of one that has none; null: the model is away, or this ends */
async function vectorsOf(
  { embedder, priority }: FactVectorOptions,
  facts: readonly WaitingFact[],
  signal: AbortSignal,
): Promise<(Buffer | null)[] | null> {
  const texts = facts.map((fact) => ({ text: embeddedFact(fact) }));
  const asked = { embedder, requestMs: REQUEST_MS, signal, before: priority.giveWay };
  const made = await unlessAway(embedEach(asked, texts), signal);
  return made?.map((each) => (each instanceof Float32Array ? directionOf(each) : null)) ?? null;
}

async function isThere(embedder: Embedder, signal: AbortSignal): Promise<boolean> {
  return (
    (await unlessAway(
      probe(embedder, signal).then(() => true),
      signal,
    )) ?? false
  );
}

async function unlessAway<T>(asked: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return asked.catch((error: unknown) => {
    if (error instanceof EmbedderUnavailable || signal.aborted) return null;
    throw error;
  });
}
