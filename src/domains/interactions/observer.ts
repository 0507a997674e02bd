import type { DrainEntry } from '../../journal/streams.ts';
import type { AppliedTurn } from './apply.ts';
import type { Turn } from './turn.ts';

/** Who is told what becomes of turns. */
export interface StoreObserver {
  accepted(turns: number): void;
  /**
   * @param uncounted of the replayed turns, those that an earlier process stored and did not count
   * @returns what is to be counted on disk
   */
  committed(turns: readonly AppliedTurn[], uncounted: number): Readonly<Record<string, number>>;
  /** Turns were acknowledged although the database has not taken them. */
  deferred(turns: readonly Turn[]): void;
  /** Turns that had been deferred were committed. */
  caughtUp(turns: readonly Turn[]): void;
  buried(turns: readonly Turn[], reason: string): void;
  /** Turns that were set apart wait again; on disk that is counted with the entry itself. */
  revived(turns: number): void;
}

/** Tells what a drain has stored. @returns what is to be counted on disk */
export function tellStored(
  observe: StoreObserver,
  results: readonly (readonly AppliedTurn[])[],
  entries: readonly DrainEntry<readonly Turn[]>[],
): Readonly<Record<string, number>> {
  const deferred = entries.filter((entry) => entry.acknowledged).flatMap((entry) => entry.value);
  const uncounted = results.flatMap((turns, index) =>
    entries[index]?.recovered ? turns.filter((turn) => turn.replayed) : [],
  );
  const count = observe.committed(results.flat(), uncounted.length);
  if (deferred.length > 0) observe.caughtUp(deferred);
  return count;
}
