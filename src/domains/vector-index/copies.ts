import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import type { Embedder } from '../../models/embedder.ts';
import { modelKey, type VectorPoint, type VectorStore } from '../../vectors/vector-store.ts';
import { embedEach, type TextOfTurn } from './embed-each.ts';
import { contentHash, EMBEDDED_TEXT } from './embedded-text.ts';
import type { EmbeddingPriority } from './embedding-priority.ts';

export interface VectorCopiesOptions {
  readonly db: Database;
  readonly store: VectorStore;
  readonly embedder: Embedder;
  readonly log: Logger;
  readonly priority: EmbeddingPriority;
}

/** Turns of one request: searches must not wait long behind it. */
const AT_ONCE = 16;
const REQUEST_MS = 10_000;

/**
 * Makes vectors of turns in this server's own file. Where servers share a database but not their vectors, a turn that is
 * embedded has its vector with one of them only: the others make theirs without taking the turn back into the queue,
 * which would set them to work by turns for ever.
 *
 * @returns a function that takes ids of embedded turns, and tells how many got their vector
 * @throws what the model, the store and the database throw
 */
export function createVectorCopies(
  options: VectorCopiesOptions,
): (turnIds: readonly string[]) => Promise<number> {
  const { db, store, embedder, log, priority } = options;
  return async (turnIds) => {
    let made = 0;
    for (let at = 0; at < turnIds.length; at += AT_ONCE) {
      const { rows } = await db.pool.query<Omit<VectorPoint, 'vector'> & TextOfTurn>({
        name: 'turns_to_copy',
        text: `select t.turn_id as id, t.tenant_id as "tenantId", t.user_id as "userId", t.conversation_id as "conversationId",
                 t.timestamp, ${EMBEDDED_TEXT} as text, ${contentHash('$1')} as "contentHash"
               from echo_unified_interactions t where t.turn_id = any($2::uuid[]) and t.vector_state = 'EMBEDDED'`,
        values: [modelKey(store.model), turnIds.slice(at, at + AT_ONCE)],
      });
      const each = await embedEach(
        { embedder, requestMs: REQUEST_MS, signal: new AbortController().signal, before: priority.giveWay },
        rows,
      );
      const points = rows.flatMap(({ text: _text, ...row }, index) => {
        const vector = each[index];
        return vector instanceof Float32Array ? [{ ...row, vector }] : [];
      });
      await store.upsert(points);
      made += points.length;
    }
    if (made > 0) log.debug({ turns: made }, 'vectors that another server has, too, were made here');
    return made;
  };
}
