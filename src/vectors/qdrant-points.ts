import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';
import type { OwnCollection } from './qdrant-collections.ts';
import { partsOf } from './qdrant-limits.ts';
import { EXACT, RESCORED } from './qdrant-quantisation.ts';
import {
  ownerKey,
  type StoredPoint,
  type VectorHit,
  type VectorPoint,
  type VectorQuery,
} from './vector-store.ts';

const PAYLOAD = [
  'owner',
  'tenant_id',
  'user_id',
  'model',
  'content_hash',
  'database',
  'conversation_id',
  'timestamp',
];
/** Candidates that a search looks at, at least. */
const CANDIDATES = 128;

/** Qdrant's offset is the first id of the page, ours the last of the one before; points of others are passed over. */
export async function scanFrom(
  client: QdrantClient,
  { name, limits }: OwnCollection,
  { after, limit, database }: { after: string | null; limit: number; database: string },
): Promise<StoredPoint[]> {
  let offset: string | number | null = after;
  for (;;) {
    const page: Schemas['ScrollResult'] = await client.scroll(name, {
      limit: Math.min(limit + 1, limits.page),
      ...(offset !== null && { offset }),
      with_payload: PAYLOAD,
      with_vector: false,
    });
    const found = page.points
      .flatMap((record) => storedPoint(record, database))
      .filter((point) => point.id !== after)
      .slice(0, limit);
    const next = page.next_page_offset;
    if (found.length > 0 || next === null || next === undefined) return found;
    offset = next as string | number;
  }
}

/**
 * Points that a search would find. That a point is there says nothing of its vector, and to ask for all vectors would
 * move a thousand times as much: so the points are searched for, and only what that does not bring is looked at closely.
 */
export async function fetchFindable(
  client: QdrantClient,
  { name, limits, model }: OwnCollection,
  ids: readonly string[],
  database: string,
): Promise<Map<string, StoredPoint>> {
  const found = new Map<string, StoredPoint>();
  // Any direction serves, as long as no real vector lies exactly across it.
  const direction = Array.from({ length: model.dimensions }, (_, at) => Math.sin(at + 1));
  for (const part of partsOf(ids, limits.ids)) {
    const [records, { points: hits }] = await Promise.all([
      client.retrieve(name, { ids: part, with_payload: PAYLOAD, with_vector: false }),
      client.query(name, {
        query: direction,
        filter: { must: [{ has_id: part }] },
        params: { quantization: EXACT },
        limit: part.length,
        with_payload: false,
      }),
    ]);
    const findable = new Set(hits.filter(({ score }) => score !== 0).map(({ id }) => id));
    const doubtful = records.map(({ id }) => id).filter((id) => !findable.has(id));
    for (const id of await withVector(client, name, doubtful)) findable.add(id);
    for (const point of records
      .filter(({ id }) => findable.has(id))
      .flatMap((record) => storedPoint(record, database)))
      found.set(point.id, point);
  }
  return found;
}

async function withVector(
  client: QdrantClient,
  name: string,
  ids: readonly Schemas['ExtendedPointId'][],
): Promise<Schemas['ExtendedPointId'][]> {
  if (ids.length === 0) return [];
  const records = await client.retrieve(name, { ids: [...ids], with_payload: false, with_vector: true });
  return records
    .filter(({ vector }) => Array.isArray(vector) && vector.some((value) => value !== 0))
    .map(({ id }) => id);
}

/** The nearest points of one user, nearest first. */
export async function nearest(
  client: QdrantClient,
  { name, limits }: OwnCollection,
  query: VectorQuery,
): Promise<VectorHit[]> {
  const limit = Math.min(query.limit, limits.page);
  if (query.ids) return nearestAmong(client, { name, limits }, query, query.ids);
  const { points } = await client.query(name, {
    query: [...query.vector],
    filter: filterOf(query, limits.conditions),
    params: {
      hnsw_ef: Math.min(Math.max(CANDIDATES, limit * 2), limits.searchEf),
      quantization: RESCORED,
    },
    limit,
    with_payload: false,
  });
  return points.map((point) => ({ id: String(point.id), score: point.score }));
}

/** The same among few. */
async function nearestAmong(
  client: QdrantClient,
  { name, limits }: Pick<OwnCollection, 'name' | 'limits'>,
  query: VectorQuery,
  ids: readonly string[],
): Promise<VectorHit[]> {
  const parts = await Promise.all(
    partsOf(ids, limits.ids).map((part) =>
      client.query(name, {
        query: [...query.vector],
        filter: { must: [{ has_id: part }, { key: 'owner', match: { value: ownerKey(query) } }] },
        params: { quantization: EXACT },
        limit: Math.min(part.length, limits.page),
        with_payload: false,
      }),
    ),
  );
  return parts
    .flatMap(({ points }) => points.map((point) => ({ id: String(point.id), score: point.score })))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, query.limit);
}

/** A point as Qdrant takes it. */
export function pointOf(point: VectorPoint, model: string, database: string) {
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
      database,
    },
  };
}

/** A point of ours; nothing for one that lacks our payload. */
function storedPoint(record: Schemas['Record'], database: string): StoredPoint[] {
  const { tenant_id: tenantId, user_id: userId, model, ...rest } = record.payload ?? {};
  if (typeof tenantId !== 'string' || typeof userId !== 'string') return [];
  // What searches filter by must be as it was written, else the point is stale, whatever its hash says.
  const isWhole =
    rest.owner === ownerKey({ tenantId, userId }) &&
    typeof rest.conversation_id === 'string' &&
    typeof rest.timestamp === 'string';
  return [
    {
      id: String(record.id),
      tenantId,
      userId,
      model: String(model),
      contentHash: isWhole ? String(rest.content_hash) : '',
      isOwn: rest.database === database,
    },
  ];
}

/** The owner first: where a server allows fewer conditions, whoever reads the hits leaves out what is not wanted. */
function filterOf(query: VectorQuery, mostConditions: number): Schemas['Filter'] {
  const { conversationId, since, until } = query.filter ?? {};
  const range = { ...(since && { gte: since.toISOString() }), ...(until && { lte: until.toISOString() }) };
  const conditions = [
    { key: 'owner', match: { value: ownerKey(query) } },
    ...(conversationId ? [{ key: 'conversation_id', match: { value: conversationId } }] : []),
    ...(since || until ? [{ key: 'timestamp', range }] : []),
  ];
  return { must: conditions.slice(0, mostConditions) };
}
