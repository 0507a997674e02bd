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

/** What is written in the index of one term. */
export interface PostingsRun {
  readonly term: string;
  /** Documents that say the term themselves. */
  readonly saying: number;
  readonly data: Buffer;
}

/**
 * Collects postings by term: as rows of numbers that are sorted when they are asked for. A map of documents for each term was a
 * quarter of all that a server allocated while turns came in.
 */
export class PostingsBuilder {
  readonly #terms = new Map<string, number>();
  #count = 0;
  #numbers = new Int32Array(FIRST_ROOM);
  #documents = new Int32Array(FIRST_ROOM);
  #entries = new Int32Array(FIRST_ROOM);

  /** Adds `weight` (in units) of a term to a document. */
  add(term: string, document: number, weight: number, flag: number): void {
    let number = this.#terms.get(term);
    if (number === undefined) {
      number = this.#terms.size;
      this.#terms.set(term, number);
    }
    const at = this.#count++;
    if (at === this.#numbers.length) this.#grow();
    this.#numbers[at] = number;
    this.#documents[at] = document;
    this.#entries[at] = (Math.max(1, Math.round(weight * UNIT)) << FLAG_BITS) | flag;
  }

  /** Each term's postings, in the order in which the terms came. What was given out stays as it is. */
  *runs(): Generator<PostingsRun> {
    const { ends, documents, entries } = this.#byTerm();
    const written = createWriter();
    let from = 0;
    for (const [term, number] of this.#terms) {
      const end = ends[number] as number;
      const count = joinDocuments(documents, entries, from, end);
      let saying = 0;
      for (let at = from; at < from + count; at++) if ((entries[at] as number) & SAID.byItself) saying++;
      yield { term, saying, data: encode(written, documents, entries, from, count) };
      from = end;
    }
  }

  /** What was added, term by term, and where each term ends. */
  #byTerm() {
    const ends = new Int32Array(this.#terms.size);
    for (let at = 0; at < this.#count; at++) (ends[this.#numbers[at] as number] as number)++;
    let sum = 0;
    for (let number = 0; number < ends.length; number++) {
      const count = ends[number] as number;
      ends[number] = sum;
      sum += count;
    }
    const documents = new Int32Array(this.#count);
    const entries = new Int32Array(this.#count);
    for (let at = 0; at < this.#count; at++) {
      const number = this.#numbers[at] as number;
      // Where the term begins, moved on to where it ends.
      const place = (ends[number] as number)++;
      documents[place] = this.#documents[at] as number;
      entries[place] = this.#entries[at] as number;
    }
    return { ends, documents, entries };
  }

  #grow(): void {
    this.#numbers = widened(this.#numbers);
    this.#documents = widened(this.#documents);
    this.#entries = widened(this.#entries);
  }
}

/** Entries that a builder has room for at first. */
const FIRST_ROOM = 256;

function widened(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(array.length * 2);
  wider.set(array);
  return wider;
}

/**
 * Sorts the entries of a term by document and adds up those of one document, in place. They come nearly sorted: a turn adds to
 * itself and to the few before it.
 *
 * @returns how many are left, from `from` on
 */
function joinDocuments(documents: Int32Array, entries: Int32Array, from: number, end: number): number {
  let last = from;
  for (let at = from + 1; at < end; at++) {
    const document = documents[at] as number;
    const entry = entries[at] as number;
    let place = last;
    while (place >= from && (documents[place] as number) > document) place--;
    if (place >= from && documents[place] === document) {
      const known = entries[place] as number;
      entries[place] = (known & ~FLAGS) + (entry & ~FLAGS) + ((known | entry) & FLAGS);
      continue;
    }
    documents.copyWithin(place + 2, place + 1, last + 1);
    entries.copyWithin(place + 2, place + 1, last + 1);
    documents[place + 1] = document;
    entries[place + 1] = entry;
    last++;
  }
  return end > from ? last - from + 1 : 0;
}

/** Bytes that numbers are written into, again and again. */
interface Writer {
  bytes: Buffer;
  length: number;
}

function createWriter(): Writer {
  return { bytes: Buffer.allocUnsafe(1_024), length: 0 };
}

function put(into: Writer, value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    into.bytes[into.length++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into.bytes[into.length++] = rest;
}

/** Of a number of 32 bits. */
const MOST_BYTES = 5;

/** A run of entries, sorted by document; its bytes are its own. */
function encode(
  into: Writer,
  documents: ArrayLike<number>,
  entries: ArrayLike<number>,
  from: number,
  count: number,
): Buffer {
  const most = (2 * count + 1) * MOST_BYTES;
  if (into.bytes.length < most) into.bytes = Buffer.allocUnsafe(2 * most);
  into.length = 0;
  put(into, count);
  let last = 0;
  for (let at = from; at < from + count; at++) {
    const document = documents[at] as number;
    put(into, document - last);
    put(into, entries[at] as number);
    last = document;
  }
  return Buffer.from(into.bytes.subarray(0, into.length));
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
  if (kept.length === 0) return { data: Buffer.alloc(0), said };
  const documents = kept.map(([document]) => document);
  const entries = kept.map(([, entry]) => entry);
  return { data: encode(createWriter(), documents, entries, 0, kept.length), said };
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
