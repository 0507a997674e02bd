import { ModelFailure } from './language-model.ts';

export interface QueueOptions {
  /** The model's name, for messages. */
  readonly name: string;
  /** Requests at once. */
  readonly concurrency: number;
}

export interface Place {
  /** Whose request it is: callers take turns. */
  readonly caller: string;
  readonly signal: AbortSignal;
  /** Told how many requests are ahead, where it has to wait. */
  readonly onWait?: ((ahead: number) => void) | undefined;
}

interface Waiting {
  start(): void;
}

/** Requests that may wait for one model; more could not be answered while somebody still wants to know. */
const MAX_WAITING = 100;
/** Of these, what one caller may take. */
const MAX_WAITING_OF_ONE = 50;
/** Answers in a row after which one more request at once is tried again. */
const ANSWERS_TO_RAISE = 8;

/**
 * Requests that wait for one model, here and not at its server, where waiting looks like a stall. Callers take turns,
 * whatever each of them has in line. Where the server turns out to answer fewer at once, fewer are sent.
 */
export class ModelQueue {
  readonly #options: QueueOptions;
  /** One line for each caller, in the order of their turns. */
  readonly #lines = new Map<string, Waiting[]>();
  #limit: number;
  #running = 0;
  #answers = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#limit = options.concurrency;
  }

  /** Requests that wait. */
  get waiting(): number {
    return [...this.#lines.values()].reduce((sum, line) => sum + line.length, 0);
  }

  /**
   * Does the work when it is its turn.
   *
   * @throws ModelFailure QUEUE_FULL, or ABORTED while it waits; else what the work throws
   */
  async run<T>(place: Place, work: () => Promise<T>): Promise<T> {
    await this.#turn(place);
    try {
      const result = await work();
      if (++this.#answers >= ANSWERS_TO_RAISE) this.#raise();
      return result;
    } finally {
      this.#running--;
      this.#next();
    }
  }

  /** The server let requests wait while it answered others: from now on, half as many are sent. */
  lower(): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#answers = 0;
  }

  #raise(): void {
    this.#answers = 0;
    this.#limit = Math.min(this.#limit + 1, this.#options.concurrency);
  }

  #turn({ caller, signal, onWait }: Place): Promise<void> {
    if (this.#running < this.#limit && this.#lines.size === 0) {
      this.#running++;
      return Promise.resolve();
    }
    const line = this.#lines.get(caller) ?? [];
    const ahead = this.waiting;
    const { name } = this.#options;
    if (ahead >= MAX_WAITING || line.length >= MAX_WAITING_OF_ONE)
      throw new ModelFailure('QUEUE_FULL', `Too many wait for the model "${name}" already.`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      this.#remove(caller, waiting);
      reject(new ModelFailure('ABORTED', `The model "${name}" was stopped by the caller.`));
    };
    const waiting: Waiting = {
      start: () => {
        signal.removeEventListener('abort', leave);
        this.#running++;
        resolve();
      },
    };
    if (signal.aborted) leave();
    else {
      signal.addEventListener('abort', leave, { once: true });
      this.#lines.set(caller, [...line, waiting]);
      onWait?.(ahead);
    }
    return promise;
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const [first] = this.#lines;
      if (!first) return;
      const [caller, [waiting, ...rest]] = first;
      // To the end: the others come first.
      this.#lines.delete(caller);
      if (rest.length > 0) this.#lines.set(caller, rest);
      waiting?.start();
    }
  }

  #remove(caller: string, waiting: Waiting): void {
    const rest = (this.#lines.get(caller) ?? []).filter((other) => other !== waiting);
    if (rest.length > 0) this.#lines.set(caller, rest);
    else this.#lines.delete(caller);
  }
}
