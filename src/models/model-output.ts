/**
 * What a model or its server says is input like any other: everything of it that is shown or stored goes through here,
 * and comes out as something that the database, the journal and clients can hold.
 */

/** Columns and the schema's Int hold no more. */
const MAX_COUNT = 2_147_483_647;

/**
 * The text of one answer, piece by piece: U+0000 and lone surrogates, which PostgreSQL cannot store, become U+FFFD;
 * the two halves of a character may come in two pieces. What is beyond the limit is left out.
 */
export class AnswerText {
  readonly #maxCharacters: number;
  #text = '';
  #characters = 0;
  /** A high surrogate whose other half may come with the next piece. */
  #half = '';

  /** @param maxCharacters in Unicode code points */
  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** All of it so far. */
  get text(): string {
    return this.#text;
  }

  /** Whether the limit is reached: nothing more will be taken. */
  get isFull(): boolean {
    return this.#characters >= this.#maxCharacters;
  }

  /** @returns what the piece adds to the text; may be empty */
  push(piece: string): string {
    const joined = this.#half + piece;
    const cut = /[\ud800-\udbff]$/.test(joined) ? joined.length - 1 : joined.length;
    this.#half = joined.slice(cut);
    return this.#add(joined.slice(0, cut));
  }

  /** Nothing follows. @returns what is still to be added */
  end(): string {
    const rest = this.#half;
    this.#half = '';
    return this.#add(rest);
  }

  #add(raw: string): string {
    const storable = storableText(raw);
    let end = 0;
    for (const character of storable) {
      if (this.isFull) break;
      this.#characters++;
      end += character.length;
    }
    const added = storable.slice(0, end);
    this.#text += added;
    return added;
  }
}

/** The text with U+FFFD in the place of what PostgreSQL cannot store. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** A number of tokens, as a provider counted them; null for everything that is no such number. */
export function tokenCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT
    ? value
    : null;
}
