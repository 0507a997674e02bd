import type { MediaReader } from '../../media/facts.ts';

/** One reader of media for all that read at once: it opens with the first, and its processes end with the last. */
export class Readers {
  readonly #open: () => Promise<MediaReader>;
  #reader: Promise<MediaReader> | null = null;
  #users = 0;

  /** @param open loads what reads files, which costs memory */
  constructor(open: () => Promise<MediaReader>) {
    this.#open = open;
  }

  async use<T>(work: (reader: MediaReader) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      this.#reader ??= this.#open();
      return await work(await this.#reader);
    } finally {
      this.#users--;
      if (this.#users === 0) await this.#rest();
    }
  }

  async close(): Promise<void> {
    await (await this.#reader?.catch(() => null))?.close();
  }

  async #rest(): Promise<void> {
    const reader = await this.#reader?.catch(() => null);
    // What could not be opened is tried again by the next one.
    if (!reader) this.#reader = null;
    else if (this.#users === 0) await reader.rest();
  }
}
