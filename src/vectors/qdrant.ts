import { QdrantClient, type Schemas } from '@qdrant/js-client-rest';
import { type ModelCollections, openCollections } from './qdrant-collections.ts';
import {
  checkSize,
  modelKey,
  ownerKey,
  type StoredPoint,
  type VectorModel,
  type VectorPoint,
  type VectorQuery,
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
  readonly model: VectorModel;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const PAYLOAD = ['tenant_id', 'user_id', 'model', 'content_hash'];
/** Collections as they were last seen are trusted for so long, so that another process's change is noticed. */
const COLLECTIONS_MS = 60_000;

/**
 * Vectors in a Qdrant server (1.17 to 1.19), over HTTP. Each write waits until it is applied. All searches are
 * filtered by an indexed `owner` payload.
 */
export function createQdrantStore(options: QdrantOptions): VectorStore {
  const { name, dimensions } = options.model;
  const model = { name, dimensions };
  const { client, collections, run } = connect(options);
  const key = modelKey(model);
  return {
    model,
    ensure: async () => void (await collections()),
    upsert: async (points) => {
      checkSize(
        model,
        points.map((point) => point.vector),
      );
      if (points.length === 0) return;
      await run(async ({ current }) =>
        checkApplied(
          await client.upsert(current, { wait: true, points: points.map((p) => pointOf(p, key)) }),
        ),
      );
    },
    remove: async (ids) => {
      if (ids.length === 0) return;
      await run(async ({ current, earlier }) => {
        for (const name of [current, ...earlier.map((other) => other.collection)])
          checkApplied(await client.delete(name, { wait: true, points: [...ids] }));
      });
    },
    // Qdrant overwrites what was deleted when it next optimises a segment; there is no call for it.
    purge: async () => undefined,
    fetch: async (ids) => {
      if (ids.length === 0) return new Map();
      const records = await run(({ current }) =>
        client.retrieve(current, { ids: [...ids], with_payload: PAYLOAD, with_vector: false }),
      );
      return new Map(records.flatMap(storedPoint).map((point) => [point.id, point]));
    },
    scan: ({ after, limit }) => run(({ current }) => scanFrom(client, current, after, limit)),
    search: async (query) => {
      const searched = query.model ?? model;
      checkSize(searched, [query.vector]);
      return run(async (known) => {
        const { points } = await client.query(collectionOf(known, model, searched), {
          query: [...query.vector],
          filter: filterOf(query),
          params: { hnsw_ef: Math.max(128, query.limit * 2) },
          limit: query.limit,
          with_payload: false,
        });
        return points.map((point) => ({ id: String(point.id), score: point.score }));
      });
    },
    count: () => run(async ({ current }) => (await client.count(current, { exact: true })).count),
    ping: async () => {
      const started = performance.now();
      // Not the version page, which answers although the storage does not.
      await run(({ current }) => client.collectionExists(current));
      return performance.now() - started;
    },
    earlierModels: async () => (await collections()).earlier.map((other) => other.model),
    dropModel: async (dropped) => {
      const { earlier } = await collections();
      const found = earlier.find((other) => modelKey(other.model) === modelKey(dropped));
      if (found) await run(() => client.deleteCollection(found.collection));
      await collections(true);
    },
    close: async () => undefined,
  };
}

/** The client, and calls through it with our errors; collections are looked up on first use. */
function connect({ url, apiKey, collection, model, timeoutMs }: QdrantOptions) {
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
  let known: Promise<ModelCollections> | null = null;
  let knownAt = 0;
  const collections = (anew = false) => {
    if (anew || !known || performance.now() - knownAt > COLLECTIONS_MS) {
      knownAt = performance.now();
      known = openCollections(client, collection, model).catch((error) => {
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
      // Somebody deleted the collection: it is made again, and the reconciler fills it.
      if (statusOf(error) === 404) known = null;
      throw errorOf(error);
    }
  };
  return { client, collections, run };
}

/** Qdrant's offset is the first id of the page, ours the last of the one before; points of others are passed over. */
async function scanFrom(
  client: QdrantClient,
  collection: string,
  after: string | null,
  limit: number,
): Promise<StoredPoint[]> {
  let offset: string | number | null = after;
  for (;;) {
    const page: Schemas['ScrollResult'] = await client.scroll(collection, {
      limit: limit + 1,
      ...(offset !== null && { offset }),
      with_payload: PAYLOAD,
      with_vector: false,
    });
    const found = page.points
      .flatMap(storedPoint)
      .filter((point) => point.id !== after)
      .slice(0, limit);
    const next = page.next_page_offset;
    if (found.length > 0 || next === null || next === undefined) return found;
    offset = next as string | number;
  }
}

function pointOf(point: VectorPoint, model: string) {
  return {
    id: point.id,
    vector: [...point.vector],
    payload: {
      owner: ownerKey(point),
      tenant_id: point.tenantId,
      user_id: point.userId,
      conversation_id: point.conversationId,
      model,
      content_hash: point.contentHash,
      timestamp: point.timestamp.toISOString(),
    },
  };
}

/** A point of ours; nothing for one that lacks our payload. */
function storedPoint(record: Schemas['Record']): StoredPoint[] {
  const { tenant_id: tenantId, user_id: userId, model, content_hash: contentHash } = record.payload ?? {};
  if (typeof tenantId !== 'string' || typeof userId !== 'string') return [];
  return [
    { id: String(record.id), tenantId, userId, model: String(model), contentHash: String(contentHash) },
  ];
}

function filterOf(query: VectorQuery): Schemas['Filter'] {
  const { conversationId, since, until } = query.filter ?? {};
  const range = { ...(since && { gte: since.toISOString() }), ...(until && { lte: until.toISOString() }) };
  return {
    must: [
      { key: 'owner', match: { value: ownerKey(query) } },
      ...(conversationId ? [{ key: 'conversation_id', match: { value: conversationId } }] : []),
      ...(since || until ? [{ key: 'timestamp', range }] : []),
    ],
  };
}

function collectionOf(known: ModelCollections, own: VectorModel, searched: VectorModel): string {
  if (modelKey(searched) === modelKey(own)) return known.current;
  const found = known.earlier.find((other) => modelKey(other.model) === modelKey(searched));
  if (!found) throw new VectorStoreUnavailable(`there are no vectors of ${modelKey(searched)}`);
  return found.collection;
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

function statusOf(error: unknown): number | null {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' ? status : null;
}

function describe(error: unknown): string {
  const { message, data, cause } = error as {
    message: string;
    data?: { status?: { error?: string } };
    cause?: { code?: string; message?: string };
  };
  return (data?.status?.error ?? cause?.code ?? cause?.message ?? message).slice(0, 300);
}
