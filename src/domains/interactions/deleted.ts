import type { PoolClient } from 'pg';
import type { ToldTurn } from '../../events/outbox.ts';
import { subjectOf } from '../../ground/ownership.ts';
import { conversationMarkOf } from '../conversations/marks.ts';
import type { Turn } from './turn.ts';

/**
 * SQL: ids of those of some turns, whose `deletionOf` is in five parameters from $`first` on, that may not be stored: each was deleted, or
 * its conversation or its user were after the turn had been accepted, by whichever server.
 */
export const deletedFrom = (first: number) => `
             select own.turn_id from unnest($${first}::uuid[], $${first + 1}::text[], $${first + 2}::bytea[], $${first + 3}::uuid[], $${first + 4}::timestamptz[])
               as own(turn_id, tenant_id, subject, conversation, accepted_at)
             where exists (select from echo_deleted_turns d where d.turn_id = own.turn_id and d.subject = own.subject)
               or exists (select from echo_deleted_turns d where d.turn_id = own.conversation and d.subject = own.subject
                 and d.deleted_at >= own.accepted_at)
               or exists (select from echo_erasures e where e.subject = own.subject and e.tenant_id = own.tenant_id
                 and e.erased_at >= own.accepted_at)`;

/** The parameters of `deletedFrom`. */
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
