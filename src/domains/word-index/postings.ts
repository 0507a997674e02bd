/**
 * How often terms occur in and around documents, as bytes. Weights are whole numbers, so that they add up to the
 * same sums whatever order they come in and however documents are grouped.
 *
 * One run: count, first document, its entry, then for each further document the distance and its entry; all of
 * them LEB128 variable-length integers, documents ascending. Runs may follow each other: postings are merged by
 * joining bytes, and a document that occurs in several runs has the sum of its weights.
 */

/** Who says the term: the turn itself, one before it, one after it. */
export const SAID = { byItself: 1, before: 2, after: 4 } as const;
const FLAG_BITS = 3;
const FLAGS = (1 << FLAG_BITS) - 1;
/** The weight of a term that occurs once in a text that needs no normalisation. */
export const UNIT = 512;

/** Collects postings by term. */
export class PostingsBuilder {
  readonly #terms = new Map<string, Map<number, number>>();

  /** Adds `weight` (in units) of a term to a document. */
  add(term: string, document: number, weight: number, flag: number): void {
    let documents = this.#terms.get(term);
    if (!documents) {
      documents = new Map();
      this.#terms.set(term, documents);
    }
    const entry = documents.get(document) ?? 0;
    const sum = (entry >>> FLAG_BITS) + Math.max(1, Math.round(weight * UNIT));
    documents.set(document, (sum << FLAG_BITS) | (entry & FLAGS) | flag);
  }

  /** Each term's postings, with the number of documents that say it themselves. */
  *runs(): Generator<{ term: string; saying: number; data: Buffer }> {
    for (const [term, documents] of this.#terms) {
      const entries = [...documents].sort(([a], [b]) => a - b);
      const saying = entries.filter(([, entry]) => entry & SAID.byItself).length;
      yield { term, saying, data: encode(entries) };
    }
  }
}

function encode(entries: readonly (readonly [document: number, entry: number])[]): Buffer {
  const bytes: number[] = [];
  const put = (value: number) => {
    let rest = value;
    while (rest > 0x7f) {
      bytes.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    bytes.push(rest);
  };
  put(entries.length);
  let last = 0;
  for (const [document, entry] of entries) {
    put(document - last);
    put(entry);
    last = document;
  }
  return Buffer.from(bytes);
}

/** Space that `withoutDocuments` uses again and again. */
const filtering: ReadPostings = spaceForPostings();

/**
 * Postings without some documents.
 *
 * @returns null if none of them is among them; else the bytes, and how many of them said the term themselves
 */
export function withoutDocuments(
  data: Uint8Array,
  gone: ReadonlySet<number>,
): { data: Buffer; said: number } | null {
  const all = filtering;
  all.count = 0;
  readPostings(data, all);
  const kept: [document: number, entry: number][] = [];
  let said = 0;
  for (let index = 0; index < all.count; index++) {
    const document = all.documents[index] as number;
    const flags = all.said[index] as number;
    if (!gone.has(document)) kept.push([document, ((all.weights[index] as number) << FLAG_BITS) | flags]);
    else if (flags & SAID.byItself) said++;
  }
  if (kept.length === all.count) return null;
  // Of several runs, neighbours may stand in two: a document may follow itself.
  kept.sort(([a], [b]) => a - b);
  return { data: kept.length > 0 ? encode(kept) : Buffer.alloc(0), said };
}

/** Postings that were read: the first `count` of each array belong together. */
export interface ReadPostings {
  count: number;
  documents: Int32Array;
  /** Weights in 1/UNIT. */
  weights: Int32Array;
  /** Bits of SAID. */
  said: Uint8Array;
}

/** Space for postings, to be used again and again. */
export function spaceForPostings(): ReadPostings {
  return { count: 0, documents: new Int32Array(0), weights: new Int32Array(0), said: new Uint8Array(0) };
}

/** Adds postings to those in `into`. Written out at length: it runs for 100,000 entries in a search. */
export function readPostings(data: Uint8Array, into: ReadPostings): void {
  // An entry has at least two bytes.
  makeRoom(into, into.count + (data.length >> 1));
  const { documents, weights, said } = into;
  const end = data.length;
  let at = 0;
  let found = into.count;
  while (at < end) {
    let byte = data[at++] as number;
    let left = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = data[at++] as number;
      left |= (byte & 0x7f) << shift;
    }
    let document = 0;
    for (; left > 0; left--) {
      byte = data[at++] as number;
      let distance = byte & 0x7f;
      for (let shift = 7; byte > 0x7f; shift += 7) {
        byte = data[at++] as number;
        distance |= (byte & 0x7f) << shift;
      }
      byte = data[at++] as number;
      let entry = byte & 0x7f;
      for (let shift = 7; byte > 0x7f; shift += 7) {
        byte = data[at++] as number;
        entry |= (byte & 0x7f) << shift;
      }
      document += distance;
      documents[found] = document;
      weights[found] = entry >>> FLAG_BITS;
      said[found++] = entry & FLAGS;
    }
  }
  into.count = found;
}

function makeRoom(into: ReadPostings, entries: number): void {
  if (entries <= into.documents.length) return;
  const { documents, weights, said } = into;
  const size = 2 ** Math.ceil(Math.log2(entries));
  into.documents = new Int32Array(size);
  into.weights = new Int32Array(size);
  into.said = new Uint8Array(size);
  into.documents.set(documents);
  into.weights.set(weights);
  into.said.set(said);
}
