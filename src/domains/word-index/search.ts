import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { onlyRow, unseen } from '../../db/statements.ts';
import type { InteractionRow } from '../interactions/tables.ts';
import { analyseQuery } from './analysis.ts';
import type { QueuedTurn } from './fresh-turns.ts';
import { MAX_FRESH, placeFresh, placeWaiting } from './placing.ts';
import { type QueryTerm, type RankedDocument, rankDocuments, type TermPostings } from './ranking.ts';
import { READ_AS_IT_IS } from './set-aside.ts';
import { speakersOf } from './speakers.ts';
import type { TextAnalyses } from './text-analyses.ts';
import type { IndexableTurn } from './turns.ts';
import { PART_WEIGHT } from './windows.ts';

export interface WordSearchServices {
  readonly db: Database;
  readonly texts: TextAnalyses;
}

/** What an owner's index says to a query, read at one moment. */
export interface WordMatches {
  /** The owner's number; null: nothing of theirs is indexed yet. */
  readonly ownerId: number | null;
  /** Names of those who spoke. */
  readonly speakers: ReadonlySet<string>;
  /** Stored turns that are not indexed yet, by the document numbers that they have in this search. */
  readonly fresh: ReadonlyMap<number, IndexableTurn>;
  /** Turns that the database has not taken yet, likewise. */
  readonly waiting: ReadonlyMap<number, InteractionRow>;
  /** More turns wait for the index than were looked at. */
  readonly incomplete: boolean;
  /** How many turns that is looked up in, about. */
  readonly total: number;
  /** The best documents, best first. */
  rank(limit: number, allowed: ReadonlySet<number> | null): RankedDocument[];
}

/**
 * Numbers between indexed documents and the others: those that the worker gives while a search is under way. The
 * turns that get them are found twice, as the same turn.
 */
const GAP = 8_192;
const MAX_TERMS = 128;
const NAME_WEIGHT = 0.03;
/** Bytes of postings that one search reads: the rarest terms first, and the rarest always. */
const MAX_BYTES = 800_000;
/** Which words are looked up, and how far. */
export const WORD_PARAMETERS = { MAX_FRESH, MAX_TERMS, NAME_WEIGHT, MAX_BYTES };

/**
 * The words of a query that can be looked up, without repetition; a long text is cut in its middle.
 *
 * @param names of speakers: who speaks is seldom named in what is said, so they find only where nothing else does
 */
export function queryTerms(query: string, names: ReadonlySet<string> = new Set()): QueryTerm[] {
  const { words, joined, parts } = analyseQuery(query);
  const onlyNames = words.every(({ word }) => names.has(word));
  const terms = new Map<string, number>();
  for (const { word, term } of words) terms.set(term, names.has(word) && !onlyNames ? NAME_WEIGHT : 1);
  const all = [...terms].map(([term, weight]) => ({ term, weight }));
  if (all.length > MAX_TERMS) return [...all.slice(0, MAX_TERMS / 2), ...all.slice(-MAX_TERMS / 2)];
  const otherwise = [...joined].map((term) => ({ term, weight: 1 }));
  return [...all, ...otherwise, ...[...parts].map((term) => ({ term, weight: PART_WEIGHT }))].slice(
    0,
    MAX_TERMS,
  );
}

/**
 * Looks up the words of a query for one owner: in the postings, in what is stored and not indexed yet, and in what
 * waits for the database, so that a turn is found from the moment that it was acknowledged.
 *
 * @param waiting taken from the journal before this was called, so that no turn slips through between the two
 */
export async function searchWords(
  { db, texts }: WordSearchServices,
  owner: Owner,
  query: string,
  waiting: readonly InteractionRow[],
): Promise<WordMatches> {
  const {
    ownerId,
    documents,
    speakers: known,
    queued,
    stored,
  } = await readIndex(db, owner, queryTerms(query));
  const near = await texts.fresh.read(db.pool, owner, queued.slice(0, MAX_FRESH));
  const speakers = speakersOf(known, [...near, ...waiting]);
  const terms = queryTerms(query, speakers);
  const fresh = await placeFresh({ db, texts }, near, new Set(queued.map(({ id }) => id)), {
    from: documents + GAP,
    terms,
  });
  const own = await placeWaiting(texts, waiting, { from: documents + GAP + fresh.turns.size, terms });
  const found = joined(terms, [stored, [...fresh.postings.runs()], [...own.postings.runs()]]);
  const total = documents + fresh.turns.size + own.turns.size;
  return {
    ownerId,
    speakers,
    fresh: fresh.turns,
    waiting: own.turns,
    incomplete: queued.length > MAX_FRESH || waiting.length > MAX_FRESH,
    total,
    rank: (limit, allowed) => rankDocuments(found, { total, space: total + GAP }, limit, allowed),
  };
}

/** The same for turns that the database has not taken yet, while nothing can be read from it. */
export async function searchWaiting(
  texts: TextAnalyses,
  query: string,
  waiting: readonly InteractionRow[],
): Promise<WordMatches> {
  const speakers = speakersOf([], waiting);
  const terms = queryTerms(query, speakers);
  const { turns, postings } = await placeWaiting(texts, waiting, { from: 0, terms });
  const found = joined(terms, [[...postings.runs()]]);
  return {
    ownerId: null,
    speakers,
    fresh: new Map(),
    waiting: turns,
    incomplete: true,
    total: turns.size,
    rank: (limit, allowed) => rankDocuments(found, { total: turns.size, space: turns.size }, limit, allowed),
  };
}

interface StoredRun {
  readonly term: string;
  readonly saying: number;
  readonly data: Buffer;
}

interface OwnerRow {
  /** Null, like what follows: the owner has no index yet. */
  readonly owner_id: number | null;
  readonly next_document: number | null;
  readonly speakers: readonly string[] | null;
  readonly fresh: readonly number[];
  readonly queued_at: readonly number[];
  readonly term: null;
}

interface IndexReading {
  readonly ownerId: number | null;
  /** Numbers that were given to documents. */
  readonly documents: number;
  readonly speakers: readonly string[];
  /** Turns of the queue, the latest first. */
  readonly queued: readonly QueuedTurn[];
  readonly stored: readonly StoredRun[];
}

/**
 * Reads an owner's index and the queue before it, at one moment: a turn leaves the queue when it comes into the
 * postings, so it is seen in one of them.
 */
async function readIndex(db: Database, owner: Owner, terms: readonly QueryTerm[]): Promise<IndexReading> {
  const { rows } = await db.pool.query<OwnerRow | StoredRun>({
    name: replicable('index_postings'),
    // The first row is the owner's, the others are postings. Sizes come first, which are known without reading bytes.
    text: `with owned as materialized (
             select owner_id, next_document, speakers from echo_index_owners where user_id = $1 and tenant_id = $2
           ), sizes as materialized (
             select term, sum(octet_length(data)) as bytes,
                    sum(sum(octet_length(data))) over (order by sum(octet_length(data)), term) as running
             from echo_index_postings where owner_id = (select owner_id from owned) and term = any(${unseen('$3', 'text[]')})
             group by term
           )
           select o.owner_id, o.next_document, o.speakers, q.fresh, q.queued_at, null as term, null as saying, null as data
           from (
             select coalesce(array_agg(interaction_id), '{}') as fresh,
                    coalesce(array_agg(extract(epoch from queued_at)::float8), '{}') as queued_at
             from (
               select interaction_id, queued_at from echo_index_queue
               -- A deleted turn stays in the queue until it would be indexed.
               cross join lateral (select from echo_unified_interactions where id = interaction_id limit 1) there
               where user_id = $1 and tenant_id = $2 and ${READ_AS_IT_IS}
               order by interaction_id desc limit ${MAX_FRESH + 1}
             ) latest
           ) as q left join owned o on true
           union all
           select null, null, null, null, null, p.term, p.saying, p.data from sizes s cross join lateral (
             select term, saying, data from echo_index_postings
             where owner_id = (select owner_id from owned) and term = s.term
           ) p where s.running <= ${MAX_BYTES} or s.running = s.bytes`,
    values: [owner.userId, owner.tenantId, terms.map(({ term }) => term)],
  });
  const state = onlyRow({ rows: rows.filter((row) => row.term === null) });
  return {
    ownerId: state.owner_id,
    documents: state.next_document ?? 0,
    speakers: state.speakers ?? [],
    queued: state.fresh.map((id, at) => ({ id, queuedAt: state.queued_at[at] as number })),
    stored: rows.filter((row) => row.term !== null),
  };
}

/** Who speaks in the owner's indexed turns, in small letters. */
export async function speakersOfOwner(
  { pool }: Pick<Database, 'pool'>,
  owner: Owner,
): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ speakers: string[] }>({
    name: replicable('index_speakers'),
    text: 'select speakers from echo_index_owners where user_id = $1 and tenant_id = $2',
    values: [owner.userId, owner.tenantId],
  });
  return new Set(rows[0]?.speakers);
}

function joined(terms: readonly QueryTerm[], sources: readonly (readonly StoredRun[])[]): TermPostings[] {
  const known = new Map(terms.map((term) => [term.term, { ...term, saying: 0, data: [] as Buffer[] }]));
  for (const runs of sources)
    for (const { term, saying, data } of runs) {
      const postings = known.get(term);
      if (!postings) continue;
      postings.saying += saying;
      postings.data.push(data);
    }
  return [...known.values()].filter(({ saying, data }) => saying > 0 && data.length > 0);
}
