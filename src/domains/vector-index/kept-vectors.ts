import { modelKey, type StoredPoint } from '../../vectors/vector-store.ts';
import type { BatchServices } from './batch.ts';
import { finishTurns, type LeasedTurn } from './queue.ts';

/**
 * Finishes those of the leased turns whose vector is in the store as it would be made now. After a change of model is taken back,
 * the vectors of before are still there, and are not made again.
 *
 * @returns the ids of those turns
 * @throws what the store and the database throw
 */
export async function finishKept(
  { db, store, guards }: Pick<BatchServices, 'db' | 'store' | 'guards'>,
  token: string,
  turns: readonly LeasedTurn[],
): Promise<ReadonlySet<string>> {
  const before = turns.filter(({ hadVector }) => hadVector);
  if (before.length === 0) return new Set();
  const key = modelKey(store.model);
  const points = await guards.store.run(() => store.fetch(before.map(({ turnId }) => turnId)));
  const kept = before.filter((turn) => isCurrent(turn, points.get(turn.turnId), key));
  if (kept.length === 0) return new Set();
  return finishTurns(db, token, key, kept);
}

/** Whether a point is what would be made of the turn's text by the model now, and proven to be the owner's. */
export function isCurrent(
  turn: Pick<LeasedTurn, 'contentHash' | 'tenantId' | 'userId'>,
  point: StoredPoint | undefined,
  key: string,
): boolean {
  if (point?.isOwn !== true || isForeign(turn, point)) return false;
  return point.model === key && point.contentHash === turn.contentHash;
}

export function isForeign(
  owner: { tenantId: string; userId: string } | undefined,
  point: StoredPoint | undefined,
): boolean {
  if (!owner || !point) return false;
  return owner.tenantId !== point.tenantId || owner.userId !== point.userId;
}
