import type { PoolClient } from 'pg';
import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { withoutDocuments } from './postings.ts';
import { begin, makeAgain, type Range, segmentOf, withPatience } from './remaking.ts';
import { forgetSpeakers } from './speakers.ts';
import { REACH } from './windows.ts';
import { leaveAsFound, lockOwner, type WriterServices } from './writer.ts';

/** Rows of postings that are read at once. */
const ROWS_AT_ONCE = 5_000;

/**
 * Takes the words of deleted turns out of an owner's postings.
 *
 * Of a conversation that is gone as a whole nothing else holds a word, so its documents are taken out of the bytes.
 * Otherwise turns around a removed one hold words of it: those before it in its own segment, those behind it in theirs. Each of
 * these segments is made again from the turns that are left. Either takes seconds for a large segment, so it runs on a connection without the deadlines of the
 * pool, in one transaction for each segment.
 *
 * @returns whether it is done; false while another process is at work for this owner
 */
export async function forgetRemoved(services: WriterServices, owner: Owner): Promise<boolean> {
  const found = await removalsOf(services.db, owner);
  if (!found) return false;
  const { ids, whole, parts, speakers } = found;
  const forgotten =
    (await changeSegments(services.db, owner, whole, takeOut)) &&
    (await changeSegments(services.db, owner, parts, (client, ownerId, range) =>
      makeAgain(client, services.texts, ownerId, range),
    )) &&
    (await changeSpeakers(services.db, owner, speakers));
  if (!forgotten) return false;
  await services.db.pool.query({
    name: 'forget_index_removals',
    // What was set aside is taken by nobody else.
    text: `with forgotten as (
             delete from echo_index_removals where id = any($1::int[]) and user_id = $2 and tenant_id = $3
             returning interaction_id, document)
           delete from echo_index_queue where user_id = $2 and tenant_id = $3 and set_aside is not null
             and interaction_id in (select interaction_id from forgotten where document is null)`,
    values: [ids, owner.userId, owner.tenantId],
  });
  return true;
}

interface Removal {
  readonly id: number;
  readonly document: number | null;
  /** Numbers of turns behind it, which hold words of it; they may stand in later segments. */
  readonly behind: readonly number[];
  /** Its conversation is gone. */
  readonly isWhole: boolean;
  /** Who spoke in it. */
  readonly speakers: readonly string[];
}

/**
 * What is noted as removed, and the documents that hold words of it. Read under the owner's lock: a turn that was
 * being indexed while it was deleted has its document by then. Null: the lock is taken.
 */
async function removalsOf(db: Database, owner: Owner) {
  return db.transaction(async (client) => {
    const locked = await lockOwner(client, owner, true);
    if (!locked) return null;
    const { rows } = await client.query<Removal>({
      name: 'index_removals',
      text: `select r.id, coalesce(r.document, d.document) as document,
               array(
                 select n.document from echo_unified_interactions i join echo_index_documents n on n.interaction_id = i.id
                 where i.conversation_id = r.conversation_id and i.tenant_id = r.tenant_id and i.user_id = r.user_id
                   and i.sequence > r.sequence and i.sequence <= r.sequence + ${REACH}
               ) as behind,
               r.conversation_id is not null and not exists (
                 select from echo_unified_interactions i
                 where i.conversation_id = r.conversation_id and i.tenant_id = r.tenant_id and i.user_id = r.user_id
               ) as "isWhole", coalesce(r.speakers, '{}') as speakers
             from echo_index_removals r left join echo_index_documents d
               on d.interaction_id = r.interaction_id and r.document is null
             where r.user_id = $1 and r.tenant_id = $2`,
      values: [owner.userId, owner.tenantId],
    });
    await leaveAsFound(client, locked);
    const documents = (isWhole: boolean) =>
      new Set(
        rows
          .filter((row) => row.isWhole === isWhole)
          .flatMap(({ document, behind }) => (document === null ? behind : [document, ...behind])),
      );
    const speakers = rows.flatMap((row) => row.speakers);
    return { ids: rows.map(({ id }) => id), whole: documents(true), parts: documents(false), speakers };
  });
}

type Change = (
  client: PoolClient,
  ownerId: number,
  range: Range,
  documents: ReadonlySet<number>,
) => Promise<void>;

/** Changes every segment that holds one of these documents. @returns false if the owner's index was locked */
async function changeSegments(
  db: Database,
  owner: Owner,
  documents: Set<number>,
  change: Change,
): Promise<boolean> {
  if (documents.size === 0) return true;
  return withPatience(db, async (client) => {
    const all = new Set(documents);
    for (const document of documents) {
      await begin(client);
      const locked = await lockOwner(client, owner);
      if (!locked) return false;
      const range = await segmentOf(client, locked.ownerId, document);
      const within = [...documents].filter((each) => range && each >= range.from && each < range.to);
      if (range) await change(client, locked.ownerId, range, all);
      await client.query('commit');
      for (const each of [document, ...within]) documents.delete(each);
    }
    return true;
  });
}

/** @returns false if the owner's index was locked */
async function changeSpeakers(db: Database, owner: Owner, gone: readonly string[]): Promise<boolean> {
  if (gone.length === 0) return true;
  return withPatience(db, async (client) => {
    await begin(client);
    const locked = await lockOwner(client, owner);
    if (!locked) return false;
    await forgetSpeakers(client, owner, locked, gone);
    await client.query('commit');
    return true;
  });
}

/** Takes documents out of the postings of a segment: its own, and those of earlier ones that its turns followed. */
async function takeOut(
  client: PoolClient,
  ownerId: number,
  { from, to }: Range,
  documents: ReadonlySet<number>,
): Promise<void> {
  // Places of rows of these very transactions: nobody else changes them under the owner's lock.
  const places = await client.query<{ place: string }>({
    text: `select ctid::text as place from echo_index_postings where owner_id = $1 and segment >= $2 and segment < $3`,
    values: [ownerId, from, to],
  });
  for (let at = 0; at < places.rows.length; at += ROWS_AT_ONCE) {
    const { rows } = await client.query<{ place: string; saying: number; data: Buffer }>({
      text: `select ctid::text as place, saying, data from echo_index_postings
             where ctid = any($1::tid[]) and owner_id = $2`,
      values: [places.rows.slice(at, at + ROWS_AT_ONCE).map(({ place }) => place), ownerId],
    });
    const changed = rows.flatMap(({ place, saying, data }) => {
      const left = withoutDocuments(data, documents);
      return left ? { place, saying: saying - left.said, data: left.data } : [];
    });
    await client.query({
      text: `update echo_index_postings p set saying = c.saying, data = c.data
             from unnest($1::tid[], $2::int[], $3::bytea[]) as c(place, saying, data)
             where p.ctid = c.place and p.owner_id = $4`,
      values: [
        changed.map(({ place }) => place),
        changed.map(({ saying }) => saying),
        changed.map(({ data }) => data),
        ownerId,
      ],
    });
  }
  await client.query({
    text: `delete from echo_index_postings where owner_id = $1 and segment >= $2 and segment < $3 and octet_length(data) = 0`,
    values: [ownerId, from, to],
  });
  await client.query({
    text: `delete from echo_index_documents
           where owner_id = $1 and document = any($2::int[]) and document >= $3 and document < $4`,
    values: [ownerId, [...documents], from, to],
  });
}
