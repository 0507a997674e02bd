import type { Database } from '../../db/client.ts';
import { mapRow, type RawRow } from '../../db/statements.ts';
import { beginningOf, storableText } from '../../texts.ts';
import { type Claim, tellTask } from './claims.ts';
import { autonomousTasks } from './tables.ts';

/** How far a task is. */
export interface Progress {
  readonly done: number;
  readonly total: number | null;
  readonly note: string | null;
}

const EVERY_MS = 1_000;
const MAX_NOTE = 200;
const LARGEST = 2_147_483_647;

/** Writes how far a task is, at most once a second; what comes between is replaced by what follows. */
export class ProgressWriter {
  readonly #write: (progress: Progress) => Promise<void>;
  #latest: Progress | null = null;
  /** Goes on while there are reports, with a pause behind each. */
  #writing: Promise<void> | null = null;
  #underWay: Promise<void> = Promise.resolve();

  /** @param write never rejects */
  constructor(write: (progress: Progress) => Promise<void>) {
    this.#write = write;
  }

  report(done: number, total: number | null, note: string | null): void {
    this.#latest = {
      done: counted(done),
      total: total === null ? null : counted(total),
      note: shortened(note),
    };
    this.#writing ??= this.#writeAll();
  }

  /** Writes what is left, without a pause, behind what is being written. */
  async end(): Promise<void> {
    await this.#underWay;
    const left = this.#latest;
    this.#latest = null;
    if (left) await this.#write(left);
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#latest; next; next = this.#latest) {
      this.#latest = null;
      this.#underWay = this.#write(next);
      await this.#underWay;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS).unref());
    }
    this.#writing = null;
  }
}

function counted(value: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(0, Math.trunc(value)), LARGEST) : 0;
}

function shortened(note: string | null): string | null {
  return note === null ? null : beginningOf(storableText(note), MAX_NOTE);
}

/** @returns false: the task is no longer this attempt's, and nothing was written */
export async function writeProgress(db: Database, claim: Claim, progress: Progress): Promise<boolean> {
  return db.transaction(
    async (client) => {
      const { rows } = await client.query<RawRow>({
        name: 'write_task_progress',
        text: `update autonomous_tasks set progress_done = $4, progress_total = $5, progress_note = $6
               where id = $1 and attempt = $2 and worker = $3 and status = 'RUNNING' and tenant_id = $7 returning *`,
        values: [
          claim.id,
          claim.attempt,
          claim.worker,
          progress.done,
          progress.total,
          progress.note,
          claim.tenantId,
        ],
      });
      if (!rows[0]) return false;
      await tellTask(client, mapRow(autonomousTasks, rows[0]));
      return true;
    },
    { ownName: true },
  );
}
