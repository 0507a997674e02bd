/** What a document is worth to a query. */
export interface Scored {
  readonly document: number;
  /** BM25 over the window around the turn; above 0. */
  readonly score: number;
  /** What of the query's words the turn says itself, by their rarity, 0 to 1. */
  readonly own: number;
  /** The same for the turn and those around it. */
  readonly near: number;
}

/**
 * The best of all documents that are added, in a heap whose root is the worst one kept. What they are worth stands in flat arrays: many
 * are added for each that stays, and an object of each would be garbage at once.
 */
export class BestDocuments {
  readonly #limit: number;
  readonly #documents: Uint32Array;
  readonly #scores: Float32Array;
  readonly #owns: Float32Array;
  readonly #nears: Float32Array;
  /** Slots of those arrays, as a heap once so many are kept as may be. */
  readonly #heap: Uint32Array;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#documents = new Uint32Array(limit);
    this.#scores = new Float32Array(limit);
    this.#owns = new Float32Array(limit);
    this.#nears = new Float32Array(limit);
    this.#heap = new Uint32Array(limit);
  }

  /** Documents with a lower score are not kept. */
  get least(): number {
    return this.#size < this.#limit ? 0 : (this.#scores[this.#heap[0] ?? 0] ?? Number.POSITIVE_INFINITY);
  }

  get size(): number {
    return this.#size;
  }

  /** @param score a number of 32 bits, like the other two */
  add(document: number, score: number, own: number, near: number): void {
    if (this.#size < this.#limit) {
      const slot = this.#size++;
      this.#put(slot, document, score, own, near);
      this.#heap[slot] = slot;
      if (this.#size === this.#limit) for (let at = (this.#limit >> 1) - 1; at >= 0; at--) this.#sink(at);
      return;
    }
    const worst = this.#heap[0] ?? 0;
    if (this.#limit === 0 || !this.#isBetterThan(worst, document, score)) return;
    this.#put(worst, document, score, own, near);
    this.#sink(0);
  }

  /** Best first; of equals, the later one first. @param more what each of them gets, too, beside its place */
  sorted<T>(more: T): (Scored & T & { readonly place: number })[] {
    const slots = this.#heap.slice(0, this.#size).sort((a, b) => (this.#isBetter(a, b) ? -1 : 1));
    return Array.from(slots, (slot, place) => ({
      document: this.#documents[slot] as number,
      score: this.#scores[slot] as number,
      own: this.#owns[slot] as number,
      near: this.#nears[slot] as number,
      ...more,
      place,
    }));
  }

  #put(slot: number, document: number, score: number, own: number, near: number): void {
    this.#documents[slot] = document;
    this.#scores[slot] = score;
    this.#owns[slot] = own;
    this.#nears[slot] = near;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const sinking = heap[from] as number;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBetter(heap[child] as number, heap[child + 1] as number)) child++;
      if (this.#isBetter(heap[child] as number, sinking)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = sinking;
  }

  #isBetter(slot: number, other: number): boolean {
    const [score, than] = [this.#scores[slot] as number, this.#scores[other] as number];
    return score > than || (score === than && (this.#documents[slot] ?? 0) > (this.#documents[other] ?? 0));
  }

  /** Whether a document is better than the one of a slot. */
  #isBetterThan(slot: number, document: number, score: number): boolean {
    const than = this.#scores[slot] as number;
    return score > than || (score === than && document > (this.#documents[slot] ?? 0));
  }
}
