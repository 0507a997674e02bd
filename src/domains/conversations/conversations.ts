import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { onlyRow } from '../../db/statements.ts';
import { NotFound } from '../../errors.ts';
import { forgetEvents } from '../../events/forgotten.ts';
import * as input from '../../ground/input.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import { forgetFactsOfTurns } from '../facts/forget.ts';
import { conversationDeletedAt, markConversations, markDeleted, unplaceMarks } from './marks.ts';

/** Conversations that one transaction of a cleanup deletes; a cleanup that is cut short goes on at the next call. */
const CLEANUP_BATCH = 200;

/** A conversation among those of all users. */
interface ConversationName extends Owner {
  readonly conversationId: string;
}

/** What is asked of turns that servers hold which are not in the database. */
interface AcceptedTurn extends ConversationName {
  readonly turnId: string;
  /** ISO 8601. */
  readonly acceptedAt?: string;
}

export interface DeletionServices {
  readonly db: Database;
  /** Makes sure that no restart brings back what is deleted, and that its words are in no file. */
  readonly store: {
    settle(isDeleted: (turn: AcceptedTurn) => boolean): Promise<void>;
    forgetDeleted(isDeleted: (turn: AcceptedTurn) => boolean): Promise<void>;
    /** What was accepted for a conversation and is not in the database, answered or not. */
    readonly pending: {
      unarrivedIn(owner: Owner, conversationId: string): readonly AcceptedTurn[];
    };
  };
  /** Removes vectors of deleted turns. */
  readonly reconciler: { forget(turnIds: readonly string[]): Promise<void> };
}

export interface Cleanup {
  readonly deletedConversations: number;
  readonly deletedInteractions: number;
}

/**
 * Deletes a conversation with all its turns, also those that are being answered or wait for the database, be they all there is of it.
 * A late retry of one of them is refused; the name is free for something new. Asked again, since some of them still waited, it ends
 * what it began, and leaves what was accepted since.
 *
 * @returns the number of turns deleted
 * @throws NotFound; ServiceUnavailable if some still wait for the database
 */
export async function deleteConversation(
  services: DeletionServices,
  owner: Owner,
  conversationId: string,
): Promise<number> {
  const id = input.parseInput(input.conversationId, conversationId, 'conversationId');
  const name = nameOf({ ...owner, conversationId: id });
  const isDeleted = (turn: AcceptedTurn) => nameOf(turn) === name;
  await services.store.settle(isDeleted);
  const now = new Date();
  const unarrived = services.store.pending.unarrivedIn(owner, id);
  const { stored, deletedAt } = await services.db.transaction((client) =>
    deleteWithin(client, { ...owner, conversationId: id }, { unarrived, now }),
  );
  await services.reconciler.forget(stored);
  if (owner.tenantId !== CANARY_TENANT)
    await services.store.forgetDeleted((turn) => isDeleted(turn) && isBefore(turn, deletedAt));
  const late = unarrived.filter((turn) => isBefore(turn, deletedAt)).map(({ turnId }) => turnId);
  return new Set([...stored, ...late]).size;
}

/**
 * @param unarrived what this server has of it beside the database
 * @returns ids of the turns that were in the database; whatever was accepted by `deletedAt` does not come any more
 */
async function deleteWithin(
  client: PoolClient,
  conversation: ConversationName,
  { unarrived, now }: { readonly unarrived: readonly AcceptedTurn[]; readonly now: Date },
): Promise<{ stored: readonly string[]; deletedAt: Date }> {
  const { conversationId, ...owner } = conversation;
  const values = [conversationId, owner.tenantId, owner.userId];
  const remove = () =>
    client.query<object>({
      name: 'delete_conversation',
      text: `delete from echo_conversations
             where conversation_id = $1 and tenant_id = $2 and user_id = $3`,
      values,
    });
  if ((await remove()).rowCount === 0) {
    const deletedBefore = await conversationDeletedAt(client, owner, conversationId);
    if (deletedBefore && unarrived.some((turn) => isBefore(turn, deletedBefore)))
      return { stored: [], deletedAt: deletedBefore };
    if (unarrived.length === 0)
      throw new NotFound('conversationId', `there is no conversation "${conversationId}"`);
    // Whoever stores one of its turns right now ends first, or waits for this, and finds the mark.
    await client.query<object>({
      name: 'hold_conversation',
      text: `insert into echo_conversations (conversation_id, tenant_id, user_id) values ($1, $2, $3)
             on conflict (conversation_id, tenant_id, user_id) do nothing`,
      values,
    });
    await remove();
  }
  const turns = await client.query<{ turn_id: string }>({
    name: 'delete_conversation_turns',
    text: `delete from echo_unified_interactions
           where conversation_id = $1 and tenant_id = $2 and user_id = $3 returning turn_id`,
    values,
  });
  const stored = turns.rows.map((row) => row.turn_id);
  await forgetTurns(client, owner, [...stored, ...unarrived.map(({ turnId }) => turnId)]);
  await forgetConversations(client, owner, [conversationId], now);
  return { stored, deletedAt: now };
}

/** Tells a conversation from those of all users. */
const nameOf = ({ tenantId, userId, conversationId }: ConversationName) =>
  JSON.stringify([tenantId, userId, conversationId]);

/** Whether a turn was accepted by then; what comes later has nothing to do with what was deleted. */
function isBefore({ acceptedAt }: AcceptedTurn, deletedAt: Date): boolean {
  return acceptedAt === undefined || new Date(acceptedAt) <= deletedAt;
}

/** Marks conversations as deleted; places of turns in them are none any more. */
async function forgetConversations(
  client: PoolClient,
  owner: Owner,
  conversationIds: readonly string[],
  deletedAt: Date,
): Promise<void> {
  await unplaceMarks(client, owner, conversationIds);
  if (owner.tenantId !== CANARY_TENANT) await markConversations(client, owner, conversationIds, deletedAt);
}

/** Marks turns as deleted, and takes out what was told of them and learned from them. */
async function forgetTurns(client: PoolClient, owner: Owner, turnIds: readonly string[]): Promise<void> {
  if (owner.tenantId === CANARY_TENANT) return;
  await markDeleted(client, owner, turnIds);
  await forgetEvents(client, owner, turnIds);
  await forgetFactsOfTurns(client, owner, turnIds);
}

const Days = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(36_500, { error: 'must be at most 36,500' });

/**
 * Deletes conversations of a tenant whose latest turn is older than a number of days, with their turns; pinned ones stay.
 * Some in each transaction: one that is cut short goes on at the next call. Turns that any server accepted within these days and
 * has not stored yet are not meant: they begin their conversation anew.
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
    const counted = await services.db.pool.query<{ conversations: number; interactions: number }>({
      name: 'cleanup_count',
      text: COUNT_OLD,
      values: [tenantId, before],
    });
    const { conversations, interactions } = onlyRow(counted);
    return { deletedConversations: conversations, deletedInteractions: interactions };
  }
  const total = { deletedConversations: 0, deletedInteractions: 0 };
  const names = new Set<string>();
  const isDeleted = (turn: AcceptedTurn) => names.has(nameOf(turn)) && isBefore(turn, before);
  for (;;) {
    const batch = await services.db.transaction((client) => deleteOld(client, tenantId, before));
    for (const name of batch.names) names.add(name);
    const gone = new Set(batch.turnIds);
    // Whenever they were accepted: turns may be dated back.
    await services.store.settle(({ turnId }) => gone.has(turnId));
    await services.reconciler.forget(batch.turnIds);
    total.deletedConversations += batch.names.length;
    total.deletedInteractions += batch.turnIds.length;
    if (batch.names.length >= CLEANUP_BATCH) continue;
    if (names.size > 0) await services.store.forgetDeleted(isDeleted);
    return total;
  }
}

/** @returns the names of the conversations that went, and ids of their turns */
async function deleteOld(client: PoolClient, tenantId: string, before: Date) {
  const locked = await client.query<{ id: number }>({
    name: 'cleanup_lock',
    text: LOCK_OLD,
    values: [tenantId, before, CLEANUP_BATCH],
  });
  // A statement of its own, which sees the turns that were stored until the conversations were locked: those would stay without one.
  const { rows } = await client.query<{ userId: string; conversationId: string; turnIds: string[] }>({
    name: 'cleanup_delete',
    text: DELETE_LOCKED,
    values: [tenantId, locked.rows.map(({ id }) => id)],
  });
  for (const [userId, gone] of Map.groupBy(rows, (row) => row.userId)) {
    const owner = { tenantId, userId };
    await forgetTurns(
      client,
      owner,
      gone.flatMap(({ turnIds }) => turnIds),
    );
    const conversationIds = gone.map(({ conversationId }) => conversationId);
    await forgetConversations(client, owner, conversationIds, before);
  }
  return {
    names: rows.map((row) => nameOf({ tenantId, ...row })),
    turnIds: rows.flatMap(({ turnIds }) => turnIds),
  };
}

const OLD = 'tenant_id = $1 and last_interaction < $2 and not pinned';

const COUNT_OLD = `
  with old as (select conversation_id, user_id from echo_conversations where ${OLD})
  select (select count(*)::int from old) as conversations,
         (select count(*)::int from echo_unified_interactions i join old using (conversation_id, user_id) where i.tenant_id = $1) as interactions`;

const LOCK_OLD = `select id from echo_conversations where ${OLD} order by last_interaction limit $3 for update skip locked`;

const DELETE_LOCKED = `
  with old as (
    select id, conversation_id, user_id from echo_conversations where tenant_id = $1 and id = any($2::int[])
  ), turns as (
    delete from echo_unified_interactions i using old
    where i.conversation_id = old.conversation_id and i.user_id = old.user_id and i.tenant_id = $1
    returning i.user_id, i.conversation_id, i.turn_id
  ), gone as (
    delete from echo_conversations c using old where c.id = old.id returning c.user_id, c.conversation_id
  )
  select g.user_id as "userId", g.conversation_id as "conversationId",
    coalesce(array_agg(t.turn_id) filter (where t.turn_id is not null), '{}') as "turnIds"
  from gone g left join turns t using (user_id, conversation_id) group by 1, 2`;
