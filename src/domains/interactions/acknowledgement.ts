import { DeadlineExceeded, within } from '../../db/deadline.ts';
import { ServiceUnavailable } from '../../errors.ts';
import type { Drain } from '../../journal/drain.ts';
import type { DrainEntry } from '../../journal/streams.ts';
import type { AppliedTurn } from './apply.ts';
import type { StoreObserver } from './observer.ts';
import { rowOf } from './rows.ts';
import type { Turn } from './turn.ts';

/** How an acknowledged turn is kept: by the database, or by the local journal until the database has taken it. */
export type Durability = 'COMMITTED' | 'JOURNALED';

export interface SavedTurns {
  readonly durability: Durability;
  /** In the order given. */
  readonly turns: readonly AppliedTurn[];
}

export interface AcknowledgementOptions {
  /** `strict`: acknowledge only what the database has committed. */
  readonly ackPolicy: 'journal' | 'strict';
  /** Milliseconds that a save waits for the database before the journal alone vouches for it. */
  readonly ackDeadlineMs: number;
  readonly isUp: () => boolean;
  /** Something took too long: it may be down. */
  readonly suspect: () => void;
  readonly observe: Pick<StoreObserver, 'deferred'>;
}

/** What a commit gets at the least, when looking things up before it has used up the time. */
const MINIMUM_WAIT_MS = 50;

/**
 * Waits for the commit of turns that are in the journal, as long as the deadline allows; then the journal vouches for
 * them, unless only a commit counts.
 *
 * @param since when the caller began to wait, on the clock of `performance.now`
 * @throws ServiceUnavailable under the strict policy; what the database refused
 */
export async function acknowledge(
  { ackPolicy, ackDeadlineMs, isUp, observe, suspect }: AcknowledgementOptions,
  drain: Pick<
    Drain<readonly Turn[], readonly AppliedTurn[]>,
    'waitingIn' | 'trouble' | 'stalledMs' | 'idleMs'
  >,
  { entry, applied }: { entry: DrainEntry<readonly Turn[]>; applied: Promise<readonly AppliedTurn[]> },
  since: number,
): Promise<SavedTurns> {
  // Behind turns that the journal vouches for, this one would wait for all of them.
  const isQueued = drain.waitingIn(entry.stream)[0]?.acknowledged === true;
  // It answers, but takes nothing: locked, full, read-only. The first that finds out has waited for all.
  const isStuck = drain.trouble !== null || drain.stalledMs > ackDeadlineMs;
  if (ackPolicy === 'strict' || (isUp() && !isQueued && !isStuck)) {
    try {
      const left = Math.max(ackDeadlineMs - (performance.now() - since), MINIMUM_WAIT_MS);
      return {
        durability: 'COMMITTED',
        turns: await within(applied, left, 'the database took too long'),
      };
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      if (drain.idleMs > ackDeadlineMs) suspect();
    }
  }
  if (ackPolicy === 'strict') throw notCommitted();
  entry.acknowledged = true;
  observe.deferred(entry.value);
  return {
    durability: 'JOURNALED',
    turns: entry.value.map((turn) => ({ row: rowOf(turn), replayed: false })),
  };
}

/** Under the strict policy only a commit counts. */
export function notCommitted(): ServiceUnavailable {
  return new ServiceUnavailable(
    'the database has not committed this in time; it may still do so: try again with the same idempotency key',
  );
}
