import { Worker } from 'node:worker_threads';
import type { JournalEntry, JournalReply, JournalWrite, Recovered } from './protocol.ts';

export type { JournalEntry, StoredEntry } from './protocol.ts';

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
  readonly count?: Readonly<Record<string, number>>;
}

interface Waiting {
  resolve(seqs: readonly number[]): void;
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
  #failure: JournalFull | JournalBroken | null = null;
  #closing = false;

  private constructor(worker: Worker, recovered: Recovered, maxBytes: number) {
    this.#worker = worker;
    this.recovered = recovered;
    this.maxBytes = maxBytes;
    this.#size = recovered.size;
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
  async write({ add = [], remove = [], bury = [], count = {} }: JournalChange): Promise<readonly number[]> {
    if (this.#failure instanceof JournalBroken) throw this.#failure;
    if (this.#closing) throw new JournalBroken('the journal is closed');
    return this.#send((id): JournalWrite => ({ op: 'write', id, add, remove, bury, count }));
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

  #send(request: (id: number) => unknown): Promise<readonly number[]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(request(id));
    });
  }

  #settle(reply: JournalReply): void {
    if (!('id' in reply)) return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('purgeFailed' in reply) {
      waiting?.reject(new Error(`the journal could not be purged: ${reply.purgeFailed}`));
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
      waiting?.resolve(reply.seqs);
    }
  }

  #abandon(error: JournalBroken): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
