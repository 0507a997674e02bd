import { createHash } from 'node:crypto';
import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';
import { adopt } from './qdrant-adoption.ts';
import { type CollectionLimits, limitsOf } from './qdrant-limits.ts';
import {
  INT8,
  type Quantisation,
  type QuantisationKind,
  quantisationOf,
  quantise,
} from './qdrant-quantisation.ts';
import {
  modelKey,
  type TurnDatabase,
  type VectorModel,
  VectorSizeMismatch,
  VectorStoreConflict,
} from './vector-store.ts';

/** Which collection holds the vectors of which model; all of them are this database's own. */
export interface ModelCollections {
  readonly current: OwnCollection;
  readonly earlier: readonly OwnCollection[];
}

export interface OwnCollection {
  readonly name: string;
  readonly model: VectorModel;
  readonly limits: CollectionLimits;
}

/** Whose collections, and which of them. */
export interface CollectionsWanted {
  /** Of the collection of the first model; those of later ones begin with it. */
  readonly base: string;
  readonly model: VectorModel;
  readonly database: TurnDatabase;
  /** Null: small in collections that are made, as it is in those that are there. */
  readonly quantisation: Quantisation | null;
  /** Collections that were refused a short while ago, by name with the reason: to look through one takes long. */
  readonly refused: Map<string, string>;
}

export interface Collection {
  /** Its own name, and the one it was found under (an alias, perhaps). */
  name: string;
  foundAs: string;
  /** Null where vectors are named or absent: not a collection of ours. */
  size: number | null;
  /** From the collection's metadata; null where another program made it. */
  model: VectorModel | null;
  /** The database that it was made for; null: nothing is said. */
  database: string | null;
  base: string | null;
  indexed: readonly string[];
  quantisation: QuantisationKind;
  limits: CollectionLimits;
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
 * beside it, named `base_model_dimensions_hash`. What tells a collection of this database from all others is its
 * metadata (the database's id and the base); a name proves nothing. Collections that say nothing are adopted if all
 * that they hold is proven to be this database's; everything else is left alone.
 *
 * @throws VectorSizeMismatch, VectorStoreConflict, and what the client throws
 */
export async function openCollections(
  client: QdrantClient,
  wanted: CollectionsWanted,
): Promise<ModelCollections> {
  const { base, model } = wanted;
  const found = await listCollections(client, base);
  const known = await Promise.all(found.map((each) => adoptIfOurs(client, each, wanted)));
  const own = known.filter((each) => isOwn(each, wanted));
  const taken = known.find((each) => each.foundAs === base);
  if (taken && !own.includes(taken)) throw conflictOf(taken, wanted);
  const key = modelKey(model);
  const current =
    own.find((each) => each.model && modelKey(each.model) === key) ??
    (await createFor(client, taken ? `${base}_${suffixOf(model)}` : base, known, wanted));
  checkSize(current, model);
  await createIndexes(client, current);
  if (wanted.quantisation) await quantise(client, current, wanted.quantisation);
  const earlier = own.flatMap(({ name, model: other, limits }) =>
    other && modelKey(other) !== key ? [{ model: other, name, limits }] : [],
  );
  return { current: { name: current.name, model, limits: current.limits }, earlier };
}

/** Whether the collection still carries the marks of its owner; asked again before it is deleted. */
export async function isStillOwn(
  client: QdrantClient,
  name: string,
  wanted: CollectionsWanted,
): Promise<boolean> {
  const found = await describe(client, name, name);
  return found !== null && isOwn(found, wanted);
}

function isOwn({ database, base }: Collection, wanted: CollectionsWanted): boolean {
  return database === wanted.database.id && base === wanted.base;
}

async function listCollections(client: QdrantClient, base: string): Promise<Collection[]> {
  const isNamedSo = (name: string) => name === base || name.startsWith(`${base}_`);
  const { collections } = await client.getCollections();
  const names = new Map(
    collections.map(({ name }) => [name, name]).filter(([name = '']) => isNamedSo(name)) as [
      string,
      string,
    ][],
  );
  // A name may be an alias. Keys of limited rights may not ask for aliases, and collections have none then.
  const { aliases } = await client.getAliases().catch((error) => {
    if (![401, 403, 404].includes(statusOf(error) ?? 0)) throw error;
    return { aliases: [] };
  });
  for (const { alias_name: alias, collection_name: name } of aliases)
    if (isNamedSo(alias)) names.set(name, alias);
  const found = await Promise.all([...names].map(([name, foundAs]) => describe(client, name, foundAs)));
  return found.filter((each) => each !== null);
}

/** @returns null for one that has just been deleted, or that is hidden from us */
async function describe(client: QdrantClient, name: string, foundAs: string): Promise<Collection | null> {
  const info = await client.getCollection(name).catch((error) => {
    if (![401, 403, 404].includes(statusOf(error) ?? 0)) throw error;
    return null;
  });
  if (!info) return null;
  const { vectors } = info.config.params;
  const { echo_model: model, echo_dimensions: dimensions, ...rest } = info.config.metadata ?? {};
  const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    name,
    foundAs,
    size: typeof vectors?.size === 'number' ? vectors.size : null,
    model: typeof model === 'string' && typeof dimensions === 'number' ? { name: model, dimensions } : null,
    database: textOf(rest.echo_database),
    base: textOf(rest.echo_base),
    indexed: Object.keys(info.payload_schema),
    quantisation: quantisationOf(info),
    limits: limitsOf(info),
  };
}

/** An earlier version said nothing of the database: its collections are marked, once what they hold is looked through. */
async function adoptIfOurs(
  client: QdrantClient,
  found: Collection,
  wanted: CollectionsWanted,
): Promise<Collection> {
  const { base, model } = wanted;
  if (found.database !== null || found.base !== null) return found;
  const isBase = found.foundAs === base;
  const isLater = found.model !== null && found.foundAs === `${base}_${suffixOf(found.model)}`;
  if (!isBase && !isLater) return found;
  const itsModel = found.model ?? model;
  if (isBase) checkSize(found, itsModel);
  if (found.size !== itsModel.dimensions || wanted.refused.has(found.name)) return found;
  // An empty one is nobody's loss; it must be the one that we were told to use, and for vectors of this model.
  const mayBeEmpty = isBase && modelKey(itsModel) === modelKey(model);
  const problem = await adopt(client, found, { database: wanted.database, model: itsModel, mayBeEmpty });
  if (problem !== null) {
    wanted.refused.set(found.name, problem);
    return found;
  }
  await client.updateCollection(found.name, { metadata: marksOf(wanted, itsModel) });
  // Somebody else may have marked it at the same moment: the last one has it.
  return (await describe(client, found.name, found.foundAs)) ?? found;
}

function conflictOf(taken: Collection, { base, refused }: CollectionsWanted): VectorStoreConflict {
  const why =
    taken.database === null
      ? (refused.get(taken.name) ?? 'was not made by Echo Brain')
      : taken.base === base
        ? `belongs to the database ${taken.database}`
        : `belongs to the collections "${taken.base}" of the database ${taken.database}`;
  return new VectorStoreConflict(
    `collection "${base}" ${why}; it is left alone, and turns get no vectors until QDRANT_COLLECTION has another name`,
  );
}

async function createFor(
  client: QdrantClient,
  name: string,
  known: readonly Collection[],
  wanted: CollectionsWanted,
): Promise<Collection> {
  const taken = known.find((each) => each.foundAs === name || each.name === name);
  if (taken)
    throw new VectorStoreConflict(
      `collection "${taken.name}" has the name that this model's would have, and is not this database's; it is left alone`,
    );
  const { model } = wanted;
  const isSmall = wanted.quantisation !== 'off';
  await client.createCollection(name, {
    vectors: { size: model.dimensions, distance: 'Cosine', ...(isSmall && { on_disk: true }) },
    hnsw_config: HNSW,
    ...(isSmall && { quantization_config: INT8 }),
    metadata: marksOf(wanted, model),
  });
  const made = await describe(client, name, name);
  if (!made || !isOwn(made, wanted))
    throw new VectorStoreConflict(
      `collection "${name}" was made by somebody else at this moment; it is left alone`,
    );
  return made;
}

function checkSize({ name, size }: Collection, model: VectorModel): void {
  if (size === null) throw new VectorStoreConflict(`collection "${name}" has no single unnamed vector`);
  if (size !== model.dimensions) throw new VectorSizeMismatch(`collection "${name}"`, model.dimensions, size);
}

async function createIndexes(client: QdrantClient, { name, indexed }: Collection): Promise<void> {
  for (const [field, schema] of Object.entries(INDEXES)) {
    if (!indexed.includes(field))
      await client.createPayloadIndex(name, { field_name: field, field_schema: schema, wait: true });
  }
}

function marksOf({ base, database }: CollectionsWanted, model: VectorModel): Record<string, unknown> {
  return {
    echo_model: model.name,
    echo_dimensions: model.dimensions,
    echo_database: database.id,
    echo_base: base,
  };
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

/** The HTTP status of a client's error; null where there was no answer. */
export function statusOf(error: unknown): number | null {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' ? status : null;
}
