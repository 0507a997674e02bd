import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { NotFound } from '../errors.ts';
import * as input from '../input.ts';

/** Conversations that one transaction of a cleanup deletes; a cleanup that is cut short goes on at the next call. */
const CLEANUP_BATCH = 200;

export interface DeletionServices {
  readonly db: Database;
  /** Makes sure that no restart brings back what is deleted. */
  readonly store: { settle(): Promise<void> };
  /** Removes vectors of deleted turns. */
  readonly reconciler: { forget(turnIds: readonly string[]): Promise<void> };
}

export interface Cleanup {
  readonly deletedConversations: number;
  readonly deletedInteractions: number;
}

/**
 * Deletes a conversation with all its turns.
 *
 * @returns the number of turns deleted
 * @throws NotFound
 */
export async function deleteConversation(
  services: DeletionServices,
  owner: Owner,
  conversationId: string,
): Promise<number> {
  const id = input.parseInput(input.conversationId, conversationId, 'conversationId');
  await services.store.settle();
  const turnIds = await services.db.transaction(async (client) => {
    const gone = await client.query({
      name: 'delete_conversation',
      text: `delete from echo_conversations
             where conversation_id = $1 and tenant_id = $2 and user_id = $3`,
      values: [id, owner.tenantId, owner.userId],
    });
    if (gone.rowCount === 0)
      throw new NotFound('conversationId', `there is no conversation "${conversationId}"`);
    const turns = await client.query({
      name: 'delete_conversation_turns',
      text: `delete from echo_unified_interactions
             where conversation_id = $1 and tenant_id = $2 and user_id = $3 returning turn_id`,
      values: [id, owner.tenantId, owner.userId],
    });
    return turns.rows.map((row) => row.turn_id as string);
  });
  await services.reconciler.forget(turnIds);
  return turnIds.length;
}

const Days = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(36_500, { error: 'must be at most 36,500' });

/**
 * Deletes conversations of a tenant whose latest turn is older than a number of days, with their turns.
 *
 * @param dryRun only counts
 * @throws InvalidInput
 */
export async function cleanupConversations(
  services: DeletionServices,
  tenantId: string,
  options: { olderThanDays: number; dryRun: boolean },
): Promise<Cleanup> {
  const days = input.parseInput(Days, options.olderThanDays, 'olderThanDays');
  const before = new Date(Date.now() - days * 86_400_000);
  if (options.dryRun) {
    const counted = await services.db.pool.query({
      name: 'cleanup_count',
      text: COUNT_OLD,
      values: [tenantId, before],
    });
    return {
      deletedConversations: counted.rows[0].conversations,
      deletedInteractions: counted.rows[0].interactions,
    };
  }
  await services.store.settle();
  const total = { deletedConversations: 0, deletedInteractions: 0 };
  for (;;) {
    const batch = await services.db.transaction((client) =>
      client.query({ name: 'cleanup_delete', text: DELETE_OLD, values: [tenantId, before, CLEANUP_BATCH] }),
    );
    total.deletedConversations += batch.rows[0].conversations;
    total.deletedInteractions += batch.rows[0].interactions;
    if (batch.rows[0].conversations < CLEANUP_BATCH) return total;
  }
}

const COUNT_OLD = `
  with old as (select conversation_id, user_id from echo_conversations where tenant_id = $1 and last_interaction < $2)
  select (select count(*)::int from old) as conversations,
         (select count(*)::int from echo_unified_interactions i join old using (conversation_id, user_id) where i.tenant_id = $1) as interactions`;

const DELETE_OLD = `
  with old as (
    select id, conversation_id, user_id from echo_conversations where tenant_id = $1 and last_interaction < $2
    order by last_interaction limit $3 for update skip locked
  ), turns as (
    delete from echo_unified_interactions i using old
    where i.conversation_id = old.conversation_id and i.user_id = old.user_id and i.tenant_id = $1 returning 1
  ), gone as (
    delete from echo_conversations c using old where c.id = old.id returning 1
  )
  select (select count(*)::int from gone) as conversations, (select count(*)::int from turns) as interactions`;
