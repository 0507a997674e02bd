import { createKeeper, type Keeper } from '../jobs/keeper.ts';
import type { Logger } from '../log.ts';

/** Reads something again and again, so that what other servers write is noticed. What fails is tried again. */
export class Refresh {
  readonly #read: () => Promise<void>;
  readonly #log: Logger;
  readonly #keeper: Keeper;

  constructor(read: () => Promise<void>, everyMs: number, log: Logger) {
    this.#read = read;
    this.#log = log;
    this.#keeper = createKeeper({ name: 'a list that is read again', everyMs, round: read, log });
  }

  /** Reads now, and from then on at intervals until `stop`. */
  async start(): Promise<void> {
    await this.#read().catch((error: unknown) =>
      this.#log.warn({ err: error }, 'a list could not be read again; the last one holds'),
    );
    this.#keeper.start();
  }

  stop(): Promise<void> {
    return this.#keeper.stop();
  }
}
