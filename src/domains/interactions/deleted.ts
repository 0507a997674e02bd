import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import type { ToldTurn } from '../../events/outbox.ts';
import { subjectOf } from '../../ground/ownership.ts';
import { conversationMarkOf, markRefused, type RefusedTurn } from '../conversations/marks.ts';
import type { Turn } from './turn.ts';

/** SQL: some turns, whose `deletionOf` is in five parameters from $`first` on. */
const accepted = (first: number) =>
  `unnest($${first}::uuid[], $${first + 1}::text[], $${first + 2}::bytea[], $${first + 3}::uuid[], $${first + 4}::timestamptz[])
               as own(turn_id, tenant_id, subject, conversation, accepted_at)`;
/** SQL: that the conversation of one was deleted after it had been accepted. */
const IN_DELETED = `exists (select from echo_deleted_turns d where d.turn_id = own.conversation and d.subject = own.subject
                 and d.deleted_at >= own.accepted_at)`;
/** SQL: that its user was erased after that. */
const OF_ERASED = `exists (select from echo_erasures e where e.subject = own.subject and e.tenant_id = own.tenant_id
                 and e.erased_at >= own.accepted_at)`;

/**
 * SQL: ids of those of some `accepted` turns that may not be stored: each was deleted, or its conversation or its user were after the
 * turn had been accepted, by whichever server.
 */
export const deletedFrom = (first: number) => `
             select own.turn_id from ${accepted(first)}
             where exists (select from echo_deleted_turns d where d.turn_id = own.turn_id and d.subject = own.subject)
               or ${IN_DELETED} or ${OF_ERASED}`;

/** The parameters of `accepted`. */
export function deletionOf(turns: readonly Turn[]): unknown[] {
  return [
    turns.map(({ turnId }) => turnId),
    turns.map(({ tenantId }) => tenantId),
    turns.map(subjectOf),
    turns.map((turn) => conversationMarkOf(turn, turn.conversationId)),
    turns.map(({ acceptedAt }) => acceptedAt ?? null),
  ];
}

/** By what an event that tells of a turn is known to tell of a deleted one. */
export function toldTurn(turn: Turn): ToldTurn {
  return {
    subject: subjectOf(turn).toString('hex'),
    conversation: conversationMarkOf(turn, turn.conversationId),
    acceptedAt: turn.acceptedAt ?? null,
  };
}

/** Ids of those of some accepted turns that were deleted since, by whichever server. */
export async function deletedSince(
  client: Pick<PoolClient, 'query'>,
  turns: readonly Turn[],
): Promise<ReadonlySet<string>> {
  if (turns.length === 0) return new Set();
  const { rows } = await client.query<{ turn_id: string }>({
    name: 'deleted_since',
    text: deletedFrom(1),
    values: deletionOf(turns),
  });
  return new Set(rows.map((row) => row.turn_id));
}

/**
 * Marks those of some turns that may not be stored, since their conversation or their user is gone: who deleted these did not know of
 * them, and a retry would be a turn that was accepted later. Of an erased user nothing but a hash is left with it.
 *
 * @returns how many it were
 */
export async function refuseForGood(db: Database, turns: readonly Turn[]): Promise<number> {
  if (turns.length === 0) return 0;
  return db.transaction(async (client) => {
    // Whoever stores one of them anew meanwhile holds its conversation.
    await client.query({
      name: 'lock_for_refusal',
      text: `select c.id from echo_conversations c where (c.tenant_id, c.user_id, c.conversation_id) in
               (select * from unnest($1::text[], $2::text[], $3::text[])) order by c.id for update`,
      values: [
        turns.map(({ tenantId }) => tenantId),
        turns.map(({ userId }) => userId),
        turns.map(({ conversationId }) => conversationId),
      ],
    });
    const { rows } = await client.query<RefusedTurn>({
      name: 'refused_turns',
      text: `select own.turn_id as "turnId", own.tenant_id as "tenantId", own.subject,
               ${OF_ERASED} as "isErased"
             from ${accepted(1)} where ${IN_DELETED} or ${OF_ERASED}`,
      values: deletionOf(turns),
    });
    await markRefused(client, rows);
    return rows.length;
  });
}
