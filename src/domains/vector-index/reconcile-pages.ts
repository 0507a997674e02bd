import type { Database } from '../../db/client.ts';
import { modelKey, type VectorStore } from '../../vectors/vector-store.ts';
import { contentHash } from './embedded-text.ts';
import { isCurrent, isForeign } from './kept-vectors.ts';
import { ownersOfTurns, requeueTurns, turnsAmong } from './queue.ts';

/** How turns and points differed, in numbers of turns or points. */
export interface Finding {
  /** Embedded turns without a point. */
  readonly missing: number;
  /** Points of another model or another text than their turn's. */
  readonly stale: number;
  /** Points without a turn. */
  readonly orphan: number;
  /** Points that carry another owner than their turn's. */
  readonly wrongOwner: number;
  /** Turns put back into the queue, and points deleted. */
  readonly repaired: number;
  /** Turns that another server has embedded and this one had no vector of: it was made here, too. */
  readonly copied: number;
}

export const NO_FINDINGS: Finding = {
  ...{ missing: 0, stale: 0, orphan: 0, wrongOwner: 0 },
  ...{ repaired: 0, copied: 0 },
};

interface Sides {
  readonly db: Database;
  readonly store: VectorStore;
  /** Makes the vectors of turns that another server has embedded; absent where all servers share their vectors. */
  readonly copy?: ((turnIds: readonly string[]) => Promise<number>) | undefined;
}

interface TurnToCheck {
  id: number;
  turnId: string;
  tenantId: string;
  userId: string;
  embedded: boolean;
  model: string | null;
  contentHash: string;
}

/**
 * Compares one page of turns with their points. A turn that is not yet embedded is the worker's business.
 *
 * Turns are read before points: a turn is marked as embedded only after its point is written, so an embedded turn
 * whose point is not found afterwards has really lost it, unless it was deleted meanwhile: whatever differs is looked up
 * again. Serial ids may become visible out of order; a turn that
 * this pass jumps over is met by the next one.
 */
export async function checkTurns(
  { db, store, copy }: Sides,
  after: number,
  limit: number,
): Promise<{ next: number | null; found: Finding; checked: number; awaitingModel: number }> {
  const key = modelKey(store.model);
  const { rows } = await db.pool.query<TurnToCheck>({
    name: 'reconcile_turns',
    text: `select t.id, t.turn_id as "turnId", t.tenant_id as "tenantId", t.user_id as "userId",
             t.vector_state = 'EMBEDDED' as embedded, t.vector_model as model,
             case when t.vector_state = 'EMBEDDED' and t.vector_model = $1 then ${contentHash('$1')} end as "contentHash"
           from echo_unified_interactions t where t.id > $2 order by t.id limit $3`,
    values: [key, after, limit],
  });
  const embedded = rows.filter((row) => row.embedded);
  const ofModel = embedded.filter((row) => row.model === key);
  const points = await store.fetch(ofModel.map((row) => row.turnId));
  const missing = ofModel.filter((row) => !points.has(row.turnId));
  const wrongOwner = ofModel.filter((row) => {
    const point = points.get(row.turnId);
    return point?.isOwn && isForeign(row, point);
  });
  const stale = embedded.filter(
    (row) => row.model !== key || (points.has(row.turnId) && !isCurrent(row, points.get(row.turnId), key)),
  );
  // First of all nobody may find another one's turn.
  if (wrongOwner.length > 0) await store.remove(idsOf(wrongOwner));
  const seen = [...new Set([...missing, ...wrongOwner, ...stale])];
  const present = seen.length > 0 ? await turnsAmong(db, idsOf(seen)) : new Set();
  const differing = seen.filter((row) => present.has(row.turnId));
  // Of this model they are as they should be with the server that embedded them.
  const elsewhere = copy ? differing.filter((row) => row.model === key) : [];
  const copied = copy && elsewhere.length > 0 ? await copy(idsOf(elsewhere)) : 0;
  const lost = differing.filter((row) => !elsewhere.includes(row));
  const repaired = lost.length > 0 ? await requeueTurns(db, idsOf(lost)) : 0;
  return {
    next: rows.length < limit ? null : (rows.at(-1)?.id ?? null),
    found: {
      missing: missing.filter((row) => lost.includes(row)).length,
      stale: stale.filter((row) => !wrongOwner.includes(row) && lost.includes(row)).length,
      orphan: 0,
      wrongOwner: wrongOwner.length,
      repaired,
      copied,
    },
    checked: rows.length,
    awaitingModel: rows.filter((row) => row.model !== null && row.model !== key).length,
  };
}

/**
 * Compares one page of points with their turns.
 *
 * Points are read before turns, and a point is only ever written for a turn that is already committed: a turn that
 * the later read does not find has been deleted. So one read is enough, and a second pass a minute later would know
 * no more. What remains is that a deleted turn is recorded again under the same id (it is made from the
 * idempotency key) between our read and our delete; such a turn is put back into the queue.
 */
export async function checkPoints(
  { db, store }: Sides,
  after: string | null,
  limit: number,
): Promise<{ next: string | null; found: Finding }> {
  const points = await store.scan({ after, limit });
  if (points.length === 0) return { next: null, found: NO_FINDINGS };
  const turns = await ownersOfTurns(
    db,
    points.map((point) => point.id),
  );
  // What does not say that it is of this database may be somebody's.
  const own = points.filter((point) => point.isOwn);
  const orphans = own.filter((point) => !turns.has(point.id)).map((point) => point.id);
  const foreign = own.filter((point) => isForeign(turns.get(point.id), point)).map((point) => point.id);
  const removed = [...orphans, ...foreign];
  let repaired = 0;
  if (removed.length > 0) {
    await store.remove(removed);
    repaired = orphans.length + (await requeueTurns(db, removed));
  }
  return {
    next: points.at(-1)?.id ?? null,
    found: { ...NO_FINDINGS, orphan: orphans.length, wrongOwner: foreign.length, repaired },
  };
}

function idsOf(turns: readonly TurnToCheck[]): string[] {
  return turns.map((turn) => turn.turnId);
}
