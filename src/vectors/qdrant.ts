import { QdrantClient, type Schemas } from '@qdrant/js-client-rest';
import {
  isStillOwn,
  type ModelCollections,
  type OwnCollection,
  openCollections,
  statusOf,
} from './qdrant-collections.ts';
import { partsOf } from './qdrant-limits.ts';
import { fetchFindable, nearest, pointOf, scanFrom } from './qdrant-points.ts';
import type { Quantisation } from './qdrant-quantisation.ts';
import {
  checkSize,
  modelKey,
  type TurnDatabase,
  type VectorModel,
  VectorRejected,
  VectorSizeMismatch,
  type VectorStore,
  VectorStoreConflict,
  VectorStoreUnavailable,
} from './vector-store.ts';

export interface QdrantOptions {
  /** E.g. `http://localhost:6333`; a path is kept, and without a port Qdrant's own (6333) is meant. */
  readonly url: string;
  readonly apiKey: string | null;
  /** Name of the collection of the first model; those of later models begin with it. */
  readonly collection: string;
  /** Whose vectors they are. */
  readonly database: TurnDatabase;
  readonly model: VectorModel;
  /** How vectors are kept in memory; null: small in collections that are made, as it is in those that are there. */
  readonly quantisation?: Quantisation | null;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
/** Collections as they were last seen are trusted for so long, so that another process's change is noticed. */
const COLLECTIONS_MS = 60_000;

/**
 * Vectors in a Qdrant server (1.17 to 1.19), over HTTP. Each write waits until it is applied. All searches are
 * filtered by an indexed `owner` payload. What a server in strict mode allows of one request is kept to.
 */
export function createQdrantStore(options: QdrantOptions): VectorStore {
  const { name, dimensions } = options.model;
  const model = { name, dimensions };
  const { client, collections, run, wanted } = connect(options);
  const key = modelKey(model);
  const database = options.database.id;
  return {
    model,
    ensure: async () => void (await collections()),
    upsert: async (points) => {
      checkSize(
        model,
        points.map((point) => point.vector),
      );
      if (points.length === 0) return;
      const written = points.map((point) => pointOf(point, key, database));
      await run(async ({ current }) => {
        for (const part of partsOf(written, current.limits.write))
          checkApplied(await client.upsert(current.name, { wait: true, points: part }));
      });
    },
    remove: async (ids) => {
      if (ids.length === 0) return;
      await run(async ({ current, earlier }) => {
        for (const { name } of [current, ...earlier])
          checkApplied(await client.delete(name, { wait: true, points: [...ids] }));
      });
    },
    // Qdrant overwrites what was deleted when it next optimises a segment; there is no call for it.
    purge: async () => undefined,
    fetch: async (ids) => {
      if (ids.length === 0) return new Map();
      return run(({ current }) => fetchFindable(client, current, ids, database));
    },
    scan: ({ after, limit }) => run(({ current }) => scanFrom(client, current, { after, limit, database })),
    search: async (query) => {
      const searched = query.model ?? model;
      checkSize(searched, [query.vector]);
      return run((known) => nearest(client, collectionOf(known, model, searched), query));
    },
    count: () =>
      run(async ({ current: { name, limits } }) => (await client.count(name, { exact: limits.exact })).count),
    ping: async () => {
      const started = performance.now();
      // Not the version page, which answers although the storage does not.
      await run(({ current }) => client.getCollection(current.name));
      return performance.now() - started;
    },
    earlierModels: async () => (await collections()).earlier.map((other) => other.model),
    dropModel: async (dropped) => {
      const { earlier } = await collections();
      const found = earlier.find((other) => modelKey(other.model) === modelKey(dropped));
      if (found)
        await run(async () => {
          if (await isStillOwn(client, found.name, wanted)) await client.deleteCollection(found.name);
        });
      await collections(true);
    },
    close: async () => undefined,
  };
}

/** The client, and calls through it with our errors; collections are looked up on first use. */
function connect({ url, apiKey, collection, database, model, quantisation, timeoutMs }: QdrantOptions) {
  const { protocol, pathname, port } = new URL(url);
  const bare = new URL(url);
  bare.pathname = '';
  const client = new QdrantClient({
    url: bare.href,
    // The client replaces a missing port by 6333; one that is the protocol's own gets lost in URL.
    port: port || /:\d+(\/|$)/.test(url.slice(protocol.length)) ? Number(port) || null : 6_333,
    ...(pathname !== '/' && { prefix: pathname.replace(/\/$/, '') }),
    // As a header: given as apiKey the client prints a warning to the console.
    ...(apiKey && { headers: { 'api-key': apiKey } }),
    timeout: timeoutMs ?? TIMEOUT_MS,
    checkCompatibility: false,
  });
  const refused = new Map<string, string>();
  const wanted = { base: collection, model, database, quantisation: quantisation ?? null, refused };
  let known: Promise<ModelCollections> | null = null;
  let knownAt = 0;
  let refusedAt = 0;
  const collections = (anew = false) => {
    if (performance.now() - refusedAt > COLLECTIONS_MS) {
      refusedAt = performance.now();
      wanted.refused.clear();
    }
    if (anew || !known || performance.now() - knownAt > COLLECTIONS_MS) {
      knownAt = performance.now();
      known = openCollections(client, wanted).catch((error) => {
        known = null;
        throw errorOf(error);
      });
    }
    return known;
  };
  const run = async <T>(work: (known: ModelCollections) => Promise<T>): Promise<T> => {
    const found = await collections();
    try {
      return await work(found);
    } catch (error) {
      // Somebody deleted the collection: it is made again, and the reconciler fills it. Or its limits have changed.
      if ([400, 404].includes(statusOf(error) ?? 0)) known = null;
      throw errorOf(error);
    }
  };
  return { client, collections, run, wanted };
}

function collectionOf(known: ModelCollections, own: VectorModel, searched: VectorModel): OwnCollection {
  if (modelKey(searched) === modelKey(own)) return known.current;
  const found = known.earlier.find((other) => modelKey(other.model) === modelKey(searched));
  if (!found) throw new VectorStoreUnavailable(`there are no vectors of ${modelKey(searched)}`);
  return found;
}

function checkApplied(result: Schemas['UpdateResult']): void {
  if (result.status !== 'completed')
    throw new VectorStoreUnavailable(`Qdrant has not applied the write (${result.status})`);
}

const OURS = [VectorSizeMismatch, VectorStoreConflict, VectorStoreUnavailable, VectorRejected];

/** The client's errors as ours. Their text is the server's own words, cut; it never holds the key. */
function errorOf(error: unknown): Error {
  if (OURS.some((known) => error instanceof known)) return error as Error;
  const status = statusOf(error);
  const message = describe(error);
  if (status === 401 || status === 403)
    return new VectorStoreUnavailable(`Qdrant refuses the key (${status}): check QDRANT_API_KEY`);
  if (status === 400 || status === 413 || status === 422)
    return new VectorRejected(`Qdrant refuses the request (${status}): ${message}`);
  return new VectorStoreUnavailable(`Qdrant: ${message}`);
}

function describe(error: unknown): string {
  const { message, data, cause } = error as {
    message: string;
    data?: { status?: { error?: string } };
    cause?: { code?: string; message?: string };
  };
  return (data?.status?.error ?? cause?.code ?? cause?.message ?? message).slice(0, 300);
}
