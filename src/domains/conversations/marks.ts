import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { subjectOf } from '../../ground/ownership.ts';
import { nameBasedUuid } from '../../ground/uuids.ts';

const DELETED_NAMESPACE = Buffer.from('2d5a0a9be8c5467b8d8a3c1f64a7f0e9', 'hex');

/** The place in a chain of hashes that a deleted turn had. */
export interface DeletionMark {
  readonly turnId: string;
  readonly sequence: number;
  readonly chainHash: Buffer;
  readonly deletedAt: Date;
}

/** What is known of a turn that was deleted. */
export interface KnownDeletion {
  readonly turnId: string;
  /** With its user: it may not come back in any way. */
  readonly isErased: boolean;
  /** Its place, while its conversation is there; null otherwise. */
  readonly conversationId: string | null;
  readonly sequence: number | null;
  readonly chainHash: Buffer | null;
}

type Queries = Pick<PoolClient, 'query'>;

/** Notes turns as deleted, without a place in a conversation: for those that go with it. */
export async function markDeleted(client: Queries, owner: Owner, turnIds: readonly string[]): Promise<void> {
  if (turnIds.length === 0) return;
  await client.query({
    name: 'mark_deleted_turns',
    text: `insert into echo_deleted_turns (turn_id, tenant_id, subject)
           select distinct turn_id, $2, $3::bytea from unnest($1::uuid[]) as t(turn_id)
           on conflict (turn_id, subject) do update set conversation_id = null, sequence = null, chain_hash = null`,
    values: [turnIds, owner.tenantId, subjectOf(owner)],
  });
}

/** The id of the mark that a deleted conversation leaves: what was accepted for it before may not come any more. */
export function conversationMarkOf(owner: Owner, conversationId: string): string {
  return nameBasedUuid(DELETED_NAMESPACE, [owner.tenantId, owner.userId, conversationId]);
}

/** When a conversation of this name was last deleted; null: never. */
export async function conversationDeletedAt(
  client: Queries,
  owner: Owner,
  conversationId: string,
): Promise<Date | null> {
  const { rows } = await client.query<{ deletedAt: Date }>({
    name: 'conversation_deleted_at',
    text: `select deleted_at as "deletedAt" from echo_deleted_turns
           where turn_id = $1 and tenant_id = $2 and subject = $3`,
    values: [conversationMarkOf(owner, conversationId), owner.tenantId, subjectOf(owner)],
  });
  return rows[0]?.deletedAt ?? null;
}

/** Notes conversations as deleted: what any server had accepted for one by then is not stored any more. */
export async function markConversations(
  client: Queries,
  owner: Owner,
  conversationIds: readonly string[],
  deletedAt: Date,
): Promise<void> {
  await client.query({
    name: 'mark_deleted_conversations',
    text: `insert into echo_deleted_turns (turn_id, tenant_id, subject, deleted_at)
           select mark, $2, $3::bytea, $4 from unnest($1::uuid[]) as t(mark)
           on conflict (turn_id, subject) do update set deleted_at = greatest(echo_deleted_turns.deleted_at, excluded.deleted_at)`,
    values: [
      conversationIds.map((id) => conversationMarkOf(owner, id)),
      owner.tenantId,
      subjectOf(owner),
      deletedAt,
    ],
  });
}

/** Notes turns as erased with their user: no copy of one is taken back. */
export async function markErased(client: Queries, owner: Owner, turnIds: readonly string[]): Promise<void> {
  if (turnIds.length === 0) return;
  await client.query({
    name: 'mark_erased_turns',
    text: `insert into echo_deleted_turns (turn_id, tenant_id, subject, is_erased)
           select turn_id, $2, $3::bytea, true from unnest($1::uuid[]) as t(turn_id)
           on conflict (turn_id, subject) do update set is_erased = true`,
    values: [turnIds, owner.tenantId, subjectOf(owner)],
  });
}

/** A turn that was not stored because its conversation was deleted, or its user erased. */
export interface RefusedTurn {
  readonly turnId: string;
  readonly tenantId: string;
  readonly subject: Buffer;
  readonly isErased: boolean;
}

/** Notes turns as deleted that whoever deleted did not know of. What is stored, or was stored anew meanwhile, is none of them. */
export async function markRefused(client: Queries, refused: readonly RefusedTurn[]): Promise<void> {
  if (refused.length === 0) return;
  await client.query({
    name: 'mark_refused_turns',
    text: `insert into echo_deleted_turns (turn_id, tenant_id, subject, is_erased)
           select t.turn_id, t.tenant_id, t.subject, bool_or(t.is_erased)
           from unnest($1::uuid[], $2::text[], $3::bytea[], $4::boolean[]) as t(turn_id, tenant_id, subject, is_erased)
           where not exists (select from echo_unified_interactions i where i.turn_id = t.turn_id)
           group by 1, 2, 3
           on conflict (turn_id, subject) do update set is_erased = echo_deleted_turns.is_erased or excluded.is_erased`,
    values: [
      refused.map(({ turnId }) => turnId),
      refused.map(({ tenantId }) => tenantId),
      refused.map(({ subject }) => subject),
      refused.map(({ isErased }) => isErased),
    ],
  });
}

/** What an owner had deleted before they were erased was theirs, too; where it stood is nobody's business any more. */
export async function eraseMarks(client: Queries, owner: Owner): Promise<void> {
  await client.query({
    name: 'erase_marks',
    text: `update echo_deleted_turns set is_erased = true, conversation_id = null, sequence = null, chain_hash = null
           where subject = $1 and tenant_id = $2`,
    values: [subjectOf(owner), owner.tenantId],
  });
}

/** Number of an owner's marks. */
export async function countMarks(client: Queries, owner: Owner): Promise<number> {
  const { rows } = await client.query<{ marks: number }>({
    name: 'erase_marks_kept',
    text: 'select count(*)::int as marks from echo_deleted_turns where subject = $1 and tenant_id = $2',
    values: [subjectOf(owner), owner.tenantId],
  });
  return rows[0]?.marks ?? 0;
}

/** Those of an owner's turns that were deleted, by id. */
export async function deletionsAmong(
  client: Queries,
  owner: Owner,
  turnIds: readonly string[],
): Promise<Map<string, KnownDeletion>> {
  const { rows } = await client.query<KnownDeletion>({
    name: 'deletions_among',
    text: `select turn_id as "turnId", is_erased as "isErased", conversation_id as "conversationId", sequence,
             chain_hash as "chainHash"
           from echo_deleted_turns where turn_id = any($1::uuid[]) and subject = $2 and tenant_id = $3`,
    values: [turnIds, subjectOf(owner), owner.tenantId],
  });
  return new Map(rows.map((row) => [row.turnId, row]));
}

/**
 * Marks of turns that were deleted out of a conversation, by their place.
 *
 * @param after only of places behind this one
 */
export async function marksOfConversation(
  db: Database,
  owner: Owner,
  conversationId: string,
  { after, limit }: { after: number; limit: number },
): Promise<DeletionMark[]> {
  const { rows } = await db.pool.query<DeletionMark>({
    name: 'deletion_marks',
    text: `select turn_id as "turnId", sequence, chain_hash as "chainHash", deleted_at as "deletedAt"
           from echo_deleted_turns
           where subject = $1 and tenant_id = $2 and conversation_id = $3 and sequence > $4
           order by sequence limit $5`,
    values: [subjectOf(owner), owner.tenantId, conversationId, after, limit],
  });
  return rows;
}

/** A conversation that is gone has no places any more; what is left of its marks says nothing of it. */
export async function unplaceMarks(
  client: PoolClient,
  owner: Owner,
  conversationIds: readonly string[],
): Promise<void> {
  await client.query({
    name: 'unplace_deletion_marks',
    text: `update echo_deleted_turns set conversation_id = null, sequence = null, chain_hash = null
           where subject = $1 and tenant_id = $2 and conversation_id = any($3::text[])`,
    values: [subjectOf(owner), owner.tenantId, conversationIds],
  });
}
