import { isBrokenCircuitError } from 'cockatiel';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { type Embedder, EmbedderUnavailable } from '../../models/embedder.ts';
import {
  checkSize,
  modelKey,
  type VectorPoint,
  VectorSizeMismatch,
  type VectorStore,
  VectorStoreConflict,
  VectorStoreUnavailable,
} from '../../vectors/vector-store.ts';
import type { Guard } from './vector-guard.ts';
import { failTurns, finishTurns, type LeasedTurn, ownersOfTurns, releaseTurns } from './vector-queue.ts';

export interface BatchServices {
  readonly db: Database;
  readonly store: VectorStore;
  readonly embedder: Embedder;
  readonly log: Logger;
  readonly guards: { readonly store: Guard; readonly embedder: Guard };
}

export interface Lease {
  readonly token: string;
  /** By `performance.now()`, reckoned from before the lease was asked for, so never later than the database's. */
  readonly endsAt: number;
}

export interface BatchResult {
  readonly embedded: number;
  readonly failed: number;
  /** Given back, because the store or the model is down or slow. */
  readonly released: number;
  /** Finished too late: somebody else has the turn now, or it was deleted. */
  readonly lost: number;
  /** The model did not finish the texts in time. */
  readonly tooSlow: boolean;
}

const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 60_000;
const MAX_REASON_LENGTH = 500;

/** Whether an error says that no turn would get its vector now. */
export function isOutage(error: unknown): boolean {
  if (error instanceof Error && isBrokenCircuitError(error)) return true;
  return [EmbedderUnavailable, VectorStoreUnavailable, VectorStoreConflict, VectorSizeMismatch].some(
    (kind) => error instanceof kind,
  );
}

/**
 * Embeds leased turns, writes their points, and finishes them. A turn that the model or the store refuses fails
 * alone; while one of the two is down, all turns are given back and none is charged an attempt.
 *
 * @param signal ends the work early; what is not finished is given back
 * @throws what the database throws; the leases then run out by themselves
 */
export async function embedBatch(
  services: BatchServices,
  turns: readonly LeasedTurn[],
  lease: Lease,
  signal: AbortSignal,
): Promise<BatchResult> {
  const { db, store, log } = services;
  const failures = new Map<LeasedTurn, Error>();
  const points = new Map<LeasedTurn, VectorPoint>();
  const release = async (tooSlow: boolean) => {
    await settleFailures(db, lease, failures);
    const open = turns.filter((turn) => !failures.has(turn));
    await releaseTurns(
      db,
      lease.token,
      open.map((turn) => turn.turnId),
    );
    return { embedded: 0, failed: failures.size, released: open.length, lost: 0, tooSlow };
  };
  try {
    await splitting(turns, failures, (part) => embedPart(services, part, points, lease, signal));
    const embedded = [...points.keys()];
    // A worker that stood still so long must not write: somebody else may have written something newer.
    if (performance.now() >= lease.endsAt) {
      log.warn({ turns: turns.length }, 'a vector lease ran out before the vectors were written');
      return await release(true);
    }
    await splitting(embedded, failures, (part) =>
      services.guards.store.run(() => store.upsert(part.flatMap((turn) => points.get(turn) ?? []))),
    );
  } catch (error) {
    if (error instanceof TooSlow) return release(true);
    if (isOutage(error) || signal.aborted) return release(false);
    throw error;
  }
  const done = [...points.keys()].filter((turn) => !failures.has(turn)).map((turn) => turn.turnId);
  await settleFailures(db, lease, failures);
  const finished = await finishTurns(db, lease.token, modelKey(store.model), done);
  const lost = done.filter((turnId) => !finished.has(turnId));
  await removeDeleted(services, lost);
  return { embedded: finished.size, failed: failures.size, released: 0, lost: lost.length, tooSlow: false };
}

/** More texts at once than the model can take before the lease ends. */
class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

async function embedPart(
  { embedder, guards }: BatchServices,
  turns: readonly LeasedTurn[],
  points: Map<LeasedTurn, VectorPoint>,
  lease: Lease,
  signal: AbortSignal,
): Promise<void> {
  const leftMs = lease.endsAt - performance.now();
  // A third of the lease stays for the store.
  const deadline = AbortSignal.timeout(Math.max(1, Math.floor(leftMs * 0.67)));
  const texts = turns.map((turn) => turn.text);
  const vectors = await guards.embedder
    .run(() => embedder.embed(texts, AbortSignal.any([signal, deadline])))
    .catch(async (error) => {
      if (signal.aborted || !deadline.aborted) throw error;
      await guards.embedder.check();
      throw turns.length > 1 ? new TooSlow() : new Error('the embedding model took too long for this turn');
    });
  checkSize(embedder, vectors);
  if (vectors.length !== turns.length)
    throw new Error(`the embedding model made ${vectors.length} vectors of ${turns.length} texts`);
  for (const [at, turn] of turns.entries()) {
    const vector = vectors[at];
    if (!vector?.every(Number.isFinite) || vector.every((value) => value === 0))
      throw new Error('the embedding model made a vector that is not one');
    const { text: _text, attempts: _attempts, turnId, ...rest } = turn;
    points.set(turn, { ...rest, id: turnId, vector });
  }
}

/** Does the work for all turns at once; where that fails, for each half, down to the turns whose fault it is. */
async function splitting(
  turns: readonly LeasedTurn[],
  failures: Map<LeasedTurn, Error>,
  work: (part: readonly LeasedTurn[]) => Promise<void>,
): Promise<void> {
  const [first] = turns;
  if (!first) return;
  try {
    await work(turns);
  } catch (error) {
    if (isOutage(error) || error instanceof TooSlow || isAbort(error)) throw error;
    if (turns.length === 1) {
      failures.set(first, error as Error);
      return;
    }
    const middle = Math.ceil(turns.length / 2);
    await splitting(turns.slice(0, middle), failures, work);
    await splitting(turns.slice(middle), failures, work);
  }
}

async function settleFailures(
  db: Database,
  lease: Lease,
  failures: ReadonlyMap<LeasedTurn, Error>,
): Promise<void> {
  if (failures.size === 0) return;
  const settled = [...failures].map(([{ turnId, attempts }, error]) => ({
    turnId,
    delayMs: Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempts, 10), LAST_DELAY_MS),
    reason: error.message.replaceAll('\u0000', '').slice(0, MAX_REASON_LENGTH),
  }));
  await failTurns(db, lease.token, settled);
}

/** A turn deleted while its point was being written would leave that point behind. */
async function removeDeleted({ db, store }: BatchServices, turnIds: readonly string[]): Promise<void> {
  if (turnIds.length === 0) return;
  const present = await ownersOfTurns(db, turnIds);
  const deleted = turnIds.filter((turnId) => !present.has(turnId));
  // If the store went down just now, the reconciler finds them.
  await store.remove(deleted).catch((error) => {
    if (!isOutage(error)) throw error;
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
