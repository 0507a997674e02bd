import { setTimeout as sleep } from 'node:timers/promises';
import { ImportConnectionError } from './client.ts';
import { type Send, turnsThatWait, type WaitingTurns } from './operations.ts';
import type { ProgressSink } from './progress.ts';

/** What became of turns that the server's journal had first; all count turns. */
export type Settlement = {
  /** In the database. */
  stored: number;
  /** Of these: whether they had been there before is not known. */
  uncertain: number;
  /** Neither waiting nor there: deleted meanwhile, or refused by the database. */
  missing: number;
  /** Still waiting. */
  waiting: number;
};

/** Without any turn that gets to the database; one that takes some may take the time that it needs. */
export const SETTLE_PATIENCE_MS = 60_000;
const LOOK_MS = 500;

/**
 * Waits until the database has what the journal vouched for, as long as it takes something at least every `patienceMs`. A
 * server that goes away meanwhile keeps what waits.
 *
 * @param signal ends the waiting
 */
export async function settle(
  groups: readonly WaitingTurns[],
  { send, progress, signal }: { send: Send; progress: ProgressSink; signal?: AbortSignal },
  patienceMs: number,
): Promise<Settlement> {
  const settlement = { stored: 0, uncertain: 0, missing: 0, waiting: countWaiting(groups) };
  if (settlement.waiting === 0) return settlement;
  const total = settlement.waiting;
  progress.note(`waiting until the server's database has ${total} turns that its journal keeps`);
  const reached = () => ({ done: total - settlement.waiting, items: total - settlement.waiting });
  progress.start('waiting for the database', total, reached);
  try {
    let lastAt = performance.now();
    for (let next = 0; next < groups.length && !signal?.aborted; ) {
      const group = groups[next];
      const missing = group && (await missingOf(group, send));
      if (group && missing !== null && missing !== undefined) {
        count(settlement, group, missing);
        lastAt = performance.now();
        next++;
      } else if (performance.now() - lastAt >= patienceMs) break;
      else await sleep(LOOK_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  } catch (error) {
    if (!(error instanceof ImportConnectionError)) throw error;
  } finally {
    progress.stop();
  }
  return settlement;
}

/** Turns of which it is not known whether they are in the database. */
export function countWaiting(groups: readonly WaitingTurns[]): number {
  return groups.reduce((sum, { turnIds, replayed }) => sum + turnIds.length - replayed, 0);
}

/** How many of a group are not stored, and will not be; null while some wait. All of them are stored at once. */
async function missingOf({ turnIds }: WaitingTurns, send: Send): Promise<number | null> {
  if ((await turnsThatWait(turnIds.slice(-1), send)).waiting > 0) return null;
  const { waiting, missing } = await turnsThatWait(turnIds, send);
  return waiting > 0 ? null : missing;
}

function count(settlement: Settlement, { turnIds, replayed, isUncertain }: WaitingTurns, missing: number) {
  const others = turnIds.length - replayed;
  const stored = Math.max(0, others - missing);
  settlement.waiting -= others;
  settlement.missing += others - stored;
  settlement.stored += stored;
  if (isUncertain) settlement.uncertain += stored;
}
