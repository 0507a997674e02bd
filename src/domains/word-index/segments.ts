import type { PoolClient } from 'pg';
import type { Database } from '../../db/client.ts';
import { ANALYSIS_VERSION } from './analysis.ts';
import { PostingsBuilder } from './postings.ts';
import type { TextAnalyses } from './text-analyses.ts';
import type { IndexableTurn } from './turns.ts';
import { addTurn, type PlacedTurn, REACH } from './windows.ts';

/** Segments of one level that follow each other are merged when there are so many. */
const FAN_IN = 8;
/** Rows of one term that are joined at once; far more than there are. */
const MAX_JOINED = 1_000;
/** Segments of so many documents are final. */
const FINAL_DOCUMENTS = 32_768;
const FINAL_LEVEL = levelOf(FINAL_DOCUMENTS);
const DISTANCES = Array.from({ length: REACH }, (_, index) => index + 1);
/** Turns between two looks at how long this has gone on. */
const TURNS_BETWEEN_LOOKS = 64;
/** Milliseconds between two pauses. A search that places a thousand turns by a few words needs none, and would wait for others at each. */
const SLICE_MS = 3;
const TERMS_BETWEEN_PAUSES = 500;

interface Segment {
  readonly segment: number;
  readonly documents: number;
  readonly level: number;
  readonly isJoining: boolean;
}

/** A turn with its number in the index. */
export type NumberedTurn = IndexableTurn & { readonly document: number };

export function isNumbered(turn: IndexableTurn): turn is NumberedTurn {
  return turn.document !== null;
}

/** How often a segment of so many documents has been merged, about. */
export function levelOf(documents: number): number {
  return Math.floor(Math.log(documents) / Math.log(FAN_IN) + 1e-9);
}

/** The turns in the form that windows are made of. */
export async function placed(
  client: Pick<PoolClient, 'query'>,
  texts: TextAnalyses,
  turns: readonly NumberedTurn[],
): Promise<PlacedTurn[]> {
  const analysed = await texts.of(client, turns);
  return turns.flatMap((turn) => {
    const text = analysed.get(turn.id);
    return text ? { ...turn, text } : [];
  });
}

/** Postings of turns, with what they and the turns before them mean to each other. */
export async function postingsOf(
  fresh: readonly PlacedTurn[],
  earlier: readonly PlacedTurn[],
): Promise<PostingsBuilder> {
  const conversations = new Map<string, Map<number, PlacedTurn>>();
  for (const turn of [...earlier, ...fresh]) {
    const turns = conversations.get(turn.conversationId) ?? new Map<number, PlacedTurn>();
    conversations.set(turn.conversationId, turns.set(turn.sequence, turn));
  }
  const postings = new PostingsBuilder();
  let began = performance.now();
  for (const [index, turn] of fresh.entries()) {
    const others = conversations.get(turn.conversationId);
    addTurn(
      postings,
      turn,
      DISTANCES.flatMap((distance) => others?.get(turn.sequence - distance) ?? []),
    );
    if (index % TURNS_BETWEEN_LOOKS !== TURNS_BETWEEN_LOOKS - 1 || performance.now() - began < SLICE_MS)
      continue;
    // Requests come first.
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
  return postings;
}

/** Postings as they are sent, a row for each term. */
export interface PostingRows {
  readonly terms: readonly string[];
  readonly saying: readonly number[];
  readonly lengths: readonly number[];
  /** The bytes of all of them, one after the other. */
  readonly data: Buffer;
}

/** Writes postings out. */
export async function rowsOf(postings: PostingsBuilder): Promise<PostingRows> {
  const terms: string[] = [];
  const saying: number[] = [];
  const lengths: number[] = [];
  const data: Buffer[] = [];
  for (const run of postings.runs()) {
    terms.push(run.term);
    saying.push(run.saying);
    lengths.push(run.data.length);
    data.push(run.data);
    // Requests come first.
    if (terms.length % TERMS_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { terms, saying, lengths, data: Buffer.concat(data) };
}

/** Stores a segment: the postings of documents from `segment` on. */
export async function insertSegment(
  client: PoolClient,
  ownerId: number,
  segment: { segment: number; documents: number },
  { terms, saying, lengths, data }: PostingRows,
): Promise<void> {
  await client.query({
    name: 'insert_postings',
    // All bytes as one value, which the driver sends as they are; those of an array it would write out in hexadecimal, one by
    // one. In the order of the index, whose pages are then written one after the other.
    text: `insert into echo_index_postings (owner_id, term, segment, saying, data)
           select $1, term, $2, saying, substring($6::bytea from (1 + until - length)::int for length) from (
             select term, saying, length, sum(length) over (order by place) as until
             from unnest($3::text[], $4::int[], $5::int[]) with ordinality as p(term, saying, length, place)
           ) p order by term`,
    values: [ownerId, segment.segment, terms, arrayOf(saying), arrayOf(lengths), data],
  });
  await client.query({
    name: 'insert_segment',
    text: `insert into echo_index_segments (owner_id, segment, documents, level, analysis) values ($1, $2, $3, $4, ${ANALYSIS_VERSION})`,
    values: [ownerId, segment.segment, segment.documents, levelOf(segment.documents)],
  });
}

/** Whole numbers as an array of SQL; the driver would look for what has to be quoted in each of them. */
function arrayOf(numbers: readonly number[]): string {
  return `{${numbers.join(',')}}`;
}

/** Makes one segment of several that follow each other; what belongs to it is joined afterwards. */
export async function mergeSegments(
  client: PoolClient,
  { ownerId, nextDocument }: { ownerId: number; nextDocument: number },
): Promise<Joining | null> {
  const { rows } = await client.query<Segment>({
    name: 'index_segments',
    text: `select segment, documents, level, is_joining as "isJoining" from echo_index_segments
           where owner_id = $1 order by segment`,
    values: [ownerId],
  });
  const unfinished = rows.findIndex(({ isJoining }) => isJoining);
  const joiningOf = (first: number, count: number): Joining => ({
    from: rows[first]?.segment ?? 0,
    to: rows[first + count]?.segment ?? nextDocument,
  });
  if (unfinished >= 0) return joiningOf(unfinished, 1);
  const start = mergeable(rows);
  if (start === null) return null;
  const joining = joiningOf(start, FAN_IN);
  const documents = rows.slice(start, start + FAN_IN).reduce((sum, { documents: count }) => sum + count, 0);
  await client.query({
    name: 'merge_segments',
    text: `with gone as (
             delete from echo_index_segments where owner_id = $1 and segment > $2 and segment < $3 returning analysis
           )
           update echo_index_segments set documents = $4, level = $5, is_joining = true,
             analysis = least(analysis, (select min(analysis) from gone))
           where owner_id = $1 and segment = $2`,
    values: [ownerId, joining.from, joining.to, documents, levelOf(documents)],
  });
  return joining;
}

/** Documents whose postings are to be joined: from the first up to, not including, `to`. */
export interface Joining {
  readonly from: number;
  readonly to: number;
}

/** Terms that have several rows in a segment, in the order of the index: what is joined together lies together. */
export async function termsToJoin(db: Database, ownerId: number, { from, to }: Joining): Promise<string[]> {
  const { rows } = await db.pool.query<{ term: string }>({
    name: 'terms_to_join',
    text: `select term from echo_index_postings where owner_id = $1 and segment >= $2 and segment < $3
           group by term having count(*) > 1 order by term`,
    values: [ownerId, from, to],
  });
  return rows.map(({ term }) => term);
}

/** Joins the rows of a segment for some terms; the first row's number stays. */
export async function joinTerms(
  client: PoolClient,
  ownerId: number,
  { from, to }: Joining,
  terms: readonly string[],
): Promise<void> {
  await client.query({
    name: 'join_postings',
    // By the term and nothing else (+ 0): a planner without figures might read the whole segment for each term.
    text: `with places as materialized (
             select p.place from unnest($2::text[]) as w(term) cross join lateral (
               select ctid as place from echo_index_postings
               where owner_id = $1 and term = w.term and segment + 0 >= $3 and segment + 0 < $4 limit ${MAX_JOINED}
             ) p
           ), gone as (
             delete from echo_index_postings where ctid = any(array(select place from places))
             returning term, segment, saying, data
           )
           insert into echo_index_postings (owner_id, term, segment, saying, data)
           select $1, term, min(segment), sum(saying), string_agg(data, ''::bytea order by segment) from gone group by term`,
    values: [ownerId, terms, from, to],
  });
}

/** Notes that everything of a segment is joined. */
export async function endJoining(client: PoolClient, ownerId: number, { from }: Joining): Promise<void> {
  await client.query({
    name: 'end_joining',
    text: 'update echo_index_segments set is_joining = false where owner_id = $1 and segment = $2',
    values: [ownerId, from],
  });
}

/** Where the first run of segments begins that is worth merging, lowest levels first; null: none is. */
function mergeable(segments: readonly Segment[]): number | null {
  for (let level = 0; level < FINAL_LEVEL; level++) {
    let length = 0;
    for (const [index, segment] of segments.entries()) {
      length = segment.level > level ? 0 : length + 1;
      if (length === FAN_IN) return index + 1 - FAN_IN;
    }
  }
  return null;
}
