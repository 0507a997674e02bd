import type { Ports } from '../../ground/ports.ts';
import type { Pressure } from '../../ground/pressure.ts';
import type { AlertTeller } from '../../ground/promise.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { configuredEmbedder } from '../../models/configured.ts';
import type { Embedder } from '../../models/embedder.ts';
import { createReachability, type Reachability } from '../../models/reachability.ts';
import { createSqliteVecStore } from '../../vectors/sqlite-vec.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';
import { createVectorCopies } from './copies.ts';
import { createEarlierEmbedders } from './earlier-embedders.ts';
import { probe } from './embed-each.ts';
import { createEmbeddingPriority, type EmbeddingPriority } from './embedding-priority.ts';
import { createLagReading, type LagReading } from './lag.ts';
import { vectorsLost, vectorsRebuilt } from './promises.ts';
import { turnsAmong } from './queue.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';
import { createVectorSearch, type VectorSearch } from './search.ts';
import { createVectorWorker, type VectorWorker, type VectorWorkerOptions } from './worker.ts';

/** Where vectors are kept, who makes them, who repairs them, and who searches them. */
interface VectorIndexParts {
  readonly embedder: Embedder;
  /** Shared by all that ask the embedder. */
  readonly embeddingPriority: EmbeddingPriority;
  readonly vectors: VectorStore;
  readonly vectorWorker: VectorWorker;
  readonly reconciler: Reconciler;
  /** Null where no model that knows meaning is configured. */
  readonly vectorSearch: VectorSearch | null;
  /** Whether what lies outside answers. Null: it is not outside. */
  readonly vectorReach: { readonly vectorStore: Reachability; readonly embedder: Reachability | null };
  readonly vectorLag: LagReading;
}

declare module '../../graphql/context.ts' {
  interface Services extends VectorIndexParts {}
}

type Needs = Ports & {
  readonly alerts: AlertTeller;
  readonly pressure: Pressure;
  readonly persistence: {
    onCommitted(listener: () => void): void;
    vectorsDone: NonNullable<VectorWorkerOptions['onProgress']>;
  };
};

/** Turns whose server was killed while it embedded them wait so long for another. */
const VECTOR_LEASE_MS = 15_000;

/**
 * Where no search reads vectors, they may come a moment later, many together: each round is two statements and a write that waits
 * for the disk.
 */
const UNSEARCHED = { gatherMs: 250, batch: 256 };

/** The index of vectors, and who keeps it. @throws DimensionsUnknown */
export async function openVectorIndex(needs: Needs, closing: ClosingStack): Promise<VectorIndexParts> {
  const { db, log, keepers, persistence, pressure, modelParts } = needs;
  const embedder = await configuredEmbedder(modelParts);
  closing.defer(async () => embedder.close?.());
  const store = await openVectorStore(needs, embedder);
  closing.defer(() => store.close());
  const priority = createEmbeddingPriority();
  const vectorWorker = createVectorWorker({
    ...{ db, store, embedder, log, keepers, priority, pressure },
    ...(!embedder.knowsMeaning && UNSEARCHED),
    leaseMs: VECTOR_LEASE_MS,
    onProgress: (batch) => persistence.vectorsDone(batch),
  });
  persistence.onCommitted(() => vectorWorker.wake());
  vectorWorker.start();
  closing.defer(() => vectorWorker.stop());
  const copy = createVectorCopies({ db, store, embedder, log, priority });
  const reconciler = openReconciler({ ...needs, store, copy, vectorWorker }, closing);
  const earlierEmbedders = createEarlierEmbedders(modelParts, log);
  closing.defer(() => earlierEmbedders.close());
  const vectorSearch = embedder.knowsMeaning
    ? createVectorSearch({ store, embedder, log, priority, earlierEmbedders })
    : null;
  const ending = new AbortController();
  closing.defer(() => ending.abort());
  const vectorReach = {
    vectorStore: createReachability(() => store.ping()),
    embedder: embedder.knowsMeaning ? createReachability(() => probe(embedder, ending.signal)) : null,
  };
  const vectorLag = createLagReading(needs);
  return {
    ...{ embedder, embeddingPriority: priority, vectors: store },
    ...{ vectorWorker, reconciler, vectorSearch, vectorReach, vectorLag },
  };
}

async function openVectorStore(
  { config, db, databaseId, log, secrets, alerts }: Needs,
  model: Embedder,
): Promise<VectorStore> {
  const named = {
    database: { id: databaseId, turnsAmong: (ids: readonly string[]) => turnsAmong(db, ids) },
    model: { name: model.name, dimensions: model.dimensions },
  };
  if (config.qdrant) {
    const { createQdrantStore } = await import('../../vectors/qdrant.ts');
    return createQdrantStore({ ...config.qdrant, apiKey: secrets.get('QDRANT_API_KEY'), ...named });
  }
  const onRebuild = (found: { movedTo: string; reason: string }) => alerts.raise(vectorsRebuilt, found);
  return createSqliteVecStore({ directory: config.dataDirectory, log, onRebuild, ...named });
}

function openReconciler(
  parts: Needs & {
    readonly store: VectorStore;
    readonly copy: ReturnType<typeof createVectorCopies>;
    readonly vectorWorker: VectorWorker;
  },
  closing: ClosingStack,
): Reconciler {
  const { config, db, log, keepers, alerts, store, copy, vectorWorker } = parts;
  // Others on the same database would have to come in from outside, and would have vectors of their own.
  const isAlone = config.qdrant !== null || config.databaseUrls.length === 0;
  const reconciler = createReconciler({
    ...{ db, store, log, keepers },
    copy: isAlone ? undefined : copy,
    onFinding: ({ missing }) => {
      vectorWorker.wake();
      if (missing > 0) alerts.raise(vectorsLost, undefined);
    },
    onPass: ({ missing }) => {
      if (missing === 0) alerts.clear(vectorsLost, 'no turn misses its vector any more');
    },
  });
  reconciler.start();
  closing.defer(() => reconciler.stop());
  return reconciler;
}
