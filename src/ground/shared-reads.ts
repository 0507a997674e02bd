interface Reading {
  /** When the second began in which it is counted how often it is read. */
  readonly since: number;
  readonly times: number;
  readonly answer: Promise<unknown>;
}

const SECOND_MS = 1_000;
/** So often in a second the same is read for those who ask; whoever asks more often gets what was read last. */
export const READS_A_SECOND = 8;
/** So many different things are held. */
const MAX_HELD = 1_000;

/**
 * Reads for many who ask the same again and again, such as dashboards that are open. Few who ask get an answer of that
 * moment; where many do, one that is at most a second old.
 */
export class SharedReads {
  /** How often what was held was enough. */
  readonly use = { hits: 0, misses: 0 };
  /** What was asked for last stands last. */
  readonly #held = new Map<string, Reading>();

  /** @param key says what is read, and for whom it is the same @param read makes an answer that nobody changes */
  of<T>(key: readonly unknown[], read: () => Promise<T>): Promise<T> {
    const name = JSON.stringify(key);
    const now = performance.now();
    const held = this.#held.get(name);
    const isOver = !held || now - held.since >= SECOND_MS;
    if (!isOver && held.times >= READS_A_SECOND) {
      this.use.hits++;
      return held.answer as Promise<T>;
    }
    this.use.misses++;
    const answer = read();
    this.#held.delete(name);
    this.#held.set(
      name,
      isOver ? { since: now, times: 1, answer } : { ...held, times: held.times + 1, answer },
    );
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_HELD && oldest !== undefined) this.#held.delete(oldest);
    return answer;
  }
}
