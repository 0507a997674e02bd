import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { isPassing, judgeDatabaseError } from '../../db/meaning.ts';
import { errorText } from './attempt.ts';
import { type Claim, type Ending, settleTask } from './claims.ts';
import type { TaskAborted } from './errors.ts';
import type { TaskRow } from './tables.ts';

const SETTLE_RETRY_MS = 500;

/**
 * Writes how an attempt ended, as soon as the database takes it.
 *
 * @param signal aborted as lost: then it is not tried again
 * @returns null: the task is another's by now
 */
export async function settle(
  {
    db,
    availability,
    isStopping,
  }: {
    readonly db: Database;
    readonly availability: Availability;
    readonly isStopping: () => boolean;
  },
  claim: Claim,
  ending: Ending,
  signal: AbortSignal,
): Promise<TaskRow | null> {
  for (let last = ending; ; ) {
    try {
      return await db.transaction((client) => settleTask(client, claim, last), { ownName: true });
    } catch (error) {
      if (!isPassing(judgeDatabaseError(error))) {
        if (last.kind !== 'COMPLETED') throw error;
        last = { kind: 'FAILED', error: `its result could not be stored: ${errorText(error)}` };
        continue;
      }
      if (isStopping() || isLost(signal)) throw error;
      availability.suspect();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_RETRY_MS).unref());
    }
  }
}

function isLost(signal: AbortSignal): boolean {
  return signal.aborted && (signal.reason as TaskAborted).kind === 'LOST';
}
