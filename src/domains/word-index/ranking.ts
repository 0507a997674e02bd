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
export interface RankedDocument {
  readonly document: number;
  /** BM25 over the window around the turn; above 0. */
  readonly score: number;
  /** What of the query's words the turn says itself, by their rarity, 0 to 1. */
  readonly own: number;
  /** The same for the turn and those around it. */
  readonly near: number;
  /** Which of the query's terms it has, the rarest first. */
  readonly matched: readonly MatchedTerm[];
}

type Scored = Omit<RankedDocument, 'matched'>;

/** A term of the query that a document has. */
export interface MatchedTerm {
  readonly term: string;
  /** Who says it: bits of SAID. */
  readonly said: number;
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

// One search at a time computes, so all share the same space; every search leaves the cells zeroed.
const cells = new Float32Array(CELLS << BLOCK_BITS);
/** Of a document, its place in its block. */
const PLACE = (1 << BLOCK_BITS) - 1;
const touched = new Int32Array(1 << BLOCK_BITS);
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
  return withTerms(best.sorted(), terms, starts);
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
      best.add({
        document: first + place,
        score,
        own: Math.min(1, cells[cell + OWN] as number),
        near: Math.min(1, cells[cell + NEAR] as number),
      });
      least = best.least;
    }
    cells[cell] = 0;
    cells[cell + OWN] = 0;
    cells[cell + NEAR] = 0;
  }
}

/** The best of all documents that are added, in a heap whose root is the worst one kept. */
class BestDocuments {
  readonly #limit: number;
  readonly #heap: Scored[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Documents with a lower score are not kept. */
  get least(): number {
    return this.#heap.length < this.#limit ? 0 : (this.#heap[0]?.score ?? Number.POSITIVE_INFINITY);
  }

  add(document: Scored): void {
    const heap = this.#heap;
    if (heap.length < this.#limit) {
      heap.push(document);
      if (heap.length === this.#limit) for (let at = (heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
    } else if (heap[0] && isBetter(document, heap[0])) {
      heap[0] = document;
      this.#sink(0);
    }
  }

  sorted(): Scored[] {
    return this.#heap.sort((a, b) => (isBetter(a, b) ? -1 : 1));
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const document = heap[from] as Scored;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const [left, right] = [heap[child] as Scored, heap[child + 1]];
      if (right && isBetter(left, right)) child++;
      if (isBetter(heap[child] as Scored, document)) break;
      heap[at] = heap[child] as Scored;
      at = child;
    }
    heap[at] = document;
  }
}

function isBetter(a: Scored, b: Scored): boolean {
  return a.score > b.score || (a.score === b.score && a.document > b.document);
}

/** Says of ranked documents which terms they have. Reads only blocks that hold one of them. */
function withTerms(
  ranked: readonly Scored[],
  terms: readonly TermPostings[],
  starts: Uint32Array,
): RankedDocument[] {
  const said = new Map(ranked.map(({ document }) => [document, new Map<number, number>()]));
  const isWanted = new Uint8Array(1 << BLOCK_BITS);
  const blocks = Map.groupBy(said.keys(), (document) => document >> BLOCK_BITS);
  for (const [block, documents] of blocks) {
    for (const document of documents) isWanted[document & PLACE] = 1;
    const end = starts[block + 1] as number;
    for (let at = starts[block] as number; at < end; at++) {
      const place = byBlock.places[at] as number;
      if (isWanted[place] !== 1) continue;
      const found = said.get((block << BLOCK_BITS) | place);
      const term = byBlock.terms[at] as number;
      found?.set(term, (found.get(term) ?? 0) | (byBlock.said[at] as number));
    }
    for (const document of documents) isWanted[document & PLACE] = 0;
  }
  const rarestFirst = [...terms.keys()].sort((a, b) => sayingOf(terms, a) - sayingOf(terms, b));
  return ranked.map((each) => {
    const found = said.get(each.document);
    const matched = rarestFirst.flatMap((index) => {
      const who = found?.get(index);
      return who === undefined ? [] : { term: terms[index]?.term ?? '', said: who };
    });
    return { ...each, matched };
  });
}

function sayingOf(terms: readonly TermPostings[], index: number): number {
  return terms[index]?.saying ?? 0;
}

/** Inverse document frequency: near 0 for a word that most turns say. */
function rarityOf(saying: number, documents: number): number {
  return Math.log(1 + (Math.max(documents - saying, 0) + 0.5) / (saying + 0.5));
}
