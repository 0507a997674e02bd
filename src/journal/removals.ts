import type { Logger } from '../log.ts';
import type { Journal } from './journal.ts';

/** Removals wait this long for others, to share a commit. Applying again is harmless. */
const DELAY_MS = 25;
const RETRY_MS = 2_000;

/** Entries that were applied and still lie in the journal, and what is counted together with their removal. */
export class Removals {
  readonly #journal: Journal;
  readonly #log: Logger;
  #seqs: number[] = [];
  #counts: Record<string, number> = {};
  #writing: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(journal: Journal, log: Logger) {
    this.#journal = journal;
    this.#log = log;
  }

  /** The entry goes soon. */
  add(seq: number): void {
    this.#seqs.push(seq);
    this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS);
  }

  /** To be counted with the next removal, so that a kill counts nothing twice. */
  count(counts: Readonly<Record<string, number>>): void {
    for (const [name, by] of Object.entries(counts)) this.#counts[name] = (this.#counts[name] ?? 0) + by;
  }

  /** Makes it durable that applied entries are done, so that no restart applies them again. */
  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const remove = this.#seqs.splice(0);
    const count = this.#counts;
    this.#counts = {};
    if (remove.length > 0) {
      this.#writing = this.#journal.write({ remove, count }).catch((error: unknown) => {
        this.#log.error(
          { err: error, entries: remove.length },
          'applied entries stay in the journal for now; after a restart they are applied again, to no effect',
        );
        this.#seqs.push(...remove);
        this.count(count);
        if (!this.#ended) this.#timer ??= setTimeout(() => void this.flush(), RETRY_MS);
      });
    }
    await this.#writing;
  }

  /** Tries a last time. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.flush();
  }
}
