import type { BackupCatalog } from './catalog.ts';
import type { Label } from './format.ts';

/** What is known of the backups without asking where they are, which may be far away. */
export interface Known {
  readonly at: Date;
  /** Newest first. */
  readonly labels: readonly Label[];
  /** Why they cannot be looked at now; null: they can. */
  readonly problem: string | null;
}

/** Where backups are, and what was seen there last. */
export class BackupDesk {
  readonly catalog: BackupCatalog;
  readonly #changed: () => void;
  #known: Known | null = null;

  /** What time it is. */
  readonly now: () => Date;

  /** @param changed told that there is something new to see */
  constructor(catalog: BackupCatalog, now: () => Date, changed: () => void) {
    this.catalog = catalog;
    this.now = now;
    this.#changed = changed;
  }

  /** What the last look saw; null: there was none yet. */
  get known(): Known | null {
    return this.#known;
  }

  /** Looks which backups there are. */
  async look(): Promise<void> {
    try {
      this.#known = { at: this.now(), labels: await this.catalog.all(), problem: null };
    } catch (error) {
      const labels = this.#known?.labels ?? [];
      this.#known = { at: this.now(), labels, problem: (error as Error).message };
      throw error;
    }
  }

  changed(): void {
    this.#changed();
  }
}
