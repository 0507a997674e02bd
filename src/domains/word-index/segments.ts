import type { PoolClient } from 'pg';
import { PostingsBuilder } from './postings.ts';
import type { IndexableTurn, TextAnalyses } from './turns.ts';
import { addTurn, type PlacedTurn, REACH } from './windows.ts';

/** Segments of one level that follow each other are merged when there are so many. */
const FAN_IN = 8;
/** Segments of so many documents are final. */
const FINAL_DOCUMENTS = 16_384;
const FINAL_LEVEL = levelOf(FINAL_DOCUMENTS);
const DISTANCES = Array.from({ length: REACH }, (_, index) => index + 1);
const TURNS_BETWEEN_PAUSES = 64;
const TERMS_BETWEEN_PAUSES = 500;

interface Segment {
  readonly segment: number;
  readonly documents: number;
  readonly level: number;
}

/** A turn with its number in the index. */
export type NumberedTurn = IndexableTurn & { readonly document: number };

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
  for (const [index, turn] of fresh.entries()) {
    const others = conversations.get(turn.conversationId);
    addTurn(
      postings,
      turn,
      DISTANCES.flatMap((distance) => others?.get(turn.sequence - distance) ?? []),
    );
    // Requests come first.
    if (index % TURNS_BETWEEN_PAUSES === TURNS_BETWEEN_PAUSES - 1)
      await new Promise((resolve) => setImmediate(resolve));
  }
  return postings;
}

/** Stores a segment: the postings of documents from `segment` on. */
export async function insertSegment(
  client: PoolClient,
  ownerId: number,
  segment: { segment: number; documents: number },
  postings: PostingsBuilder,
): Promise<void> {
  const terms: string[] = [];
  const saying: number[] = [];
  const data: Buffer[] = [];
  for (const run of postings.runs()) {
    terms.push(run.term);
    saying.push(run.saying);
    data.push(run.data);
    // Requests come first.
    if (terms.length % TERMS_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await client.query({
    name: 'insert_postings',
    text: `insert into echo_index_postings (owner_id, term, segment, saying, data)
           select $1, term, $2, saying, data from unnest($3::text[], $4::int[], $5::bytea[]) as p(term, saying, data)`,
    values: [ownerId, segment.segment, terms, saying, data],
  });
  await client.query({
    name: 'insert_segment',
    text: 'insert into echo_index_segments (owner_id, segment, documents, level) values ($1, $2, $3, $4)',
    values: [ownerId, segment.segment, segment.documents, levelOf(segment.documents)],
  });
}

/** Merges segments that follow each other, until there are few. @returns the number of segments that went */
export async function mergeSegments(client: PoolClient, ownerId: number): Promise<number> {
  const { rows } = await client.query<Segment>({
    name: 'index_segments',
    text: 'select segment, documents, level from echo_index_segments where owner_id = $1 order by segment',
    values: [ownerId],
  });
  const run = mergeable(rows);
  const [first] = run;
  if (!first) return 0;
  const documents = run.reduce((sum, { documents: count }) => sum + count, 0);
  const segments = run.map(({ segment }) => segment);
  await client.query({
    name: 'merge_postings',
    text: `with gone as (
             delete from echo_index_postings where owner_id = $1 and segment = any($2::int[]) returning term, segment, saying, data
           )
           insert into echo_index_postings (owner_id, term, segment, saying, data)
           select $1, term, $3, sum(saying), string_agg(data, ''::bytea order by segment) from gone group by term`,
    values: [ownerId, segments, first.segment],
  });
  await client.query({
    name: 'merge_segments',
    text: `with gone as (delete from echo_index_segments where owner_id = $1 and segment = any($2::int[]) and segment <> $3)
           update echo_index_segments set documents = $4, level = $5 where owner_id = $1 and segment = $3`,
    values: [ownerId, segments, first.segment, documents, levelOf(documents)],
  });
  return segments.length - 1;
}

/** The first run of segments that is worth merging, lowest levels first. */
function mergeable(segments: readonly Segment[]): Segment[] {
  for (let level = 0; level < FINAL_LEVEL; level++) {
    let run: Segment[] = [];
    for (const segment of segments) {
      if (segment.level > level) run = [];
      else if (run.push(segment) === FAN_IN) return run;
    }
  }
  return [];
}
