import type { PoolClient } from 'pg';
import type { Owner, Scope } from '../../access/principals.ts';
import type { Availability } from '../../db/availability.ts';
import type { Database } from '../../db/client.ts';
import { retriedIfMet } from '../../db/retried.ts';
import { NotFound } from '../../errors.ts';
import { forgetEvents } from '../../events/forgotten.ts';
import { subjectOf } from '../../ground/ownership.ts';
import { forgetFactsOfTurns } from '../facts/forget.ts';
import { parseTurnId } from './interactions.ts';
import { untilArrived } from './pending.ts';
import { CONTEXT_TURNS } from './reach.ts';
import { UNNUMBERED } from './rows.ts';
import type { TurnStore } from './store.ts';
import type { Turn } from './turn.ts';
import { findInteractions } from './views.ts';

export interface InteractionDeletionServices {
  readonly db: Database;
  readonly availability: Availability;
  readonly store: TurnStore;
  readonly reconciler: { forget(turnIds: readonly string[]): Promise<void> };
}

/** The vectors of so many turns behind a turn hold words of it. */
const VECTOR_REACH = 2;

/**
 * Deletes one turn for good: row, words, vector, events, what was learned from it, what the journal holds. A mark is left, which no late retry
 * passes and which keeps the turn's link in the chain of hashes. One that is being answered, or waits for the
 * database, is not stored any more: who waits for it is told that it was deleted.
 *
 * @returns the turn's id
 * @throws InvalidInput, NotFound, ServiceUnavailable
 */
export async function deleteInteraction(
  services: InteractionDeletionServices,
  scope: Scope,
  given: string,
): Promise<string> {
  const { store, reconciler } = services;
  const turnId = parseTurnId(given);
  const [turn] = await findInteractions(services, scope, [turnId]);
  if (!turn) throw new NotFound('turnId', 'there is no such interaction');
  // Whoever finishes vectors of turns around it locks them in another order.
  const remove = () => retriedIfMet(() => removeTurn(services.db, turn));
  await remove();
  const isDeleted = (waiting: Turn) => waiting.turnId === turnId;
  await untilArrived(store.pending, isDeleted);
  // What was being stored when the mark was set did not see it.
  if (turn.id === UNNUMBERED) await remove();
  await store.forgetDeleted(isDeleted);
  await reconciler.forget([turnId]);
  return turnId;
}

interface OwnTurn extends Owner {
  readonly turnId: string;
  readonly conversationId: string;
}

/** Under the lock of the conversation's row, where all of its writers meet. */
async function removeTurn(
  db: Database,
  { tenantId, userId, conversationId, turnId }: OwnTurn,
): Promise<void> {
  const owner = { tenantId, userId };
  await db.transaction(async (client) => {
    await client.query({
      name: 'lock_for_deletion',
      text: `select id from echo_conversations
             where conversation_id = $1 and tenant_id = $2 and user_id = $3 for update`,
      values: [conversationId, tenantId, userId],
    });
    const { rows } = await client.query<{ sequence: number; timestamp: Date; hasContext: boolean }>({
      name: 'delete_turn',
      text: `with gone as (
               delete from echo_unified_interactions where turn_id = $1::uuid and tenant_id = $2 and user_id = $3
               returning turn_id, conversation_id, sequence, timestamp, chain_hash, metadata
             ), marked as (
               insert into echo_deleted_turns (turn_id, tenant_id, subject, conversation_id, sequence, chain_hash)
               select $1::uuid, $2, $4::bytea, g.conversation_id, g.sequence, g.chain_hash
               from (values (1)) as one(value) left join gone g on true
               on conflict (turn_id, subject) do update set conversation_id = coalesce(excluded.conversation_id, echo_deleted_turns.conversation_id),
                 sequence = coalesce(excluded.sequence, echo_deleted_turns.sequence),
                 chain_hash = coalesce(excluded.chain_hash, echo_deleted_turns.chain_hash)
             ), audited as materialized (
               select echo_audit($2, $3, 'interaction.delete', $1::uuid::text, 'OK', null, echo_audit_teller())
             )
             select sequence, timestamp, metadata ? 'request_type' and metadata ? 'context' as "hasContext"
             from gone where (select count(*) from audited) >= 0`,
      values: [turnId, tenantId, userId, subjectOf(owner)],
    });
    await forgetEvents(client, owner, [turnId]);
    const [gone] = rows;
    if (gone) await closeGap(client, { ...owner, conversationId }, gone);
    const behind = gone ? await learnAgainBehind(client, { ...owner, conversationId }, gone) : [];
    // Last: whoever learns locks rows of turns before facts, too.
    await forgetFactsOfTurns(client, owner, [turnId, ...behind]);
  });
}

/**
 * Turns behind one that is gone may have been understood by what it said ("I moved there"): where what was learned has other
 * words than its quote, it is learned again, without that turn.
 *
 * @returns the turns from which it is
 */
async function learnAgainBehind(
  client: PoolClient,
  { tenantId, userId, conversationId }: Owner & { conversationId: string },
  { timestamp, sequence }: { timestamp: Date; sequence: number },
): Promise<string[]> {
  const { rows } = await client.query<{ turnId: string }>({
    name: 'learn_again_without_turn',
    text: `update echo_unified_interactions t set learning_state = 'PENDING', learning_lease_token = null,
             learning_lease_until = null, learning_since = now()
           where t.id in (select b.id from echo_unified_interactions b
               where b.tenant_id = $1 and b.user_id = $2 and b.conversation_id = $3 and (b.timestamp, b.sequence) > ($4, $5)
               order by b.timestamp, b.sequence limit ${CONTEXT_TURNS})
             and exists (select from echo_fact_sources s where s.turn_id = t.turn_id and s.tenant_id = $1 and s.user_id = $2
               and position(lower(s.object) in lower(s.quote)) = 0)
           returning turn_id as "turnId"`,
    values: [tenantId, userId, conversationId, timestamp, sequence],
  });
  return rows.map(({ turnId }) => turnId);
}

/** What a conversation and the turns behind one that is gone still hold of it. */
async function closeGap(
  client: PoolClient,
  { tenantId, userId, conversationId }: Owner & { conversationId: string },
  { sequence, hasContext }: { sequence: number; hasContext: boolean },
): Promise<void> {
  const names = [tenantId, userId, conversationId];
  const own = 'tenant_id = $1 and user_id = $2 and conversation_id = $3';
  await client.query({
    name: 'update_conversation_without_turn',
    text: `update echo_conversations c set deleted_turns = deleted_turns + 1,
             last_interaction = coalesce((select max(least(timestamp, created_at))
               from echo_unified_interactions where ${own}), c.created_at),
             intent_history = coalesce((select jsonb_agg(intent order by sequence) from (
               select intent, sequence from echo_unified_interactions
               where ${own} and intent is not null order by sequence desc limit 50) i), '[]')
           where ${own}`,
    values: names,
  });
  await client.query({
    name: 'embed_again_without_turn',
    text: `update echo_unified_interactions set vector_state = 'PENDING', vector_attempts = 0,
             vector_lease_token = null, vector_lease_until = null
           where ${own} and sequence > $4 and sequence <= $4 + ${VECTOR_REACH}`,
    values: [...names, sequence],
  });
  if (!hasContext) return;
  const { rows } = await client.query<{ context: object }>({
    name: 'contexts_without_turn',
    text: `select metadata -> 'context' as context from echo_unified_interactions
           where ${own} and metadata ? 'request_type' and metadata ? 'context' order by sequence`,
    values: names,
  });
  await client.query({
    name: 'update_context_without_turn',
    text: `update echo_conversations set context = $4 where ${own}`,
    values: [...names, JSON.stringify(Object.assign({}, ...rows.map(({ context }) => context)))],
  });
}
