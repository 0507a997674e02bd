/** Limits of an exchange, in milliseconds. */
export interface ChatDeadlines {
  /** For the first piece. */
  readonly firstTokenMs: number;
  readonly options: {
    /** For the whole answer, from its first piece on. */
    readonly timeoutMs: number;
    /** Between two pieces. */
    readonly stallMs: number;
  };
}

/** How an exchange ended: by itself, by our clock or caller, or by an error. */
export type Ended = { by: 'end' | 'done' | 'full' } | { by: Stop } | { by: 'error'; error: unknown };
export type Stop = 'cancelled' | 'timeout' | 'silent' | 'stalled';

/** How long a server that said why the answer ends may take to say the rest (counts, the end mark). */
const AFTERWORD_MS = 2_000;

/** Ends an exchange that takes too long: before its first piece, between two, or altogether. */
export class Clock {
  readonly #given: ChatDeadlines;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | null = null;
  #stopped: Stop | null = null;

  constructor(given: ChatDeadlines) {
    this.#given = given;
    this.#timer = setTimeout(() => this.stop('silent'), given.firstTokenMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A piece came. */
  tick(): void {
    const { timeoutMs, stallMs } = this.#given.options;
    this.#deadline ??= setTimeout(() => this.stop('timeout'), timeoutMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop('stalled'), stallMs);
  }

  /** The server said that the answer ends. */
  awaitAfterword(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop('stalled'), Math.min(this.#given.options.stallMs, AFTERWORD_MS));
  }

  stop(reason: Stop): void {
    this.#stopped ??= reason;
    this.#controller.abort();
  }

  /** Runs an exchange until it ends or is stopped; what the reader throws is thrown. */
  async watch(exchange: () => Promise<Ended>): Promise<Ended> {
    try {
      return await exchange();
    } catch (error) {
      if (error instanceof ReaderFailed) throw error.cause;
      return this.#stopped ? { by: this.#stopped } : { by: 'error', error };
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#deadline) clearTimeout(this.#deadline);
    this.#controller.abort();
  }
}

/** The reader threw: no failure of the model. */
export class ReaderFailed extends Error {}
