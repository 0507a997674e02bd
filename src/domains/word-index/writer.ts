import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { insertSegment, mergeSegments, type NumberedTurn, placed, postingsOf } from './segments.ts';
import { type IndexableTurn, speakersOf, type TextAnalyses, turnsWithEarlier } from './turns.ts';

export interface WriterServices {
  readonly db: Database;
  readonly texts: TextAnalyses;
}

/** Bytes of text that are indexed in one transaction. */
const BATCH_BYTES = 1_500_000;
const REPAIR_STATEMENT_MS = 120_000;
const LAST_DOCUMENT = 2_147_483_647;
/** Documents that one segment of a repair holds. */
const REPAIR_DOCUMENTS = 512;

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
    const locked = await lockOwner(client, owner);
    if (!locked) return null;
    const { rows } = await client.query({
      name: 'take_from_index_queue',
      text: `delete from echo_index_queue where interaction_id = any($1::int[]) and user_id = $2 and tenant_id = $3
             returning interaction_id as id`,
      values: [ids, owner.userId, owner.tenantId],
    });
    const taken = new Set(rows.map((row) => row.id as number));
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

/** Takes the oldest turn of an owner out of the queue, unindexed: it cannot be. @returns its id */
export async function setAside({ db }: Pick<WriterServices, 'db'>, owner: Owner): Promise<number | null> {
  const { rows } = await db.pool.query({
    name: 'set_aside_from_index',
    text: `delete from echo_index_queue where interaction_id =
             (select min(interaction_id) from echo_index_queue where user_id = $1 and tenant_id = $2)
           returning interaction_id as id`,
    values: [owner.userId, owner.tenantId],
  });
  return rows[0]?.id ?? null;
}

async function nextInQueue(db: Database, owner: Owner, limit: number) {
  const { rows } = await db.pool.query<{ id: number; bytes: number }>({
    name: 'next_in_index_queue',
    text: `select q.interaction_id as id, coalesce(octet_length(i.query) + octet_length(i.response), 0) as bytes
           from echo_index_queue q left join echo_unified_interactions i on i.id = q.interaction_id
           where q.user_id = $1 and q.tenant_id = $2 order by q.interaction_id limit $3`,
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

/** Merges an owner's segments as far as is worth while. */
export async function compactIndex({ db }: Pick<WriterServices, 'db'>, owner: Owner): Promise<void> {
  for (;;) {
    const merged = await db.transaction(async (client) => {
      const locked = await lockOwner(client, owner);
      return locked ? mergeSegments(client, locked.ownerId) : 0;
    });
    if (merged === 0) return;
  }
}

/**
 * Takes the words of deleted turns out of an owner's postings: every segment that holds one is made again from the
 * turns that are left, in a transaction of its own. That takes seconds for a large segment, so it runs on a
 * connection without the deadlines of the pool.
 *
 * @returns whether it is done; false while another process is at work for this owner
 */
export async function forgetRemoved({ db, texts }: WriterServices, owner: Owner): Promise<boolean> {
  const found = await removalsOf(db, owner);
  if (!found) return false;
  const open = new Set(found.documents);
  if (open.size > 0 && !(await remakeSegments({ db, texts }, owner, open))) return false;
  await db.pool.query({
    name: 'forget_index_removals',
    text: 'delete from echo_index_removals where id = any($1::int[]) and user_id = $2 and tenant_id = $3',
    values: [found.ids, owner.userId, owner.tenantId],
  });
  return true;
}

/**
 * What is noted as removed, and the documents that hold words of it. Read under the owner's lock: a turn that was
 * being indexed while it was deleted has its document by then. Null: the lock is taken.
 */
async function removalsOf(db: Database, owner: Owner) {
  return db.transaction(async (client) => {
    if (!(await lockOwner(client, owner))) return null;
    const { rows } = await client.query<{ id: number; document: number | null }>({
      name: 'index_removals',
      text: `select r.id, coalesce(r.document, d.document) as document
             from echo_index_removals r left join echo_index_documents d
               on d.interaction_id = r.interaction_id and r.document is null
             where r.user_id = $1 and r.tenant_id = $2`,
      values: [owner.userId, owner.tenantId],
    });
    return {
      ids: rows.map((row) => row.id),
      documents: rows.flatMap(({ document }) => document ?? []),
    };
  });
}

/** Makes the segments again that hold these documents. @returns false if the owner's index was locked */
async function remakeSegments(
  { db, texts }: WriterServices,
  owner: Owner,
  documents: Set<number>,
): Promise<boolean> {
  const connection = await db.dedicated();
  const client = connection as unknown as PoolClient;
  try {
    await client.query(`set statement_timeout = ${REPAIR_STATEMENT_MS}`);
    for (const document of documents) {
      await client.query('begin');
      const locked = await lockOwner(client, owner);
      if (!locked) return false;
      const range = await segmentOf(client, locked.ownerId, document);
      if (range) await remakeRange(client, texts, locked.ownerId, range);
      await client.query('commit');
      for (const each of documents)
        if (each === document || (range && each >= range.from && each < range.to)) documents.delete(each);
    }
    return true;
  } finally {
    // Ends the session, and with it whatever was not committed.
    await connection.end();
  }
}

/** Documents of one segment: from the first up to, not including, `to`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

async function segmentOf(client: PoolClient, ownerId: number, document: number): Promise<Range | null> {
  const { rows } = await client.query<{ segment: number; next: number | null }>({
    text: `select s.segment, (select min(n.segment) from echo_index_segments n where n.owner_id = $1 and n.segment > s.segment) as next
           from echo_index_segments s where s.owner_id = $1 and s.segment <= $2 order by s.segment desc limit 1`,
    values: [ownerId, document],
  });
  const [found] = rows;
  return found ? { from: found.segment, to: found.next ?? LAST_DOCUMENT } : null;
}

async function remakeRange(
  client: PoolClient,
  texts: TextAnalyses,
  ownerId: number,
  { from, to }: Range,
): Promise<void> {
  await client.query({
    text: `delete from echo_index_documents d where d.owner_id = $1 and d.document >= $2 and d.document < $3
           and not exists (select from echo_unified_interactions i where i.id = d.interaction_id)`,
    values: [ownerId, from, to],
  });
  const left = await client.query({
    text: `select interaction_id as id from echo_index_documents
           where owner_id = $1 and document >= $2 and document < $3 order by document`,
    values: [ownerId, from, to],
  });
  await client.query({
    text: `with gone as (delete from echo_index_segments where owner_id = $1 and segment = $2)
           delete from echo_index_postings where owner_id = $1 and segment = $2`,
    values: [ownerId, from],
  });
  const ids = left.rows.map((row) => row.id as number);
  for (let at = 0; at < ids.length; at += REPAIR_DOCUMENTS)
    await remakeSegment(client, texts, ownerId, ids.slice(at, at + REPAIR_DOCUMENTS));
}

async function remakeSegment(
  client: PoolClient,
  texts: TextAnalyses,
  ownerId: number,
  ids: readonly number[],
): Promise<void> {
  const wanted = new Set(ids);
  const turns = (await turnsWithEarlier(client, ids)).filter(isNumbered);
  const own = turns.filter((turn) => wanted.has(turn.id)).sort((a, b) => a.document - b.document);
  const [first] = own;
  if (!first) return;
  const earlier = turns.filter((turn) => !wanted.has(turn.id));
  const postings = await postingsOf(await placed(client, texts, own), await placed(client, texts, earlier));
  await insertSegment(client, ownerId, { segment: first.document, documents: own.length }, postings);
}

function isNumbered(turn: IndexableTurn): turn is NumberedTurn {
  return turn.document !== null;
}

/** Whoever changes an owner's index holds this row. Null: somebody else does. */
async function lockOwner(client: PoolClient, owner: Owner) {
  const values = [owner.userId, owner.tenantId];
  const lock = () =>
    client.query<{ ownerId: number; nextDocument: number; speakers: string[] }>({
      name: 'lock_index_owner',
      text: `select owner_id as "ownerId", next_document as "nextDocument", speakers from echo_index_owners
             where user_id = $1 and tenant_id = $2 for update skip locked`,
      values,
    });
  const known = (await lock()).rows[0];
  if (known) return known;
  await client.query({
    name: 'insert_index_owner',
    text: 'insert into echo_index_owners (user_id, tenant_id) values ($1, $2) on conflict do nothing',
    values,
  });
  return (await lock()).rows[0] ?? null;
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
             insert into echo_index_removals (user_id, tenant_id, interaction_id, document)
             select $4, $5, interaction_id, document from echo_index_documents
             where interaction_id = any($3::int[]) and owner_id = $1
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
