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

/** Calls `visit` with each document, its weight in 1/UNIT, and who says the term. */
export function readPostings(
  data: Uint8Array,
  visit: (document: number, weight: number, flags: number) => void,
): void {
  let at = 0;
  const take = () => {
    let byte = data[at++] as number;
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = data[at++] as number;
      value |= (byte & 0x7f) << shift;
    }
    return value;
  };
  while (at < data.length) {
    let document = 0;
    for (let count = take(); count > 0; count--) {
      document += take();
      const entry = take();
      visit(document, entry >>> FLAG_BITS, entry & FLAGS);
    }
  }
}
