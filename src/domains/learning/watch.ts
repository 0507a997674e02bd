import type { Database } from '../../db/client.ts';
import type { Asker } from '../../ground/promise.ts';
import { oldestWaiting } from './queue.ts';

/** The watch, which asks every second, takes what was read so many milliseconds ago. */
const READ_MS = 30_000;

/** Knows for how long the oldest turn has waited to be learned from, on whichever server it is learned from. */
export class LearningWatch {
  readonly #db: Pick<Database, 'pool'>;
  #known: { readonly seconds: number; readonly readAt: number } | null = null;

  constructor(db: Pick<Database, 'pool'>) {
    this.#db = db;
  }

  /** Seconds; 0 if none waits. @throws what the database throws */
  async oldestSeconds(asker: Asker): Promise<number> {
    const known = this.#known;
    if (asker === 'watch' && known && performance.now() - known.readAt < READ_MS) return known.seconds;
    const seconds = await oldestWaiting(this.#db);
    this.#known = { seconds, readAt: performance.now() };
    return seconds;
  }
}
