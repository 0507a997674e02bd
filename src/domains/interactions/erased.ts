import type { Owner } from '../../access/principals.ts';
import type { ErasingDatabase } from '../../db/erasure.ts';
import { retried } from '../../db/retried.ts';
import { ServiceUnavailable } from '../../errors.ts';
import type { VectorStore } from '../../vectors/vector-store.ts';
import { markErased } from '../conversations/marks.ts';

/** Turns that one transaction erases. */
const BATCH = 1_000;

/**
 * Erases all turns of a user. Some at a time, their vectors first: a turn that is left still says which vector to
 * remove, a vector without its turn says nothing.
 *
 * @throws ServiceUnavailable if the vector store does not answer
 */
export async function eraseTurns(
  { db, vectors }: { readonly db: ErasingDatabase; readonly vectors: Pick<VectorStore, 'remove' | 'fetch'> },
  owner: Owner,
) {
  const total = { turns: 0, vectorsLeft: 0 };
  const values = [owner.userId, owner.tenantId];
  for (;;) {
    const { rows } = await db.pool.query<{ id: number; turnId: string }>({
      name: 'erase_next',
      text: `select id, turn_id as "turnId" from echo_unified_interactions
             where user_id = $1 and tenant_id = $2 order by timestamp, id limit ${BATCH}`,
      values,
    });
    if (rows.length === 0) break;
    const turnIds = rows.map(({ turnId }) => turnId);
    await answered(() => vectors.remove(turnIds));
    await retried(() =>
      db.transaction(async (client) => {
        const gone = await client.query<{ turnId: string }>({
          name: 'erase_turns',
          text: `delete from echo_unified_interactions where id = any($3::int[]) and user_id = $1 and tenant_id = $2
                 returning turn_id as "turnId"`,
          values: [...values, rows.map(({ id }) => id)],
        });
        await markErased(
          client,
          owner,
          gone.rows.map(({ turnId }) => turnId),
        );
      }),
    );
    // The worker may have been at one of them.
    await answered(() => vectors.remove(turnIds));
    total.vectorsLeft += (await answered(() => vectors.fetch(turnIds))).size;
    total.turns += turnIds.length;
  }
  return { erased: { turns: total.turns }, left: { vectors: total.vectorsLeft } };
}

/** @throws ServiceUnavailable instead of the error of a vector store that is away */
export async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as Error).name !== 'VectorStoreUnavailable') throw error;
    throw new ServiceUnavailable('the vector store does not answer; ask again to finish the erasure');
  }
}
