import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { insertSegment, isNumbered, placed, postingsOf, rowsOf } from './segments.ts';
import type { TextAnalyses } from './text-analyses.ts';
import { turnsWithEarlier } from './turns.ts';

const STATEMENT_MS = 120_000;
const LAST_DOCUMENT = 2_147_483_647;
/** Documents that one segment of those that are made again holds. */
const DOCUMENTS_AT_ONCE = 512;

/** Documents of one segment: from the first up to, not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}
/** What concerns a whole segment takes seconds. Of the transaction, so that behind a pooler nobody else gets this deadline. */
export async function begin(client: PoolClient): Promise<void> {
  await client.query('begin');
  await client.query(`set local statement_timeout = ${STATEMENT_MS}`);
}

/** On a connection without the deadlines of the pool. */
export async function withPatience<T>(db: Database, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const connection = await db.dedicated();
  const client = connection as unknown as PoolClient;
  try {
    return await work(client);
  } finally {
    // Ends the session, and with it whatever was not committed.
    await connection.end();
  }
}

/** The segment that holds a document. */
export async function segmentOf(
  client: PoolClient,
  ownerId: number,
  document: number,
): Promise<Range | null> {
  const { rows } = await client.query<{ segment: number; next: number | null }>({
    text: `select s.segment, (select min(n.segment) from echo_index_segments n where n.owner_id = $1 and n.segment > s.segment) as next
           from echo_index_segments s where s.owner_id = $1 and s.segment <= $2 order by s.segment desc limit 1`,
    values: [ownerId, document],
  });
  const [found] = rows;
  return found ? { from: found.segment, to: found.next ?? LAST_DOCUMENT } : null;
}

/** Makes a segment again from the turns that are left. */
export async function makeAgain(
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
  const left = await client.query<{ id: number }>({
    text: `select interaction_id as id from echo_index_documents
           where owner_id = $1 and document >= $2 and document < $3 order by document`,
    values: [ownerId, from, to],
  });
  await client.query({
    text: `with gone as (delete from echo_index_segments where owner_id = $1 and segment = $2)
           delete from echo_index_postings where owner_id = $1 and segment >= $2 and segment < $3`,
    values: [ownerId, from, to],
  });
  const ids = left.rows.map((row) => row.id);
  for (let at = 0; at < ids.length; at += DOCUMENTS_AT_ONCE)
    await insertAgain(client, texts, ownerId, ids.slice(at, at + DOCUMENTS_AT_ONCE));
}

async function insertAgain(
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
  await insertSegment(
    client,
    ownerId,
    { segment: first.document, documents: own.length },
    await rowsOf(postings),
  );
}
