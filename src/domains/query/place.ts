import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { onlyRow } from '../../db/statements.ts';
import type { AnswerMode } from '../interactions/turn.ts';

/** What a query takes of the conversation that it comes in, and of its user's settings. */
export interface Place {
  /** Of the conversation's last turn that had one; null also where there is no such conversation yet. */
  readonly lastMode: AnswerMode | null;
  /** Names of the characters who answer in it. */
  readonly characters: readonly string[];
  readonly greeting: number;
  /** That the user chose; null: none. */
  readonly timeZone: string | null;
}

/** Reads it, all in one: each statement of an answer takes as long as what it reads. */
export async function placeOf(
  db: Database,
  { tenantId, userId }: Owner,
  conversationId: string,
): Promise<Place> {
  const found = await db.pool.query<Place>({
    name: replicable('place_of_query'),
    text: `select c.last_mode as "lastMode", coalesce(c.characters, '{}') as characters, coalesce(c.greeting, 0)::int as greeting,
             s.time_zone as "timeZone"
           from (select $1::text as tenant_id, $2::text as user_id) as asked
           left join echo_conversations c
             on c.tenant_id = asked.tenant_id and c.user_id = asked.user_id and c.conversation_id = $3
           left join echo_user_settings s on s.tenant_id = asked.tenant_id and s.user_id = asked.user_id`,
    values: [tenantId, userId, conversationId],
  });
  return onlyRow(found);
}
