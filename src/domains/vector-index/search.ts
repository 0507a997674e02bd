import type { Owner } from '../../access/principals.ts';
import type { Logger } from '../../log.ts';
import { type Embedder, embedTexts, TextRefused } from '../../models/embedder.ts';
import {
  modelKey,
  type VectorFilter,
  type VectorHit,
  type VectorModel,
  type VectorStore,
} from '../../vectors/vector-store.ts';
import { probe } from './embed-each.ts';
import { createEmbeddingPriority, type EmbeddingPriority } from './embedding-priority.ts';
import { createMeaningFloor, type MeaningFloor } from './meaning-floor.ts';
import { comparable } from './two-models.ts';

export interface VectorSearchOptions {
  readonly store: VectorStore;
  readonly embedder: Embedder;
  readonly log: Logger;
  /** Shared with the worker, whose turns wait for searches. */
  readonly priority?: EmbeddingPriority;
  /** Embedders of models that were used before; absent: there are none. */
  readonly earlierEmbedders?: EarlierEmbedders | undefined;
}

/** Embedders of models that were used before, for as long as their vectors serve. */
export interface EarlierEmbedders {
  /** Null where it is not possible any more to have it. */
  of(model: VectorModel): Promise<Embedder | null>;
  /** The vectors of all others are gone. */
  keepOnly(models: readonly VectorModel[]): void;
}

/** A turn that is among the nearest. */
export interface NearTurn extends VectorHit {
  /** Whether it is nearer than unrelated texts are. */
  readonly isSimilar: boolean;
}

export interface VectorSearchResult {
  /** Nearest first; while the model is changed, as many of each model. Ids only: whoever shows them reads the turns, within the owner's scope. */
  readonly hits: readonly NearTurn[];
  /** Whether turns may be missing, because they still have a vector of another model only. */
  readonly degraded: boolean;
  /**
   * How like these turns of the owner are to the query, whether they are among the nearest or not: cosines, or, while the model is changed,
   * what can be compared of two models.
   *
   * @throws what the store throws
   */
  likenessOf(turnIds: readonly string[]): Promise<Map<string, number>>;
}

/** A query as the present model has it. */
export interface EmbeddedQuery {
  /** The key of the model. */
  readonly model: string;
  /** Of length 1. */
  readonly vector: Float32Array;
  /** The cosine that unrelated texts have at most. */
  readonly floor: number;
}

export interface VectorSearch {
  /** For what else is compared with it than turns. @throws what the embedder throws */
  embed(text: string, signal: AbortSignal): Promise<EmbeddedQuery>;
  /** Asks the model and the store something that must work. @throws what they throw */
  check(): Promise<void>;
  /** @throws what the store and the embedder throw */
  search(
    owner: Owner,
    query: { text: string; limit: number; filter?: VectorFilter; signal: AbortSignal },
  ): Promise<VectorSearchResult>;
}

/** Queries are cut no shorter. */
const SHORTEST = 64;
/** What is asked of turns and of facts at once is embedded once: so many queries are remembered. */
const REMEMBERED = 16;
/** Models are looked up so often at most. */
const MODELS_MS = 5_000;

/**
 * Searches one user's vectors. While a change of model is under way, turns are found by their old vectors as well, so that
 * nothing disappears meanwhile, and are compared by those of the model that has reached more of them.
 */
export function createVectorSearch(options: VectorSearchOptions): VectorSearch {
  const { store, embedder, log } = options;
  const priority = options.priority ?? createEmbeddingPriority();
  let models: readonly VectorModel[] = [];
  let modelsAt = Number.NEGATIVE_INFINITY;
  const earlierModels = async () => {
    if (performance.now() - modelsAt > MODELS_MS) {
      models = await store.earlierModels();
      modelsAt = performance.now();
      options.earlierEmbedders?.keepOnly(models);
    }
    return models;
  };
  /** One whose turns all have vectors of the present model is dropped, maybe in the middle of a search. */
  const isGone = async (model: VectorModel) => {
    modelsAt = Number.NEGATIVE_INFINITY;
    return !(await earlierModels()).some((each) => modelKey(each) === modelKey(model));
  };
  const floors = new Map<string, MeaningFloor>();
  const floorOf = (searched: Embedder) => {
    const floor = floors.get(modelKey(searched)) ?? createMeaningFloor(searched);
    floors.set(modelKey(searched), floor);
    return floor;
  };
  const queries = new Map<string, Promise<Float32Array>>();
  const embedOnce = (text: string, signal: AbortSignal): Promise<Float32Array> => {
    const known = queries.get(text);
    if (known) return known;
    const made = priority.asking(() => embedQuery(embedder, text, signal));
    queries.set(text, made);
    // Whoever waits for it hears of what went wrong.
    made.catch(() => queries.delete(text));
    for (const oldest of [...queries.keys()].slice(0, -REMEMBERED)) queries.delete(oldest);
    return made;
  };
  return {
    async embed(text, signal) {
      const vector = await embedOnce(text, signal);
      return { model: modelKey(store.model), vector, floor: await floorOf(embedder).of(vector) };
    },
    check: async () => {
      await Promise.all([probe(embedder, new AbortController().signal), store.ping()]);
    },
    async search(owner, { text, limit, filter, signal }) {
      const searchWith = async (searched: Embedder, model: VectorModel) => {
        const vector = await (searched === embedder
          ? embedOnce(text, signal)
          : priority.asking(() => embedQuery(searched, text, signal)));
        const [hits, floor] = await Promise.all([
          store.search({ ...owner, vector, limit, filter, model }),
          floorOf(searched).of(vector),
        ]);
        return { vector, hits: hits.map((hit) => ({ ...hit, isSimilar: hit.score > floor })) };
      };
      const [{ vector, hits }, earlier] = await Promise.all([
        searchWith(embedder, store.model),
        earlierModels(),
      ]);
      const found = new Map(hits.map((hit) => [hit.id, hit]));
      const vectors: { model: VectorModel; vector: Float32Array }[] = [{ model: store.model, vector }];
      let degraded = false;
      for (const model of earlier) {
        const former = (await options.earlierEmbedders?.of(model)) ?? null;
        const older =
          former && (await searchWith(former, model).catch((error) => noteFailure(log, model, error)));
        if (!older) degraded ||= former === null || !(await isGone(model));
        else vectors.push({ model, vector: older.vector });
        for (const hit of older ? older.hits : []) if (!found.has(hit.id)) found.set(hit.id, hit);
      }
      const best = [...found.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
      const likenessOf = async (ids: readonly string[]) =>
        comparable(
          await Promise.all(
            vectors.map((each) =>
              store.search({ ...owner, ...each, limit: ids.length, ids }).catch(async (error: unknown) => {
                if (each.model !== store.model && (await isGone(each.model))) return [];
                throw error;
              }),
            ),
          ),
        );
      return { hits: best.slice(0, limit * vectors.length), degraded, likenessOf };
    },
  };
}

/** Of a query that the model does not take, its beginning is embedded. @throws what the model says to the shortest */
async function embedQuery(embedder: Embedder, text: string, signal: AbortSignal): Promise<Float32Array> {
  for (let length = text.length; ; length = Math.floor(length / 2)) {
    try {
      const [vector] = await embedTexts(embedder, [text.slice(0, length).toWellFormed()], signal, 'question');
      if (vector) return vector;
      throw new TextRefused(`${embedder.name} made no vector`);
    } catch (error) {
      signal.throwIfAborted();
      // Servers are not of one mind about what they answer to a text that is too long.
      if (length / 2 < SHORTEST) throw error;
    }
  }
}

function noteFailure(log: Logger, model: VectorModel, error: Error): null {
  log.warn({ err: error, model: modelKey(model) }, 'the vectors of an earlier model could not be searched');
  return null;
}
