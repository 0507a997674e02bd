import type { Database } from '../../db/client.ts';
import { judgeDatabaseError } from '../../db/meaning.ts';
import { EchoError, IdempotencyKeyReused, InteractionDeleted } from '../../errors.ts';
import type { Judgement } from '../../journal/drain.ts';
import { refuseForGood } from './deleted.ts';
import { hasOwnAnswer, rekeyTurn, type Turn, withoutAnswer } from './turn.ts';

/** What an error means that storing turns ended with. */
export function judgeStoreError(error: unknown): Judgement {
  return error instanceof EchoError ? 'refused' : judgeDatabaseError(error);
}

/**
 * What is refused as deleted stays so, whoever sends it again.
 *
 * @throws what storing the turns ended with, or that this could not be noted
 */
export async function refused(db: Database, turns: readonly Turn[], error: unknown): Promise<never> {
  if (error instanceof InteractionDeleted)
    await refuseForGood(
      db,
      turns.filter(({ turnId }) => error.turnIds.includes(turnId)),
    );
  throw error;
}

/**
 * Another form for turns that the database refuses.
 *
 * An answer of ours that it cannot hold is left out, acknowledged or not, because the query was accepted. Acknowledged
 * turns may also have met what nobody could know of while the database was away: a key that had been used, or whose turn
 * had been deleted.
 */
export function amendTurns(
  turns: readonly Turn[],
  error: unknown,
  { acknowledged }: { readonly acknowledged: boolean },
): readonly Turn[] | null {
  if (!(error instanceof EchoError)) {
    const [turn] = turns;
    return turns.length === 1 && turn && hasOwnAnswer(turn) ? [withoutAnswer(turn)] : null;
  }
  if (!acknowledged) return null;
  if (error instanceof InteractionDeleted)
    return turns.filter((turn) => !error.turnIds.includes(turn.turnId));
  if (error instanceof IdempotencyKeyReused)
    return turns.map((turn) => (error.turnIds.includes(turn.turnId) ? rekeyTurn(turn) : turn));
  return null;
}
