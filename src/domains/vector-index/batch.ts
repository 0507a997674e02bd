import { isBrokenCircuitError } from 'cockatiel';
import type { Database } from '../../db/client.ts';
import type { Logger } from '../../log.ts';
import { type Embedder, EmbedderUnavailable, TextRefused } from '../../models/embedder.ts';
import { beginningOf, storableText } from '../../texts.ts';
import {
  modelKey,
  type VectorPoint,
  VectorSizeMismatch,
  type VectorStore,
  VectorStoreConflict,
  VectorStoreUnavailable,
} from '../../vectors/vector-store.ts';
import { embedEach } from './embed-each.ts';
import type { EmbeddingPace } from './embedding-pace.ts';
import type { EmbeddingPriority } from './embedding-priority.ts';
import type { Guard } from './guard.ts';
import { extendLease, failTurns, finishTurns, type LeasedTurn, ownersOfTurns } from './queue.ts';

export interface BatchServices {
  readonly db: Database;
  readonly store: VectorStore;
  readonly embedder: Embedder;
  readonly log: Logger;
  readonly guards: { readonly store: Guard; readonly embedder: Guard };
  readonly priority: EmbeddingPriority;
  readonly pace: EmbeddingPace;
}

export interface Lease {
  readonly token: string;
  readonly leaseMs: number;
  /** By `performance.now()`, reckoned from before the lease was asked for, so never later than the database's. */
  endsAt: number;
}

export interface BatchResult {
  readonly embedded: number;
  readonly failed: number;
  /** Given back, because the store or the model is down. */
  readonly released: number;
  /** Finished too late: somebody else has the turn now, or it was deleted. */
  readonly lost: number;
  /** The turns that were being embedded when the model went away: it may be their doing. */
  readonly suspects: readonly string[];
}

const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 60_000;
const MAX_REASON_LENGTH = 500;
/** A lease is extended before a request when less than this share of it is left; a request takes less. */
const FRESH_LEASE = 0.7;
const REQUEST_SHARE = 0.6;

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
  const { db, store } = services;
  const failures = new Map<LeasedTurn, Error>();
  const points = new Map<LeasedTurn, VectorPoint>();
  try {
    const hold = () => holdLease(services, turns, lease);
    await embedTurns(services, turns, {
      points,
      failures,
      hold,
      requestMs: lease.leaseMs * REQUEST_SHARE,
      signal,
    });
    const embedded = [...points.keys()];
    // A worker that stood still so long must not write: somebody else may have written something newer.
    await hold();
    await splitting(embedded, failures, (part) =>
      services.guards.store.run(() => store.upsert(part.flatMap((turn) => points.get(turn) ?? []))),
    );
  } catch (error) {
    if (!isOutage(error) && !(error instanceof LeaseOver) && !signal.aborted) throw error;
    await settleFailures(db, lease, failures);
    const open = turns.filter((turn) => !failures.has(turn)).map((turn) => turn.turnId);
    const suspects = error instanceof EmbedderUnavailable ? open : [];
    return { embedded: 0, failed: failures.size, released: open.length, lost: 0, suspects };
  }
  const done = [...points.keys()].filter((turn) => !failures.has(turn));
  await settleFailures(db, lease, failures);
  const finished = await finishTurns(db, lease.token, modelKey(store.model), done);
  const lost = done.map(({ turnId }) => turnId).filter((turnId) => !finished.has(turnId));
  await removeDeleted(services, lost);
  return { embedded: finished.size, failed: failures.size, released: 0, lost: lost.length, suspects: [] };
}

/** The lease ended, or somebody else has the turns. */
class LeaseOver extends Error {
  override readonly name = 'LeaseOver';
}

/** @throws LeaseOver */
async function holdLease(
  { db, log }: BatchServices,
  turns: readonly LeasedTurn[],
  lease: Lease,
): Promise<void> {
  const now = performance.now();
  if (now >= lease.endsAt) {
    log.warn({ turns: turns.length }, 'a vector lease ran out before the vectors were written');
    throw new LeaseOver();
  }
  if (lease.endsAt - now > lease.leaseMs * FRESH_LEASE) return;
  if (!(await extendLease(db, lease))) throw new LeaseOver();
  lease.endsAt = now + lease.leaseMs;
}

interface Work {
  readonly points: Map<LeasedTurn, VectorPoint>;
  readonly failures: Map<LeasedTurn, Error>;
  readonly hold: () => Promise<void>;
  readonly requestMs: number;
  readonly signal: AbortSignal;
}

async function embedTurns(
  { embedder, guards, priority, pace }: BatchServices,
  turns: readonly LeasedTurn[],
  { points, failures, hold, requestMs, signal }: Work,
): Promise<void> {
  const before = async () => {
    await priority.giveWay();
    await hold();
  };
  const each = await guards.embedder.run(() =>
    embedEach({ embedder, requestMs: Math.ceil(requestMs), signal, before, pace }, turns),
  );
  for (const [at, turn] of turns.entries()) {
    const vector = each[at];
    const { text: _text, attempts: _attempts, hadVector: _hadVector, turnId, ...rest } = turn;
    if (vector instanceof Float32Array) points.set(turn, { ...rest, id: turnId, vector });
    else failures.set(turn, vector ?? new Error('no vector was made'));
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
    if (isOutage(error) || isAbort(error)) throw error;
    if (turns.length === 1) {
      failures.set(first, error as Error);
      return;
    }
    const middle = Math.ceil(turns.length / 2);
    await splitting(turns.slice(0, middle), failures, work);
    await splitting(turns.slice(middle), failures, work);
  }
}

/** Charges a turn that is not tried any more for now. */
export async function failTurn(
  db: Database,
  token: string,
  turn: LeasedTurn,
  error: Error,
): Promise<BatchResult> {
  await settleFailures(db, { token }, new Map([[turn, error]]));
  return { embedded: 0, failed: 1, released: 0, lost: 0, suspects: [] };
}

async function settleFailures(
  db: Database,
  lease: Pick<Lease, 'token'>,
  failures: ReadonlyMap<LeasedTurn, Error>,
): Promise<void> {
  if (failures.size === 0) return;
  const settled = [...failures].map(([{ turnId, attempts }, error]) => ({
    turnId,
    delayMs: Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempts, 10), LAST_DELAY_MS),
    reason: beginningOf(storableText(reasonOf(error)), MAX_REASON_LENGTH),
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

/** The server's own words are kept beside the turn, and nowhere else. */
function reasonOf(error: Error): string {
  return error instanceof TextRefused && error.detail !== null
    ? `${error.message}: ${error.detail}`
    : error.message;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
