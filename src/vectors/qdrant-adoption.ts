import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';
import type { Collection } from './qdrant-collections.ts';
import { modelKey, type TurnDatabase, type VectorModel } from './vector-store.ts';

const PAGE = 1_000;

/**
 * Looks through a collection that does not say whose it is. If each of its points is of a turn of this database and
 * was made by the model, the points are marked with the database's id; else nothing is changed.
 *
 * @returns why it is not this database's, as the end of a sentence; null if it is
 */
export async function adopt(
  client: QdrantClient,
  { name, limits }: Collection,
  wanted: { database: TurnDatabase; model: VectorModel; mayBeEmpty: boolean },
): Promise<string | null> {
  const { database, model } = wanted;
  const ids: string[] = [];
  for await (const page of pagesOf(client, name, Math.min(PAGE, limits.page))) {
    const own = page.flatMap(({ id, payload }) =>
      typeof id === 'string' && payload?.model === modelKey(model) ? [id] : [],
    );
    if (own.length < page.length) return 'holds points that Echo Brain did not write, or of another model';
    if (page.some(({ payload }) => payload?.database !== undefined && payload.database !== database.id))
      return 'holds points of another database';
    const turns = await database.turnsAmong(own);
    if (turns.size < own.length) return 'holds points of turns that this database does not have';
    ids.push(...own);
  }
  if (ids.length === 0) return wanted.mayBeEmpty ? null : 'is empty, and nothing says whose it is';
  for (let at = 0; at < ids.length; at += PAGE)
    await client.setPayload(name, {
      wait: true,
      payload: { database: database.id },
      points: ids.slice(at, at + PAGE),
    });
  return null;
}

async function* pagesOf(
  client: QdrantClient,
  name: string,
  limit: number,
): AsyncGenerator<Schemas['Record'][]> {
  for (let offset: string | number | null | undefined; offset !== null; ) {
    const page: Schemas['ScrollResult'] = await client.scroll(name, {
      limit,
      ...(offset !== undefined && { offset }),
      with_payload: ['model', 'database'],
      with_vector: false,
    });
    if (page.points.length > 0) yield page.points;
    offset = (page.next_page_offset ?? null) as string | number | null;
  }
}
