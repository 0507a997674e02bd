import { type ReadPostings, readPostings, SAID, spaceForPostings, UNIT } from './postings.ts';

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
}

/** Which of the query's terms a document has, and who says them. */
export interface MatchedTerm {
  readonly term: string;
  /** Bits of SAID. */
  readonly said: number;
}

const SATURATION = 0.9;

// One search at a time computes, so all can share the same space; every search leaves it zeroed. The cells of a
// document lie beside each other, because in a large memory it is the reaching for them that takes time.
const CELLS = 4;
const OWN = 1;
const NEAR = 2;
const SUM = 3;
let cells = new Float32Array(CELLS << 14);
let touched = new Int32Array(1 << 14);
const spaces: ReadPostings[] = [];

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
  makeSpace(documents.space);
  let count = 0;
  const weighed = terms.map((term) => ({
    ...term,
    rarity: term.weight * rarityOf(term.saying, documents.total),
  }));
  const all = weighed.reduce((sum, { rarity }) => sum + rarity, 0) || 1;
  for (const { rarity, data } of weighed) {
    const share = rarity / all;
    const runs = data.map((bytes, index) => {
      const run = spaceFor(index);
      readPostings(bytes, run);
      addUp(run, share);
      return run;
    });
    for (const run of runs) count = settle(run, rarity, share, count);
  }
  const best = bestOf(count, limit, allowed);
  const ranked = best.map((document) => ({
    document,
    score: cells[document * CELLS] as number,
    own: Math.min(1, cells[document * CELLS + OWN] as number),
    near: Math.min(1, cells[document * CELLS + NEAR] as number),
  }));
  for (let index = 0; index < count; index++) {
    const cell = (touched[index] as number) * CELLS;
    cells[cell] = 0;
    cells[cell + OWN] = 0;
    cells[cell + NEAR] = 0;
  }
  return ranked;
}

/** Adds a term's weights up by document, as a document may be in several runs. */
function addUp({ count, documents, weights, said }: ReadPostings, share: number): void {
  for (let index = 0; index < count; index++) {
    const cell = (documents[index] as number) * CELLS;
    cells[cell + SUM] = (cells[cell + SUM] as number) + (weights[index] as number);
    // Once for each term: what a turn says itself is in a single run.
    if ((said[index] as number) & SAID.byItself) cells[cell + OWN] = (cells[cell + OWN] as number) + share;
  }
}

/** Turns the sums of one term into scores, each once. @returns how many documents have a score now */
function settle(
  { count, documents }: ReadPostings,
  rarity: number,
  share: number,
  touchedBefore: number,
): number {
  let touchedNow = touchedBefore;
  const scale = rarity * (SATURATION + 1);
  for (let index = 0; index < count; index++) {
    const document = documents[index] as number;
    const cell = document * CELLS;
    const sum = cells[cell + SUM] as number;
    if (sum === 0) continue;
    const weight = sum / UNIT;
    if (cells[cell] === 0) touched[touchedNow++] = document;
    cells[cell] = (cells[cell] as number) + (scale * weight) / (weight + SATURATION);
    cells[cell + NEAR] = (cells[cell + NEAR] as number) + share;
    cells[cell + SUM] = 0;
  }
  return touchedNow;
}

/** Which terms the documents have, rarest first. */
export function explainDocuments(
  terms: readonly TermPostings[],
  documents: ReadonlySet<number>,
): Map<number, MatchedTerm[]> {
  const wanted = Int32Array.from(documents).sort();
  const found = new Map<number, Map<string, number>>([...wanted].map((document) => [document, new Map()]));
  const least = wanted[0] ?? 0;
  // One byte for each number between the least and the greatest: hundreds of thousands are looked up.
  const isWanted = new Uint8Array((wanted.at(-1) ?? 0) - least + 1);
  for (const document of wanted) isWanted[document - least] = 1;
  for (const { term, data } of [...terms].sort((a, b) => a.saying - b.saying))
    for (const bytes of data) {
      const run = spaceFor(0);
      readPostings(bytes, run);
      for (let index = 0; index < run.count; index++) {
        const document = run.documents[index] as number;
        if (isWanted[document - least] !== 1) continue;
        const matched = found.get(document);
        matched?.set(term, (matched.get(term) ?? 0) | (run.said[index] as number));
      }
    }
  return new Map(
    [...found].map(([document, matched]) => [document, [...matched].map(([term, said]) => ({ term, said }))]),
  );
}

/** Inverse document frequency: near 0 for a word that most turns say. */
function rarityOf(saying: number, documents: number): number {
  return Math.log(1 + (Math.max(documents - saying, 0) + 0.5) / (saying + 0.5));
}

/** The best of the first `count` touched documents, by a heap whose root is the worst one kept. */
function bestOf(count: number, limit: number, allowed: ReadonlySet<number> | null): number[] {
  const isBetter = (a: number, b: number) => {
    const difference = (cells[a * CELLS] as number) - (cells[b * CELLS] as number);
    return difference > 0 || (difference === 0 && a > b);
  };
  const heap: number[] = [];
  const sink = (from: number) => {
    const document = heap[from] as number;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBetter(heap[child] as number, heap[child + 1] as number)) child++;
      if (isBetter(heap[child] as number, document)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = document;
  };
  let least = 0;
  for (let index = 0; index < count; index++) {
    const document = touched[index] as number;
    // Nearly all fail here, once the heap is full.
    if ((cells[document * CELLS] as number) < least) continue;
    if (allowed && !allowed.has(document)) continue;
    if (heap.length < limit) {
      heap.push(document);
      if (heap.length === limit) for (let at = (limit >> 1) - 1; at >= 0; at--) sink(at);
    } else if (isBetter(document, heap[0] as number)) {
      heap[0] = document;
      sink(0);
    }
    if (heap.length === limit) least = cells[(heap[0] as number) * CELLS] as number;
  }
  return heap.sort((a, b) => (isBetter(a, b) ? -1 : 1));
}

function spaceFor(run: number): ReadPostings {
  while (spaces.length <= run) spaces.push(spaceForPostings());
  return spaces[run] as ReadPostings;
}

function makeSpace(documents: number): void {
  if (documents <= touched.length) return;
  const size = 2 ** Math.ceil(Math.log2(documents + 1));
  cells = new Float32Array(size * CELLS);
  touched = new Int32Array(size);
}
