import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { onlyRow } from '../../db/statements.ts';
import { analyse, hasAll, type RequiredWords } from './analysis.ts';
import { readPostings, SAID, spaceForPostings } from './postings.ts';
import { READ_AS_IT_IS } from './set-aside.ts';
import { indexedText } from './text-analyses.ts';

/** Bytes of postings that are read for one page: the rarest words first, and the rarest always. */
const MAX_BYTES = 4_000_000;
/** Postings whose bytes are read between two pauses: a few milliseconds. */
const BYTES_BETWEEN_PAUSES = 500_000;

/** Which of an owner's stored turns may say all words. */
export interface Sayings {
  /** Ids of all that do, and of some that may. */
  readonly ids: readonly number[];
  /** Whether the index has decided on a turn; what its text says decides on the others. */
  isSure(id: number): boolean;
}

/** Whether a turn says all words itself, on either side. */
export function says(
  required: RequiredWords,
  turn: { query: string; response: string; metadata: Record<string, unknown> },
): boolean {
  return hasAll(required, analyse(indexedText({ ...turn, caption: turn.metadata.caption })));
}

/**
 * Looks up which of an owner's turns say all words: in the postings; turns that wait for the index may say them. Of
 * words that nearly all turns say the postings are not read, so that these are left to the turns' texts.
 */
export async function turnsSaying(db: Database, owner: Owner, required: RequiredWords): Promise<Sayings> {
  const { ownerId, queued, unread, runs } = await readRuns(db, owner, required);
  const read = [...required.keys()].filter((word) => !unread.has(word));
  let documents: Set<number> | null = null;
  for (const word of read) {
    const saying: Set<number> = await documentsSaying(runs.get(word) ?? []);
    documents = documents === null ? saying : common(documents, saying);
  }
  const indexed = ownerId === null ? [] : await turnsOfDocuments(db, ownerId, [...(documents ?? [])]);
  const sure = new Set(unread.size > 0 ? [] : indexed);
  return { ids: [...new Set([...indexed, ...queued])], isSure: (id) => sure.has(id) };
}

interface Runs {
  readonly ownerId: number | null;
  /** Turns that are not indexed yet. */
  readonly queued: readonly number[];
  /** Words whose postings were too many. */
  readonly unread: ReadonlySet<number>;
  /** Postings by word. */
  readonly runs: ReadonlyMap<number, readonly Buffer[]>;
}

interface QueueRow {
  readonly owner_id: number | null;
  readonly queued: readonly number[];
  readonly unread: readonly number[];
  readonly word: null;
}

interface PostingRow {
  readonly word: number;
  readonly data: Buffer;
}

/** Reads the queue and the postings at one moment: a turn leaves the one when it comes into the others. */
async function readRuns(db: Database, owner: Owner, required: RequiredWords): Promise<Runs> {
  const pairs = required.flatMap((terms, word) => terms.map((term) => ({ word, term })));
  const { rows } = await db.pool.query<QueueRow | PostingRow>({
    name: 'index_sayings',
    // The first row is the owner's, the others are postings. Sizes come first, which are known without reading bytes.
    text: `with owned as materialized (
             select owner_id from echo_index_owners where user_id = $1 and tenant_id = $2
           ), wanted as (
             select word, term from unnest($3::int[], $4::text[]) as w(word, term)
           ), sizes as materialized (
             select w.word, sum(octet_length(p.data)) as bytes,
                    sum(sum(octet_length(p.data))) over (order by sum(octet_length(p.data)), w.word) as running
             from wanted w join echo_index_postings p
               on p.owner_id = (select owner_id from owned) and p.term = w.term
             group by w.word
           ), fitting as materialized (
             select word, running <= ${MAX_BYTES} or running = bytes as is_read from sizes
           )
           select (select owner_id from owned) as owner_id,
                  array(
                    select interaction_id from echo_index_queue where user_id = $1 and tenant_id = $2 and ${READ_AS_IT_IS}
                  ) as queued,
                  array(select word from fitting where not is_read) as unread, null as word, null as data
           union all
           select null, null, null, w.word, p.data from fitting f join wanted w on w.word = f.word
           cross join lateral (
             select data from echo_index_postings
             where owner_id = (select owner_id from owned) and term = w.term
           ) p where f.is_read`,
    values: [owner.userId, owner.tenantId, pairs.map(({ word }) => word), pairs.map(({ term }) => term)],
  });
  const state = onlyRow({ rows: rows.filter((row) => row.word === null) });
  const runs = new Map<number, Buffer[]>();
  for (const { word, data } of rows.filter((row) => row.word !== null))
    runs.set(word, [...(runs.get(word) ?? []), data]);
  return { ownerId: state.owner_id, queued: state.queued, unread: new Set(state.unread), runs };
}

function common(a: ReadonlySet<number>, b: ReadonlySet<number>): Set<number> {
  return new Set([...a].filter((document) => b.has(document)));
}

/** Documents that say a term themselves; postings also tell of those beside them. */
async function documentsSaying(runs: readonly Buffer[]): Promise<Set<number>> {
  const saying = new Set<number>();
  let bytes = 0;
  for (const data of runs) {
    const read = spaceForPostings();
    readPostings(data, read);
    for (let index = 0; index < read.count; index++)
      if ((read.said[index] as number) & SAID.byItself) saying.add(read.documents[index] as number);
    bytes += data.length;
    if (bytes < BYTES_BETWEEN_PAUSES) continue;
    // Requests come first.
    bytes = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return saying;
}

async function turnsOfDocuments(
  db: Database,
  ownerId: number,
  documents: readonly number[],
): Promise<number[]> {
  if (documents.length === 0) return [];
  const { rows } = await db.pool.query<{ id: number }>({
    name: replicable('turns_of_documents'),
    text: `select interaction_id as id from echo_index_documents
           where owner_id = $1 and document = any($2::int[])`,
    values: [ownerId, documents],
  });
  return rows.map(({ id }) => id);
}
