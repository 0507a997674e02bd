import { BestDocuments, type Scored } from './best-documents.ts';
import { readPostings, SAID, spaceForPostings, UNIT } from './postings.ts';

/** A word of a query. */
export interface QueryTerm {
  readonly term: string;
  /** What it counts beside the others: 1 for a word, less for a part of one. */
  readonly weight: number;
}

/** All postings of one term. */
export interface TermPostings extends QueryTerm {
  /** Documents that say it themselves. */
  readonly saying: number;
  readonly data: readonly Uint8Array[];
}

/** A document that has a word of the query in or near it. */
export interface RankedDocument extends Scored {
  /** Which of the query's terms each of the ranked documents has, and its place among them: see `matchedBy`. */
  readonly terms: TermsOfDocuments;
  readonly place: number;
}

/** Who says which terms of a query, of all documents of one ranking: an object for each of them is only made for who asks. */
interface TermsOfDocuments {
  /** The rarest first. */
  readonly terms: readonly string[];
  /** Document by document, who says each term: bits of SAID, and `HAS`; 0 where none of its window does. */
  readonly said: Uint8Array;
}

/** A term of the query that a document has. */
export interface MatchedTerm {
  readonly term: string;
  /** Who says it: bits of SAID. */
  readonly said: number;
}

/** Stands beside the bits of SAID where a document has a term, whoever says it. */
const HAS = 0x80;

/** Which of the query's terms a document has, the rarest first. */
export function matchedBy({ terms: { terms, said }, place }: RankedDocument): MatchedTerm[] {
  return terms.flatMap((term, at) => {
    const who = said[place * terms.length + at] ?? 0;
    return who === 0 ? [] : { term, said: who & ~HAS };
  });
}

const SATURATION = 0.9;
/** How often a word counts. */
export const RANKING_PARAMETERS = { SATURATION };

/**
 * Documents whose scores are added up at once: few enough that their cells stay in the processor's cache. In a large
 * memory the postings of a query are spread over so many documents that reaching for each would take most of the time.
 */
const BLOCK_BITS = 13;
const CELLS = 4;
const OWN = 1;
const NEAR = 2;
const SUM = 3;

// One search at a time computes, so all share the same space; every search leaves the cells, and the rows, zeroed.
const cells = new Float32Array(CELLS << BLOCK_BITS);
/** Of a document, its place in its block. */
const PLACE = (1 << BLOCK_BITS) - 1;
const touched = new Int32Array(1 << BLOCK_BITS);
/** Of the ranked documents of a block, their places among all that were ranked, from 1. */
const rows = new Uint32Array(1 << BLOCK_BITS);
const read = spaceForPostings();
let byBlock = spaceForBlocks(0);

/**
 * The best documents, best first; of equals, the later one first.
 *
 * BM25 (Robertson and Zaragoza, 2009) with saturation 0.9; the length of texts is already in the weights.
 *
 * @param documents how many there are, and what their numbers are below
 * @param allowed only these; null: all
 */
export function rankDocuments(
  terms: readonly TermPostings[],
  documents: { total: number; space: number },
  limit: number,
  allowed: ReadonlySet<number> | null,
): RankedDocument[] {
  const rarities = terms.map(({ weight, saying }) => weight * rarityOf(saying, documents.total));
  const all = rarities.reduce((sum, rarity) => sum + rarity, 0) || 1;
  const starts = readByBlock(terms, documents.space);
  const best = new BestDocuments(limit);
  for (let block = 0; block + 1 < starts.length; block++) {
    const end = starts[block + 1] as number;
    let count = 0;
    for (let at = starts[block] as number, next = at; at < end; at = next) {
      const term = byBlock.terms[at] as number;
      while (next < end && byBlock.terms[next] === term) next++;
      const rarity = rarities[term] as number;
      addUp(at, next, rarity / all);
      count = settle(at, next, rarity, rarity / all, count);
    }
    keepBest(best, block << BLOCK_BITS, count, allowed);
  }
  return withTerms(best, terms, starts);
}

/** Postings of several terms, in the order of blocks of documents, and within a block in the order of terms. */
interface PostingsByBlock {
  readonly terms: Uint8Array;
  /** Places within the block. */
  readonly places: Uint16Array;
  readonly weights: Int32Array;
  readonly said: Uint8Array;
}

function spaceForBlocks(size: number): PostingsByBlock {
  return {
    terms: new Uint8Array(size),
    places: new Uint16Array(size),
    weights: new Int32Array(size),
    said: new Uint8Array(size),
  };
}

/** Reads all postings into `byBlock` (a counting sort). @returns where each block starts, and the end of the last */
function readByBlock(terms: readonly TermPostings[], space: number): Uint32Array {
  read.count = 0;
  const ends = terms.map(({ data }) => {
    for (const bytes of data) readPostings(bytes, read);
    return read.count;
  });
  if (byBlock.terms.length < read.count) byBlock = spaceForBlocks(read.documents.length);
  // The size of block n goes to n + 2, which makes n + 1 its start; while entries are placed that becomes its end.
  const starts = new Uint32Array((space >> BLOCK_BITS) + 3);
  for (let index = 0; index < read.count; index++) {
    const block = (read.documents[index] as number) >> BLOCK_BITS;
    starts[block + 2] = (starts[block + 2] as number) + 1;
  }
  for (let block = 2; block < starts.length; block++)
    starts[block] = (starts[block] as number) + (starts[block - 1] as number);
  let index = 0;
  for (const [term, end] of ends.entries())
    for (; index < end; index++) {
      const document = read.documents[index] as number;
      const block = (document >> BLOCK_BITS) + 1;
      const to = starts[block] as number;
      starts[block] = to + 1;
      byBlock.terms[to] = term;
      byBlock.places[to] = document & PLACE;
      byBlock.weights[to] = read.weights[index] as number;
      byBlock.said[to] = read.said[index] as number;
    }
  return starts.subarray(0, -1);
}

/** Adds a term's weights up by document, as a document may be in several runs. */
function addUp(from: number, to: number, share: number): void {
  const { places, weights, said } = byBlock;
  for (let index = from; index < to; index++) {
    const cell = (places[index] as number) * CELLS;
    cells[cell + SUM] = (cells[cell + SUM] as number) + (weights[index] as number);
    // Once for each term: what a turn says itself is in a single run.
    if ((said[index] as number) & SAID.byItself) cells[cell + OWN] = (cells[cell + OWN] as number) + share;
  }
}

/** Turns the sums of one term into scores, each once. @returns how many documents of the block have a score now */
function settle(from: number, to: number, rarity: number, share: number, touchedBefore: number): number {
  const { places } = byBlock;
  let touchedNow = touchedBefore;
  const scale = rarity * (SATURATION + 1);
  for (let index = from; index < to; index++) {
    const place = places[index] as number;
    const cell = place * CELLS;
    const sum = cells[cell + SUM] as number;
    if (sum === 0) continue;
    const weight = sum / UNIT;
    if (cells[cell] === 0) touched[touchedNow++] = place;
    cells[cell] = (cells[cell] as number) + (scale * weight) / (weight + SATURATION);
    cells[cell + NEAR] = (cells[cell + NEAR] as number) + share;
    cells[cell + SUM] = 0;
  }
  return touchedNow;
}

/** Takes over what is among the best of a block, and leaves its cells zeroed. */
function keepBest(
  best: BestDocuments,
  first: number,
  count: number,
  allowed: ReadonlySet<number> | null,
): void {
  let { least } = best;
  for (let index = 0; index < count; index++) {
    const place = touched[index] as number;
    const cell = place * CELLS;
    const score = cells[cell] as number;
    // Nearly all fail here, once as many as wanted are known.
    if (score >= least && (!allowed || allowed.has(first + place))) {
      best.add(
        first + place,
        score,
        Math.min(1, cells[cell + OWN] as number),
        Math.min(1, cells[cell + NEAR] as number),
      );
      least = best.least;
    }
    cells[cell] = 0;
    cells[cell + OWN] = 0;
    cells[cell + NEAR] = 0;
  }
}

/** The best documents, with which terms they have. Reads only blocks that hold one of them. */
function withTerms(
  best: BestDocuments,
  terms: readonly TermPostings[],
  starts: Uint32Array,
): RankedDocument[] {
  const rarestFirst = [...terms.keys()].sort((a, b) => sayingOf(terms, a) - sayingOf(terms, b));
  const columns = new Uint8Array(terms.length);
  for (let at = 0; at < rarestFirst.length; at++) columns[rarestFirst[at] as number] = at;
  const said = new Uint8Array(best.size * terms.length);
  const ranked = best.sorted({
    terms: { terms: rarestFirst.map((term) => terms[term]?.term ?? ''), said },
  });
  for (const [block, documents] of byBlocks(ranked)) {
    for (const { document, place } of documents) rows[document & PLACE] = place + 1;
    const end = starts[block + 1] as number;
    for (let at = starts[block] as number; at < end; at++) {
      const row = rows[byBlock.places[at] as number] as number;
      if (row === 0) continue;
      const cell = (row - 1) * terms.length + (columns[byBlock.terms[at] as number] as number);
      said[cell] = (said[cell] as number) | HAS | (byBlock.said[at] as number);
    }
    for (const { document } of documents) rows[document & PLACE] = 0;
  }
  return ranked;
}

/** Ranked documents by the blocks that they are in. */
function byBlocks(ranked: readonly RankedDocument[]): Map<number, RankedDocument[]> {
  const blocks = new Map<number, RankedDocument[]>();
  for (const each of ranked) {
    const block = each.document >> BLOCK_BITS;
    const others = blocks.get(block);
    if (others) others.push(each);
    else blocks.set(block, [each]);
  }
  return blocks;
}

function sayingOf(terms: readonly TermPostings[], index: number): number {
  return terms[index]?.saying ?? 0;
}

/** Inverse document frequency: near 0 for a word that most turns say. */
function rarityOf(saying: number, documents: number): number {
  return Math.log(1 + (Math.max(documents - saying, 0) + 0.5) / (saying + 0.5));
}
