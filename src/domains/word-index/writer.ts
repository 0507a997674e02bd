import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { insertSegment, mergeSegments, type NumberedTurn, placed, postingsOf } from './segments.ts';
import { type IndexableTurn, speakersOf, type TextAnalyses, turnsWithEarlier } from './turns.ts';

export interface WriterServices {
  readonly db: Database;
  readonly texts: TextAnalyses;
}

/** Documents that one segment of a repair holds. */
const REPAIR_DOCUMENTS = 512;

/**
 * Moves the oldest turns of one owner from the queue into the postings, in one transaction.
 *
 * @returns the number of turns that left the queue; null if another process is at work for this owner
 */
export async function indexTurns(
  { db, texts }: WriterServices,
  owner: Owner,
  limit: number,
): Promise<number | null> {
  return db.transaction(async (client) => {
    const locked = await lockOwner(client, owner);
    if (!locked) return null;
    const { rows } = await client.query({
      name: 'take_from_index_queue',
      text: `delete from echo_index_queue where interaction_id in (
               select interaction_id from echo_index_queue where user_id = $1 and tenant_id = $2 order by interaction_id limit $3 for update
             ) returning interaction_id as id`,
      values: [owner.userId, owner.tenantId, limit],
    });
    const taken = new Set(rows.map((row) => row.id as number));
    if (taken.size === 0) return 0;
    const turns = await turnsWithEarlier(client, [...taken]);
    const fresh = turns.filter((turn) => taken.has(turn.id));
    const first = locked.nextDocument;
    const numbered = fresh.map((turn, index) => ({ ...turn, document: first + index }));
    await insertDocuments(client, locked.ownerId, numbered);
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
    return taken.size;
  });
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
 * turns that are left. Takes seconds for a large segment, so it runs on a connection without deadlines.
 *
 * @returns whether anything was done; false, too, while another process is at work for this owner
 */
export async function forgetRemoved({ db, texts }: WriterServices, owner: Owner): Promise<boolean> {
  const client = (await db.dedicated()) as unknown as PoolClient;
  try {
    await client.query('begin');
    const locked = await lockOwner(client, owner);
    const removed = locked
      ? await client.query({
          text: `with gone as (delete from echo_index_removals where user_id = $1 and tenant_id = $2 returning interaction_id),
                      documents as (delete from echo_index_documents using gone
                        where echo_index_documents.interaction_id = gone.interaction_id returning document)
                 select coalesce(array_agg(document), '{}') as documents from documents`,
          values: [owner.userId, owner.tenantId],
        })
      : null;
    const documents: number[] = removed?.rows[0].documents ?? [];
    if (locked) await remakeSegments(client, texts, locked.ownerId, documents);
    await client.query('commit');
    return documents.length > 0;
  } finally {
    // Ends the session, and with it whatever was not committed.
    await (client as unknown as { end(): Promise<void> }).end();
  }
}

/** Makes those segments again that hold one of the documents, or words of it. */
async function remakeSegments(
  client: PoolClient,
  texts: TextAnalyses,
  ownerId: number,
  documents: readonly number[],
): Promise<void> {
  const { rows } = await client.query({
    text: `select segment, documents from echo_index_segments s where owner_id = $1
           and exists (select from unnest($2::int[]) as d(document)
             where d.document >= s.segment and d.document < coalesce(
               (select min(n.segment) from echo_index_segments n where n.owner_id = $1 and n.segment > s.segment), 2147483647))`,
    values: [ownerId, documents],
  });
  for (const { segment } of rows) {
    const left = await client.query({
      text: `select d.interaction_id as id from echo_index_documents d join echo_unified_interactions i on i.id = d.interaction_id
             where d.owner_id = $1 and d.document >= $2 and d.document < coalesce(
               (select min(n.segment) from echo_index_segments n where n.owner_id = $1 and n.segment > $2), 2147483647)
             order by d.document`,
      values: [ownerId, segment],
    });
    await client.query({
      text: `with gone as (delete from echo_index_segments where owner_id = $1 and segment = $2)
             delete from echo_index_postings where owner_id = $1 and segment = $2`,
      values: [ownerId, segment],
    });
    const ids = left.rows.map((row) => row.id as number);
    for (let at = 0; at < ids.length; at += REPAIR_DOCUMENTS)
      await remakeSegment(client, texts, ownerId, ids.slice(at, at + REPAIR_DOCUMENTS));
  }
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

/** A turn that was interrupted and answered later is indexed again, under a new number. */
async function insertDocuments(
  client: PoolClient,
  ownerId: number,
  turns: readonly NumberedTurn[],
): Promise<void> {
  await client.query({
    name: 'insert_index_documents',
    text: `insert into echo_index_documents (owner_id, document, interaction_id)
           select $1, document, id from unnest($2::int[], $3::int[]) as t(document, id)
           on conflict (interaction_id) do update set document = excluded.document`,
    values: [ownerId, turns.map((turn) => turn.document), turns.map((turn) => turn.id)],
  });
}
