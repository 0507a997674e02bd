/** An entry that the database has not taken yet. */
export interface DrainEntry<Value> {
  readonly seq: number;
  readonly stream: string;
  value: Value;
  readonly acceptedAt: number;
  /** Somebody was told that it is kept: it may no longer be refused. */
  acknowledged: boolean;
  /** An earlier process wrote it: it may have been applied, but has not been counted. */
  readonly recovered?: boolean;
  attempts: number;
}

/** One whose fate somebody waits for. */
export interface Waiting<Value, Result> extends DrainEntry<Value> {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Entries that wait for the database, within each stream in order. */
export class Streams<Value, Result> {
  readonly #streams = new Map<string, Waiting<Value, Result>[]>();
  readonly #busy = new Set<string>();

  /** Entries that wait. */
  get depth(): number {
    let depth = 0;
    for (const entries of this.#streams.values()) depth += entries.length;
    return depth;
  }

  /** When the oldest waiting entry was accepted (milliseconds since 1970), or null. */
  get oldestAt(): number | null {
    let oldest: number | null = null;
    for (const [first] of this.#streams.values())
      if (first && (oldest === null || first.acceptedAt < oldest)) oldest = first.acceptedAt;
    return oldest;
  }

  /** Waiting entries of one stream, in order. */
  of(stream: string): readonly Waiting<Value, Result>[] {
    return this.#streams.get(stream) ?? [];
  }

  /** All waiting entries. */
  *all(): Iterable<Waiting<Value, Result>> {
    for (const entries of this.#streams.values()) yield* entries;
  }

  /** Puts an entry behind the others of its stream. */
  add(entry: Waiting<Value, Result>): void {
    const entries = this.#streams.get(entry.stream);
    if (entries) entries.push(entry);
    else this.#streams.set(entry.stream, [entry]);
  }

  /** Entries from the heads of streams; they stay, and no other batch has any of these streams before `release`. */
  takeBatch(most: number): Waiting<Value, Result>[] {
    const batch: Waiting<Value, Result>[] = [];
    for (const [stream, entries] of this.#streams) {
      if (this.#busy.has(stream)) continue;
      const room = most - batch.length;
      if (room <= 0) break;
      batch.push(...entries.slice(0, room));
    }
    for (const { stream } of batch) this.#busy.add(stream);
    return batch;
  }

  /** A batch has ended; its streams may go on. */
  release(batch: readonly Waiting<Value, Result>[]): void {
    for (const { stream } of batch) this.#busy.delete(stream);
  }

  /** Takes an entry out. */
  drop(entry: Waiting<Value, Result>): void {
    const entries = this.#streams.get(entry.stream);
    // Nearly always the first one: entries are applied in order.
    const index = entries?.indexOf(entry) ?? -1;
    if (!entries || index < 0) return;
    entries.splice(index, 1);
    if (entries.length === 0) this.#streams.delete(entry.stream);
  }
}
