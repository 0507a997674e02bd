import { ServiceUnavailable } from '../../errors.ts';
import type { ErasureMark, ErasureMarks } from '../privacy/marks.ts';
import type { BackupCatalog } from './catalog.ts';
import { BackupPlaceUnusable } from './errors.ts';
import type { Label } from './format.ts';

/** What is known of the backups without asking where they are, which may be far away. */
export interface Known {
  readonly at: Date;
  /** Newest first. */
  readonly labels: readonly Label[];
  /** Why they cannot be looked at now; null: they can. */
  readonly problem: string | null;
  /** Since when there should be one, while there is none; null: none was to be made yet. */
  readonly dueSince: Date | null;
}

/** Where backups are, and what was seen there last. */
export class BackupDesk implements ErasureMarks {
  readonly catalog: BackupCatalog;
  readonly #changed: () => void;
  readonly #dueSince: () => Promise<Date | null>;
  #known: Known | null = null;

  /** What time it is. */
  readonly now: () => Date;

  /**
   * @param given.changed told that there is something new to see
   * @param given.dueSince asks since when there should be a backup, where there is none
   */
  constructor(
    catalog: BackupCatalog,
    given: {
      readonly now: () => Date;
      readonly changed: () => void;
      readonly dueSince: () => Promise<Date | null>;
    },
  ) {
    this.catalog = catalog;
    this.now = given.now;
    this.#changed = given.changed;
    this.#dueSince = given.dueSince;
  }

  /** What the last look saw; null: there was none yet. */
  get known(): Known | null {
    return this.#known;
  }

  /** Looks which backups there are. */
  async look(): Promise<void> {
    try {
      const labels = await this.catalog.all();
      const dueSince = labels.length > 0 ? null : await this.#dueSince();
      this.#known = { at: this.now(), labels, problem: null, dueSince };
    } catch (error) {
      const { labels = [], dueSince = null } = this.#known ?? {};
      this.#known = { at: this.now(), labels, problem: (error as Error).message, dueSince };
      throw error;
    }
  }

  changed(): void {
    this.#changed();
  }

  /** Keeps a mark of an erasure beside the backups. @throws ServiceUnavailable */
  async noteErasure(mark: ErasureMark): Promise<void> {
    await reachable(() => this.catalog.mark(mark));
  }

  /** Ids of backups that were made until an instant, newest first. @throws ServiceUnavailable */
  async backupsUntil(at: Date): Promise<readonly string[]> {
    const labels = await reachable(() => this.catalog.all());
    return labels.filter(({ createdAt }) => new Date(createdAt) <= at).map(({ backupId }) => backupId);
  }
}

async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackupPlaceUnusable)) throw error;
    throw new ServiceUnavailable(
      `the place of the backups, which must know of the erasure, cannot be used (${error.message}); ask again to finish the erasure`,
    );
  }
}
