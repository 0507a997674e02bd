import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { InteractionRow } from './tables.ts';
import { type AnswerContent, completionHashOf } from './turn.ts';

type Completed = AnswerContent & Pick<InteractionRow, 'conversationId'>;

/**
 * Who answered a turn that was interrupted and got its answer later, where an earlier version put who it was into the hash over
 * the answer and into no column. The hash vouches for the name: it is one of those who may have answered, with whom the hash fits.
 *
 * @param chain hashes of the turn, the one over its answer among them
 * @returns null: nobody's name fits, so it was altered
 */
export async function lostResponder(
  client: Pick<PoolClient, 'query'>,
  owner: Owner,
  turn: Completed,
  { chainHash, completionHash }: { readonly chainHash: Buffer; readonly completionHash: Buffer },
): Promise<string | null> {
  if (turn.responder !== null) return null;
  const { rows } = await client.query<{ name: string }>({
    name: 'possible_responders',
    text: `select unnest(characters) as name from echo_conversations
           where conversation_id = $1 and tenant_id = $2 and user_id = $3
           union select character_name from character_profiles
           where tenant_id = $2 and (user_id is null or user_id = $3)`,
    values: [turn.conversationId, owner.tenantId, owner.userId],
  });
  const found = rows.find(({ name }) =>
    completionHashOf(chainHash, { ...turn, responder: name }).equals(completionHash),
  );
  return found?.name ?? null;
}
