import type { Logger } from '../log.ts';

/** Reads something again and again, so that what other servers write is noticed. What fails is tried again. */
export class Refresh {
  readonly #read: () => Promise<void>;
  readonly #everyMs: number;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(read: () => Promise<void>, everyMs: number, log: Logger) {
    this.#read = read;
    this.#everyMs = everyMs;
    this.#log = log;
  }

  /** Reads now, and from then on at intervals until `stop`. */
  async start(): Promise<void> {
    await this.#read().catch((error: unknown) =>
      this.#log.warn({ err: error }, 'a list could not be read again; the last one holds'),
    );
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), this.#everyMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }
}
