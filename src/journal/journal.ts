import { Worker } from 'node:worker_threads';
import type {
  DeadEntry,
  JournalEntry,
  JournalReply,
  JournalWrite,
  Recovered,
  StoredEntry,
} from './protocol.ts';

export type { DeadEntry, JournalEntry, StoredEntry } from './protocol.ts';

/** Nothing was written: there is no space for it. */
export class JournalFull extends Error {
  override readonly name = 'JournalFull';
}

/** The journal's file can no longer be trusted; the process should be restarted. */
export class JournalBroken extends Error {
  override readonly name = 'JournalBroken';
}

/** Another process works on the same file. */
export class JournalLocked extends Error {
  override readonly name = 'JournalLocked';
}

export interface JournalChange {
  readonly add?: readonly JournalEntry[];
  readonly remove?: readonly number[];
  readonly bury?: readonly { seq: number; reason: string }[];
  /** Dead entries that wait again: their seqs follow those of added entries; 0: that one is not dead. */
  readonly revive?: readonly number[];
  /** Dead entries that somebody looked at and gave up. */
  readonly discard?: readonly number[];
  /** Dead entries that go. */
  readonly forget?: readonly number[];
  readonly count?: Readonly<Record<string, number>>;
}

interface Waiting {
  /** With seqs or, where they were asked for, dead entries. */
  resolve(found: readonly unknown[]): void;
  reject(error: Error): void;
}

/** The durable intake: entries that are on disk before anybody is told so, until the database has taken them. */
export class Journal {
  /** What the file held when it was opened. */
  readonly recovered: Recovered;
  readonly maxBytes: number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #size: number;
  #setApart: number;
  #failure: JournalFull | JournalBroken | null = null;
  #closing = false;

  private constructor(worker: Worker, recovered: Recovered, maxBytes: number) {
    this.#worker = worker;
    this.recovered = recovered;
    this.maxBytes = maxBytes;
    this.#size = recovered.size;
    this.#setApart = recovered.setApart;
    worker.on('message', (reply: JournalReply) => this.#settle(reply));
    worker.on('error', (error: Error) =>
      this.#abandon(new JournalBroken(`the journal's thread failed: ${error.message}`)),
    );
    worker.on('exit', () => this.#abandon(new JournalBroken('the journal is closed')));
  }

  /**
   * Opens the file, alone.
   *
   * @throws JournalLocked, or JournalBroken if it cannot be opened at all
   */
  static async open(path: string, maxBytes: number): Promise<Journal> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { path, maxBytes } });
    const first = await new Promise<JournalReply>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if ('opened' in first) return new Journal(worker, first.opened, maxBytes);
    const { message, busy } =
      'openFailed' in first ? first.openFailed : { message: 'no answer', busy: false };
    throw busy ? new JournalLocked(message) : new JournalBroken(message);
  }

  /** Bytes in use. */
  get size(): number {
    return this.#size;
  }

  /** Dead entries that nobody has discarded. */
  get setApart(): number {
    return this.#setApart;
  }

  /** Why the last write failed; null once a write succeeded again. */
  get failure(): JournalFull | JournalBroken | null {
    return this.#failure;
  }

  /**
   * Writes a change, all of it or nothing; it is on disk when this resolves.
   *
   * @returns the seqs of the added entries
   * @throws JournalFull, JournalBroken
   */
  async write(change: JournalChange): Promise<readonly number[]> {
    if (this.#failure instanceof JournalBroken) throw this.#failure;
    if (this.#closing) throw new JournalBroken('the journal is closed');
    const whole = { ...{ add: [], remove: [], bury: [], revive: [], discard: [], forget: [] }, count: {} };
    return this.#send((id): JournalWrite => ({ ...whole, ...change, op: 'write', id }));
  }

  /**
   * Removes buried entries in which an object has all of these fields, and leaves no byte of whatever was removed.
   *
   * @returns how many entries were buried for them
   * @throws JournalBroken
   */
  async purge(fields: Readonly<Record<string, string>>): Promise<number> {
    if (this.#closing) throw new JournalBroken('the journal is closed');
    const [removed = 0] = await this.#send((id) => ({ op: 'purge', id, fields }));
    return removed;
  }

  /** Entries behind a seq that wait to be applied, in their order. @throws JournalBroken */
  async waiting(after: number, limit: number): Promise<readonly StoredEntry[]> {
    if (this.#closing) throw new JournalBroken('the journal is closed');
    return this.#send((id) => ({ op: 'waiting', id, after, limit }));
  }

  /** Dead entries behind a seq, in their order. @throws JournalBroken */
  async dead(after: number, limit: number): Promise<readonly DeadEntry[]> {
    if (this.#closing) throw new JournalBroken('the journal is closed');
    return this.#send((id) => ({ op: 'dead', id, after, limit }));
  }

  /**
   * Deletes dead entries that were discarded before an instant (milliseconds since 1970), at most `limit`, or counts all of them.
   *
   * @returns how many
   * @throws JournalBroken
   */
  async prune(before: number, { limit, dryRun }: { limit: number; dryRun: boolean }): Promise<number> {
    if (this.#closing) throw new JournalBroken('the journal is closed');
    const [pruned = 0] = await this.#send((id) => ({ op: 'prune', id, before, limit, dryRun }));
    return pruned;
  }

  async close(): Promise<void> {
    // What is written after this would find the file closed.
    this.#closing = true;
    if (this.#failure instanceof JournalBroken) {
      await this.#worker.terminate();
      return;
    }
    await this.#send((id) => ({ op: 'close', id }));
    await this.#worker.terminate();
  }

  #send<Found = number>(request: (id: number) => unknown): Promise<readonly Found[]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (found) => resolve(found as readonly Found[]), reject });
      this.#worker.postMessage(request(id));
    });
  }

  #settle(reply: JournalReply): void {
    if (!('id' in reply)) return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('undone' in reply) {
      waiting?.reject(new Error(`the journal ${reply.undone}`));
      return;
    }
    if ('found' in reply) {
      waiting?.resolve(reply.found);
      return;
    }
    if (reply.size > 0) this.#size = reply.size;
    if ('failure' in reply) {
      this.#failure =
        reply.failure.reason === 'FULL'
          ? new JournalFull(reply.failure.message)
          : new JournalBroken(reply.failure.message);
      waiting?.reject(this.#failure);
    } else {
      this.#failure = null;
      this.#setApart = reply.setApart ?? this.#setApart;
      waiting?.resolve(reply.seqs);
    }
  }

  #abandon(error: JournalBroken): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
