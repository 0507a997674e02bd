import type { Owner } from '../../access/principals.ts';
import { isPassing, judgeDatabaseError, wordsOf } from '../../db/meaning.ts';
import type { RunningTask } from '../../jobs/job.ts';
import { type SeenFile, storeFile } from './files.ts';
import { lockMedia } from './owners.ts';

/** Files that are written down in one transaction. */
const AT_ONCE = 100;

/** A file that was to be written down. */
export interface Noted {
  readonly file: SeenFile;
  /** Why its row could not be stored; null: it is. */
  readonly problem: string | null;
}

/**
 * Files that are no media and whose rows nothing else follows: they are many and small, so they are written down together.
 * A run that is cut off before reads them again.
 */
export class IgnoredFiles {
  readonly #task: RunningTask;
  readonly #owner: Owner;
  #held: SeenFile[] = [];

  constructor(task: RunningTask, owner: Owner) {
    [this.#task, this.#owner] = [task, owner];
  }

  /** @returns what became of those that were written down with it, which may be none. @throws as `flush` does */
  async add(file: SeenFile): Promise<readonly Noted[]> {
    this.#held.push(file);
    return this.#held.length < AT_ONCE ? [] : this.flush();
  }

  /** Writes down what is held. @throws the reason of the task's signal, and what the database's absence throws */
  async flush(): Promise<readonly Noted[]> {
    const files = this.#held;
    this.#held = [];
    return files.length === 0 ? [] : this.#note(files);
  }

  async #note(files: readonly SeenFile[]): Promise<Noted[]> {
    try {
      await this.#task.write(async (client) => {
        await lockMedia(client, this.#owner);
        for (const file of files) await storeFile(client, this.#owner, file, this.#task);
      });
      return files.map((file) => ({ file, problem: null }));
    } catch (error) {
      if (this.#task.signal.aborted || isPassing(judgeDatabaseError(error))) throw error;
      if (files[0] && files.length === 1) return [{ file: files[0], problem: wordsOf(error) }];
    }
    const alone: Noted[] = [];
    for (const file of files) alone.push(...(await this.#note([file])));
    return alone;
  }
}
