import type { Owner } from '../../access/principals.ts';
import { IdempotencyKeyReused } from '../../errors.ts';
import { interactionsByTurnId } from '../interactions/reads.ts';
import type { MemoryHit } from '../memory/hits.ts';
import { type AcceptedQuery, payloadHashOfQuery } from './accepted.ts';
import type { PatientServices, ProcessedQuery } from './query.ts';

/** Memories of which only who said what was read, as whole turns: those that are still there. */
export async function wholeMemories(
  { db, availability, store }: PatientServices,
  owner: Owner,
  memories: readonly MemoryHit[],
): Promise<MemoryHit[]> {
  const turnIds = memories.map(({ interaction }) => interaction.turnId);
  const turns = await availability.tolerate(() => interactionsByTurnId(db, owner, turnIds), []);
  return memories.flatMap((memory, at) => {
    const interaction = turns[at] ?? store.pending.byTurnId(owner, memory.interaction.turnId);
    return interaction ? [{ ...memory, interaction }] : [];
  });
}

/** What an earlier attempt with the same key gave. @throws IdempotencyKeyReused if that was another query */
export function sameQuery(processed: ProcessedQuery, query: AcceptedQuery): ProcessedQuery {
  if (processed.interaction.payloadHash.toString('hex') === payloadHashOfQuery(query)) return processed;
  throw new IdempotencyKeyReused('idempotencyKey');
}
