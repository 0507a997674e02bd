import { createHash } from 'node:crypto';
import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';
import { modelKey, type VectorModel, VectorSizeMismatch, VectorStoreConflict } from './vector-store.ts';

/** Which collection holds the vectors of which model. */
export interface ModelCollections {
  readonly current: string;
  readonly earlier: readonly { model: VectorModel; collection: string }[];
}

interface Collection {
  name: string;
  /** Null where vectors are named or absent: not a collection of ours. */
  size: number | null;
  /** From the collection's metadata; null where another program made it. */
  model: VectorModel | null;
  points: number;
  indexed: readonly string[];
}

/** A search names its owner always, so graphs are built for each owner and not over all of them. */
const HNSW = { m: 0, payload_m: 16 };
const INDEXES: Record<string, Schemas['PayloadSchemaParams']> = {
  owner: { type: 'keyword', is_tenant: true },
  conversation_id: { type: 'keyword', enable_hnsw: false },
  timestamp: { type: 'datetime', enable_hnsw: false },
};

/**
 * Finds, or makes, the collection of a model. The first model gets the collection `base`, each later one its own
 * beside it, named `base_model_dimensions_hash`. Collections that say nothing of a model are taken over only if
 * they are empty or hold points of this very model.
 *
 * @throws VectorSizeMismatch, VectorStoreConflict, and what the client throws
 */
export async function openCollections(
  client: QdrantClient,
  base: string,
  model: VectorModel,
): Promise<ModelCollections> {
  const known = await listCollections(client, base);
  const key = modelKey(model);
  let current = known.find((collection) => collection.model && modelKey(collection.model) === key);
  if (!current) {
    const taken = known.find((collection) => collection.name === base);
    const name = taken?.model ? `${base}_${suffixOf(model)}` : base;
    const there = known.find((collection) => collection.name === name);
    current = there ? await takeOver(client, there, model) : await createCollection(client, name, model);
  }
  checkCollection(current, model);
  await createIndexes(client, current);
  const earlier = known.flatMap(({ name, model: other }) =>
    other && modelKey(other) !== key ? [{ model: other, collection: name }] : [],
  );
  return { current: current.name, earlier };
}

async function listCollections(client: QdrantClient, base: string): Promise<Collection[]> {
  const { collections } = await client.getCollections();
  const names = collections
    .map((collection) => collection.name)
    .filter((name) => name === base || name.startsWith(`${base}_`));
  return Promise.all(names.map(async (name) => describe(name, await client.getCollection(name))));
}

function describe(name: string, info: Schemas['CollectionInfo']): Collection {
  const { vectors } = info.config.params;
  const { echo_model: model, echo_dimensions: dimensions } = info.config.metadata ?? {};
  return {
    name,
    size: typeof vectors?.size === 'number' ? vectors.size : null,
    model: typeof model === 'string' && typeof dimensions === 'number' ? { name: model, dimensions } : null,
    points: info.points_count ?? 0,
    indexed: Object.keys(info.payload_schema),
  };
}

async function createCollection(client: QdrantClient, name: string, model: VectorModel): Promise<Collection> {
  await client.createCollection(name, {
    vectors: { size: model.dimensions, distance: 'Cosine' },
    hnsw_config: HNSW,
    metadata: metadataOf(model),
  });
  return { name, size: model.dimensions, model, points: 0, indexed: [] };
}

async function takeOver(client: QdrantClient, found: Collection, model: VectorModel): Promise<Collection> {
  checkCollection(found, model);
  if (found.points > 0) {
    const { points } = await client.scroll(found.name, { limit: 1, with_payload: ['model'] });
    if (points[0]?.payload?.model !== modelKey(model))
      throw new VectorStoreConflict(`collection "${found.name}" holds points that Echo Brain did not write`);
  }
  await client.updateCollection(found.name, { metadata: metadataOf(model) });
  return { ...found, model };
}

function checkCollection({ name, size }: Collection, model: VectorModel): void {
  if (size === null) throw new VectorStoreConflict(`collection "${name}" has no single unnamed vector`);
  if (size !== model.dimensions) throw new VectorSizeMismatch(`collection "${name}"`, model.dimensions, size);
}

async function createIndexes(client: QdrantClient, { name, indexed }: Collection): Promise<void> {
  for (const [field, schema] of Object.entries(INDEXES)) {
    if (!indexed.includes(field))
      await client.createPayloadIndex(name, { field_name: field, field_schema: schema, wait: true });
  }
}

function metadataOf(model: VectorModel): Record<string, unknown> {
  return { echo_model: model.name, echo_dimensions: model.dimensions };
}

/** Readable, and different for different names that read the same. */
function suffixOf(model: VectorModel): string {
  const readable = model.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  const hash = createHash('sha256').update(model.name).digest('hex').slice(0, 8);
  return `${readable}_${model.dimensions}_${hash}`;
}
