import type { PoolClient } from 'pg';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { countMentions } from './mentions.ts';
import { recordOf, rowOf } from './rows.ts';
import { ANSWER_COLUMNS, INTENT_HISTORY_LENGTH } from './shape.ts';
import { type InteractionRow, interactions } from './tables.ts';
import { completionHashOf, type Turn } from './turn.ts';

/** Whether what is known of a turn was interrupted, and this one brings its answer, or another beginning of one. */
export function isCompletedBy(known: Pick<Turn, 'status' | 'response'> | undefined, turn: Turn): boolean {
  if (known?.status !== 'INTERRUPTED') return false;
  return turn.status !== 'INTERRUPTED' || (turn.response !== '' && turn.response !== known.response);
}

const ANSWER = ANSWER_COLUMNS.map((column) => `${column} = t.${column}`).join(', ');

/** Gives an interrupted turn its answer, or the beginning of one. Its place and its chain hash stay; a hash over the answer is added. */
export async function completeTurn(
  client: PoolClient,
  turn: Turn,
  stored: InteractionRow | undefined,
): Promise<InteractionRow> {
  if (!stored) throw new Error(`turn ${turn.turnId} is not stored`);
  const result = await client.query<RawRow>({
    name: 'complete_turn',
    text: `with completed as (update echo_unified_interactions i
           set ${ANSWER}, completion_hash = t.completion_hash,
               vector_state = 'PENDING', vector_attempts = 0, vector_lease_token = null, vector_lease_until = null,
               -- Learned from again, with its answer: whoever learns from it now has not seen that.
               learning_state = 'PENDING', learning_since = now(), learning_lease_token = null, learning_lease_until = null
           from json_populate_record(null::echo_unified_interactions, $1) t
           where i.turn_id = t.turn_id and i.status = 'INTERRUPTED' returning i.*
           ), to_index as (
             insert into echo_index_queue (interaction_id, tenant_id, user_id)
             select id, tenant_id, user_id from completed
             -- Takes the lock of a row that is there: whoever indexes the turn now has not seen its answer.
             on conflict (interaction_id) do update set queued_at = now(), set_aside = null
           ), told as (
             insert into echo_events (tenant_id, user_id, kind, conversation_id, turn_id)
             select tenant_id, user_id, 'interaction_answered', conversation_id, turn_id from completed
             -- Another beginning of an answer is none; how it ends, even if it fails, is told once.
             where status <> 'INTERRUPTED'
           ), audited as materialized (
             select echo_audit(tenant_id, user_id, 'turns.answer', conversation_id, 'OK', null, $2::jsonb) from completed
           )
           select * from completed where (select count(*) from audited) >= 0`,
    values: [
      JSON.stringify(recordOf({ ...rowOf(turn), completionHash: completionHashOf(stored.chainHash, turn) })),
      turn.actor ? JSON.stringify(turn.actor) : null,
    ],
  });
  // Those that its query names were counted with it.
  const counted = new Set([stored.characterId, ...(stored.characterIds ?? [])]);
  const characterIds = turn.characterIds.filter((id) => !counted.has(id));
  if (turn.intent) await noteIntents(client, turn);
  await countMentions(client, [{ ...turn, characterIds }]);
  return mapRow(interactions, onlyRow(result));
}

/** The latest intents of a conversation, where one became known behind its turn. */
async function noteIntents(client: PoolClient, { tenantId, userId, conversationId }: Turn): Promise<void> {
  const own = 'tenant_id = $1 and user_id = $2 and conversation_id = $3';
  await client.query({
    name: 'note_late_intent',
    text: `update echo_conversations set intent_history = (select jsonb_agg(intent order by sequence) from (
             select intent, sequence from echo_unified_interactions
             where ${own} and intent is not null order by sequence desc limit ${INTENT_HISTORY_LENGTH}) i)
           where ${own}`,
    values: [tenantId, userId, conversationId],
  });
}
