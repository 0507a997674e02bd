import type { DocumentNode } from 'graphql';

/** Documents that are kept parsed, and characters of all of them together. */
const MAX_DOCUMENTS = 1_000;
const MAX_CHARACTERS = 2_000_000;

/** Operations as they were sent, with what they are as documents: the latest, so that none is parsed or validated again. */
export class Documents {
  /** How often a document was known to be valid, and how often it was not. */
  readonly use = { hits: 0, misses: 0 };
  /** The one that was asked for longest ago comes first. */
  readonly #known = new Map<string, DocumentNode>();
  readonly #valid = new WeakSet<DocumentNode>();
  #characters = 0;

  /** A document that was parsed. */
  get(text: string): DocumentNode | undefined {
    const document = this.#known.get(text);
    if (document) {
      this.#known.delete(text);
      this.#known.set(text, document);
    }
    return document;
  }

  /** Keeps a document, in place of those that were asked for longest ago. */
  set(text: string, document: DocumentNode): void {
    if (text.length > MAX_CHARACTERS) return;
    if (!this.#known.delete(text)) this.#characters += text.length;
    this.#known.set(text, document);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= MAX_DOCUMENTS && this.#characters <= MAX_CHARACTERS) return;
      this.#known.delete(oldest);
      this.#characters -= oldest.length;
    }
  }

  /** A document in which nothing was wrong, for whomever; null if nobody has looked. */
  valid(text: string): DocumentNode | null {
    const document = this.get(text);
    const found = document !== undefined && this.#valid.has(document);
    this.use[found ? 'hits' : 'misses']++;
    return found ? document : null;
  }

  /** Notes that nothing is wrong in a document. */
  noteValid(document: DocumentNode): void {
    this.#valid.add(document);
  }
}
