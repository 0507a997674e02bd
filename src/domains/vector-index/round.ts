import { randomUUID } from 'node:crypto';
import { modelKey } from '../../vectors/vector-store.ts';
import { type BatchResult, type BatchServices, embedBatch, failTurn, isOutage, type Lease } from './batch.ts';
import { finishKept } from './kept-vectors.ts';
import { endLease, isAnyWaiting, type LeasedTurn, leaseTurns } from './queue.ts';

export interface VectorRoundOptions extends BatchServices {
  readonly leaseMs: number;
  /** Turns of one request, at most. */
  readonly batch: number;
  readonly signal: AbortSignal;
  readonly onResult: (result: BatchResult) => void;
}

/** What one request to the model should take: a small server lets everything else wait meanwhile. */
const REQUEST_MS = 1_000;
const REQUEST_BESIDE_SEARCHES_MS = 250;
/** How often a turn may be in the model's hands when that goes away, before it counts as the cause. */
const MAX_STRIKES = 2;

/**
 * Makes a function that leases and embeds what the model takes in about a second: by turns the latest turns, so that
 * what was said just now is found soon, and the oldest, so that none waits for ever. It resolves to whether there may
 * be more to do at once, and rejects with what the database throws. Where nobody says that there is something to do
 * (`isTold`), it first asks whether there is.
 */
export function createVectorRounds(options: VectorRoundOptions): (isTold: boolean) => Promise<boolean> {
  const { db, store, leaseMs, priority, pace } = options;
  const strikes = new Map<string, number>();
  let newestFirst = false;

  const embedPart = async (part: readonly LeasedTurn[], lease: Lease): Promise<BatchResult> => {
    const [first] = part;
    if (first && part.length === 1 && isCause(first, strikes)) {
      strikes.delete(first.turnId);
      return failTurn(
        db,
        lease.token,
        first,
        new Error('the embedding model went away while it had this turn'),
      );
    }
    const result = await embedBatch(options, part, lease, options.signal);
    for (const { turnId } of part)
      if (result.suspects.includes(turnId)) strikes.set(turnId, (strikes.get(turnId) ?? 0) + 1);
      else strikes.delete(turnId);
    return result;
  };
  return async (isTold) => {
    if (!isTold && !(await isAnyWaiting(db))) return false;
    newestFirst = !newestFirst;
    const characters = pace.charactersIn(priority.isBusy() ? REQUEST_BESIDE_SEARCHES_MS : REQUEST_MS);
    const token = randomUUID();
    const lease = { token, leaseMs, endsAt: performance.now() + leaseMs };
    const wanted = {
      token,
      leaseMs,
      limit: options.batch,
      characters,
      newestFirst,
      model: modelKey(store.model),
    };
    const turns = await leaseTurns(db, wanted);
    if (turns.length === 0) return false;
    const kept = await finishKept(options, token, turns).catch(async (error) => {
      if (!isOutage(error)) throw error;
      await endLease(db, token);
      return null;
    });
    if (!kept) return false;
    if (kept.size > 0) options.onResult({ ...NOTHING, embedded: kept.size });
    const parts = partsOf(
      turns.filter(({ turnId }) => !kept.has(turnId)),
      strikes,
    );
    for (const part of parts) {
      const result = await embedPart(part, lease);
      options.onResult(result);
      if (result.released === 0) continue;
      await endLease(db, token);
      return false;
    }
    await endLease(db, token);
    return true;
  };
}

const NOTHING: BatchResult = { embedded: 0, failed: 0, released: 0, lost: 0, suspects: [] };

/** Those together that nothing speaks against, and the others one by one: what is bad for one is not for its neighbours. */
function partsOf(turns: readonly LeasedTurn[], strikes: ReadonlyMap<string, number>): LeasedTurn[][] {
  const isDoubtful = ({ turnId, attempts }: LeasedTurn) => attempts > 0 || strikes.has(turnId);
  const together = turns.filter((turn) => !isDoubtful(turn));
  return [...(together.length > 0 ? [together] : []), ...turns.filter(isDoubtful).map((turn) => [turn])];
}

function isCause({ turnId, attempts }: LeasedTurn, strikes: ReadonlyMap<string, number>): boolean {
  return (strikes.get(turnId) ?? 0) >= (attempts > 0 ? 1 : MAX_STRIKES);
}
