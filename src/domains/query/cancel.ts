import type { Scope } from '../../access/principals.ts';
import { NotFound } from '../../errors.ts';
import { parseTurnId } from '../interactions/interactions.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { findInteractions } from '../interactions/views.ts';
import type { QueryServices } from './query.ts';

export interface CancelledQuery {
  readonly interaction: InteractionRow;
  /** False: it had been answered before. */
  readonly cancelled: boolean;
}

/**
 * Ends the answering of a query: the model is no longer asked, and what was said and the text so far are stored. A
 * query without any text by then stays interrupted, so that asking again with its key answers it. Cancelling twice,
 * or an answered turn, changes nothing.
 *
 * @throws InvalidInput, NotFound
 */
export async function cancelQuery(
  services: QueryServices,
  scope: Scope,
  given: string,
): Promise<CancelledQuery> {
  const turnId = parseTurnId(given);
  await services.running.stop(scope, turnId);
  const [interaction] = await findInteractions(services, scope, [turnId]);
  if (!interaction) throw new NotFound('turnId', 'there is no such interaction');
  return { interaction, cancelled: interaction.finishReason === 'cancelled' };
}
