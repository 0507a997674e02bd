import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import {
  endJoining,
  insertSegment,
  isNumbered,
  joinTerms,
  mergeSegments,
  type NumberedTurn,
  placed,
  postingsOf,
  termsToJoin,
} from './segments.ts';
import { speakersOf, type TextAnalyses, turnsWithEarlier } from './turns.ts';

export interface WriterServices {
  readonly db: Database;
  readonly texts: TextAnalyses;
}

/** Bytes of text that are indexed in one transaction. */
const BATCH_BYTES = 1_500_000;
/** Terms whose postings are joined in one transaction. */
const TERMS_AT_ONCE = 2_000;
/** Characters that are kept of why a turn cannot be indexed. */
const MAX_REASON = 300;

export interface Indexed {
  readonly turns: number;
  /** The batch was full: more may be waiting. */
  readonly isFull: boolean;
}

/**
 * Moves the oldest turns of one owner from the queue into the postings, in one transaction.
 *
 * @param limit turns, at most; fewer where they are long
 * @returns null if another process is at work for this owner
 */
export async function indexTurns(
  { db, texts }: WriterServices,
  owner: Owner,
  limit: number,
): Promise<Indexed | null> {
  const { ids, isFull } = await nextInQueue(db, owner, limit);
  if (ids.length === 0) return { turns: 0, isFull: false };
  // Analysed beforehand, so that the transaction is short: subscribers hear of no event that began after it.
  await texts.of(db.pool, await turnsWithEarlier(db.pool, ids));
  return db.transaction(async (client) => {
    const locked = await lockOwner(client, owner, true);
    if (!locked) return null;
    const { rows } = await client.query<{ id: number }>({
      name: 'take_from_index_queue',
      text: `delete from echo_index_queue where interaction_id = any($1::int[]) and user_id = $2 and tenant_id = $3
             returning interaction_id as id`,
      values: [ids, owner.userId, owner.tenantId],
    });
    const taken = new Set(rows.map((row) => row.id));
    if (taken.size === 0) {
      await leaveAsFound(client, locked);
      return { turns: 0, isFull };
    }
    const turns = await turnsWithEarlier(client, [...taken]);
    const fresh = turns.filter((turn) => taken.has(turn.id));
    const first = locked.nextDocument;
    const numbered = fresh.map((turn, index) => ({ ...turn, document: first + index }));
    await insertDocuments(client, { ...owner, ownerId: locked.ownerId }, numbered);
    const earlier = turns.filter((turn) => !taken.has(turn.id)).filter(isNumbered);
    const postings = await postingsOf(
      await placed(client, texts, numbered),
      await placed(client, texts, earlier),
    );
    const segment = { segment: first, documents: numbered.length };
    if (numbered.length > 0) await insertSegment(client, locked.ownerId, segment, postings);
    await client.query({
      name: 'update_index_owner',
      text: 'update echo_index_owners set next_document = $2, speakers = $3 where owner_id = $1',
      values: [locked.ownerId, first + numbered.length, [...speakersOf(locked.speakers, fresh)]],
    });
    return { turns: taken.size, isFull };
  });
}

/** Lets the oldest turn of an owner wait no longer, unindexed: it cannot be. @returns its id */
export async function setAside(
  { db }: Pick<WriterServices, 'db'>,
  owner: Owner,
  reason: string,
): Promise<number | null> {
  const { rows } = await db.pool.query<{ id: number }>({
    name: 'set_aside_from_index',
    text: `update echo_index_queue set set_aside = $3 where interaction_id =
             (select min(interaction_id) from echo_index_queue where user_id = $1 and tenant_id = $2 and set_aside is null)
           returning interaction_id as id`,
    values: [owner.userId, owner.tenantId, reason.replaceAll('\0', '').slice(0, MAX_REASON)],
  });
  return rows[0]?.id ?? null;
}

async function nextInQueue(db: Database, owner: Owner, limit: number) {
  const { rows } = await db.pool.query<{ id: number; bytes: number }>({
    name: 'next_in_index_queue',
    text: `select q.interaction_id as id, coalesce(octet_length(i.query) + octet_length(i.response), 0) as bytes
           from echo_index_queue q left join echo_unified_interactions i on i.id = q.interaction_id
           where q.user_id = $1 and q.tenant_id = $2 and q.set_aside is null order by q.interaction_id limit $3`,
    values: [owner.userId, owner.tenantId, limit],
  });
  const ids: number[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += row.bytes;
    if (ids.length > 0 && bytes > BATCH_BYTES) break;
    ids.push(row.id);
  }
  return { ids, isFull: rows.length === limit || ids.length < rows.length };
}

/**
 * Merges an owner's segments as far as is worth while, in short transactions: subscribers hear of no event that began
 * after one that is open. What is cut off goes on where it stopped.
 */
export async function compactIndex({ db }: Pick<WriterServices, 'db'>, owner: Owner): Promise<void> {
  const locked = <T>(work: (client: PoolClient, held: LockedOwner) => Promise<T>) =>
    db.transaction(async (client) => {
      const held = await lockOwner(client, owner);
      return held ? work(client, held) : null;
    });
  for (;;) {
    const begun = await locked(async (client, held) => {
      const joining = await mergeSegments(client, held);
      return joining && { ...joining, ownerId: held.ownerId };
    });
    if (!begun) return;
    const terms = await termsToJoin(db, begun.ownerId, begun);
    for (let at = 0; at < terms.length; at += TERMS_AT_ONCE) {
      const some = terms.slice(at, at + TERMS_AT_ONCE);
      const joined = await locked((client, { ownerId }) =>
        joinTerms(client, ownerId, begun, some).then(() => true),
      );
      if (!joined) return;
    }
    await locked((client, { ownerId }) => endJoining(client, ownerId, begun));
  }
}

interface LockedOwner {
  readonly ownerId: number;
  readonly nextDocument: number;
  readonly speakers: string[];
}

/**
 * Whoever changes an owner's index holds this row.
 *
 * @param mayBegin makes the row of an owner without an index
 * @returns null if somebody else holds it, or there is none
 */
export async function lockOwner(
  client: PoolClient,
  owner: Owner,
  mayBegin = false,
): Promise<LockedOwner | null> {
  const values = [owner.userId, owner.tenantId];
  const lock = () =>
    client.query<LockedOwner>({
      name: 'lock_index_owner',
      text: `select owner_id as "ownerId", next_document as "nextDocument", speakers from echo_index_owners
             where user_id = $1 and tenant_id = $2 for update skip locked`,
      values,
    });
  const known = (await lock()).rows[0];
  if (known || !mayBegin) return known ?? null;
  await client.query({
    name: 'insert_index_owner',
    text: 'insert into echo_index_owners (user_id, tenant_id) values ($1, $2) on conflict do nothing',
    values,
  });
  return (await lock()).rows[0] ?? null;
}

/** Takes back that an owner's index was begun by the lock: of a user who is being erased nothing would take it away. */
export async function leaveAsFound(
  client: PoolClient,
  { ownerId, nextDocument }: LockedOwner,
): Promise<void> {
  if (nextDocument > 0) return;
  await client.query({
    name: 'leave_index_owner',
    text: 'delete from echo_index_owners where owner_id = $1 and next_document = 0',
    values: [ownerId],
  });
}

/** A turn that was interrupted and answered later is indexed again under a new number, and the old one noted. */
async function insertDocuments(
  client: PoolClient,
  owner: Owner & { readonly ownerId: number },
  turns: readonly NumberedTurn[],
): Promise<void> {
  await client.query({
    name: 'insert_index_documents',
    text: `with earlier as (
             insert into echo_index_removals (user_id, tenant_id, interaction_id, conversation_id, document)
             select $4, $5, d.interaction_id, i.conversation_id, d.document
             from echo_index_documents d join echo_unified_interactions i on i.id = d.interaction_id
             where d.interaction_id = any($3::int[]) and d.owner_id = $1
           )
           insert into echo_index_documents (owner_id, document, interaction_id)
           select $1, document, id from unnest($2::int[], $3::int[]) as t(document, id)
           on conflict (interaction_id) do update set document = excluded.document`,
    values: [
      owner.ownerId,
      turns.map((turn) => turn.document),
      turns.map((turn) => turn.id),
      owner.userId,
      owner.tenantId,
    ],
  });
}
