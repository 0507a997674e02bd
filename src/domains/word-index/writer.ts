import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { isUnchanged, readSegment } from './reading.ts';
import {
  endJoining,
  insertSegment,
  joinTerms,
  mergeSegments,
  type NumberedTurn,
  termsToJoin,
} from './segments.ts';
import { speakersOf } from './speakers.ts';
import type { TextAnalyses } from './text-analyses.ts';

export interface WriterServices {
  readonly db: Database;
  readonly texts: TextAnalyses;
}

/** Bytes of text that are indexed in one transaction. */
const BATCH_BYTES = 1_500_000;
/** Terms whose postings are joined in one transaction. */
const TERMS_AT_ONCE = 2_000;
/** Characters that are kept of why a turn cannot be indexed: the last, among which is the database's code. */
const MAX_REASON = 300;

export interface Indexed {
  readonly turns: number;
  /** The batch was full: more may be waiting. */
  readonly isFull: boolean;
}

/**
 * Moves the oldest turns of one owner from the queue into the postings, in one transaction.
 *
 * What goes into the postings is made beforehand, so that the transaction is short: subscribers hear of no event that began after
 * it. Where the turns are no longer as they were read, it is made again in it.
 *
 * @param limit turns, at most; fewer where they are long
 * @param only one that was set aside, instead of those that wait
 * @returns null if another process is at work for this owner
 */
export async function indexTurns(
  { db, texts }: WriterServices,
  owner: Owner,
  limit: number,
  only: number | null = null,
): Promise<Indexed | null> {
  const { ids, first, isFull } = await nextInQueue(db, owner, limit, only);
  if (ids.length === 0) return { turns: 0, isFull: false };
  const read = await readSegment(db.pool, texts, ids, first);
  return db.transaction(async (client) => {
    const locked = await lockOwner(client, owner, true);
    if (!locked) return null;
    const taken = await takeFromQueue(client, owner, ids);
    if (taken.length === 0) {
      await leaveAsFound(client, locked);
      return { turns: 0, isFull };
    }
    const isAsRead =
      locked.nextDocument === first &&
      taken.length === ids.length &&
      (await isUnchanged(client, owner, read));
    const segment = isAsRead ? read : await readSegment(client, texts, taken, locked.nextDocument);
    await insertDocuments(client, { ...owner, ownerId: locked.ownerId }, segment.turns);
    if (segment.turns.length > 0)
      await insertSegment(
        client,
        locked.ownerId,
        { segment: segment.first, documents: segment.turns.length },
        segment.postings,
      );
    await client.query({
      name: 'update_index_owner',
      text: 'update echo_index_owners set next_document = $2, speakers = $3 where owner_id = $1',
      values: [
        locked.ownerId,
        segment.first + segment.turns.length,
        [...speakersOf(locked.speakers, segment.turns)],
      ],
    });
    return { turns: taken.length, isFull };
  });
}

/** @returns the ids of those that were still there */
async function takeFromQueue(client: PoolClient, owner: Owner, ids: readonly number[]): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>({
    name: 'take_from_index_queue',
    text: `delete from echo_index_queue where interaction_id = any($1::int[]) and user_id = $2 and tenant_id = $3
           returning interaction_id as id`,
    values: [ids, owner.userId, owner.tenantId],
  });
  return rows.map(({ id }) => id);
}

/** Lets a turn wait no longer, unindexed: it cannot be. @param reason null: the one that it had; it is only to be tried later */
export async function setAside(
  { db }: Pick<WriterServices, 'db'>,
  owner: Owner,
  id: number,
  reason: string | null,
): Promise<void> {
  await db.pool.query({
    name: 'set_aside_from_index',
    text: `update echo_index_queue set set_aside = coalesce($4, set_aside), queued_at = now()
           where interaction_id = $3 and user_id = $1 and tenant_id = $2`,
    values: [owner.userId, owner.tenantId, id, reason?.replaceAll('\0', '').slice(-MAX_REASON) ?? null],
  });
}

/** The oldest turn of an owner that waits. */
export async function firstInQueue({ pool }: Pick<Database, 'pool'>, owner: Owner): Promise<number | null> {
  const { rows } = await pool.query<{ id: number | null }>({
    name: 'first_in_index_queue',
    text: `select min(interaction_id) as id from echo_index_queue
           where user_id = $1 and tenant_id = $2 and set_aside is null`,
    values: [owner.userId, owner.tenantId],
  });
  return rows[0]?.id ?? null;
}

/** The oldest turns of an owner that wait, and the number that the first of them gets if nobody is faster. */
async function nextInQueue(db: Database, owner: Owner, limit: number, only: number | null) {
  const { rows } = await db.pool.query<{ id: number; bytes: number; first: number }>({
    name: 'next_in_index_queue',
    text: `select q.interaction_id as id, coalesce(octet_length(i.query) + octet_length(i.response), 0) as bytes, coalesce(
             (select next_document from echo_index_owners where user_id = $1 and tenant_id = $2), 0) as first
           from echo_index_queue q left join echo_unified_interactions i on i.id = q.interaction_id
           where q.user_id = $1 and q.tenant_id = $2 
             and case when $4::int is null then q.set_aside is null else q.interaction_id = $4 end order by q.interaction_id limit $3`,
    values: [owner.userId, owner.tenantId, limit, only],
  });
  const ids: number[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += row.bytes;
    if (ids.length > 0 && bytes > BATCH_BYTES) break;
    ids.push(row.id);
  }
  const [{ first } = { first: 0 }] = rows;
  return { ids, first, isFull: rows.length === limit || ids.length < rows.length };
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

/** A turn that was interrupted and answered later is indexed again under a new number, and the old one noted: turns behind it get words of the answer, too. */
async function insertDocuments(
  client: PoolClient,
  owner: Owner & { readonly ownerId: number },
  turns: readonly NumberedTurn[],
): Promise<void> {
  await client.query({
    name: 'insert_index_documents',
    text: `with earlier as (
             insert into echo_index_removals (user_id, tenant_id, interaction_id, conversation_id, sequence, document)
             select $4, $5, d.interaction_id, i.conversation_id, i.sequence, d.document
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
