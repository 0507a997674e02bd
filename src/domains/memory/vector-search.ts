import type { Owner } from '../../access/principals.ts';
import type { Logger } from '../../log.ts';
import type { Embedder } from '../../models/embedder.ts';
import {
  modelKey,
  type VectorFilter,
  type VectorHit,
  type VectorModel,
  type VectorStore,
} from '../../vectors/vector-store.ts';

export interface VectorSearchOptions {
  readonly store: VectorStore;
  readonly embedder: Embedder;
  readonly log: Logger;
  /** Makes the embedder of a model that was used before; null where that is not possible any more. */
  readonly earlierEmbedder?: (model: VectorModel) => Embedder | null;
}

export interface VectorSearchResult {
  /** Nearest first. Ids only: whoever shows them reads the turns, within the owner's scope. */
  readonly hits: readonly VectorHit[];
  /** Whether turns may be missing, because they still have a vector of another model only. */
  readonly degraded: boolean;
}

export interface VectorSearch {
  /** @throws what the store and the embedder throw */
  search(
    owner: Owner,
    query: { text: string; limit: number; filter?: VectorFilter; signal: AbortSignal },
  ): Promise<VectorSearchResult>;
}

/** Models are looked up so often at most. */
const MODELS_MS = 5_000;

/**
 * Searches one user's vectors. While a change of model is under way, turns that the new model has not reached are
 * found by their old vectors, so that nothing disappears meanwhile; the two kinds of scores are then mixed.
 */
export function createVectorSearch(options: VectorSearchOptions): VectorSearch {
  const { store, embedder, log } = options;
  let models: readonly VectorModel[] = [];
  let modelsAt = Number.NEGATIVE_INFINITY;
  const earlierModels = async () => {
    if (performance.now() - modelsAt > MODELS_MS) {
      models = await store.earlierModels();
      modelsAt = performance.now();
    }
    return models;
  };
  return {
    async search(owner, { text, limit, filter, signal }) {
      const searchWith = async (searched: Embedder, model: VectorModel) => {
        const [vector] = await searched.embed([text], signal);
        if (!vector) throw new Error(`${searched.name} made no vector`);
        return store.search({ ...owner, vector, limit, filter, model });
      };
      const [hits, earlier] = await Promise.all([searchWith(embedder, store.model), earlierModels()]);
      const found = new Map(hits.map((hit) => [hit.id, hit]));
      let degraded = false;
      for (const model of earlier) {
        const former = options.earlierEmbedder?.(model) ?? null;
        const older =
          former && (await searchWith(former, model).catch((error) => noteFailure(log, model, error)));
        if (!older) degraded = true;
        for (const hit of older ?? []) if (!found.has(hit.id)) found.set(hit.id, hit);
      }
      const best = [...found.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
      return { hits: best.slice(0, limit), degraded };
    },
  };
}

function noteFailure(log: Logger, model: VectorModel, error: Error): null {
  log.warn({ err: error, model: modelKey(model) }, 'the vectors of an earlier model could not be searched');
  return null;
}
